package jwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/jwt"
)

func TestLibraryJWK(t *testing.T) {
	t.Run("J01 every kind, algorithm inferred", func(t *testing.T) {
		for alg, want := range map[string]string{
			jwt.HS512: jwt.HS256, jwt.PS512: jwt.RS256, jwt.ES256: jwt.ES256, jwt.ES384: jwt.ES384, jwt.ES512: jwt.ES512, jwt.Ed25519: jwt.EdDSA,
		} {
			full := must(privateKey(t, alg).PrivateJWK())(t)
			if k := must(jwt.ParseJWK(full))(t); k.Algorithm() != alg || k.ID() != "k" {
				t.Errorf("got %v, want %s", k, alg)
			}
			if k := must(jwt.ParseJWK(edited(t, full, "alg", nil)))(t); k.Algorithm() != want {
				t.Errorf("without alg: got %v, want %s", k, want)
			}
		}
	})
	t.Run("J02 kty or crv missing or unknown", func(t *testing.T) {
		for _, alg := range []string{jwt.HS256, jwt.RS256, jwt.ES256, jwt.EdDSA} {
			full := must(privateKey(t, alg).PrivateJWK())(t)
			for _, change := range []any{nil, "unknown", 5} {
				refusedJWK(t, edited(t, full, "kty", change))
				if alg == jwt.ES256 || alg == jwt.EdDSA {
					refusedJWK(t, edited(t, full, "crv", change))
				}
			}
		}
	})
	t.Run("J03 key to JWK and back", func(t *testing.T) {
		for _, alg := range jwt.Algorithms() {
			k := privateKey(t, alg)
			roundTrip(t, k, must(k.PrivateJWK())(t), jwt.Key.PrivateJWK)
			if !k.Symmetric() {
				roundTrip(t, k, must(k.PublicJWK())(t), jwt.Key.PublicJWK)
			}
		}
		for range 300 { // one coordinate in 256 begins with a zero byte
			k := must(jwt.GenerateKey(jwt.ES256, "k"))(t)
			var fields map[string]string
			if err := json.Unmarshal(must(k.PrivateJWK())(t), &fields); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"x", "y", "d"} {
				if len(fields[name]) != 43 {
					t.Fatalf("%s has %d characters, want 43", name, len(fields[name]))
				}
			}
		}
	})
	t.Run("J05 keys of other kinds are passed over", checkOtherKinds)
	t.Run("J06 look-up by kid", func(t *testing.T) {
		set := must(jwt.NewKeySet(edKey(t, "a"), withKid(t, jwt.ES256)))(t)
		if k := must(set.Key(t.Context(), "https://any.example", "a", jwt.Ed25519))(t); k != set.Keys()[0] {
			t.Errorf("got %v, want %v", k, set.Keys()[0])
		}
		k, err := set.Key(t.Context(), "", "b", jwt.EdDSA)
		if wantErr(t, err, jwt.ErrUnknownKey); !k.IsZero() {
			t.Errorf("got %v beside an error", k)
		}
		k, err = set.Key(t.Context(), "", "a", jwt.ES256)
		if wantErr(t, err, jwt.ErrAlgorithm); !k.IsZero() {
			t.Errorf("got %v beside an error", k)
		}
	})
	t.Run("J07 keys for signatures only", func(t *testing.T) {
		jwk := must(edKey(t, "a").PublicJWK())(t)
		for use, ok := range map[any]bool{"sig": true, nil: true, "enc": false, "other": false} {
			_, err := jwt.ParseKeySet(setOf(edited(t, jwk, "use", use)))
			if (err == nil) != ok {
				t.Errorf("use %v: got %v, want accepted: %v", use, err, ok)
			}
		}
		nameless := edited(t, jwk, "kid", nil)
		if got := len(must(jwt.ParseKeySet(setOf(jwk, nameless)))(t).Keys()); got != 1 {
			t.Errorf("beside a key without kid: got %d keys, want 1", got)
		}
		_, err := jwt.ParseKeySet(setOf(nameless, nameless))
		wantErr(t, err, jwt.ErrKey)
		must(must(jwt.ParseKeySet(setOf(nameless)))(t).Key(t.Context(), "", "", jwt.EdDSA))(t)
	})
	t.Run("J13 published sets hold no secret part", func(t *testing.T) {
		set := must(jwt.NewKeySet(withKid(t, jwt.RS256), withKid(t, jwt.ES256), withKid(t, jwt.EdDSA)))(t)
		var got struct{ Keys []map[string]string }
		if err := json.Unmarshal(must(json.Marshal(set))(t), &got); err != nil || len(got.Keys) != 3 {
			t.Fatalf("got %v, %v, want three keys", got, err)
		}
		for _, k := range got.Keys {
			for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
				if _, ok := k[name]; ok {
					t.Errorf("%s shows %s", k["kid"], name)
				}
			}
			if k["kid"] != k["alg"] || k["use"] != "sig" {
				t.Errorf("got %v, want kid, alg and use", k)
			}
		}
		secrets := must(jwt.NewKeySet(privateKey(t, jwt.HS256)))(t)
		if b, err := secrets.MarshalJSON(); err == nil || b != nil {
			t.Errorf("a secret was published: %s, %v", b, err)
		}
	})
}

