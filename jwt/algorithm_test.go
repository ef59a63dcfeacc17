package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// standardOf returns a new private key for alg as the standard library has it.
func standardOf(t *testing.T, alg string) standard {
	t.Helper()
	s := standard{hash: hashes[alg[2:]]}
	switch alg[:2] {
	case "HS":
		s.private = secret64
	case "RS", "PS":
		s.private = must(rsa2048())(t)
	case "ES":
		curve := map[string]elliptic.Curve{"256": elliptic.P256(), "384": elliptic.P384(), "512": elliptic.P521()}[alg[2:]]
		s.private = must(ecdsa.GenerateKey(curve, rand.Reader))(t)
	default:
		s.private = edPrivate
	}
	return s
}

func pemText(t *testing.T, kind string, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestLibraryAlgorithmsAndKeys(t *testing.T) {
	hs := must(jwt.NewKey(jwt.HS256, "", secret64))(t)

	t.Run("K01 alg is not the key's", func(t *testing.T) {
		refusedToken(t, forged(edHeader, "{}"), hs, jwt.ErrAlgorithm)
	})
	t.Run("K02 nothing to verify with", func(t *testing.T) {
		refusedToken(t, forged(edHeader, "{}"), jwt.Key{}, jwt.ErrKey)
		_, err := jwt.NewKeySet()
		wantErr(t, err, jwt.ErrKey)
	})
	t.Run("K03 alg missing or unknown", func(t *testing.T) {
		refusedToken(t, forgedHS(secret64, `{"typ":"JWT"}`, "{}"), hs, jwt.ErrMalformed)
		refusedToken(t, forgedHS(secret64, `{"alg":"HS257"}`, "{}"), hs, jwt.ErrAlgorithm)
	})
	t.Run("K05 HS256 token after a change to RS256", func(t *testing.T) {
		old := forgedHS(secret64, `{"alg":"HS256"}`, "{}")
		rs := must(jwt.NewKey(jwt.RS256, "", must(rsa2048())(t)))(t)
		refusedToken(t, old, rs, jwt.ErrAlgorithm)
		accepted(t, must(jwt.Sign(rs, jwt.Header{}, []byte("{}")))(t), rs.Public())
	})
	t.Run("K06 HS256 token after a change to HS512", func(t *testing.T) {
		refusedToken(t, forgedHS(secret64, `{"alg":"HS256"}`, "{}"), privateKey(t, jwt.HS512), jwt.ErrAlgorithm)
	})
	t.Run("K07 HS256 token, other algorithms allowed", func(t *testing.T) {
		for _, alg := range []string{jwt.HS384, jwt.RS256} {
			refusedToken(t, forgedHS(secret64, `{"alg":"HS256"}`, "{}"), privateKey(t, alg), jwt.ErrAlgorithm)
		}
	})
	for _, alg := range jwt.Algorithms() {
		t.Run("K09 "+alg+" both ways with the standard library", func(t *testing.T) { checkAlgorithm(t, alg) })
	}
	t.Run("K10 ECDSA signatures of wrong length", func(t *testing.T) {
		for _, alg := range []string{jwt.ES256, jwt.ES384, jwt.ES512} {
			k := privateKey(t, alg)
			head, payload, sig := segments(must(jwt.Sign(k, jwt.Header{}, []byte("{}")))(t))
			b := must(base64.RawURLEncoding.DecodeString(sig))(t)
			for _, wrong := range [][]byte{b[:1], b[:len(b)-1], b[:len(b)/2], append(slices.Clone(b), 0), append(slices.Clone(b), b...)} {
				refusedToken(t, head+"."+payload+"."+b64(wrong), k, jwt.ErrSignature)
			}
		}
	})
	t.Run("K11 curve of another algorithm", checkCurves)
	t.Run("K13 public key as secret", func(t *testing.T) {
		texts := publicTexts(t)
		maps.Copy(texts, furtherTexts(t))
		for name, text := range texts {
			for _, end := range []string{"", "\n", "\r\n"} {
				if k, err := jwt.NewKey(jwt.HS256, "", append(slices.Clone(text), end...)); err == nil || !k.IsZero() {
					t.Errorf("%s: got %v, %v, want an error", name, k, err)
				}
				_, err := jwt.NewInsecureKey(jwt.HS256, "", append(slices.Clone(text), end...))
				wantErr(t, err, jwt.ErrKey)
			}
		}
	})
	t.Run("K14 shortest secrets", func(t *testing.T) {
		for alg, size := range map[string]int{jwt.HS256: 32, jwt.HS384: 48, jwt.HS512: 64} {
			must(jwt.NewKey(alg, "", secret64[:size]))(t)
			_, err := jwt.NewKey(alg, "", secret64[:size-1])
			wantErr(t, err, jwt.ErrKey)
			must(jwt.NewInsecureKey(alg, "", secret64[:1]))(t)
		}
	})
	t.Run("K15 RSA 1024", func(t *testing.T) {
		small := weakRSA(t, 1024)
		for _, alg := range []string{jwt.RS256, jwt.PS256} {
			_, err := jwt.NewKey(alg, "", &small.PublicKey)
			wantErr(t, err, jwt.ErrKey)
			_, err = jwt.NewKey(alg, "", small)
			wantErr(t, err, jwt.ErrKey)
			must(jwt.NewKey(alg, "", &must(rsa2048())(t).PublicKey))(t)
		}
	})
	t.Run("K17 bad PEM", checkBadPEM)
	t.Run("K18 no secret", func(t *testing.T) {
		for _, material := range []any{nil, []byte(nil), []byte{}, ""} {
			_, err := jwt.NewKey(jwt.HS256, "", material)
			wantErr(t, err, jwt.ErrKey)
		}
		_, err := jwt.NewInsecureKey(jwt.HS256, "", nil)
		wantErr(t, err, jwt.ErrKey)
	})
	t.Run("K23 custom algorithms", checkCustom)
	t.Run("K19 only a secret for an asymmetric algorithm, only a public key for signing", func(t *testing.T) {
		for _, alg := range []string{jwt.RS256, jwt.PS256, jwt.ES256, jwt.EdDSA} {
			_, err := jwt.NewKey(alg, "", secret64)
			wantErr(t, err, jwt.ErrKey)
			private := privateKey(t, alg)
			raw := must(jwt.Sign(private, jwt.Header{}, []byte("{}")))(t)
			accepted(t, raw, private.Public())
			_, err = jwt.Sign(private.Public(), jwt.Header{}, []byte("{}"))
			wantErr(t, err, jwt.ErrKey)
		}
	})
}

// checkCustom looks for a way in for an algorithm that is not in the table.
func checkCustom(t *testing.T) {
	list := jwt.Algorithms()
	list[0] = "X256"
	if slices.Contains(jwt.Algorithms(), "X256") {
		t.Error("the table was changed through its list")
	}
	for _, alg := range []string{"X256", "none", "HS256 ", "hs256", ""} {
		errs := make([]error, 4)
		_, errs[0] = jwt.NewKey(alg, "", secret64)
		_, errs[1] = jwt.NewInsecureKey(alg, "", secret64)
		_, errs[2] = jwt.GenerateKey(alg, "")
		_, errs[3] = jwt.ParsePEM(alg, "", pemText(t, "PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(edPrivate))(t), nil))
		for _, err := range errs {
			wantErr(t, err, jwt.ErrKey)
		}
		refusedJWK(t, fmt.Appendf(nil, `{"kty":"oct","alg":%q,"k":%q}`, alg, b64(secret64)))
		refusedToken(t, forgedHS(secret64, fmt.Sprintf(`{"alg":%q}`, alg), "{}"), privateKey(t, jwt.HS256), jwt.ErrAlgorithm)
	}
}

// checkAlgorithm signs here and verifies there, and the other way round; any changed bit of the signature is refused.
func checkAlgorithm(t *testing.T, alg string) {
	s := standardOf(t, alg)
	k := must(jwt.NewKey(alg, "k", s.private))(t)
	raw := must(jwt.Sign(k, jwt.Header{}, []byte(`{"sub":"a"}`)))(t)
	accepted(t, raw, k)
	if k.Symmetric() {
		if !k.Public().IsZero() {
			t.Errorf("a secret has the public part %v", k.Public())
		}
	} else {
		accepted(t, raw, k.Public())
	}
	head, payload, sig := segments(raw)
	if !s.verify(t, alg, head+"."+payload, must(base64.RawURLEncoding.DecodeString(sig))(t)) {
		t.Error("the standard library refuses our signature")
	}
	theirs := s.sign(t, alg, head+"."+payload)
	accepted(t, head+"."+payload+"."+b64(theirs), k)
	for i := range theirs {
		theirs[i] ^= 1 << (i % 8)
		refusedToken(t, head+"."+payload+"."+b64(theirs), k, jwt.ErrSignature)
		theirs[i] ^= 1 << (i % 8)
	}
	refusedToken(t, head+"."+b64([]byte(`{"sub":"b"}`))+"."+sig, k, jwt.ErrSignature)
}

func (s standard) verify(tb testing.TB, alg, input string, sig []byte) bool {
	tb.Helper()
	switch k := s.private.(type) {
	case []byte:
		return string(s.sign(tb, alg, input)) == string(sig)
	case *rsa.PrivateKey:
		if alg[0] == 'P' {
			return rsa.VerifyPSS(&k.PublicKey, s.hash, s.digest(input), sig, &rsa.PSSOptions{SaltLength: s.hash.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(&k.PublicKey, s.hash, s.digest(input), sig) == nil
	case *ecdsa.PrivateKey:
		r, t := new(big.Int).SetBytes(sig[:len(sig)/2]), new(big.Int).SetBytes(sig[len(sig)/2:])
		return ecdsa.Verify(&k.PublicKey, s.digest(input), r, t)
	}
	return ed25519.Verify(s.private.(ed25519.PrivateKey).Public().(ed25519.PublicKey), []byte(input), sig)
}

func checkCurves(t *testing.T) {
	right := map[string]elliptic.Curve{jwt.ES256: elliptic.P256(), jwt.ES384: elliptic.P384(), jwt.ES512: elliptic.P521()}
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		k := must(ecdsa.GenerateKey(curve, rand.Reader))(t)
		der, err := x509.MarshalECPrivateKey(k)
		private := pemText(t, "EC PRIVATE KEY", der, err)
		der, err = x509.MarshalPKIXPublicKey(&k.PublicKey)
		public := pemText(t, "PUBLIC KEY", der, err)
		for alg, want := range right {
			errs := make([]error, 4)
			_, errs[0] = jwt.NewKey(alg, "", k)
			_, errs[1] = jwt.NewKey(alg, "", &k.PublicKey)
			_, errs[2] = jwt.ParsePEM(alg, "", private)
			_, errs[3] = jwt.ParsePEM(alg, "", public)
			for i, err := range errs {
				if curve != want {
					wantErr(t, err, jwt.ErrKey)
				} else if err != nil {
					t.Errorf("%s, way %d: %v", alg, i, err)
				}
			}
		}
	}
	// P-192 and secp256k1 are unknown to the standard library: the names alone must be refused.
	for _, oid := range []asn1.ObjectIdentifier{{1, 2, 840, 10045, 3, 1, 1}, {1, 3, 132, 0, 10}} {
		_, err := jwt.ParsePEM(jwt.ES256, "", pemText(t, "PUBLIC KEY", spki(t, oid), nil))
		wantErr(t, err, jwt.ErrKey)
	}
}

// spki wraps a made-up point into the public key form of a curve.
func spki(t *testing.T, curve asn1.ObjectIdentifier) []byte {
	t.Helper()
	type algorithm struct{ Kind, Curve asn1.ObjectIdentifier }
	return must(asn1.Marshal(struct {
		Algorithm algorithm
		Key       asn1.BitString
	}{algorithm{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, curve}, asn1.BitString{Bytes: append([]byte{4}, secret64...), BitLength: 65 * 8}}))(t)
}

// publicTexts are the forms in which public keys are passed around.
func publicTexts(t *testing.T) map[string][]byte {
	t.Helper()
	rsaKey := &must(rsa2048())(t).PublicKey
	ecKey := &must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t).PublicKey
	texts := map[string][]byte{
		"ssh-rsa":     []byte("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 someone@example"),
		"ssh-ed25519": []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKYE someone@example"),
		"ssh-ecdsa":   []byte("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY someone@example"),
		"PKCS1 DER":   x509.MarshalPKCS1PublicKey(rsaKey),
		"PKCS1 PEM":   pemText(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(rsaKey), nil),
	}
	for name, k := range map[string]any{"rsa": rsaKey, "ec": ecKey, "ed": edPrivate.Public()} {
		der, err := x509.MarshalPKIXPublicKey(k)
		texts[name+" PEM"] = pemText(t, "PUBLIC KEY", der, err)
		texts[name+" DER"] = der
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, edPrivate.Public(), edPrivate)
	texts["certificate"] = pemText(t, "CERTIFICATE", cert, err)
	texts["certificate DER"] = cert
	for _, alg := range []string{jwt.RS256, jwt.ES256, jwt.EdDSA} {
		texts["JWK "+alg] = must(privateKey(t, alg).PublicJWK())(t)
		texts["JWK Set "+alg] = must(json.Marshal(must(jwt.NewKeySet(privateKey(t, alg)))(t)))(t)
	}
	return texts
}

// weakRSA returns a key that is too short; the standard library no longer makes some of them.
func weakRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	return must(rsa.GenerateKey(rand.Reader, bits))(t)
}

func checkBadPEM(t *testing.T) {
	der := must(x509.MarshalPKCS8PrivateKey(edPrivate))(t)
	good := pemText(t, "PRIVATE KEY", der, nil)
	must(jwt.ParsePEM(jwt.EdDSA, "", good))(t)
	must(jwt.ParsePEM(jwt.EdDSA, "", append([]byte("a comment\n"), append(good, "\n \n"...)...)))(t)
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"DEK-Info": "AES-256-CBC,00"}, Bytes: der})
	for name, text := range map[string][]byte{
		"empty": nil, "no block": []byte("key"), "two keys": append(slices.Clone(good), good...), "encrypted": encrypted,
		"rubbish after": append(slices.Clone(good), "x"...), "wrong bytes": pemText(t, "PRIVATE KEY", []byte("x"), nil),
		"wrong label": pemText(t, "PUBLIC KEY", der, nil), "unknown label": pemText(t, "OPENSSH PRIVATE KEY", der, nil),
		"parameters only": pemText(t, "EC PARAMETERS", []byte{6, 0}, nil), "cut": good[:len(good)/2],
	} {
		if k, err := jwt.ParsePEM(jwt.EdDSA, "", text); err == nil || !k.IsZero() {
			t.Errorf("%s: got %v, %v, want an error", name, k, err)
		} else {
			wantErr(t, err, jwt.ErrKey)
		}
	}
	for _, alg := range []string{jwt.HS256, jwt.RS256, jwt.ES256, "none"} {
		_, err := jwt.ParsePEM(alg, "", good)
		wantErr(t, err, jwt.ErrKey)
	}
}

