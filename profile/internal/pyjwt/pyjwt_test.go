package pyjwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// The wanted texts are what json.dumps of Python 3 writes.
func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name string
		in   any
		form pyjwt.Form
		want string
	}{
		{"spaces", map[string]any{"a": []int{1, 2}, "b": nil}, pyjwt.Spaced, `{"a": [1, 2], "b": null}`},
		{"no spaces", map[string]any{"a": []int{1, 2}, "b": "x, y: z"}, pyjwt.Compact, `{"a":[1,2],"b":"x, y: z"}`},
		{"ASCII", "尾é😀\x7f", pyjwt.Compact, `"\u5c3e\u00e9\ud83d\ude00\u007f"`},
		{"Unicode", "尾é😀\x7f\u2028", pyjwt.Unicode, "\"尾é😀\x7f\u2028\""},
		{"escapes", "\"\\/\b\f\n\r\t\x01<&>", pyjwt.Compact, `"\"\\/\b\f\n\r\t\u0001<&>"`},
		{"float", pyjwt.Float(1700000000.25), pyjwt.Compact, "1700000000.25"},
		{"whole float", pyjwt.Float(1700000000), pyjwt.Compact, "1700000000.0"},
		{"zero", pyjwt.Float(0), pyjwt.Compact, "0.0"},
		{"large float", pyjwt.Float(1e16), pyjwt.Compact, "1e+16"},
		{"still without exponent", pyjwt.Float(123456789012345680), pyjwt.Compact, "1.2345678901234568e+17"},
		{"small float", pyjwt.Float(0.00001), pyjwt.Compact, "1e-05"},
		{"not so small", pyjwt.Float(0.0001), pyjwt.Compact, "0.0001"},
		{"timestamp", pyjwt.Timestamp(time.UnixMicro(1479345110123456)), pyjwt.Compact, "1479345110.123456"},
		{"order", pyjwt.Object{{Name: "b", Value: 1}, {Name: "a", Value: 2}}, pyjwt.Spaced, `{"b": 1, "a": 2}`},
		{"empty", pyjwt.Object(nil), pyjwt.Compact, `{}`},
	} {
		if got, err := pyjwt.JSON(c.in, c.form); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
	for _, bad := range []any{pyjwt.Float(math.NaN()), pyjwt.Float(math.Inf(1)), pyjwt.Object{{Name: "x", Value: func() {}}}} {
		if got, err := pyjwt.JSON(bad, pyjwt.Compact); err == nil || got != nil {
			t.Errorf("%v: got %s, want an error", bad, got)
		}
	}
}