// edited sets a member of an object, or removes it.
func edited(t *testing.T, object []byte, name string, value any) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(object, &m); err != nil {
		t.Fatal(err)
	}
	if m[name] = value; value == nil {
		delete(m, name)
	}
	return must(json.Marshal(m))(t)
}

func setOf(keys ...[]byte) []byte {
	return fmt.Appendf(nil, `{"keys":[%s]}`, bytes.Join(keys, []byte(",")))
}

func refusedJWK(t *testing.T, jwk []byte) {
	t.Helper()
	k, err := jwt.ParseJWK(jwk)
	if wantErr(t, err, jwt.ErrKey); !k.IsZero() {
		t.Errorf("%s: got %v beside an error", jwk, k)
	}
	if errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("a token is blamed for a key: %v", err)
	}
}

func roundTrip(t *testing.T, k jwt.Key, text []byte, print func(jwt.Key) ([]byte, error)) {
	t.Helper()
	parsed := must(jwt.ParseJWK(text))(t)
	if again := must(print(parsed))(t); !bytes.Equal(again, text) {
		t.Errorf("got %s, want %s", again, text)
	}
	if got, want := must(parsed.Thumbprint())(t), must(k.Thumbprint())(t); got != want {
		t.Errorf("thumbprint: got %s, want %s", got, want)
	}
	accepted(t, must(jwt.Sign(k, jwt.Header{}, nil))(t), parsed)
}

func checkOtherKinds(t *testing.T) {
	good := must(edKey(t, "good").PublicJWK())(t)
	ec := must(privateKey(t, jwt.ES256).PublicJWK())(t)
	rsa := must(privateKey(t, jwt.RS256).PublicJWK())(t)
	for name, other := range map[string][]byte{
		"unknown kty":                    []byte(`{"kty":"AKP","kid":"x","pub":"AA"}`),
		"X25519":                         []byte(`{"kty":"OKP","crv":"X25519","kid":"x","x":"AA"}`),
		"Ed448":                          []byte(`{"kty":"OKP","crv":"Ed448","kid":"x","x":"AA"}`),
		"secp256k1":                      []byte(`{"kty":"EC","crv":"secp256k1","kid":"x","x":"AA","y":"AA"}`),
		"RSA-OAEP":                       edited(t, rsa, "alg", "RSA-OAEP"),
		"ECDH-ES":                        edited(t, ec, "alg", "ECDH-ES"),
		"encryption":                     edited(t, rsa, "use", "enc"),
		"key agreement":                  edited(t, edited(t, ec, "use", nil), "key_ops", []string{"deriveKey", "deriveBits"}),
		"no operation":                   edited(t, edited(t, ec, "use", nil), "key_ops", []string{}),
		"use and key_ops for encryption": edited(t, edited(t, rsa, "use", "enc"), "key_ops", []string{"encrypt", "wrapKey"}),
	} {
		set := must(jwt.ParseKeySet(setOf(other, good)))(t)
		if keys := set.Keys(); len(keys) != 1 || keys[0].ID() != "good" {
			t.Errorf("%s: got %v, want the good key alone", name, keys)
		}
		_, err := jwt.ParseKeySet(setOf(other))
		wantErr(t, err, jwt.ErrKey)
		refusedJWK(t, other)
	}
	further := append([]byte(`{"further":[{}],`), setOf(good)[1:]...)
	must(jwt.ParseKeySet(further))(t)
	many := setOf(bytes.Split(bytes.Repeat([]byte(`{"kty":"x"} `), 1001), []byte(" "))[:1001]...)
	for name, set := range map[string][]byte{
		"empty": setOf(), "keys is an object": []byte(`{"keys":{}}`), "keys is null": []byte(`{"keys":null}`), "no keys": []byte(`{}`), "list": []byte(`[]`), "nothing": nil,
		"keys twice": append(setOf(good)[:len(setOf(good))-1], `,"keys":[]}`...), "no comma": setOf(append(good, good...)), "a text": setOf([]byte(`"key"`)),
		"too many": many, "too large": append(setOf(good), bytes.Repeat([]byte(" "), 1<<20)...), "kid twice": setOf(good, good),
		"secret beside": setOf(good, must(privateKey(t, jwt.HS256).PrivateJWK())(t)), "broken beside": setOf(good, edited(t, good, "x", "AA")),
		"curve of another algorithm": setOf(edited(t, ec, "alg", "ES384")), "kty of another algorithm": setOf(edited(t, ec, "alg", "RS256")),
	} {
		if s, err := jwt.ParseKeySet(set); err == nil || s != nil {
			t.Errorf("%s: got %v, %v, want an error", name, s, err)
		}
	}
	if n := len(must(jwt.ParseKeySet(setOf(append([][]byte{good}, bytes.Split(bytes.Repeat([]byte(`{"kty":"x"} `), 999), []byte(" "))[:999]...)...)))(t).Keys()); n != 1 {
		t.Errorf("of a thousand keys: got %d, want 1", n)
	}
}