func TestPEMForms(t *testing.T) {
	rsaKey := must(rsa2048())(t)
	ecKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	parameters := pemText(t, "EC PARAMETERS", []byte{6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7}, nil)
	private := map[string][]byte{
		"RS256 PKCS1": pemText(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), nil),
		"ES256 SEC1":  append(parameters, pemText(t, "EC PRIVATE KEY", sec1, err)...),
	}
	public := map[string][]byte{"RS256 PKCS1": pemText(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), nil)}
	for alg, k := range map[string]crypto.Signer{jwt.RS256: rsaKey, jwt.PS512: rsaKey, jwt.ES256: ecKey, jwt.EdDSA: edPrivate} {
		der, err := x509.MarshalPKCS8PrivateKey(k)
		private[alg+" PKCS8"] = pemText(t, "PRIVATE KEY", der, err)
		der, err = x509.MarshalPKIXPublicKey(k.Public())
		public[alg+" SPKI"] = pemText(t, "PUBLIC KEY", der, err)
	}
	for name, text := range private {
		alg, _, _ := strings.Cut(name, " ")
		k := must(jwt.ParsePEM(alg, "", text))(t)
		if !k.CanSign() {
			t.Errorf("%s: cannot sign", name)
		}
		accepted(t, must(jwt.Sign(k, jwt.Header{}, nil))(t), k.Public())
	}
	for name, text := range public {
		alg, _, _ := strings.Cut(name, " ")
		if must(jwt.ParsePEM(alg, "", text))(t).CanSign() {
			t.Errorf("%s: can sign", name)
		}
	}
}