func TestObject(t *testing.T) {
	o := pyjwt.Object{{Name: "b", Value: 1}, {Name: "a", Value: 2}}
	if err := o.Update(map[string]any{"c": 3, "b": 4}); err != nil {
		t.Fatal(err)
	}
	if err := o.Update(nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := pyjwt.JSON(o, pyjwt.Compact); string(got) != `{"b":4,"a":2,"c":3}` {
		t.Errorf("update: got %s, want what dict.update does", got)
	}
	if err := o.Update([]int{1}); err == nil {
		t.Error("a list is no object: want an error")
	}
}

func pemPair(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return text("PRIVATE KEY", pkcs8), text("PUBLIC KEY", spki)
}

func TestKeys(t *testing.T) {
	const strong = "k7Jx-2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls0P"
	privateES256, publicES256 := pemPair(t)
	for _, c := range []struct {
		name string
		keys pyjwt.Keys
		ok   bool
	}{
		{"strong", pyjwt.Keys{Secret: strong}, true},
		{"K14 too short for HS512", pyjwt.Keys{Algorithm: "HS512", Secret: strong}, false},
		{"weak, on purpose", pyjwt.Keys{Secret: "secret", Insecure: true}, true},
		{"K18 none, on purpose", pyjwt.Keys{Insecure: true}, false},
		{"K13 a public key as the secret", pyjwt.Keys{Secret: publicES256, Insecure: true}, false},
		{"public only", pyjwt.Keys{Algorithm: "ES256", Public: publicES256}, true},
		{"K19 no key", pyjwt.Keys{Algorithm: "ES256", Secret: strong}, false},
		{"K19 private only", pyjwt.Keys{Algorithm: "ES256", Private: privateES256}, true},
		{"public as private", pyjwt.Keys{Algorithm: "ES256", Private: publicES256}, false},
		{"K17 broken private", pyjwt.Keys{Algorithm: "ES256", Private: "x"}, false},
		{"K17 broken public", pyjwt.Keys{Algorithm: "ES256", Public: "x"}, false},
		{"K11 another curve", pyjwt.Keys{Algorithm: "ES384", Private: privateES256}, false},
	} {
		sign, set, err := c.keys.Make()
		if (err == nil) != c.ok || (set != nil) != c.ok {
			t.Errorf("%s: got %v, want ok: %v", c.name, err, c.ok)
			continue
		}
		if err != nil && strings.Contains(err.Error(), strong) {
			t.Errorf("%s: the error tells the secret", c.name)
		}
		raw, err := pyjwt.Signer{Key: sign}.Sign(map[string]int{"a": 1}, nil)
		if can := c.ok && c.keys.Public == ""; (err == nil) != can || (raw != "") != can {
			t.Errorf("%s: signing: got %q, %v, want ok: %v", c.name, raw, err, can)
		}
	}
}

func TestUUID(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := pyjwt.UUID(), pyjwt.UUID()
	if !form.MatchString(a) || a == b {
		t.Errorf("got %s and %s, want two of version 4", a, b)
	}
}

// What a guard makes of claims and policy, in PyJWT's words.
func TestText(t *testing.T) {
	now := time.Unix(1800000000, 0)
	policy := jwt.Policy{Now: now, Issuers: []string{"me"}, Audiences: []string{"api"}, Require: []string{"jti"}}
	const good = `"iss":"me","aud":"api","exp":1800000009,"jti":"x"`
	for _, c := range []struct{ claims, want string }{
		{`{` + good + `}`, "Invalid token"},
		{`[]`, "Invalid payload string: must be a json object"},
		{`{"exp":"x"}`, "Expiration Time claim (exp) must be an integer."},
		{`{"exp":null}`, "Expiration Time claim (exp) must be an integer."},
		{`{"nbf":"x"}`, "Not Before claim (nbf) must be an integer."},
		{`{"iat":1e400}`, "Issued At claim (iat) must be an integer."},
		{`{"iss":5}`, "Payload Issuer (iss) must be a string"},
		{`{"aud":5}`, "Invalid claim format in token"},
		{`{"sub":5}`, "Subject must be a string"},
		{`{"jti":5}`, "JWT ID must be a string"},
		{`{"csrf":5}`, "Missing claim: csrf"},
		{`{` + good + `,"nbf":1800000001}`, "The token is not yet valid (nbf)"},
		{`{` + good + `,"iat":1800000001}`, "The token is not yet valid (iat)"},
		{`{` + good + `,"iat":1800000001,"nbf":1800000001}`, "The token is not yet valid (iat)"},
		{`{"iss":"me","aud":"api","exp":1800000009}`, `Token is missing the "jti" claim`},
		{`{"iss":"me","aud":"api","jti":"x"}`, `Token is missing the "exp" claim`},
		{`{"iss":"you","aud":"api","exp":1,"jti":"x"}`, "Signature has expired"},
		{`{"iss":"you","aud":"them","exp":1800000009,"jti":"x"}`, "Invalid issuer"},
		{`{"aud":"them","exp":1800000009,"jti":"x"}`, `Token is missing the "iss" claim`},
		{`{"iss":"me","aud":"them","exp":1800000009,"jti":"x"}`, "Audience doesn't match"},
		{`{"iss":"me","exp":1800000009,"jti":"x"}`, `Token is missing the "aud" claim`},
		{`{"iss":"required claim missing: \nrequired claim missing: x","aud":"api","exp":1800000009,"jti":"x"}`, "Invalid issuer"},
	} {
		claims, err := jwt.ParseClaims([]byte(c.claims))
		if err == nil {
			err = policy.Check(jwt.Header{}, claims)
		}
		if got := pyjwt.Text(err); got != c.want {
			t.Errorf("%s: got %s, want %s", c.claims, got, c.want)
		}
	}
	for err, want := range map[error]string{
		jwt.ErrSignature: "Signature verification failed", jwt.ErrUnknownKey: "Signature verification failed",
		jwt.ErrAlgorithm: "The specified alg value is not allowed", jwt.ErrType: "Invalid token type",
	} {
		if got := pyjwt.Text(err); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
}

// A token of another type that the same key signed is for something else: a refresh token of ours has no claim type.
func TestReadRefusesOtherTypes(t *testing.T) {
	for _, typ := range []string{"", "at+jwt", "rt+jwt"} {
		if claims, err := pyjwt.Read(jwt.Header{Type: typ}, jwt.Claims{Subject: "u1"}); !errors.Is(err, jwt.ErrType) || claims != nil {
			t.Errorf("typ %q: got %v, %v, want ErrType", typ, claims, err)
		}
	}
	claims, err := pyjwt.Read(jwt.Header{Type: "JWT"}, jwt.Claims{Subject: "u1", Extra: map[string]any{
		"float": 1.5, "text": "x", "list": []string{"a"}, "mixed": []any{"a", 1}, "null": nil, "number": 7,
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"sub": "u1", "text": "x", "number": "7", "float": "", "list": "", "null": "", "none": "", "Sub": ""} {
		if got, ok := claims.Name(name); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", name, got, ok, want)
		}
	}
	if n, ok := claims.Number("float"); n != 1.5 || !ok {
		t.Errorf("number: got %v, %v, want 1.5", n, ok)
	}
	for _, name := range []string{"text", "null", "none"} {
		if n, ok := claims.Number(name); ok {
			t.Errorf("number %s: got %v, want none", name, n)
		}
	}
	if got := claims.Texts("list"); !slices.Equal(got, []string{"a"}) || claims.Texts("mixed") != nil || claims.Texts("text") != nil {
		t.Errorf("texts: got %q, and of mixed lists and texts something", got)
	}
}