// Each parameter that is broken alone makes the key unusable.
func TestBrokenJWK(t *testing.T) {
	other := map[string]jwt.Key{
		jwt.ES256: must(jwt.GenerateKey(jwt.ES256, ""))(t), jwt.EdDSA: must(jwt.GenerateKey(jwt.EdDSA, ""))(t), jwt.RS256: must(jwt.GenerateKey(jwt.RS256, ""))(t),
	}
	for alg, names := range map[string][]string{
		jwt.HS256: {"k"}, jwt.ES256: {"x", "y", "d"}, jwt.EdDSA: {"x", "d"}, jwt.RS256: {"n", "e", "d", "p", "q", "dp", "dq", "qi"},
	} {
		full := must(privateKey(t, alg).PrivateJWK())(t)
		for _, name := range names {
			for _, value := range []any{"", "AA", "AAB", "A", "AA==", "A+", 5, nil} {
				if value == nil && (alg == jwt.RS256 && len(name) == 2 || alg != jwt.RS256 && name == "d") {
					continue // without d it is a public key, unless other private parts stay; dp, dq and qi may be missing
				}
				refusedJWK(t, edited(t, full, name, value))
			}
		}
		if k, ok := other[alg]; ok { // a private part that belongs to another key
			var fields map[string]any
			if err := json.Unmarshal(must(k.PrivateJWK())(t), &fields); err != nil {
				t.Fatal(err)
			}
			refusedJWK(t, edited(t, full, "d", fields["d"]))
		}
		for name, value := range map[string]any{
			"kid": strings.Repeat("k", 129), "use": 5, "alg": "none", "key_ops": "verify", "oth": []any{}, "kty": "oct ",
		} {
			refusedJWK(t, edited(t, full, name, value))
		}
		refusedJWK(t, append([]byte(`{"kty":"x",`), full[1:]...)) // kty twice
		refusedJWK(t, append(full, ' ', '1'))
		must(jwt.ParseJWK(edited(t, edited(t, full, "key_ops", []string{"verify", "sign"}), "x5c", []string{"MII"})))(t)
	}
	refusedJWK(t, append([]byte(`{"kty":"oct","k":"`), bytes.Repeat([]byte("A"), 64<<10)...))
	refusedJWK(t, nil)
}

// Numbers have no leading zero bytes (RFC 7518 §2), coordinates always have the curve's width (§6.2.1.2).
func TestJWKWidths(t *testing.T) {
	for alg, names := range map[string][]string{
		jwt.RS256: {"n", "e", "d", "p", "q", "dp", "dq", "qi"}, jwt.ES256: {"x", "y", "d"}, jwt.ES512: {"x", "y", "d"}, jwt.EdDSA: {"x", "d"},
	} {
		full := must(privateKey(t, alg).PrivateJWK())(t)
		var fields map[string]string
		if err := json.Unmarshal(full, &fields); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b := must(base64.RawURLEncoding.DecodeString(fields[name]))(t)
			refusedJWK(t, edited(t, full, name, b64(append([]byte{0}, b...))))
			refusedJWK(t, edited(t, full, name, b64(append(b, 0))))
		}
	}
}

