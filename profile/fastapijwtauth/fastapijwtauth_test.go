package fastapijwtauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
	"github.com/jotgate/jotgate/revocation"
)

// A token of a published guide to fastapi-jwt-auth.
const sample = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2V2dSIsImlhdCI6MTY4NTgwMDYzNywibmJmIjoxNjg1ODAwNjM3LCJqdGkiOiI5YTExZDgxNy1jNGZkLTQ0NjYtOWMzOC1kYjE0OTBlNTA4NDEiLCJleHAiOjE2ODU4MDE1MzcsInR5cGUiOiJhY2Nlc3MiLCJmcmVzaCI6ZmFsc2V9.JvVTzgLck-rJJ-vmzKfjh4pPD6ZunUHPdT84HjnvRt0"

const now = 1800000000

type change = func(*fastapijwtauth.Settings)

func settings(at int64, changes ...change) fastapijwtauth.Settings {
	s := fastapijwtauth.Settings{SecretKey: "secret", InsecureWeakKey: true, Now: func() time.Time { return time.Unix(at, 0) }}
	for _, f := range changes {
		f(&s)
	}
	return s
}

func guard(t *testing.T, s fastapijwtauth.Settings, changes ...func(*jotgate.Config)) *jotgate.Guard {
	t.Helper()
	c, err := fastapijwtauth.Config(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	for _, f := range changes {
		f(&c)
	}
	g, err := jotgate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func issuer(t *testing.T, s fastapijwtauth.Settings) *fastapijwtauth.Issuer {
	t.Helper()
	i, err := fastapijwtauth.NewIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func must(t *testing.T) func(string, error) string {
	return func(token string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Subject())
})

func do(h http.Handler, method string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/user", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, name string, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if status != 200 {
		text = `{"detail":"` + text + `"}`
	}
	t.Run(name, func(t *testing.T) {
		if w.Code != status || w.Body.String() != text {
			t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, text)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != "" {
			t.Errorf("got the challenge %q, want none", got)
		}
	})
}

func TestSampleToken(t *testing.T) {
	type claims struct {
		Sub   string `json:"sub"`
		IAT   int64  `json:"iat"`
		NBF   int64  `json:"nbf"`
		JTI   string `json:"jti"`
		EXP   int64  `json:"exp"`
		Type  string `json:"type"`
		Fresh bool   `json:"fresh"`
	}
	t.Run("I13 byte for byte", func(t *testing.T) {
		got, err := issuer(t, settings(0)).Encode(claims{"joevu", 1685800637, 1685800637, "9a11d817-c4fd-4466-9c38-db1490e50841", 1685801537, "access", false})
		if err != nil || got != sample {
			t.Errorf("got %s, %v, want %s", got, err, sample)
		}
	})
	for at, status := range map[int64]int{1685800636: 422, 1685800637: 200, 1685800700: 200, 1685801536: 200, 1685801537: 422} {
		w := do(guard(t, settings(at)).Require()(whoami), "GET", "Authorization", "Bearer "+sample)
		text := map[int64]string{1685800636: "The token is not yet valid (iat)", 1685801537: "Signature has expired"}[at]
		if status == 200 {
			text = "joevu"
		}
		want(t, "T06", w, status, text)
	}
}

func TestIssue(t *testing.T) {
	i := issuer(t, settings(now))
	payload := func(token string) string {
		b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(string(b), "UUID")
	}
	cookies := issuer(t, settings(now, func(s *fastapijwtauth.Settings) {
		s.TokenLocation, s.EncodeIssuer, s.InsecureOptionalExpiry = []string{"cookies"}, "shop", true
	}))
	for _, c := range []struct{ name, token, want string }{
		{"I01 I13 access", must(t)(i.Access(fastapijwtauth.Token{Subject: "joevu"})),
			`{"sub":"joevu","iat":1800000000,"nbf":1800000000,"jti":"UUID","exp":1800000900,"type":"access","fresh":false}`},
		{"I02 refresh", must(t)(i.Refresh(fastapijwtauth.Token{Subject: 7})),
			`{"sub":7,"iat":1800000000,"nbf":1800000000,"jti":"UUID","exp":1802592000,"type":"refresh"}`},
		{"I03 I07 own life and claims", must(t)(i.Access(fastapijwtauth.Token{Subject: "é", Fresh: true, Expires: time.Minute, Audience: []string{"a"}, Claims: map[string]any{"fresh": 1, "x": nil}})),
			`{"sub":"\u00e9","iat":1800000000,"nbf":1800000000,"jti":"UUID","exp":1800000060,"aud":"a","type":"access","fresh":1,"x":null}`},
		{"I03 R25 cookies, issuer, no expiry", must(t)(cookies.Refresh(fastapijwtauth.Token{Subject: "a", Expires: fastapijwtauth.Never, Audience: []string{"a", "b"}})),
			`{"sub":"a","iat":1800000000,"nbf":1800000000,"jti":"UUID","iss":"shop","aud":["a","b"],"type":"refresh","csrf":"UUID"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := payload(c.token); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	headers := must(t)(i.Access(fastapijwtauth.Token{Subject: "a", Headers: map[string]any{"x": 1}}))
	if head, _, _ := strings.Cut(headers, "."); head != base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256","x":1}`)) {
		t.Errorf("headers: got %s", head)
	}
	t.Run("I01 a new jti each time", func(t *testing.T) {
		if a, b := must(t)(i.Access(fastapijwtauth.Token{Subject: "a"})), must(t)(i.Access(fastapijwtauth.Token{Subject: "a"})); a == b {
			t.Errorf("got %s twice", a)
		}
	})
	for name, bad := range map[string]fastapijwtauth.Token{
		"I05 no subject": {}, "I05 float": {Subject: 1.5}, "I10 claims": {Subject: "a", Claims: 5}, "headers": {Subject: "a", Headers: "x"},
		"forever": {Subject: "a", Expires: fastapijwtauth.Never}, "C18": {Subject: "a", Headers: map[string]any{"alg": "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			if token, err := i.Access(bad); err == nil || token != "" {
				t.Errorf("got %q, want an error", token)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	s := settings(now)
	i := issuer(t, s)
	access := must(t)(i.Access(fastapijwtauth.Token{Subject: "joevu"}))
	fresh := must(t)(i.Access(fastapijwtauth.Token{Subject: "joevu", Fresh: true}))
	refresh := must(t)(i.Refresh(fastapijwtauth.Token{Subject: "joevu"}))
	untyped := must(t)(i.Encode(map[string]any{"sub": "a", "exp": now + 9}))
	third := must(t)(i.Encode(map[string]any{"sub": 5, "exp": now + 9, "type": "app"}))
	eternal := must(t)(i.Encode(map[string]any{"sub": "a", "type": "access"}))
	addressed := must(t)(i.Access(fastapijwtauth.Token{Subject: "a", Audience: []string{"x"}}))
	badSub := must(t)(i.Encode(map[string]any{"sub": "a", "exp": "x", "type": "access"}))
	const badHeader = "Bad Authorization header. Expected value 'Bearer <JWT>'"
	anyKind, optional := jotgate.Rule{Kind: jotgate.KindAny}, jotgate.Rule{Optional: jotgate.OptionalStrict}
	freshly, refreshing := jotgate.Rule{Fresh: true}, fastapijwtauth.RefreshRule(s)
	g := guard(t, s)
	for _, c := range []struct {
		name, header string
		rule         jotgate.Rule
		status       int
		text         string
	}{
		{"H01", "", jotgate.Rule{}, 401, "Missing Authorization Header"},
		{"H01 refresh", "", refreshing, 401, "Missing Authorization Header"},
		{"H02", "Basic x", jotgate.Rule{}, 422, badHeader},
		{"H03", "Bearer", jotgate.Rule{}, 422, badHeader},
		{"H03 space", "Bearer ", jotgate.Rule{}, 422, badHeader},
		{"H11 exact case", "bearer " + access, jotgate.Rule{}, 422, badHeader},
		{"C07", "Bearer aaaaa.bbbbb.ccccc", jotgate.Rule{}, 422, "Invalid header padding"},
		{"C05", "Bearer xxx", jotgate.Rule{}, 422, "Not enough segments"},
		{"signature", "Bearer " + access[:len(access)-8] + "AAAAAAAA", jotgate.Rule{}, 422, "Signature verification failed"},
		{"G01 access", "Bearer " + access, jotgate.Rule{}, 200, "joevu"},
		{"G01 fresh", "Bearer " + fresh, jotgate.Rule{}, 200, "joevu"},
		{"G01 refresh", "Bearer " + refresh, jotgate.Rule{}, 422, "Only access tokens are allowed"},
		{"G02 refresh", "Bearer " + refresh, refreshing, 200, "joevu"},
		{"G02 access", "Bearer " + access, refreshing, 422, "Only refresh tokens are allowed"},
		{"G02 fresh", "Bearer " + fresh, refreshing, 422, "Only refresh tokens are allowed"},
		{"G03 fresh", "Bearer " + fresh, freshly, 200, "joevu"},
		{"G03 not fresh", "Bearer " + access, freshly, 401, "Fresh token required"},
		{"G03 refresh", "Bearer " + refresh, freshly, 422, "Only access tokens are allowed"},
		{"G03 none", "", freshly, 401, "Missing Authorization Header"},
		{"G05 none", "", optional, 200, ""},
		{"G05 good", "Bearer " + access, optional, 200, "joevu"},
		{"G05 other scheme", "Basic x", optional, 422, badHeader},
		{"G05 refresh", "Bearer " + refresh, optional, 422, "Only access tokens are allowed"},
		{"G05 malformed", "Bearer a.b.c", optional, 422, "Invalid header padding"},
		{"G09 no type", "Bearer " + untyped, jotgate.Rule{}, 422, "Missing claim: type"},
		{"G10 third type", "Bearer " + third, jotgate.Rule{}, 422, "Only access tokens are allowed"},
		{"G10 third type where any is", "Bearer " + third, anyKind, 200, "5"},
		{"forever", "Bearer " + eternal, jotgate.Rule{}, 422, `Token is missing the \"exp\" claim`},
		{"R15", "Bearer " + addressed, jotgate.Rule{}, 422, "Invalid audience"},
		{"R05", "Bearer " + badSub, jotgate.Rule{}, 422, "Expiration Time claim (exp) must be an integer."},
		{"forbidden", "Bearer " + access, jotgate.Rule{Roles: []string{"admin"}}, 403, "The access token does not allow this."},
	} {
		var headers []string
		if c.header != "" {
			headers = []string{"Authorization", c.header}
		}
		want(t, c.name, do(g.Need(c.rule)(whoami), "GET", headers...), c.status, c.text)
	}
	bare := settings(now, func(s *fastapijwtauth.Settings) { s.HeaderName, s.BareHeader = "x-token", true })
	bareGuard := guard(t, bare).Require()(whoami)
	want(t, "H10 bare", do(bareGuard, "GET", "X-Token", access), 200, "joevu")
	want(t, "H10 with a scheme", do(bareGuard, "GET", "X-Token", "Bearer "+access), 422, "Bad x-token header. Expected value '<JWT>'")
	own := guard(t, settings(now, func(s *fastapijwtauth.Settings) { s.HeaderType = "JWT" })).Require()(whoami)
	want(t, "H09 JWT", do(own, "GET", "Authorization", "JWT "+access), 200, "joevu")
	want(t, "H09 Bearer", do(own, "GET", "Authorization", "Bearer "+access), 422, "Bad Authorization header. Expected value 'JWT <JWT>'")
}

func TestCookies(t *testing.T) {
	s := settings(now, func(s *fastapijwtauth.Settings) { s.TokenLocation = []string{"headers", "cookies"} })
	i, g := issuer(t, s), guard(t, s)
	access := must(t)(i.Access(fastapijwtauth.Token{Subject: "joevu"}))
	refresh := must(t)(i.Refresh(fastapijwtauth.Token{Subject: "joevu"}))
	bare := must(t)(issuer(t, settings(now)).Access(fastapijwtauth.Token{Subject: "joevu"}))
	w := httptest.NewRecorder()
	if err := errors.Join(i.SetAccessCookies(w, access), i.SetRefreshCookies(w, refresh)); err != nil {
		t.Fatal(err)
	}
	set := w.Result().Cookies()
	csrf := set[1].Value
	t.Run("E01 Q03 defaults", func(t *testing.T) {
		for n, line := range []string{
			"access_token_cookie=" + access + "; Path=/; HttpOnly", "csrf_access_token=" + csrf + "; Path=/",
			"refresh_token_cookie=" + refresh + "; Path=/; HttpOnly", "csrf_refresh_token=" + set[3].Value + "; Path=/",
		} {
			if set[n].Raw != line {
				t.Errorf("got %s, want %s", set[n].Raw, line)
			}
		}
	})
	for _, c := range []struct {
		name, method, cookie, header string
		rule                         jotgate.Rule
		status                       int
		text                         string
	}{
		{"Q01", "GET", "", "", jotgate.Rule{}, 401, "Missing cookie access_token_cookie"},
		{"Q01 refresh", "GET", "", "", fastapijwtauth.RefreshRule(s), 401, "Missing cookie refresh_token_cookie"},
		{"Q07 GET", "GET", "access_token_cookie=" + access, "", jotgate.Rule{}, 200, "joevu"},
		{"Q07 none", "POST", "access_token_cookie=" + access, "", jotgate.Rule{}, 401, "Missing CSRF Token"},
		{"Q07 wrong", "POST", "access_token_cookie=" + access, "x", jotgate.Rule{}, 401, "CSRF double submit tokens do not match"},
		{"Q07 right", "POST", "access_token_cookie=" + access, csrf, jotgate.Rule{}, 200, "joevu"},
		{"Q13", "POST", "access_token_cookie=" + bare, "x", jotgate.Rule{}, 422, "Missing claim: csrf"},
		{"Q14", "POST", "refresh_token_cookie=" + refresh, csrf, fastapijwtauth.RefreshRule(s), 401, "CSRF double submit tokens do not match"},
		{"Q15 no cookie", "POST", "", "", jotgate.Rule{Optional: jotgate.OptionalStrict}, 200, ""},
		{"Q15 no CSRF", "POST", "access_token_cookie=" + access, "", jotgate.Rule{Optional: jotgate.OptionalStrict}, 401, "Missing CSRF Token"},
		{"planted", "GET", "access_token_cookie=" + access + "; access_token_cookie=x", "", jotgate.Rule{}, 422, "Invalid cookie"},
	} {
		want(t, c.name, do(g.Need(c.rule)(whoami), c.method, "Cookie", c.cookie, "X-CSRF-Token", c.header), c.status, c.text)
	}
	other := must(t)(i.Access(fastapijwtauth.Token{Subject: "header"}))
	want(t, "header first", do(g.Require()(whoami), "POST", "Cookie", "access_token_cookie="+access, "Authorization", "Bearer "+other), 200, "header")
	open := settings(now, func(s *fastapijwtauth.Settings) { s.TokenLocation, s.InsecureSkipCSRF = []string{"cookies"}, true })
	want(t, "Q09", do(guard(t, open).Require()(whoami), "POST", "Cookie", "access_token_cookie="+bare), 200, "joevu")
	t.Run("Q02 unset", func(t *testing.T) {
		w := httptest.NewRecorder()
		i.UnsetCookies(w)
		if got := w.Result().Cookies(); len(got) != 4 {
			t.Errorf("got %d cookies, want 4", len(got))
		}
		for _, c := range w.Result().Cookies() {
			if c.Value != "" || c.Expires.Unix() != 0 || c.Path != "/" {
				t.Errorf("got %s, want it gone", c.Raw)
			}
		}
	})
	if err := i.SetAccessCookies(httptest.NewRecorder(), "x"); !errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("cookie of no token: got %v, want ErrMalformed", err)
	}
}

func TestRevoked(t *testing.T) {
	s, dead := settings(now), revocation.NewSet()
	token := must(t)(issuer(t, s).Access(fastapijwtauth.Token{Subject: "a", Fresh: true}))
	g := guard(t, s, func(c *jotgate.Config) { c.Revocations = dead })
	want(t, "V03 before", do(g.Require()(whoami), "GET", "Authorization", "Bearer "+token), 200, "a")
	var claims struct{ JTI string }
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err = errors.Join(err, json.Unmarshal(b, &claims)); err != nil {
		t.Fatal(err)
	}
	dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, "", claims.JTI)})
	for name, rule := range map[string]jotgate.Rule{"required": {}, "optional": {Optional: jotgate.OptionalStrict}, "fresh": {Fresh: true}} {
		want(t, "V03 "+name, do(g.Need(rule)(whoami), "GET", "Authorization", "Bearer "+token), 401, "Token has been revoked")
	}
}

