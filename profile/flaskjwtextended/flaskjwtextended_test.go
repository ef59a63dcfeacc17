package flaskjwtextended_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/flaskjwtextended"
	"github.com/jotgate/jotgate/revocation"
)

const now = 1800000000

type (
	settings = flaskjwtextended.Settings
	token    = flaskjwtextended.Token
)

func with(changes ...func(*settings)) settings {
	s := settings{SecretKey: "super-secret", InsecureWeakKey: true, Now: func() time.Time { return time.Unix(now, 250000000) }}
	for _, f := range changes {
		f(&s)
	}
	return s
}

func at(seconds int64) func(*settings) {
	return func(s *settings) { s.Now = func() time.Time { return time.Unix(seconds, 0) } }
}

func in(places ...string) func(*settings) { return func(s *settings) { s.TokenLocation = places } }

func guard(t *testing.T, s settings, changes ...func(*jotgate.Config)) *jotgate.Guard {
	t.Helper()
	c, err := flaskjwtextended.Config(s)
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

func issuer(t *testing.T, s settings) *flaskjwtextended.Issuer {
	t.Helper()
	i, err := flaskjwtextended.NewIssuer(s)
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

func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func get(authorization string) *http.Request {
	return request("GET", "/", "", "Authorization", authorization)
}

func want(t *testing.T, name string, h http.Handler, r *http.Request, status int, text string) {
	t.Helper()
	if status != 200 {
		text = `{"msg":"` + text + `"}`
	}
	t.Run(name, func(t *testing.T) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || w.Body.String() != text {
			t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, text)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != "" {
			t.Errorf("got the challenge %q, want none", got)
		}
	})
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func TestIssue(t *testing.T) {
	i := issuer(t, with())
	own := issuer(t, with(func(s *settings) {
		s.IdentityClaim, s.OmitNotBefore, s.InsecureSkipCSRF, s.InsecureOptionalExpiry = "identity", true, true, true
		s.EncodeIssuer, s.EncodeAudience, s.AccessTokenExpires = "me", []string{"a", "b"}, flaskjwtextended.Never
	}))
	for _, c := range []struct{ name, token, want string }{
		{"I01 access", must(t)(i.Access(token{Identity: "u1"})),
			`{"fresh":false,"iat":1800000000,"jti":"UUID","type":"access","sub":"u1","nbf":1800000000,"csrf":"UUID","exp":1800000900}`},
		{"I02 refresh", must(t)(i.Refresh(token{Identity: "u1", Fresh: true})),
			`{"fresh":false,"iat":1800000000,"jti":"UUID","type":"refresh","sub":"u1","nbf":1800000000,"csrf":"UUID","exp":1802592000}`},
		{"I06 fresh", must(t)(i.Access(token{Identity: "u1", Fresh: true, Expires: time.Minute})),
			`{"fresh":true,"iat":1800000000,"jti":"UUID","type":"access","sub":"u1","nbf":1800000000,"csrf":"UUID","exp":1800000060}`},
		{"I06 fresh for a while", must(t)(i.Access(token{Identity: "u1", FreshFor: time.Minute, Claims: map[string]any{"sub": "x", "é": 1}})),
			`{"fresh":1800000060.25,"iat":1800000000,"jti":"UUID","type":"access","sub":"x","nbf":1800000000,"csrf":"UUID","exp":1800000900,"\u00e9":1}`},
		{"R23 R25 own settings", must(t)(own.Access(token{Identity: 7})),
			`{"fresh":false,"iat":1800000000,"jti":"UUID","type":"access","identity":7,"aud":["a","b"],"iss":"me"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := base64.RawURLEncoding.DecodeString(strings.Split(c.token, ".")[1])
			if got := uuid.ReplaceAllString(string(b), "UUID"); err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
	t.Run("C17 sorted header", func(t *testing.T) {
		head, _, _ := strings.Cut(must(t)(i.Access(token{Identity: "u1", Headers: map[string]any{"cty": "x"}})), ".")
		if want := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","cty":"x","typ":"JWT"}`)); head != want {
			t.Errorf("got %s, want %s", head, want)
		}
	})
	for name, bad := range map[string]token{
		"I05 none": {}, "I05 number": {Identity: 7}, "empty": {Identity: ""}, "forever": {Identity: "a", Expires: flaskjwtextended.Never},
		"I10 claims": {Identity: "a", Claims: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			if raw, err := i.Access(bad); err == nil || raw != "" {
				t.Errorf("got %q, want an error", raw)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	s := with()
	i := issuer(t, s)
	access := must(t)(i.Access(token{Identity: "u1"}))
	fresh := must(t)(i.Access(token{Identity: "u1", Fresh: true}))
	timed := must(t)(i.Access(token{Identity: "u1", FreshFor: time.Minute}))
	refresh := must(t)(i.Refresh(token{Identity: "u1"}))
	encode := func(claims map[string]any) string { return must(t)(i.Encode(claims)) }
	bare := encode(map[string]any{"sub": "u1", "exp": now + 9})
	third := encode(map[string]any{"sub": "u1", "exp": now + 9, "type": "app"})
	const scheme = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"
	const bad = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"
	optional, freshly := jotgate.Rule{Optional: jotgate.OptionalStrict}, jotgate.Rule{Fresh: true}
	refreshing, anyKind := flaskjwtextended.RefreshRule(s), jotgate.Rule{Kind: jotgate.KindAny}
	refuse := func(err error) jotgate.Rule {
		return jotgate.Rule{Also: func(context.Context, jotgate.Identity) error { return err }}
	}
	g, later := guard(t, s), guard(t, with(at(now+61)))
	for _, c := range []struct {
		name   string
		guard  *jotgate.Guard
		header string
		rule   jotgate.Rule
		status int
		text   string
	}{
		{"H01", g, "", jotgate.Rule{}, 401, "Missing Authorization Header"},
		{"H01 commas", g, " ,", jotgate.Rule{}, 401, "Missing Authorization Header"},
		{"H02", g, "Basic x", jotgate.Rule{}, 401, scheme},
		{"H03", g, "Bearer", jotgate.Rule{}, 422, bad},
		{"H03 space", g, "Bearer ", jotgate.Rule{}, 422, bad},
		{"H05 list", g, "Basic x, Bearer " + access, jotgate.Rule{}, 200, "u1"},
		{"H06", g, "Foo 1, Bearer, Baz", jotgate.Rule{}, 422, bad},
		{"H07", g, "Bearer " + access + ", Bearer " + access, jotgate.Rule{}, 401, scheme},
		{"H09", g, "JWT " + access, jotgate.Rule{}, 401, scheme},
		{"H11", g, "bearer " + access, jotgate.Rule{}, 401, scheme},
		{"spaces", g, "Bearer a b", jotgate.Rule{}, 422, bad},
		{"C07", g, "Bearer aaaaa.bbbbb.ccccc", jotgate.Rule{}, 422, "Invalid header padding"},
		{"signature", g, "Bearer " + access[:len(access)-8] + "AAAAAAAA", jotgate.Rule{}, 422, "Signature verification failed"},
		{"G01 access", g, "Bearer " + access, jotgate.Rule{}, 200, "u1"},
		{"G01 fresh", g, "Bearer " + fresh, jotgate.Rule{}, 200, "u1"},
		{"G01 refresh", g, "Bearer " + refresh, jotgate.Rule{}, 422, "Only non-refresh tokens are allowed"},
		{"G02 refresh", g, "Bearer " + refresh, refreshing, 200, "u1"},
		{"G02 access", g, "Bearer " + access, refreshing, 422, "Only refresh tokens are allowed"},
		{"G02 fresh", g, "Bearer " + fresh, refreshing, 422, "Only refresh tokens are allowed"},
		{"G03 fresh", g, "Bearer " + fresh, freshly, 200, "u1"},
		{"G03 fresh, later", later, "Bearer " + fresh, freshly, 200, "u1"},
		{"G03 not fresh", g, "Bearer " + access, freshly, 401, "Fresh token required"},
		{"G03 timed", g, "Bearer " + timed, freshly, 200, "u1"},
		{"G03 timed, later", later, "Bearer " + timed, freshly, 401, "Fresh token required"},
		{"G03 refresh", g, "Bearer " + refresh, freshly, 422, "Only non-refresh tokens are allowed"},
		{"G03 none", g, "", freshly, 401, "Missing Authorization Header"},
		{"G05 none", g, "", optional, 200, ""},
		{"G05 other scheme", g, "Basic x", optional, 200, ""},
		{"G05 list without Bearer", g, "Basic x, Digest y", optional, 200, ""},
		{"G05 good", g, "Bearer " + access, optional, 200, "u1"},
		{"G05 expired", guard(t, with(at(now+900))), "Bearer " + access, optional, 401, "Token has expired"},
		{"G05 refresh", g, "Bearer " + refresh, optional, 422, "Only non-refresh tokens are allowed"},
		{"G05 malformed", g, "Bearer a.b.c", optional, 422, "Invalid header padding"},
		{"G09 no type", g, "Bearer " + bare, jotgate.Rule{}, 200, "u1"},
		{"G09 no fresh", g, "Bearer " + bare, freshly, 401, "Fresh token required"},
		{"G10 third type", g, "Bearer " + third, jotgate.Rule{}, 422, "Only non-refresh tokens are allowed"},
		{"G10 third type where any is", g, "Bearer " + third, anyKind, 200, "u1"},
		{"G11 passes", g, "Bearer " + access, refuse(nil), 200, "u1"},
		{"G11 fails", g, "Bearer " + access, refuse(flaskjwtextended.VerificationFailed()), 400, "User claims verification failed"},
		{"expired", guard(t, with(at(now+900))), "Bearer " + access, jotgate.Rule{}, 401, "Token has expired"},
		{"R15 audience", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "aud": "x"}), jotgate.Rule{}, 200, "u1"},
		{"R19 number", g, "Bearer " + encode(map[string]any{"sub": 7, "exp": now + 9}), jotgate.Rule{}, 422, "Subject must be a string"},
		{"R19 number allowed", guard(t, with(func(s *settings) { s.AnySubject = true })), "Bearer " + encode(map[string]any{"sub": 7, "exp": now + 9}), jotgate.Rule{}, 200, "7"},
		{"R21", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "jti": 5}), jotgate.Rule{}, 422, "JWT ID must be a string"},
		{"no sub", g, "Bearer " + encode(map[string]any{"exp": now + 9}), jotgate.Rule{}, 422, "Missing claim: sub"},
		{"no exp", g, "Bearer " + encode(map[string]any{"sub": "u1"}), jotgate.Rule{}, 422, `Token is missing the \"exp\" claim`},
		{"not yet, both", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "nbf": now + 1, "iat": now + 1}), jotgate.Rule{}, 422, "The token is not yet valid (iat)"},
		{"not yet", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "nbf": now + 1}), jotgate.Rule{}, 422, "The token is not yet valid (nbf)"},
		{"roles", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "roles": []string{"admin"}}), jotgate.Rule{Roles: []string{"admin"}}, 200, "u1"},
		{"forbidden", g, "Bearer " + encode(map[string]any{"sub": "u1", "exp": now + 9, "roles": "admin"}), jotgate.Rule{Roles: []string{"admin"}}, 403, "The access token does not allow this."},
		{"H10 bare", guard(t, with(func(s *settings) { s.BareHeader = true })), access, jotgate.Rule{}, 200, "u1"},
		{"H10 with a scheme", guard(t, with(func(s *settings) { s.BareHeader = true })), "Bearer " + access, jotgate.Rule{}, 422, "Bad Authorization header. Expected 'Authorization: <JWT>'"},
		{"H09 own type", guard(t, with(func(s *settings) { s.HeaderType = "JWT" })), "JWT " + access, jotgate.Rule{}, 200, "u1"},
		{"R17", guard(t, with(func(s *settings) { s.DecodeIssuer = "me" })), "Bearer " + access, jotgate.Rule{}, 422, `Token is missing the \"iss\" claim`},
		{"R13", guard(t, with(func(s *settings) { s.DecodeAudience = []string{"me"} })), "Bearer " + access, jotgate.Rule{}, 422, `Token is missing the \"aud\" claim`},
	} {
		want(t, c.name, c.guard.Need(c.rule)(whoami), get(c.header), c.status, c.text)
	}
	want(t, "G07 OPTIONS", g.Require()(whoami), request("OPTIONS", "/", ""), 200, "")
}