// What key_ops allows must be what the key is used for (RFC 7517 §4.3).
func TestKeyOperations(t *testing.T) {
	type ops []string
	for name, c := range map[string]struct {
		ops                     any
		public, private, secret bool
	}{
		"absent":                 {nil, true, true, true},
		"verify":                 {ops{"verify"}, true, false, false},
		"sign":                   {ops{"sign"}, false, true, false},
		"both":                   {ops{"sign", "verify"}, true, true, true},
		"none":                   {ops{}, false, false, false},
		"verify twice":           {ops{"verify", "verify"}, false, false, false},
		"another twice":          {ops{"encrypt", "encrypt"}, false, false, false},
		"and encrypt":            {ops{"sign", "verify", "encrypt"}, false, false, false},
		"and something own":      {ops{"verify", "sign", "https://example.com/op"}, false, false, false},
		"encrypt alone":          {ops{"encrypt"}, false, false, false},
		"of another case":        {ops{"Verify", "Sign"}, false, false, false},
		"in one text":            {ops{"sign, verify"}, false, false, false},
		"texts and other":        {[]any{"verify", 5}, false, false, false},
		"null, which is no list": {json.RawMessage("null"), false, false, false},
	} {
		for alg, accepted := range map[string][2]bool{
			jwt.RS256: {c.public, c.private}, jwt.ES256: {c.public, c.private}, jwt.EdDSA: {c.public, c.private}, jwt.HS256: {false, c.secret},
		} {
			private := must(privateKey(t, alg).PrivateJWK())(t)
			for i, jwk := range [][]byte{edited(t, private, "d", nil), private} {
				if alg == jwt.HS256 && i == 0 {
					continue // has no public part
				}
				if i == 0 && alg == jwt.RS256 {
					jwk = must(privateKey(t, alg).PublicJWK())(t)
				}
				for _, use := range []any{"sig", nil} {
					_, err := jwt.ParseJWK(edited(t, edited(t, jwk, "use", use), "key_ops", c.ops))
					if (err == nil) != accepted[i] {
						t.Errorf("%s, %s, private %v, use %v: got %v, want accepted: %v", name, alg, i == 1, use, err, accepted[i])
					}
				}
				refusedJWK(t, edited(t, edited(t, jwk, "use", "enc"), "key_ops", c.ops))
			}
		}
	}
}

// A set that contradicts itself is not half believed.
func TestKeySetContradictions(t *testing.T) {
	good, ec := must(edKey(t, "a").PublicJWK())(t), must(withKid(t, jwt.ES256).PublicJWK())(t)
	private := must(edKey(t, "p").PrivateJWK())(t)
	other := edited(t, ec, "kid", "a")
	for name, set := range map[string][]byte{
		"a kid for signatures and for encryption":  setOf(good, edited(t, other, "use", "enc")),
		"a kid for encryption and for signatures":  setOf(edited(t, other, "use", "enc"), good),
		"a kid twice for encryption":               setOf(ec, edited(t, edited(t, ec, "use", "enc"), "kid", "e"), edited(t, edited(t, ec, "use", "enc"), "kid", "e")),
		"a kid of a type that is not known":        setOf(good, []byte(`{"kty":"AKP","kid":"a"}`)),
		"sign and encrypt":                         setOf(good, edited(t, edited(t, ec, "use", nil), "key_ops", []string{"verify", "encrypt"})),
		"use and key_ops disagree":                 setOf(good, edited(t, ec, "key_ops", []string{"encrypt"})),
		"use and key_ops disagree, for encryption": setOf(good, edited(t, edited(t, ec, "use", "enc"), "key_ops", []string{"verify"})),
	} {
		if s, err := jwt.ParseKeySet(set); !errors.Is(err, jwt.ErrKey) || s != nil {
			t.Errorf("%s: got %v, %v, want an error", name, s, err)
		}
	}
	encryption := edited(t, edited(t, private, "use", "enc"), "kid", "p")
	for name, set := range map[string][]byte{
		"private alone": setOf(private), "private beside": setOf(good, private), "private, for encryption": setOf(good, encryption),
		"private, of another kind": setOf(good, []byte(`{"kty":"OKP","crv":"X25519","kid":"p","x":"AA","d":"AA"}`)),
		"a prime without the rest": setOf(good, edited(t, edited(t, must(withKid(t, jwt.RS256).PublicJWK())(t), "p", "AQAB"), "kid", "p")),
	} {
		s, err := jwt.ParseKeySet(set)
		if !errors.Is(err, jwt.ErrKey) || s != nil || !strings.Contains(err.Error(), `"p"`) {
			t.Errorf("%s: got %v, %v, want an error that names the kid", name, s, err)
		}
	}
	secrets := must(jwt.ParseKeySet(setOf(must(privateKey(t, jwt.HS256).PrivateJWK())(t))))(t) // has nothing but the secret
	must(secrets.Key(t.Context(), "", "k", jwt.HS256))(t)
}

