package jwt_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// FuzzParse: what is refused leaves nothing behind; what is accepted has the only spelling of its segments, a header that
// encoding/json reads alike, and can be signed and read again.
func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.token)
	}
	for _, header := range []string{
		edHeader, `{"alg":"none"}`, `{"alg":"EdDSA","kid":"k","typ":"at+jwt","x":[1,{"y":null}]}`, `{"alg":"EdDSA","crit":["x"]}`, `{ "alg" : "Ed\u0044SA" }`,
		`{"alg":"EdDSA","alg":"none"}`, `{"alg":"EdDSA","jwk":{}}`, "\ufeff{}", `{"alg":"EdDSA","":"\ud83d\ude00"}`,
	} {
		f.Add(forged(header, `{"sub":"a","exp":1800000000}`))
		f.Add(header)
	}
	f.Add("..")
	f.Add("a.b.c.d.e")
	k := must(jwt.NewKey(jwt.EdDSA, "", edPrivate))(f)
	f.Fuzz(func(t *testing.T, text string) {
		checkParse(t, k, text)
		checkParse(t, k, b64([]byte(text))+".e30.AA") // what base64url keeps the fuzzer from reaching
	})
}

func checkParse(t *testing.T, k jwt.Key, raw string) {
	u, err := jwt.Parse(raw)
	if err != nil {
		if !reflect.ValueOf(u).IsZero() {
			t.Fatalf("got %+v beside %v", u, err)
		}
		return
	}
	checkSpelling(t, raw)
	checkHeader(t, raw, u.Header())
	h := u.Header()
	h.Algorithm = ""
	again, err := jwt.Sign(k, h, []byte("payload"))
	if err != nil {
		return // longer than the limit once it is written anew
	}
	v := accepted(t, again, k)
	if got := v.Header(); got.KeyID != h.KeyID || got.Type != h.Type || string(v.Payload()) != "payload" {
		t.Fatalf("got %+v, want %+v", got, h)
	}
}

func checkSpelling(t *testing.T, raw string) {
	for _, s := range strings.Split(raw, ".") {
		b, err := base64.RawURLEncoding.Strict().DecodeString(s)
		if err != nil || base64.RawURLEncoding.EncodeToString(b) != s {
			t.Fatalf("segment %q is accepted: %v", s, err)
		}
	}
}

func checkHeader(t *testing.T, raw string, h jwt.Header) {
	head, _, _ := segments(raw)
	text := must(base64.RawURLEncoding.DecodeString(head))(t)
	var got, want map[string]any
	if err := h.Decode(&got); err != nil {
		checkUndecodable(t, text)
		return
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatalf("header is accepted: %v", err)
	}
	kid, _ := want["kid"].(string)
	typ, _ := want["typ"].(string)
	if !reflect.DeepEqual(got, want) || want["alg"] != h.Algorithm || kid != h.KeyID || typ != h.Type {
		t.Fatalf("got header %v and %+v, want %v", got, h, want)
	}
}