// A refresh token that another part of the program signed with the same secret has no claim type.
func TestOtherTypes(t *testing.T) {
	key, err := jwt.NewInsecureKey(jwt.HS256, "", []byte("super-secret"))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range []string{"rt+jwt", "at+jwt", ""} {
		raw := must(t)(jwt.Sign(key, jwt.Header{Type: typ}, []byte(`{"sub":"u1","exp":1800000009}`)))
		want(t, "typ "+typ, guard(t, with()).Require()(whoami), get("Bearer "+raw), 422, "Invalid token type")
	}
}

// Of several faults the library tells the first.
func TestExpiredAndForeign(t *testing.T) {
	raw := must(t)(issuer(t, with()).Access(token{Identity: "u1"}))
	g := guard(t, with(at(now+900), func(s *settings) { s.DecodeIssuer = "me" }))
	want(t, "expired before issuer", g.Require()(whoami), get("Bearer "+raw), 401, "Token has expired")
}

func TestCookies(t *testing.T) {
	s := with(in("cookies"))
	i, g := issuer(t, s), guard(t, s)
	access, refresh := must(t)(i.Access(token{Identity: "u1"})), must(t)(i.Refresh(token{Identity: "u1"}))
	csrf, other := must(t)(i.CSRF(access)), must(t)(i.CSRF(refresh))
	w := httptest.NewRecorder()
	if err := errors.Join(i.SetAccessCookies(w, access), i.SetRefreshCookies(w, refresh)); err != nil {
		t.Fatal(err)
	}
	t.Run("E01 Q03 defaults", func(t *testing.T) {
		for n, line := range []string{
			"access_token_cookie=" + access + "; Path=/; HttpOnly", "csrf_access_token=" + csrf + "; Path=/",
			"refresh_token_cookie=" + refresh + "; Path=/; HttpOnly", "csrf_refresh_token=" + other + "; Path=/",
		} {
			if got := w.Result().Cookies()[n].Raw; got != line {
				t.Errorf("got %s, want %s", got, line)
			}
		}
	})
	plain := must(t)(issuer(t, with(func(s *settings) { s.InsecureSkipCSRF = true })).Access(token{Identity: "u1"}))
	optional, refreshing := jotgate.Rule{Optional: jotgate.OptionalStrict}, flaskjwtextended.RefreshRule(s)
	for _, c := range []struct {
		name, method, cookie, header string
		rule                         jotgate.Rule
		status                       int
		text                         string
	}{
		{"Q01", "GET", "", "", jotgate.Rule{}, 401, `Missing cookie \"access_token_cookie\"`},
		{"Q01 refresh", "GET", "", "", refreshing, 401, `Missing cookie \"refresh_token_cookie\"`},
		{"Q02", "GET", "access_token_cookie=" + access, "", jotgate.Rule{}, 200, "u1"},
		{"Q07 none", "POST", "access_token_cookie=" + access, "", jotgate.Rule{}, 401, "Missing CSRF token"},
		{"Q07 wrong", "POST", "access_token_cookie=" + access, "x", jotgate.Rule{}, 401, "CSRF double submit tokens do not match"},
		{"Q07 right", "POST", "access_token_cookie=" + access, csrf, jotgate.Rule{}, 200, "u1"},
		{"Q13", "POST", "access_token_cookie=" + plain, "x", jotgate.Rule{}, 422, "Missing claim: csrf"},
		{"Q14", "POST", "refresh_token_cookie=" + refresh, csrf, refreshing, 401, "CSRF double submit tokens do not match"},
		{"Q15 none", "POST", "", "", optional, 200, ""},
		{"Q15 no CSRF", "POST", "access_token_cookie=" + access, "", optional, 401, "Missing CSRF token"},
		{"planted", "GET", "access_token_cookie=" + access + "; access_token_cookie=x", "", jotgate.Rule{}, 422, "Invalid cookie"},
	} {
		want(t, c.name, g.Need(c.rule)(whoami), request(c.method, "/", "", "Cookie", c.cookie, "X-CSRF-TOKEN", c.header), c.status, c.text)
	}
	own := with(in("cookies"), func(s *settings) {
		s.CookieSecure, s.CookieSameSite, s.CookieDomain, s.PersistentCookie, s.OmitCSRFCookies = true, http.SameSiteStrictMode, "example.com", true, true
		s.AccessCookieName, s.AccessCookiePath, s.CSRFMethods = "t", "/api", []string{"post"}
	})
	t.Run("Q05 Q10 own names, path and domain, no CSRF cookie", func(t *testing.T) {
		w, i := httptest.NewRecorder(), issuer(t, own)
		if err := i.SetAccessCookies(w, access); err != nil {
			t.Fatal(err)
		}
		i.UnsetCookies(w)
		for n, want := range []string{
			"t=" + access + "; Path=/api; Domain=example.com; Max-Age=31540000; HttpOnly; Secure; SameSite=Strict",
			"t=; Path=/api; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict",
		} {
			if got := w.Result().Header["Set-Cookie"]; len(got) <= n || got[n] != want {
				t.Errorf("got %q, want %s", got, want)
			}
		}
	})
	want(t, "CSRF methods", guard(t, own).Require()(whoami), request("DELETE", "/", "", "Cookie", "t="+access), 200, "u1")
	want(t, "E05 CSRF methods in lower case", guard(t, own).Require()(whoami), request("POST", "/", "", "Cookie", "t="+access), 401, "Missing CSRF token")
	t.Run("Q02 unset", func(t *testing.T) {
		w := httptest.NewRecorder()
		i.UnsetCookies(w)
		if got := w.Result().Cookies(); len(got) != 4 || got[0].Raw != "access_token_cookie=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly" {
			t.Errorf("got %v", got)
		}
	})
	long := must(t)(i.Access(token{Identity: "u1", Claims: map[string]any{"x": strings.Repeat("x", 4000)}}))
	if err := i.SetAccessCookies(httptest.NewRecorder(), long); err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("cookie that browsers would drop: got %v, want an error", err)
	}
	if err := i.SetAccessCookies(w, "x"); !errors.Is(err, jwt.ErrMalformed) {
		t.Errorf("cookie of no token: got %v, want ErrMalformed", err)
	}
}