func TestServerAlgorithmsAndKeys(t *testing.T) {
	t.Run("B01 alg none in every spelling", func(t *testing.T) {
		for _, alg := range jwt.Algorithms() {
			k := privateKey(t, alg)
			_, payload, sig := segments(must(jwt.Sign(k, jwt.Header{}, []byte(`{"sub":"a"}`)))(t))
			for _, name := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `"n\u006fne"`, `""`, "null", "5", `["none"]`, ""} {
				header := `{"typ":"JWT","alg":` + name + `}`
				if name == "" {
					header = `{"typ":"JWT"}`
				}
				refusedAny(t, b64([]byte(header))+"."+payload+".", k)
				refusedAny(t, b64([]byte(header))+"."+payload+"."+sig, k)
			}
		}
	})
	t.Run("B02 public key as HMAC secret", func(t *testing.T) {
		set := must(jwt.NewKeySet(withKid(t, jwt.RS256).Public(), withKid(t, jwt.ES256).Public(), withKid(t, jwt.EdDSA).Public()))(t)
		texts := publicTexts(t)
		texts["raw x"] = edPrivate.Public().(ed25519.PublicKey)
		for name, text := range texts {
			for _, kid := range []string{jwt.RS256, jwt.ES256, jwt.EdDSA} {
				for _, end := range []string{"", "\n"} {
					raw := forgedHS(append(slices.Clone(text), end...), `{"alg":"HS256","kid":"`+kid+`"}`, `{"sub":"admin"}`)
					u := must(jwt.Parse(raw))(t)
					if _, err := set.Key(t.Context(), "", u.Header().KeyID, u.Header().Algorithm); err == nil {
						t.Errorf("%s: the set gave a key for HS256", name)
					}
					for _, k := range set.Keys() {
						refusedToken(t, raw, k, jwt.ErrAlgorithm)
					}
				}
			}
		}
	})
	t.Run("B05 ECDSA signatures outside the rules", checkECDSASignatures)
	t.Run("B06 keys that are refused at import", func(t *testing.T) {
		point := make([]byte, 32)
		for name, jwk := range map[string]string{
			"RSA 1024":         rsaJWK(weakRSA(t, 1024).N, 65537),
			"RSA e=1":          rsaJWK(must(rsa2048())(t).N, 1),
			"RSA e=3":          rsaJWK(must(rsa2048())(t).N, 3),
			"RSA even e":       rsaJWK(must(rsa2048())(t).N, 65538),
			"RSA large e":      rsaJWK(must(rsa2048())(t).N, 1<<31+1),
			"RSA huge e":       `{"kty":"RSA","n":"` + b64(must(rsa2048())(t).N.Bytes()) + `","e":"` + b64(secret64) + `"}`,
			"RSA even n":       rsaJWK(new(big.Int).Lsh(big.NewInt(1), 2047), 65537),
			"RSA 8193 bits":    rsaJWK(new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 8192), big.NewInt(1)), 65537),
			"EC off the curve": fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point), b64(point)),
			"Ed25519 31 bytes": fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(point[:31])),
			"oct 31 bytes":     fmt.Sprintf(`{"kty":"oct","alg":"HS256","k":%q}`, b64(secret64[:31])),
			"oct empty":        `{"kty":"oct","alg":"HS256","k":""}`,
		} {
			k, err := jwt.ParseJWK([]byte(jwk))
			if wantErr(t, err, jwt.ErrKey); !k.IsZero() {
				t.Errorf("%s: got %v beside an error", name, k)
			}
			if _, err := jwt.ParseKeySet([]byte(`{"keys":[` + jwk + `]}`)); err == nil {
				t.Errorf("%s: a set holds it", name)
			}
		}
	})
	t.Run("B07 secrets that a guesser finds", func(t *testing.T) {
		for _, secret := range []string{
			"secret", "changeme", strings.Repeat("a", 16), strings.Repeat("a", 32), strings.Repeat("secret", 8), strings.Repeat("\x00", 64),
		} {
			_, err := jwt.NewKey(jwt.HS256, "", []byte(secret))
			wantErr(t, err, jwt.ErrKey)
			alike := strings.Map(func(r rune) rune { return r + 1 }, secret)
			if _, other := jwt.NewKey(jwt.HS256, "", []byte(alike)); fmt.Sprint(err) != fmt.Sprint(other) {
				t.Errorf("the error tells something of the secret: %v, and of another one: %v", err, other)
			}
		}
		for _, secret := range guessable {
			_, err := jwt.NewKey(jwt.HS256, "", []byte(secret))
			if wantErr(t, err, jwt.ErrKey); err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows the secret: %v", err)
			}
			refusedJWK(t, fmt.Appendf(nil, `{"kty":"oct","k":%q}`, b64([]byte(secret))))
			must(jwt.NewInsecureKey(jwt.HS256, "", []byte(secret)))(t)
		}
	})
	t.Run("B08 RS256 key, other algorithm in the header", func(t *testing.T) {
		s := standardOf(t, jwt.RS256)
		k := must(jwt.NewKey(jwt.RS256, "", s.private))(t)
		for _, alg := range []string{jwt.PS256, jwt.RS512} {
			input := b64([]byte(`{"alg":"`+alg+`"}`)) + "." + b64([]byte("{}"))
			s.hash = hashes[alg[2:]]
			refusedToken(t, input+"."+b64(s.sign(t, alg, input)), k, jwt.ErrAlgorithm)
		}
	})
	t.Run("B09 a token that brings or names its key", func(t *testing.T) {
		jwk := string(must(edKey(t, "").PublicJWK())(t))
		for _, p := range []string{
			`"jwk":` + jwk, `"jku":"http://127.0.0.1:1/"`, `"x5u":"http://127.0.0.1:1/"`, `"x5c":["MII"]`, `"x5t":"AA"`, `"x5t#S256":"AA"`, `"\u006awk":null`,
		} {
			refusedToken(t, forged(`{"alg":"EdDSA",`+p+`}`, "{}"), edKey(t, ""), jwt.ErrMalformed)
		}
	})
	t.Run("B11 kid is compared and nothing else", func(t *testing.T) {
		set := must(jwt.NewKeySet(edKey(t, "2026-01"), edKey(t, "2026-02")))(t)
		for _, kid := range []string{
			"../../../../dev/null", "' OR 1=1--", `{"$ne":null}`, "*)(uid=*", strings.Repeat("k", 64<<10), "file:///etc/passwd", "kid%00x", "2026-0", "026-01", "2026-01 ",
			"2026-01x", "", "\x00",
		} {
			k, err := set.Key(t.Context(), "", kid, jwt.EdDSA)
			if wantErr(t, err, jwt.ErrUnknownKey); !k.IsZero() {
				t.Errorf("kid %.20q: got %v", kid, k)
			}
		}
		_, err := must(jwt.NewKeySet(edKey(t, "Key")))(t).Key(t.Context(), "", "key", jwt.EdDSA)
		wantErr(t, err, jwt.ErrUnknownKey)
	})
	t.Run("B12 no kid", func(t *testing.T) {
		for _, keys := range [][]jwt.Key{{edKey(t, "a")}, {edKey(t, "a"), edKey(t, "b")}} {
			_, err := must(jwt.NewKeySet(keys...))(t).Key(t.Context(), "", "", jwt.EdDSA)
			wantErr(t, err, jwt.ErrUnknownKey)
		}
		must(must(jwt.NewKeySet(edKey(t, "")))(t).Key(t.Context(), "", "", jwt.EdDSA))(t)
	})
	t.Run("B23 both names of Ed25519", func(t *testing.T) {
		for _, name := range []string{jwt.EdDSA, jwt.Ed25519} {
			k := must(jwt.NewKey(name, "", edPrivate))(t)
			accepted(t, forged(`{"alg":"EdDSA"}`, "{}"), k)
			accepted(t, forged(`{"alg":"Ed25519"}`, "{}"), k)
			refusedToken(t, forged(`{"alg":"Ed448"}`, "{}"), k, jwt.ErrAlgorithm)
			refusedToken(t, forged(`{"alg":"ES256K"}`, "{}"), k, jwt.ErrAlgorithm)
			if got := must(jwt.Parse(must(jwt.Sign(k, jwt.Header{}, nil))(t)))(t).Header().Algorithm; got != name {
				t.Errorf("signs as %s, want %s", got, name)
			}
		}
	})
}