// FuzzClaims: what is refused leaves nothing behind; what is accepted is read as encoding/json reads it, and is the same
// after it was written and read again.
func FuzzClaims(f *testing.F) {
	f.Add(must(full().AppendJSON(nil))(f))
	for _, s := range []string{
		`{}`, `{"exp":1.5e9,"nbf":0.1,"iat":12345678901.9}`, `{"aud":"a","roles":[],"permissions":["a:b"],"ver":1,"pol":"2.0"}`, `{"sub":"\ud83d\ude00\u0000\"","sub2":null}`,
		` { "x" : [ [ [ ] ] , { } , -1.5E+7 , true , false , null ] } `, `{"\u0065xp":1,"exp":2}`, `{"exp":null}`, `{"sub":5}`, `[]`, `{"a":1}{}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := jwt.ParseClaims(payload)
		if err != nil {
			if !reflect.ValueOf(c).IsZero() {
				t.Fatalf("got %+v beside %v", c, err)
			}
			return
		}
		var want map[string]any
		if err := c.Decode(&want); err != nil {
			checkUndecodable(t, payload)
			return
		}
		checkClaims(t, c, want)
		printed := must(c.AppendJSON(nil))(t)
		again := must(jwt.ParseClaims(printed))(t)
		if !reflect.DeepEqual(fields(again), fields(c)) {
			t.Fatalf("got %+v, want %+v", again, c)
		}
		if twice := must(again.AppendJSON(nil))(t); !bytes.Equal(twice, printed) {
			t.Fatalf("got %s, want %s", twice, printed)
		}
	})
}

// checkUndecodable allows what only this package accepts: numbers beyond float64, and names that differ by case.
func checkUndecodable(t *testing.T, payload []byte) {
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%q is accepted: %v", payload, err)
	}
}

func checkClaims(t *testing.T, c jwt.Claims, want map[string]any) {
	for name, got := range map[string]string{
		"iss": c.Issuer, "sub": c.Subject, "jti": c.ID, "client_id": c.ClientID, "sid": c.SessionID, "csrf": c.CSRF,
	} {
		if text, _ := want[name].(string); got != text {
			t.Fatalf("%s: got %q, want %q", name, got, text)
		}
	}
	for name, got := range map[string]time.Time{"exp": c.ExpiresAt, "nbf": c.NotBefore, "iat": c.IssuedAt, "auth_time": c.AuthTime} {
		seconds, ok := want[name].(float64)
		if ok == got.IsZero() || ok && math.Abs(float64(got.Unix())-math.Floor(seconds)) > 1 { // float64 may round up to the next second
			t.Fatalf("%s: got %v, want %v", name, got, want[name])
		}
	}
	for name, got := range map[string][]string{"aud": c.Audience, "roles": c.Roles, "permissions": c.Permissions} {
		list, _ := want[name].([]any)
		if text, ok := want[name].(string); ok {
			list = []any{text}
		}
		if len(list) != len(got) {
			t.Fatalf("%s: got %q, want %v", name, got, want[name])
		}
		for i := range list {
			if got[i] != list[i] {
				t.Fatalf("%s: got %q, want %v", name, got, want[name])
			}
		}
	}
}

// FuzzJWK: what is refused leaves nothing behind; what is accepted is written and read back to the same bytes, and signs
// what it verifies.
func FuzzJWK(f *testing.F) {
	for _, v := range vectors {
		f.Add([]byte(v.jwk))
	}
	for _, alg := range []string{jwt.HS512, jwt.ES384, jwt.ES512, jwt.EdDSA, jwt.PS256} {
		k := must(privateKeys())(f)[alg]
		f.Add(must(k.PrivateJWK())(f))
		if !k.Symmetric() {
			f.Add(must(k.PublicJWK())(f))
		}
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":""}]}`))
	f.Fuzz(func(t *testing.T, jwk []byte) {
		set, setErr := jwt.ParseKeySet(append(append([]byte(`{"keys":[`), jwk...), "]}"...))
		if (setErr == nil) != (set != nil) {
			t.Fatalf("got set %v beside %v", set, setErr)
		}
		k, err := jwt.ParseJWK(jwk)
		if err != nil {
			if !k.IsZero() {
				t.Fatalf("got %v beside %v", k, err)
			}
			return
		}
		if private := k.CanSign() && !k.Symmetric(); private == (setErr == nil) {
			t.Fatalf("%s is a key %v, and in a set: %v", jwk, k, setErr)
		}
		print := jwt.Key.PublicJWK
		if k.CanSign() {
			print = jwt.Key.PrivateJWK
			accepted(t, must(jwt.Sign(k, jwt.Header{}, nil))(t), k)
		}
		printed := must(print(k))(t)
		if again := must(print(must(jwt.ParseJWK(printed))(t)))(t); !bytes.Equal(again, printed) {
			t.Fatalf("got %s, want %s", again, printed)
		}
	})
}
