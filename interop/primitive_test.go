package interop_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/interop/primitive"
	"github.com/jotgate/jotgate/jwt"
)

// bare lists the files of bare algorithms. Tests under a key that is not imported do not count as accepted.
var bare = []struct {
	file, alg string
	tests     int
	accepted  int
	unkeyed   int // tests under keys that we refuse by policy
}{
	{"hmac_sha256", jwt.HS256, 174, 33, 0},
	{"hmac_sha384", jwt.HS384, 174, 33, 0},
	{"hmac_sha512", jwt.HS512, 174, 33, 0},
	{"ecdsa_secp256r1_sha256_p1363", jwt.ES256, 262, 173, 0},
	{"ecdsa_secp384r1_sha384_p1363", jwt.ES384, 280, 193, 0},
	{"ecdsa_secp521r1_sha512_p1363", jwt.ES512, 318, 231, 0},
	{"ed25519", jwt.EdDSA, 151, 88, 0},
	{"rsa_signature_2048_sha256", jwt.RS256, 259, 7, 2}, // e = 3
	{"rsa_signature_3072_sha384", jwt.RS384, 259, 7, 0},
	{"rsa_signature_4096_sha512", jwt.RS512, 259, 7, 0},
	{"rsa_pss_2048_sha256_mgf1_32", jwt.PS256, 108, 63, 0},
	{"rsa_pss_4096_sha384_mgf1_48", jwt.PS384, 141, 95, 0},
	{"rsa_pss_4096_sha512_mgf1_64", jwt.PS512, 179, 132, 0},
}

// TestBare holds every bare signature and tag against its result; what is merely acceptable to Wycheproof must be
// refused: a DigestInfo without NULL is a second spelling of one signature.
func TestBare(t *testing.T) {
	for _, c := range bare {
		t.Run("B04 "+c.alg, func(t *testing.T) {
			var tests, accepted, unkeyed int
			for _, g := range wyche(t, c.file) {
				for _, v := range g.Tests {
					tests++
					k, ok := g.importKey(t, c.alg, v)
					switch {
					case !ok:
						unkeyed++
					case g.holds(t, k, v):
						accepted++
					}
				}
			}
			if tests != c.tests || accepted != c.accepted || unkeyed != c.unkeyed {
				t.Errorf("got %d tests, %d accepted, %d under refused keys, want %d, %d, %d",
					tests, accepted, unkeyed, c.tests, c.accepted, c.unkeyed)
			}
		})
	}
}

// holds tells whether the signature or tag was accepted.
func (g group) holds(t *testing.T, k jwt.Key, v vector) bool {
	t.Helper()
	sig := slices.Concat(v.Sig, v.Tag)
	want := v.Result == "valid" && (!k.Symmetric() || g.TagSize == hashBits[k.Algorithm()]) // no shortened tags in RFC 7518 §3.2
	got := primitive.Verifies(k, v.Msg, sig)
	if got != want {
		t.Errorf("%d %q: got accepted %t, want %t", v.TcID, v.Comment, got, want)
	}
	return got
}

var hashBits = map[string]int{jwt.HS256: 256, jwt.HS384: 384, jwt.HS512: 512}

// importKey imports the key of a test in every form that the file gives it in.
func (g group) importKey(t *testing.T, alg string, v vector) (jwt.Key, bool) {
	t.Helper()
	if bits := hashBits[alg]; bits > 0 {
		_, err := jwt.NewKey(alg, "", []byte(v.Key))
		short, guessable := len(v.Key)*8 < bits, bytes.HasPrefix(v.Key, []byte{0, 1, 2, 3})
		if (short || guessable) != errors.Is(err, jwt.ErrKey) {
			t.Errorf("%d: secret of %d bytes: got %v", v.TcID, len(v.Key), err)
		}
		return must(jwt.NewInsecureKey(alg, "", v.Key))(t), true
	}
	k, err := jwt.ParsePEM(alg, "", []byte(g.PublicKeyPEM))
	if jwk := slices.Concat(g.PublicKeyJWK, g.KeyJWK); len(jwk) > 0 {
		k2, err2 := jwt.ParseJWK(jwk)
		if (err == nil) != (err2 == nil) || thumbprint(k) != thumbprint(k2) {
			t.Errorf("%d: the PEM is %v, %v, the JWK %v, %v", v.TcID, k, err, k2, err2)
		}
	}
	if err != nil && !errors.Is(err, jwt.ErrKey) {
		t.Errorf("%d: got %v, want ErrKey", v.TcID, err)
	}
	return k, err == nil
}

// thumbprint is the thumbprint, "" without key.
func thumbprint(k jwt.Key) string {
	s, _ := k.Thumbprint()
	return s
}

// TestECDSAForms tries signatures that follow from a valid one.
func TestECDSAForms(t *testing.T) {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	k := must(jwt.NewKey(jwt.ES256, "k", private))(t)
	raw := must(jwt.SignJSON(k, jwt.Header{}, map[string]any{"sub": "ann", "jti": "7", "exp": 4102444800}))(t)
	input, sig := raw[:strings.LastIndex(raw, ".")+1], must(base64.RawURLEncoding.DecodeString(raw[strings.LastIndex(raw, ".")+1:]))(t)
	n, r, s := elliptic.P256().Params().N, new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	with := func(sig []byte) string { return input + base64.RawURLEncoding.EncodeToString(sig) }
	pair := func(r, s *big.Int) string {
		return with(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	der := must(asn1.Marshal(struct{ R, S *big.Int }{r, s}))(t)

	for name, forged := range map[string]string{
		"B05 zeros": pair(new(big.Int), new(big.Int)), "B05 the order": pair(n, n), "B05 DER": with(der),
		"K10 one byte less": with(sig[:63]), "K10 one byte more": with(append(slices.Clone(sig), 0)), "K10 a leading zero": with(append([]byte{0}, sig...)),
		"K10 a zero before s": with(slices.Concat(sig[:32], []byte{0}, sig[32:])),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := verify(t, forged, k); !errors.Is(err, jwt.ErrSignature) {
				t.Errorf("got %v, want ErrSignature", err)
			}
		})
	}
	t.Run("B05 the other s is the same token to everyone", func(t *testing.T) {
		other := pair(r, new(big.Int).Sub(n, s))
		if other == raw {
			t.Fatal("the signature did not change")
		}
		for _, p := range peers {
			if _, err := p.verify(jwt.ES256, &private.PublicKey, other); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
		if a, b := refOf(t, raw, k), refOf(t, other, k); !reflect.DeepEqual(a, b) {
			t.Errorf("revocation sees %+v and %+v, want the same", a, b)
		}
	})
}

// refOf returns what a revocation can hit.
func refOf(t *testing.T, raw string, k jwt.Key) jwt.Ref {
	t.Helper()
	v := must(jwt.Verify(raw, k))(t)
	return must(v.Claims())(t).Ref(v.Header())
}