func withKid(t *testing.T, alg string) jwt.Key {
	t.Helper()
	return must(jwt.NewKey(alg, alg, standardOf(t, alg).private))(t)
}

// refusedAny checks that a token is refused, whatever for.
func refusedAny(t *testing.T, raw string, k jwt.Key) {
	t.Helper()
	if v, err := jwt.Verify(raw, k); err == nil {
		t.Errorf("accepted %v", v.Header())
	}
}

func rsaJWK(n *big.Int, e int64) string {
	return fmt.Sprintf(`{"kty":"RSA","n":%q,"e":%q}`, b64(n.Bytes()), b64(big.NewInt(e).Bytes()))
}

func checkECDSASignatures(t *testing.T) {
	s := standardOf(t, jwt.ES256)
	k := must(jwt.NewKey(jwt.ES256, "", s.private))(t)
	input := b64([]byte(`{"alg":"ES256"}`)) + "." + b64([]byte("{}"))
	sig := s.sign(t, jwt.ES256, input)
	n := elliptic.P256().Params().N
	token := func(sig []byte) string { return input + "." + b64(sig) }
	accepted(t, token(sig), k)

	zero, order := make([]byte, 64), slices.Concat(n.Bytes(), n.Bytes())
	der := must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])}))(t)
	for name, wrong := range map[string][]byte{
		"r=0 s=0": zero, "r=n s=n": order, "DER": der, "r=0": slices.Concat(zero[:32], sig[32:]), "s=0": slices.Concat(sig[:32], zero[:32]),
		"s=n": slices.Concat(sig[:32], order[:32]), "all ones": []byte(strings.Repeat("\xff", 64)),
	} {
		if _, err := jwt.Verify(token(wrong), k); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	// (r, n-s) is a signature too, by anyone who saw (r, s): nothing may be keyed on the bytes of a signature.
	other := new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:])).FillBytes(make([]byte, 32))
	accepted(t, token(slices.Concat(sig[:32], other)), k)
}