func TestQueryAndBody(t *testing.T) {
	raw := must(t)(issuer(t, with()).Access(token{Identity: "u1"}))
	query := func(value string) *http.Request { return request("GET", "/?jwt="+url.QueryEscape(value), "") }
	post := func(kind, body string) *http.Request { return request("POST", "/", body, "Content-Type", kind) }
	inQuery := guard(t, with(in("query_string"))).Require()(whoami)
	prefixed := guard(t, with(in("query_string"), func(s *settings) { s.QueryStringValuePrefix = "bearer " })).Require()(whoami)
	inJSON := guard(t, with(in("json")))
	body := inJSON.Require()(whoami)
	want(t, "L01", inQuery, query(raw), 200, "u1")
	want(t, "L01 missing", inQuery, request("GET", "/", ""), 401, "Missing 'jwt' query paramater")
	want(t, "L03", inQuery, get("Bearer "+raw), 401, "Missing 'jwt' query paramater")
	want(t, "L02 with", prefixed, query("bearer "+raw), 200, "u1")
	want(t, "L02 without", prefixed, query(raw), 422, "Invalid value for query parameter 'jwt'. Expected the value to start with 'bearer '")
	want(t, "L05 other type", body, post("text/plain", "{}"), 401, "Invalid content-type. Must be application/json.")
	want(t, "L05 charset", body, post("application/json;charset=UTF-8", `{"access_token":"`+raw+`"}`), 200, "u1")
	for name, text := range map[string]string{"empty": "", "list": "[]", "number": "5", "no member": "{}", "number inside": `{"access_token":5}`, "broken": "{"} {
		want(t, "L05 "+name, body, post("application/json", text), 401, `Missing \"access_token\" key in json data.`)
	}
	want(t, "refresh", inJSON.Need(flaskjwtextended.RefreshRule(with(in("json"))))(whoami), post("application/json", "{}"), 401, `Missing \"refresh_token\" key in json data.`)
}

