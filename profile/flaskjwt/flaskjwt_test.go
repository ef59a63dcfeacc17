package flaskjwt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// A token of a published course on Flask-JWT.
const sample = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpZGVudGl0eSI6MSwibmJmIjoxNDc5MzQ0ODEwLCJpYXQiOjE0NzkzNDQ4MTAsImV4cCI6MTQ3OTM0NTExMH0.LOlkYNsgvUmCSVQHhchGLgJn-HSVTXfatulD8xqubhQ"

func settings(at int64, change ...func(*flaskjwt.Settings)) flaskjwt.Settings {
	s := flaskjwt.Settings{
		SecretKey: "Ill never tell", InsecureWeakKey: true, KeepKeyOrder: true, Now: func() time.Time { return time.Unix(at, 0) },
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func guard(t *testing.T, s flaskjwt.Settings) *jotgate.Guard {
	t.Helper()
	c, err := flaskjwt.Config(s)
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

func issuer(t *testing.T, s flaskjwt.Settings) *flaskjwt.Issuer {
	t.Helper()
	i, err := flaskjwt.NewIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Subject())
})

func get(h http.Handler, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/users/1", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func body(title, description string) string {
	return `{"status_code":401,"error":"` + title + `","description":"` + description + `"}`
}

func TestSampleToken(t *testing.T) {
	type claims struct {
		Identity int   `json:"identity"`
		NBF      int64 `json:"nbf"`
		IAT      int64 `json:"iat"`
		EXP      int64 `json:"exp"`
	}
	t.Run("T03 issued byte for byte", func(t *testing.T) {
		got, err := issuer(t, settings(0)).Encode(claims{1, 1479344810, 1479344810, 1479345110})
		if err != nil || got != sample {
			t.Errorf("got %s, %v, want %s", got, err, sample)
		}
	})
	for at, want := range map[int64]int{1479344799: 401, 1479344800: 200, 1479344900: 200, 1479345119: 200, 1479345120: 401} {
		t.Run(fmt.Sprintf("T03 at %d", at), func(t *testing.T) {
			if w := get(guard(t, settings(at)).Require()(whoami), "JWT "+sample); w.Code != want || want == 200 && w.Body.String() != "1" {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	const now = 1800000000
	s := settings(now)
	mine := issuer(t, s)
	token, err := mine.Issue("user01")
	if err != nil {
		t.Fatal(err)
	}
	signed := func(claims map[string]any) string {
		raw, err := issuer(t, settings(now, func(s *flaskjwt.Settings) { s.RequiredClaims = []string{} })).Encode(claims)
		if err != nil {
			t.Fatal(err)
		}
		return "JWT " + raw
	}
	with := func(name string, value any) map[string]any {
		m := map[string]any{"exp": now + 300, "iat": now, "nbf": now, "identity": 7}
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return m
	}
	head, _, _ := strings.Cut(token, ".")
	protected := guard(t, s).Require()(whoami)
	for _, c := range []struct {
		name, authorization string
		status              int
		body                string
	}{
		{"H01 no header", "", 401, body("Authorization Required", "Request does not contain an access token")},
		{"H02 other scheme", "Basic x", 401, body("Invalid JWT header", "Unsupported authorization type")},
		{"H09 Bearer", "Bearer " + token, 401, body("Invalid JWT header", "Unsupported authorization type")},
		{"H03 prefix alone", "JWT", 401, body("Invalid JWT header", "Token missing")},
		{"H03 prefix and space", "JWT ", 401, body("Invalid JWT header", "Token missing")},
		{"spaces", "JWT a b", 401, body("Invalid JWT header", "Token contains spaces")},
		{"H09 good", "JWT " + token, 200, "user01"},
		{"H11 any case", "jwt " + token, 200, "user01"},
		{"number", signed(with("", nil)), 200, "7"},
		{"foreign claims of any type", signed(with("roles", "admin")), 200, "7"},
		{"C07", "JWT aaaaa.bbbbb.ccccc", 401, body("Invalid token", "Invalid header padding")},
		{"C05", "JWT xxx", 401, body("Invalid token", "Not enough segments")},
		{"header", "JWT W10.e30.AAAA", 401, body("Invalid token", "Invalid header string: must be a json object")},
		{"no alg", "JWT e30.e30.AAAA", 401, body("Invalid token", "Algorithm not specified")},
		{"payload", "JWT " + head + ".b.AAAA", 401, body("Invalid token", "Invalid payload padding")},
		{"C06 four segments", "JWT " + token + ".AAAA", 401, body("Invalid token", "Invalid payload padding")},
		{"signature form", "JWT " + token + "!!!!", 401, body("Invalid token", "Invalid crypto padding")},
		{"signature", "JWT " + head + ".e30.AAAA", 401, body("Invalid token", "Signature verification failed")},
		{"too long", "JWT " + strings.Repeat("a", 9000), 401, body("Invalid token", "Token is too long")},
		{"K06", "JWT eyJhbGciOiJIUzUxMiJ9.e30.AAAA", 401, body("Invalid token", "The specified alg value is not allowed")},
		{"alg none", "JWT eyJhbGciOiJub25lIn0.e30.AAAA", 401, body("Invalid token", "The specified alg value is not allowed")},
		{"crit", "JWT eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYjY0Il19.e30.AAAA", 401, body("Invalid token", "Invalid header string: a parameter that is not accepted")},
		{"expired", signed(with("exp", now-10)), 401, body("Invalid token", "Signature has expired")},
		{"not yet, nbf", signed(with("nbf", now+11)), 401, body("Invalid token", "The token is not yet valid (nbf)")},
		{"not yet, iat", signed(with("iat", now+11)), 401, body("Invalid token", "The token is not yet valid (iat)")},
		{"no exp", signed(with("exp", nil)), 401, body("Invalid token", `Token is missing the \"exp\" claim`)},
		{"no nbf", signed(with("nbf", nil)), 401, body("Invalid token", `Token is missing the \"nbf\" claim`)},
		{"no identity", signed(with("identity", nil)), 401, body("Invalid token", `Token is missing the \"identity\" claim`)},
		{"R06 exp text", signed(with("exp", "soon")), 401, body("Invalid token", "Expiration Time claim (exp) must be an integer.")},
		{"R15 audience", signed(with("aud", "x")), 401, body("Invalid token", "Invalid audience")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(protected, c.authorization)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			challenge := ""
			if c.authorization == "" {
				challenge = `JWT realm="Login Required"`
			}
			if got := w.Header().Get("WWW-Authenticate"); got != challenge {
				t.Errorf("WWW-Authenticate: got %q, want %q", got, challenge)
			}
			if got := w.Header().Get("Content-Type"); c.status == 401 && got != "application/json" {
				t.Errorf("Content-Type: got %q, want application/json", got)
			}
		})
	}
}

func TestOtherAnswers(t *testing.T) {
	s := settings(1800000000, func(s *flaskjwt.Settings) { s.KeepKeyOrder = false })
	g := guard(t, s)
	token, err := issuer(t, s).Issue(1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(g.Answer(flaskjwt.BadCredentials()).Body), `{"description":"Invalid credentials","error":"Bad Request","status_code":401}`; got != want {
		t.Errorf("U02: got %s, want %s", got, want)
	}
	w := get(g.RequireRole("admin")(whoami), "JWT "+token)
	if want := `{"description":"The access token does not allow this.","error":"Forbidden","status_code":403}`; w.Code != 403 || w.Body.String() != want {
		t.Errorf("forbidden: got %d %s, want 403 %s", w.Code, w.Body, want)
	}
	u := jotgate.Users[int]{Guard: g, Load: func(context.Context, jotgate.Identity) (int, error) { return 0, jotgate.ErrNoUser }}
	w = get(u.Need(jotgate.Rule{})(whoami), "JWT "+token)
	if want := `{"description":"User does not exist","error":"Invalid JWT","status_code":401}`; w.Code != 401 || w.Body.String() != want {
		t.Errorf("U10: got %d %s, want 401 %s", w.Code, w.Body, want)
	}
}

func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*flaskjwt.Settings){
		"K18 no secret":           func(s *flaskjwt.Settings) { s.SecretKey = "" },
		"published secret":        func(s *flaskjwt.Settings) { s.InsecureWeakKey = false },
		"algorithm of no library": func(s *flaskjwt.Settings) { s.Algorithm = "RS256" },
	} {
		s := settings(0, change)
		t.Run(name, func(t *testing.T) {
			if _, err := flaskjwt.Config(s); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := flaskjwt.NewIssuer(s); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
	own := settings(1800000000, func(s *flaskjwt.Settings) {
		s.AuthHeaderPrefix, s.DefaultRealm, s.Leeway, s.ExpirationDelta = "Token", "cars", -1, time.Hour
	})
	token, err := issuer(t, own).Issue("a")
	if err != nil {
		t.Fatal(err)
	}
	own.Now = func() time.Time { return time.Unix(1800003599, 0) }
	if w := get(guard(t, own).Require()(whoami), "Token "+token); w.Code != 200 {
		t.Errorf("own prefix, last second: got %d %s, want 200", w.Code, w.Body)
	}
	own.Now = func() time.Time { return time.Unix(1800003600, 0) }
	if w := get(guard(t, own).Require()(whoami), "Token "+token); w.Code != 401 {
		t.Errorf("no leeway: got %d, want 401", w.Code)
	}
	if got := get(guard(t, own).Require()(whoami), "").Header().Get("WWW-Authenticate"); got != `JWT realm="cars"` {
		t.Errorf("realm: got %q", got)
	}
}

// Claims that the library does not write, and its users may.
func TestRevocable(t *testing.T) {
	const now = 1800000000
	for sid, want := range map[string]string{`"s1"`: "s1", `7`: "7", `null`: "", `["s1"]`: ""} {
		raw, err := issuer(t, settings(now)).Encode(json.RawMessage(
			fmt.Sprintf(`{"exp":%d,"iat":%d,"nbf":%d,"identity":1,"jti":"t1","sid":%s}`, now+300, now, now, sid)))
		if err != nil {
			t.Fatal(err)
		}
		id, err := guard(t, settings(now)).Check(t.Context(), raw, jotgate.Rule{})
		if err != nil || id.TokenID() != "t1" || id.SessionID() != want {
			t.Errorf("sid %s: got token %q, session %q, %v, want t1, %q", sid, id.TokenID(), id.SessionID(), err, want)
		}
	}
}

func TestIssue(t *testing.T) {
	i := issuer(t, settings(1800000000))
	t.Run("I11 required claims", func(t *testing.T) {
		_, err := i.Encode(map[string]any{"iat": 1, "identity": 1})
		if !errors.Is(err, jwt.ErrMissing) || !strings.HasSuffix(err.Error(), ": exp, nbf") {
			t.Errorf("got %v, want the names exp, nbf", err)
		}
	})
	for _, bad := range []any{nil, 1.5, []string{"a"}, "", true, make(chan int)} {
		if token, err := i.Issue(bad); err == nil || token != "" {
			t.Errorf("identity %v: got %q, want an error", bad, token)
		}
	}
	t.Run("C13 claims are not an object", func(t *testing.T) {
		for _, bad := range []any{"text", []int{1}, make(chan int)} {
			if token, err := i.Encode(bad); err == nil || token != "" {
				t.Errorf("claims %v: got %q, want an error", bad, token)
			}
		}
	})
}