// A malformed key object must not get through or panic.
func TestBrokenMaterial(t *testing.T) {
	rsaKey, ecKey := must(rsa2048())(t), must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	swapped := append(slices.Clone(edPrivate[:32]), ed25519.NewKeyFromSeed(secret64[32:])[32:]...)
	wrongD := *rsaKey
	wrongD.D = new(big.Int).Add(rsaKey.D, big.NewInt(2))
	for name, c := range map[string]struct {
		alg      string
		material any
	}{
		"nil rsa public":    {jwt.RS256, (*rsa.PublicKey)(nil)},
		"nil rsa private":   {jwt.RS256, (*rsa.PrivateKey)(nil)},
		"empty rsa public":  {jwt.RS256, &rsa.PublicKey{}},
		"empty rsa private": {jwt.RS256, &rsa.PrivateKey{}},
		"negative modulus":  {jwt.RS256, &rsa.PublicKey{N: new(big.Int).Neg(rsaKey.N), E: 65537}},
		"no primes":         {jwt.RS256, &rsa.PrivateKey{PublicKey: rsaKey.PublicKey, D: rsaKey.D}},
		"wrong primes":      {jwt.RS256, &rsa.PrivateKey{PublicKey: rsaKey.PublicKey, D: rsaKey.D, Primes: []*big.Int{big.NewInt(3), big.NewInt(5)}}},
		"huge primes": {jwt.RS256, &rsa.PrivateKey{PublicKey: rsaKey.PublicKey, D: rsaKey.D,
			Primes: []*big.Int{new(big.Int).Lsh(big.NewInt(1), 1<<20), big.NewInt(5)}}},
		"weak rsa private":  {jwt.RS256, &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: rsaKey.N, E: 3}, D: rsaKey.D, Primes: rsaKey.Primes}},
		"wrong d":           {jwt.RS256, &wrongD},
		"nil ec public":     {jwt.ES256, (*ecdsa.PublicKey)(nil)},
		"nil ec private":    {jwt.ES256, (*ecdsa.PrivateKey)(nil)},
		"empty ec public":   {jwt.ES256, &ecdsa.PublicKey{}},
		"empty ec private":  {jwt.ES256, &ecdsa.PrivateKey{}},
		"no point":          {jwt.ES256, &ecdsa.PublicKey{Curve: elliptic.P256()}},
		"off the curve":     {jwt.ES256, &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}},
		"negative point":    {jwt.ES256, &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).Neg(ecKey.X), Y: ecKey.Y}},
		"another's private": {jwt.ES256, &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey, D: other.D}},
		"ec private zero":   {jwt.ES256, &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey, D: new(big.Int)}},
		"ec private huge":   {jwt.ES256, &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey, D: new(big.Int).Lsh(big.NewInt(1), 300)}},
		"wrapped curve":     {jwt.ES256, &ecdsa.PublicKey{Curve: elliptic.P256().Params(), X: ecKey.X, Y: ecKey.Y}},
		"ed public short":   {jwt.EdDSA, ed25519.PublicKey(secret64[:31])},
		"ed private short":  {jwt.EdDSA, ed25519.PrivateKey(secret64[:32])},
		"ed halves differ":  {jwt.EdDSA, swapped},
		"ed as bytes":       {jwt.EdDSA, []byte(edPrivate)},
		"rsa for ES256":     {jwt.ES256, rsaKey},
		"ec for RS256":      {jwt.RS256, ecKey},
		"ed for ES256":      {jwt.ES256, edPrivate},
		"rsa by value":      {jwt.RS256, *rsaKey},
		"unknown algorithm": {"RS1", rsaKey},
	} {
		k, err := jwt.NewKey(c.alg, "", c.material)
		if wantErr(t, err, jwt.ErrKey); !k.IsZero() {
			t.Errorf("%s: got %v beside an error", name, k)
		}
	}
	if _, err := jwt.NewInsecureKey(jwt.EdDSA, "", secret64); err == nil {
		t.Error("an insecure key for EdDSA")
	}
}

