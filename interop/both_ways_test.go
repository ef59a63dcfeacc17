package interop_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/jotgate/jotgate/jwt"
)

// seed makes keys, claims, signatures and mutations the same in every run.
const seed = 1

// seeded returns a source for what is not cryptography, and fixes the source of what is.
func seeded(t *testing.T) *rand.Rand {
	cryptotest.SetGlobalRandom(t, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// pair is one key in the forms that the peers and we take.
type pair struct {
	alg             string
	private, public any // equal for a secret
	key             jwt.Key
}

func newPair(t *testing.T, alg, kid string) pair {
	t.Helper()
	p := pair{alg: alg}
	p.private, p.public = material(t, alg)
	p.key = must(jwt.NewKey(alg, kid, p.private))(t)
	return p
}

func (p pair) verifier() jwt.Key {
	if p.key.Symmetric() {
		return p.key
	}
	return p.key.Public()
}

var curves = map[string]elliptic.Curve{jwt.ES256: elliptic.P256(), jwt.ES384: elliptic.P384(), jwt.ES512: elliptic.P521()}

// material makes a key of the standard library. RSA keys have 2048 bits, which is the least that we import.
func material(t *testing.T, alg string) (private, public any) {
	t.Helper()
	switch alg[:2] {
	case "HS":
		secret := make([]byte, 64)
		cryptorand.Read(secret)
		return secret, secret
	case "RS", "PS":
		k := must(rsa.GenerateKey(cryptorand.Reader, 2048))(t)
		return k, &k.PublicKey
	case "ES":
		k := must(ecdsa.GenerateKey(curves[alg], cryptorand.Reader))(t)
		return k, &k.PublicKey
	}
	_, k, err := ed25519.GenerateKey(cryptorand.Reader)
	return must(k, err)(t), k.Public()
}

// TestBothWays has every peer read what we write, and us what every peer writes.
func TestBothWays(t *testing.T) {
	for _, alg := range jwt.Algorithms() {
		t.Run("K09 "+alg, func(t *testing.T) {
			r := seeded(t)
			var p pair
			for range 20 {
				h := jwt.Header{Algorithm: alg, Type: pick(r, "", "JWT", "at+jwt"), KeyID: pick(r, "", "k1", anyKid(r))}
				if _, dear := p.private.(*rsa.PrivateKey); !dear {
					p = newPair(t, alg, "")
				}
				ours(t, p, h, randomClaims(r))
				theirs(t, p, h, randomClaims(r))
			}
		})
	}
}

// ours: we write, they read.
func ours(t *testing.T, p pair, h jwt.Header, claims map[string]any) {
	t.Helper()
	raw := must(jwt.SignJSON(p.key, h, claims))(t)
	want := must(decoded(must(json.Marshal(claims))(t)))(t)
	for _, peer := range peers {
		if !peer.speaks(p.alg) {
			continue
		}
		if got, err := peer.verify(p.alg, p.public, raw); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s reads %s: got %v, %v, want %v", peer.name, raw, got, err, want)
		}
	}
}

// theirs: they write, we read.
func theirs(t *testing.T, p pair, h jwt.Header, claims map[string]any) {
	t.Helper()
	for _, peer := range peers {
		if !peer.speaks(p.alg) {
			continue
		}
		raw := must(peer.sign(h, p.private, claims))(t)
		payload, err := verify(t, raw, p.verifier())
		if err != nil {
			t.Errorf("from %s: %s: %v", peer.name, raw, err)
			continue
		}
		if got, want := must(decoded(payload))(t), must(decoded(must(json.Marshal(claims))(t)))(t); !reflect.DeepEqual(got, want) {
			t.Errorf("from %s: got %v, want %v", peer.name, got, want)
		}
		u := must(jwt.Parse(raw))(t)
		if got := u.Header(); got.Type != h.Type || got.KeyID != h.KeyID {
			t.Errorf("from %s: got %v, want %+v", peer.name, u, h)
		}
		sameClaims(t, must(jwt.ParseClaims(payload))(t), claims)
	}
}

// sameClaims compares what we read into fields with what was written.
func sameClaims(t *testing.T, c jwt.Claims, want map[string]any) {
	t.Helper()
	back := must(decoded(must(json.Marshal(want))(t)))(t)
	if err := disagree(c, back); err != nil {
		t.Error(err)
	}
	var all, again map[string]any
	if err := c.Decode(&all); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(must(json.Marshal(want))(t), &again); err != nil || !reflect.DeepEqual(all, again) {
		t.Errorf("Decode: got %v, want %v", all, again)
	}
}

// disagree tells where typed claims say something else than the same claims read by encoding/json.
func disagree(c jwt.Claims, m map[string]any) error {
	for name, got := range map[string]string{"iss": c.Issuer, "sub": c.Subject, "jti": c.ID, "sid": c.SessionID, "client_id": c.ClientID} {
		if want, _ := m[name].(string); got != want {
			return fmt.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for name, got := range map[string]time.Time{"exp": c.ExpiresAt, "nbf": c.NotBefore, "iat": c.IssuedAt, "auth_time": c.AuthTime} {
		want, there := m[name].(json.Number)
		if f, err := want.Float64(); there && (err != nil || got.Unix() != int64(f)) || !there && !got.IsZero() {
			return fmt.Errorf("%s: got %v, want %q", name, got, want)
		}
	}
	if got, want := fmt.Sprint(c.Audience), fmt.Sprint(m["aud"]); got != want && got != "["+want+"]" && m["aud"] != nil {
		return fmt.Errorf("aud: got %s, want %s", got, want)
	}
	return nil
}

// randomClaims makes an object that ParseClaims accepts, with most registered claims most of the time.
func randomClaims(r *rand.Rand) map[string]any {
	c := map[string]any{}
	maybe := func(name string, value any) {
		if r.IntN(4) > 0 {
			c[name] = value
		}
	}
	for _, name := range []string{"iss", "sub", "jti", "sid", "client_id", "csrf"} {
		maybe(name, randomText(r))
	}
	for _, name := range []string{"exp", "nbf", "iat", "auth_time"} {
		maybe(name, pick[any](r, r.Int64N(1<<53), float64(r.Int64N(1<<33))+0.5))
	}
	maybe("aud", pick[any](r, randomText(r), []string{randomText(r)}, []string{randomText(r), "api"}))
	maybe("roles", []string{randomText(r)})
	maybe("permissions", []string{})
	maybe("ver", r.Int64N(1<<53))
	for i := range r.IntN(6) {
		c[fmt.Sprintf("x%d %s", i, randomText(r))] = randomValue(r, 4)
	}
	return c
}

func randomValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(8); {
	case n == 0 && depth > 0:
		return []any{randomValue(r, depth-1), randomValue(r, depth-1)}
	case n == 1 && depth > 0:
		return map[string]any{randomText(r): randomValue(r, depth-1)}
	case n == 2:
		return nil
	case n == 3:
		return r.IntN(2) == 0
	case n == 4:
		return r.NormFloat64() * 1e30
	case n == 5:
		return r.Int64() - r.Int64()
	}
	return randomText(r)
}

// alphabet holds what encoders treat apart.
var alphabet = []rune("aZ09 .:/*\"\\\n\r\t\b\x00\x1f\x7f<>&'é߷\u2028\u2029\ufeff\ufffd😀\U0010ffff")

func randomText(r *rand.Rand) string {
	text := make([]rune, r.IntN(20))
	for i := range text {
		text[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(text)
}

// anyKid is made of whatever a kid may be: printable ASCII.
func anyKid(r *rand.Rand) string {
	b := make([]byte, 40)
	for i := range b {
		b[i] = ' ' + byte(r.IntN('~'-' '+1))
	}
	return string(b)
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// TestJWK hands every kind of key to the peers that know JWKs, and takes theirs.
func TestJWK(t *testing.T) {
	for _, alg := range jwt.Algorithms() {
		t.Run("J03 "+alg+" keys", func(t *testing.T) {
			seeded(t)
			p := newPair(t, alg, "k1")
			peersRead(t, must(p.key.PrivateJWK())(t), p)
			if !p.key.Symmetric() {
				peersRead(t, must(p.key.PublicJWK())(t), p)
			}
		})
		t.Run("J01 "+alg+" keys of others", func(t *testing.T) {
			seeded(t)
			p := newPair(t, alg, "")
			for _, raw := range []any{p.private, p.public} {
				weRead(t, p, must(json.Marshal(must(jwk.Import(raw))(t)))(t))
				weRead(t, p, must(jose.JSONWebKey{Key: raw}.MarshalJSON())(t))
			}
		})
	}
	t.Run("J03 coordinates with leading zeros", func(t *testing.T) {
		seeded(t)
		for found := 0; found < 3; {
			p := newPair(t, jwt.ES256, "")
			text := must(p.key.PublicJWK())(t)
			var c struct{ X string }
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
			if b := must(base64.RawURLEncoding.DecodeString(c.X))(t); b[0] != 0 {
				continue
			}
			found++
			peersRead(t, text, p)
			weRead(t, p, must(jose.JSONWebKey{Key: p.public}.MarshalJSON())(t))
		}
	})
}

// peersRead wants the peers to find the key of p in a JWK of ours.
func peersRead(t *testing.T, text []byte, p pair) {
	t.Helper()
	want := must(p.key.Thumbprint())(t)
	k := must(jwk.ParseKey(text))(t)
	if got := base64.RawURLEncoding.EncodeToString(must(k.Thumbprint(crypto.SHA256))(t)); got != want {
		t.Errorf("jwx: got thumbprint %s, want %s", got, want)
	}
	var k2 jose.JSONWebKey
	if err := k2.UnmarshalJSON(text); err != nil {
		t.Fatalf("go-jose: %v", err)
	}
	if k2.KeyID != p.key.ID() || k2.Algorithm != p.alg {
		t.Errorf("go-jose: got %s %q, want %v", k2.Algorithm, k2.KeyID, p.key)
	}
	if secret, ok := k2.Key.([]byte); ok { // go-jose has no thumbprint for secrets
		if !bytes.Equal(secret, p.private.([]byte)) {
			t.Error("go-jose: got another secret")
		}
	} else if got := base64.RawURLEncoding.EncodeToString(must(k2.Thumbprint(crypto.SHA256))(t)); got != want {
		t.Errorf("go-jose: got thumbprint %s, want %s", got, want)
	}
}

// weRead wants the same key of a JWK without alg, with the algorithm that follows from its kind.
func weRead(t *testing.T, p pair, text []byte) {
	t.Helper()
	k, err := jwt.ParseJWK(text)
	if err != nil {
		t.Errorf("%s key of another: %v", p.alg, err)
		return
	}
	inferred := map[byte]string{'H': jwt.HS256, 'R': jwt.RS256, 'P': jwt.RS256}[p.alg[0]]
	if p.alg[0] == 'E' {
		inferred = strings.Replace(p.alg, jwt.Ed25519, jwt.EdDSA, 1)
	}
	if got, want := thumbprint(k), thumbprint(p.key); got != want || k.Algorithm() != inferred {
		t.Errorf("got %v %s, want %s %s", k, got, inferred, want)
	}
}
