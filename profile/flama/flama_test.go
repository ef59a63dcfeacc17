package flama_test

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/flama"
)

// Tokens of a published guide to Flama, of Flama 1.7's tests and of Flama 2's.
const (
	signIn  = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJpZCI6ICI0OTdmNmVjYS02Mjc2LTQ5OTMtYmZlYi01M2NiYmJiYTZmMDgiLCAicGVybWlzc2lvbnMiOiBbIm15LXBlcm1pc3Npb24tbmFtZSJdfSwgImlhdCI6IDE3MjU5ODk5NzQsICJpc3MiOiAidm9ydGljbyJ9.vwwgqahgtALckMAzQHWpNDNwhS8E4KAGwNiFcqEZ_04="
	sample  = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJmb28iOiAiYmFyIn0sICJpYXQiOiAwfQ==.J3zdedMZSFNOimstjJat0V28rM_b1UU62XCp9dg_5kg="
	sample2 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJkYXRhIjp7ImZvbyI6ImJhciJ9LCJpYXQiOjB9.PWRDHe1X53ydEpCCKW8_oDMVveSlvdqgxLhFjLk7BNk="
	user    = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
)

const now = 1725989974

func settings(changes ...func(*flama.Settings)) flama.Settings {
	s := flama.Settings{
		Secret: make([]byte, 16), CookieKey: "access_token", InsecureWeakKey: true, InsecureOptionalExpiry: true,
		Now: func() time.Time { return time.Unix(now, 0) },
	}
	for _, f := range changes {
		f(&s)
	}
	return s
}