func TestIssuerAndAudience(t *testing.T) {
	named := settings(now, func(s *fastapijwtauth.Settings) {
		s.EncodeIssuer, s.DecodeIssuer, s.DecodeAudience = "shop", "shop", []string{"x", "y"}
	})
	old, other := issuer(t, settings(now)), issuer(t, settings(now, func(s *fastapijwtauth.Settings) { s.EncodeIssuer = "sho" }))
	g := guard(t, named)
	for _, c := range []struct {
		name, token string
		rule        jotgate.Rule
		status      int
		text        string
	}{
		{"good", must(t)(issuer(t, named).Access(fastapijwtauth.Token{Subject: "a", Audience: []string{"y"}})), jotgate.Rule{}, 200, "a"},
		{"R25 refresh", must(t)(issuer(t, named).Refresh(fastapijwtauth.Token{Subject: "a", Audience: []string{"y"}})), fastapijwtauth.RefreshRule(named), 200, "a"},
		{"R25 old refresh", must(t)(old.Refresh(fastapijwtauth.Token{Subject: "a", Audience: []string{"y"}})), fastapijwtauth.RefreshRule(named), 200, "a"},
		{"R17 none", must(t)(old.Access(fastapijwtauth.Token{Subject: "a", Audience: []string{"y"}})), jotgate.Rule{}, 422, `Token is missing the \"iss\" claim`},
		{"R17 part", must(t)(other.Access(fastapijwtauth.Token{Subject: "a", Audience: []string{"y"}})), jotgate.Rule{}, 422, "Invalid issuer"},
		{"R13 none", must(t)(issuer(t, named).Access(fastapijwtauth.Token{Subject: "a"})), jotgate.Rule{}, 422, `Token is missing the \"aud\" claim`},
		{"R13 other", must(t)(issuer(t, named).Access(fastapijwtauth.Token{Subject: "a", Audience: []string{"z"}})), jotgate.Rule{}, 422, "Audience doesn't match"},
	} {
		want(t, c.name, do(g.Need(c.rule)(whoami), "GET", "Authorization", "Bearer "+c.token), c.status, c.text)
	}
}