func TestGenerateKey(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.HS384, jwt.HS512, jwt.RS256, jwt.ES256, jwt.ES384, jwt.ES512, jwt.EdDSA, jwt.Ed25519} {
		k := must(jwt.GenerateKey(alg, ""))(t)
		if got, want := k.ID(), must(k.Thumbprint())(t); got != want || k.Algorithm() != alg || !k.CanSign() {
			t.Errorf("got %v, want kid %s", k, want)
		}
		accepted(t, must(jwt.Sign(k, jwt.Header{}, []byte("{}")))(t), k)
	}
	if got := must(jwt.GenerateKey(jwt.EdDSA, "mine"))(t).ID(); got != "mine" {
		t.Errorf("got kid %q, want mine", got)
	}
	for _, alg := range []string{"", "none", "RSA-OAEP"} {
		_, err := jwt.GenerateKey(alg, "")
		wantErr(t, err, jwt.ErrKey)
	}
	_, err := jwt.GenerateKey(jwt.EdDSA, "a\nb")
	wantErr(t, err, jwt.ErrKey)
	var jwk struct{ N string }
	if err := json.Unmarshal(must(must(jwt.GenerateKey(jwt.PS384, "k"))(t).PublicJWK())(t), &jwk); err != nil || len(jwk.N) != 3072/8*4/3 {
		t.Errorf("RSA modulus of %d characters, want %d: %v", len(jwk.N), 3072/8*4/3, err)
	}
}

func TestZeroKey(t *testing.T) {
	var k jwt.Key
	if !k.IsZero() || k.ID() != "" || k.Algorithm() != "" || k.CanSign() || k.Symmetric() || !k.Public().IsZero() {
		t.Errorf("the zero key is not empty: %v", k)
	}
	_, public := k.PublicJWK()
	_, private := k.PrivateJWK()
	_, thumbprint := k.Thumbprint()
	_, set := jwt.NewKeySet(k)
	for _, err := range []error{public, private, thumbprint, set} {
		wantErr(t, err, jwt.ErrKey)
	}
}

func TestKeySetRefuses(t *testing.T) {
	a, hs := edKey(t, "a"), privateKey(t, jwt.HS256)
	for name, keys := range map[string][]jwt.Key{
		"kid twice": {a, a}, "mixed": {a, hs}, "mixed, secret first": {hs, a}, "without kid": {a, edKey(t, "")}, "zero": {a, {}},
	} {
		if s, err := jwt.NewKeySet(keys...); err == nil || s != nil {
			t.Errorf("%s: got %v, %v, want an error", name, s, err)
		}
	}
	keys := []jwt.Key{a, edKey(t, "b")}
	set := must(jwt.NewKeySet(keys...))(t)
	keys[0] = jwt.Key{}
	set.Keys()[1] = jwt.Key{}
	if got := set.Keys(); got[0] != a || got[1].ID() != "b" {
		t.Errorf("the set changed to %v", got)
	}
}

// However a key is printed, its private part does not appear.
func TestKeysKeepTheirSecret(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.RS256, jwt.ES256, jwt.EdDSA} {
		k := privateKey(t, alg)
		var private map[string]string
		if err := json.Unmarshal(must(k.PrivateJWK())(t), &private); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "key", k, "held", struct{ K jwt.Key }{k})
		held := struct{ k jwt.Key }{k}
		printed := log.String()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			printed += fmt.Sprintf(verb, k) + fmt.Sprintf(verb, held)
		}
		for _, name := range []string{"k", "d", "p", "q", "dp", "dq", "qi"} {
			if value := private[name]; value != "" && strings.Contains(printed, value) {
				t.Errorf("%s shows %s: %s", alg, name, printed)
			}
		}
		for _, raw := range []string{string(secret64), string(edPrivate), fmt.Sprintf("%x", secret64), fmt.Sprintf("%d", secret64[:4])} {
			if strings.Contains(printed, strings.Trim(raw, "[]")) {
				t.Errorf("%s shows its bytes: %s", alg, printed)
			}
		}
		if !strings.Contains(log.String(), strings.ReplaceAll(k.String(), `"`, `\"`)) {
			t.Errorf("the log has %s, want %s", &log, k)
		}
	}
	for want, k := range map[string]jwt.Key{
		"no key": {}, `EdDSA private key "a"`: edKey(t, "a"), `EdDSA public key "a"`: edKey(t, "a").Public(), `HS256 secret key "k"`: privateKey(t, jwt.HS256),
	} {
		if got := k.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