// A key does not change when the caller's material does.
func TestMaterialIsCopied(t *testing.T) {
	secret := slices.Clone(secret64)
	private := slices.Clone(edPrivate)
	hs, ed := must(jwt.NewKey(jwt.HS256, "", secret))(t), must(jwt.NewKey(jwt.EdDSA, "", private))(t)
	clear(secret)
	clear(private)
	accepted(t, forgedHS(secret64, `{"alg":"HS256"}`, "{}"), hs)
	accepted(t, must(jwt.Sign(ed, jwt.Header{}, nil))(t), edKey(t, ""))

	public := *must(rsa2048())(t)
	n := public.N
	public.N = new(big.Int).Set(n)
	rs := must(jwt.NewKey(jwt.RS256, "", &public.PublicKey))(t)
	public.N.SetInt64(15)
	accepted(t, must(jwt.Sign(privateKey(t, jwt.RS256), jwt.Header{}, nil))(t), rs)
}

// The moduli that the faulty generator of CVE-2017-15361 makes are powers of 65537 modulo a product of small primes; here
// is one of that form, though not made of two primes.
func TestWeakModulus(t *testing.T) {
	product := big.NewInt(2)
	for p := int64(3); p <= 701; p += 2 {
		if big.NewInt(p).ProbablyPrime(0) {
			product.Mul(product, big.NewInt(p))
		}
	}
	n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(1234567), product)
	top := new(big.Int).Lsh(big.NewInt(1), 2047)
	n.Add(n, top.Sub(top, new(big.Int).Mod(top, product)))
	if n.Add(n, product); n.BitLen() != 2048 {
		t.Fatalf("the modulus has %d bits, want 2048", n.BitLen())
	}
	_, err := jwt.NewKey(jwt.RS256, "", &rsa.PublicKey{N: n, E: 65537})
	if wantErr(t, err, jwt.ErrKey); err != nil && !strings.Contains(err.Error(), "CVE-2017-15361") {
		t.Errorf("got %v, want the CVE named", err)
	}
}