func TestSettings(t *testing.T) {
	for name, f := range map[string]change{
		"K18 no secret":     func(s *fastapijwtauth.Settings) { s.SecretKey = "" },
		"weak secret":       func(s *fastapijwtauth.Settings) { s.InsecureWeakKey = false },
		"K19 no key":        func(s *fastapijwtauth.Settings) { s.Algorithm = "RS256" },
		"L13 no place":      func(s *fastapijwtauth.Settings) { s.TokenLocation = []string{} },
		"Q18 SameSite none": func(s *fastapijwtauth.Settings) { s.CookieSameSite = http.SameSiteNoneMode },
		"Q18 bad SameSite":  func(s *fastapijwtauth.Settings) { s.CookieSameSite = -1 },
		"Q17 max age":       func(s *fastapijwtauth.Settings) { s.CookieMaxAge = -1 },
		"E03 cookie path":   func(s *fastapijwtauth.Settings) { s.AccessCSRFCookiePath = "a;b" },
		"E05 method":        func(s *fastapijwtauth.Settings) { s.CSRFMethods = []string{"GET "} },
		"L13 no such place": func(s *fastapijwtauth.Settings) { s.TokenLocation = []string{"query_string"} },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := fastapijwtauth.Config(settings(now, f)); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := fastapijwtauth.NewIssuer(settings(now, f)); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
}