func guard(t *testing.T, s flama.Settings) *jotgate.Guard {
	t.Helper()
	c, err := flama.Config(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	g, err := jotgate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func issuer(t *testing.T, s flama.Settings) *flama.Issuer {
	t.Helper()
	i, err := flama.NewIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func encode(t *testing.T, claims any) string {
	t.Helper()
	raw, err := issuer(t, settings()).Encode(claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Subject())
})

func do(h http.Handler, method string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/private/info/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestSampleTokens(t *testing.T) {
	data := map[string]any{"id": user, "permissions": []string{"my-permission-name"}}
	for name, c := range map[string]struct {
		want    string
		compact bool
		claims  any
	}{
		"I14 sign-in":              {signIn, false, map[string]any{"iss": "vortico", "iat": now, "data": data}},
		"I14 R27 claims into data": {signIn, false, map[string]any{"iss": "vortico", "iat": now, "id": user, "permissions": []string{"my-permission-name"}, "jti": nil}},
		"I14 R27 iat by itself":    {signIn, false, map[string]any{"iss": "vortico", "id": user, "data": map[string]any{"permissions": []string{"my-permission-name"}, "id": "x"}}},
		"I14 sample":               {sample, false, map[string]any{"iat": 0, "foo": "bar"}},
		"I14 sample of version 2":  {sample2, true, map[string]any{"iat": 0, "data": map[string]any{"foo": "bar"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings(func(s *flama.Settings) { s.Compact = c.compact })
			if got, err := issuer(t, s).Encode(c.claims); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
			if w := do(guard(t, s).Require()(whoami), "GET", "Authorization", "Bearer "+c.want); w.Code != 200 {
				t.Errorf("got %d %s, want 200", w.Code, w.Body)
			}
		})
	}
	t.Run("T01 permission of the sign-in token", func(t *testing.T) {
		if w := do(guard(t, settings()).Require("my-permission-name")(whoami), "GET", "Authorization", "Bearer "+signIn); w.Body.String() != user {
			t.Errorf("got %d %s, want %s", w.Code, w.Body, user)
		}
	})
	for name, f := range map[string]func(*flama.Settings){
		"T02 sixteen NULs":  func(s *flama.Settings) { s.InsecureWeakKey = false },
		"T02 no secret":     func(s *flama.Settings) { s.Secret = nil },
		"another algorithm": func(s *flama.Settings) { s.Algorithm = "RS256" },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := flama.Config(settings(f)); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := flama.NewIssuer(settings(f)); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
}

func exception(status, name, text string) string {
	return `{"status_code":` + status + `,"detail":{"error":"` + name + `","description":"` + text + `"},"error":null}`
}

func TestAnswers(t *testing.T) {
	const form = "Authentication header must be 'Authorization: Bearer <token>'"
	granted := func(data any) string { return encode(t, map[string]any{"data": data, "sub": "u1"}) }
	unauthorized, forbidden := `{"status_code":401,"detail":"Unauthorized","error":null}`, `{"status_code":403,"detail":"Insufficient permissions","error":null}`
	strict := settings(func(s *flama.Settings) { s.InsecureOptionalExpiry = false })
	for _, c := range []struct {
		name, header, permission string
		status                   int
		body                     string
	}{
		{"T01 no token", "", "a", 401, unauthorized},
		{"H15 one word", "x", "a", 400, exception("400", "JWTException", form)},
		{"H15 prefix alone", "Bearer", "a", 400, exception("400", "JWTException", form)},
		{"H15 wrong prefix", "Basic x", "a", 400, exception("400", "JWTException", form)},
		{"H11 exact case", "bearer " + signIn, "a", 400, exception("400", "JWTException", form)},
		{"H15 three words", "Bearer a b", "a", 400, exception("400", "JWTException", form)},
		{"C05", "Bearer xxx", "a", 401, exception("401", "JWTDecodeException", "Not enough segments")},
		{"C07", "Bearer aaaaa.bbbbb.ccccc", "a", 401, exception("401", "JWTDecodeException", "Wrong token format")},
		{"K03", "Bearer " + base64.URLEncoding.EncodeToString([]byte(`{"alg":"none"} `)) + ".e30=.AAAA", "a", 401, exception("401", "JWTDecodeException", "Unsupported algorithm")},
		{"C23 T02 stripped", "Bearer " + strings.TrimRight(signIn, "="), "a", 401, exception("401", "JWTDecodeException", "Wrong token format")},
		{"K06", "Bearer " + base64.URLEncoding.EncodeToString([]byte(`{"alg":"HS512"}`)) + ".e30=.AAAA", "a", 401, exception("401", "JWTDecodeException", "Unsupported algorithm")},
		{"R05", "Bearer " + encode(t, map[string]any{"exp": "soon"}), "a", 401, exception("401", "JWTDecodeException", "Wrong payload format")},
		{"E13 signature", "Bearer " + signIn[:len(signIn)-44] + sample[len(sample)-44:], "a", 401, exception("401", "JWTValidateException", "Signature verification failed")},
		{"R01 exp now", "Bearer " + encode(t, map[string]any{"exp": now}), "a", 401, exception("401", "JWTValidateException", "Invalid claims (exp)")},
		{"R22 all three", "Bearer " + encode(t, map[string]any{"exp": now, "nbf": now + 1, "iat": now + 1}), "a", 401, exception("401", "JWTValidateException", "Invalid claims (exp, nbf, iat)")},
		{"other permission", "Bearer " + signIn, "a", 403, forbidden},
		{"permission", "Bearer " + granted(map[string]any{"permissions": []string{"a"}}), "a", 200, "u1"},
		{"permission by role", "Bearer " + granted(map[string]any{"roles": map[string]any{"r": []string{"a", "b"}}}), "a", 200, "u1"},
		{"G15 no data", "Bearer " + granted(nil), "a", 403, forbidden},
		{"G15 permissions of another type", "Bearer " + granted(map[string]any{"permissions": "a", "roles": []string{"a"}}), "a", 403, forbidden},
		{"a star is a name", "Bearer " + granted(map[string]any{"permissions": []string{"*"}}), "a", 403, forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.header != "" {
				headers = []string{"Authorization", c.header}
			}
			w := do(guard(t, settings()).Require(c.permission)(whoami), "GET", headers...)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			if got := w.Header().Get("WWW-Authenticate"); got != "" {
				t.Errorf("got the challenge %q, want none", got)
			}
		})
	}
	w := do(guard(t, strict).Require()(whoami), "GET", "Authorization", "Bearer "+signIn)
	if want := exception("401", "JWTValidateException", "Invalid claims (exp)"); w.Body.String() != want {
		t.Errorf("no exp: got %d %s, want %s", w.Code, w.Body, want)
	}
}

func TestPlaces(t *testing.T) {
	cookie := []string{"Cookie", "access_token=" + signIn}
	for _, c := range []struct {
		name, method string
		headers      []string
		change       func(*flama.Settings)
		status       int
	}{
		{"cookie", "GET", cookie, func(*flama.Settings) {}, 200},
		{"cookie, unsafe", "POST", cookie, func(*flama.Settings) {}, 403},
		{"cookie, unsafe on purpose", "POST", cookie, func(s *flama.Settings) { s.InsecureSkipCSRF = true }, 200},
		{"default cookie", "GET", []string{"Cookie", "flama_authentication=" + signIn}, func(s *flama.Settings) { s.CookieKey = "" }, 200},
		{"header of 1.8", "GET", []string{"Access_token", "Bearer " + signIn}, func(s *flama.Settings) { s.HeaderKey = "access_token" }, 200},
		{"header before cookie", "GET", append([]string{"Authorization", "x"}, cookie...), func(*flama.Settings) {}, 400},
		{"planted cookie", "GET", []string{"Cookie", "access_token=x; access_token=" + signIn}, func(*flama.Settings) {}, 401},
		{"own prefix", "GET", []string{"Authorization", "Token " + signIn}, func(s *flama.Settings) { s.HeaderPrefix = "Token" }, 200},
	} {
		if w := do(guard(t, settings(c.change)).Require()(whoami), c.method, c.headers...); w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	i := issuer(t, settings())
	for name, bad := range map[string]any{"C13 text": "x", "C13 list": []int{1}, "C14": map[string]any{"x": func() {}}, "data of another type": map[string]any{"data": 5}} {
		t.Run(name, func(t *testing.T) {
			if raw, err := i.Encode(bad); err == nil || raw != "" {
				t.Errorf("got %q, want an error", raw)
			}
		})
	}
}

// Whatever is sent, nothing of it comes back, and it passes only if package jwt finds it signed.
func FuzzToken(f *testing.F) {
	for _, s := range []string{signIn, sample, sample2, "a.b.c", "====.====.====", strings.TrimRight(signIn, "=")} {
		f.Add(s)
	}
	c, err := flama.Config(settings())
	if err != nil {
		f.Fatal(err)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	g, err := jotgate.New(c)
	if err != nil {
		f.Fatal(err)
	}
	key, err := jwt.NewInsecureKey(jwt.HS256, "", make([]byte, 16))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		id, err := g.Check(t.Context(), raw, jotgate.Rule{})
		if err == nil {
			u, parsing := jwt.ParsePadded(raw)
			if _, verifying := u.Verify(key); parsing != nil || verifying != nil {
				t.Errorf("accepted %q: %v, %v", raw, parsing, verifying)
			}
			return
		}
		if !id.IsZero() {
			t.Errorf("%q: an identity beside %v", raw, err)
		}
		if body := string(g.Answer(err).Body); len(raw) > 40 && strings.Contains(body, raw) {
			t.Errorf("the answer repeats the token: %s", body)
		}
	})
}