func TestSeveralPlaces(t *testing.T) {
	s := with(in("headers", "cookies", "query_string", "json"))
	g, raw := guard(t, s), must(t)(issuer(t, s).Access(token{Identity: "u1"}))
	const all = "Missing JWT in headers, cookies, query_string or json ("
	want(t, "none", g.Require()(whoami), request("GET", "/", ""), 401,
		all+`Missing Authorization Header; Missing cookie \"access_token_cookie\"; Missing 'jwt' query paramater; Invalid content-type. Must be application/json.)`)
	want(t, "other scheme", g.Require()(whoami), request("POST", "/", "{}", "Authorization", "Basic x", "Content-Type", "application/json"), 401,
		all+`Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'; Missing cookie \"access_token_cookie\"; Missing 'jwt' query paramater; Missing \"access_token\" key in json data.)`)
	want(t, "L07 query", g.Require()(whoami), request("GET", "/?jwt="+raw, "", "Authorization", "Basic x"), 200, "u1")
	want(t, "L10 headers first", g.Require()(whoami), request("GET", "/", "", "Authorization", "Bearer x", "Cookie", "access_token_cookie="+raw), 422, "Not enough segments")
	cookies, err := flaskjwtextended.Locations(s, false, "cookies", "headers")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "L10 L11 cookies first", g.Need(jotgate.Rule{Locations: cookies})(whoami), request("GET", "/", "", "Authorization", "Bearer x", "Cookie", "access_token_cookie="+raw), 200, "u1")
	t.Run("L11 unknown place", func(t *testing.T) {
		if list, err := flaskjwtextended.Locations(s, false, "nowhere"); err == nil || list != nil {
			t.Errorf("got %v, want an error", list)
		}
	})
}

func TestUsersAndHooks(t *testing.T) {
	s, dead := with(func(s *settings) { s.ErrorMessageKey = "message" }), revocation.NewSet()
	var seen []string
	g := guard(t, s, func(c *jotgate.Config) {
		c.Revocations = dead
		answer := c.Answer
		c.Answer = func(r *jotgate.Refusal) jotgate.Answer {
			if claims, proved := r.Claims(); proved {
				seen = append(seen, claims.Subject)
			}
			return answer(r)
		}
	})
	i := issuer(t, s)
	raw := must(t)(i.Access(token{Identity: "é1", Claims: map[string]any{"jti": "t1"}}))
	old := must(t)(issuer(t, with(at(now-3600))).Access(token{Identity: "late"}))
	answer := func(h http.Handler, raw string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, get("Bearer "+raw))
		return w.Body.String()
	}
	users := jotgate.Users[int]{Guard: g, Load: func(context.Context, jotgate.Identity) (int, error) { return 0, jotgate.ErrNoUser }}
	kill := func() {
		dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, "", "t1")})
	}
	for _, c := range []struct {
		name  string
		given func()
		h     http.Handler
		raw   string
		want  string
	}{
		{"E07 U10 no user", func() {}, users.Need(jotgate.Rule{})(whoami), raw, `Error loading the user \u00e91`},
		{"E07 E09 expired", func() {}, g.Require()(whoami), old, "Token has expired"},
		{"E07 E09 expired and forged", func() {}, g.Require()(whoami), old[:len(old)-8] + "AAAAAAAA", "Signature verification failed"},
		{"E07 V03 revoked", kill, g.Require()(whoami), raw, "Token has been revoked"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.given()
			if got, want := answer(c.h, c.raw), `{"message":"`+c.want+`"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	t.Run("E09 claims of proved tokens alone", func(t *testing.T) {
		if got := strings.Join(seen, " "); got != "é1 late é1" {
			t.Errorf("got %s, want é1 late é1", got)
		}
	})
}

func TestSettings(t *testing.T) {
	for name, f := range map[string]func(*settings){
		"K18 no secret": func(s *settings) { s.SecretKey = "" }, "weak secret": func(s *settings) { s.InsecureWeakKey = false },
		"K19 no key": func(s *settings) { s.Algorithm = "ES256" }, "L13 unnamed": in(""), "L13 empty": func(s *settings) { s.TokenLocation = []string{} },
		"L13 unknown":                          in("body"),
		"Q18 SameSite none without Secure":     func(s *settings) { s.CookieSameSite = http.SameSiteNoneMode },
		"Q18 bad SameSite":                     func(s *settings) { s.CookieSameSite = 7 },
		"E03 a cookie that no client can send": func(s *settings) { s.RefreshCSRFCookieName = "a b" },
		"E03 a domain that is none":            func(s *settings) { s.CookieDomain = "a;b" },
		"Q18 __Host- without Secure":           func(s *settings) { s.AccessCookieName = "__Host-access" },
		"Q18 __Secure- without Secure":         func(s *settings) { s.RefreshCookieName = "__Secure-refresh" },
		"Q18 __Host- with a path": func(s *settings) {
			s.AccessCookieName, s.AccessCookiePath, s.CookieSecure = "__Host-access", "/api", true
		},
		"Q18 __Host- with a domain": func(s *settings) {
			s.AccessCSRFCookieName, s.CookieDomain, s.CookieSecure = "__Host-csrf", "example.com", true
		},
		"E05 unknown method": func(s *settings) { s.CSRFMethods = []string{"post", "PSOT"} },
		"E05 no method":      func(s *settings) { s.CSRFMethods = []string{} },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := flaskjwtextended.Config(with(f)); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := flaskjwtextended.NewIssuer(with(f)); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
	t.Run("E06 a header that no client can send", func(t *testing.T) {
		for _, f := range []func(*settings){
			func(s *settings) { s.HeaderName = "X Token" },
			func(s *settings) { s.TokenLocation, s.AccessCSRFHeaderName = []string{"cookies"}, "X Proof" },
		} {
			c, err := flaskjwtextended.Config(with(f))
			if err == nil {
				_, err = jotgate.New(c)
			}
			if err == nil {
				t.Error("want an error when the guard is made")
			}
		}
	})
}
