package jotgate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// refreshToken signs one for g.
func (g gate) refreshToken(tb testing.TB, change ...func(*jwt.Claims)) string {
	tb.Helper()
	return sign(tb, g.key, jwt.Header{Type: "rt+jwt"}, claims(change...))
}

func freshLogin(c *jwt.Claims) { c.AuthTime = noon }

func TestKinds(t *testing.T) {
	g := newGate(t)
	routes := map[string]http.Handler{
		"normal":  g.Require()(whoami),
		"refresh": g.Need(jotgate.Rule{Kind: jotgate.KindRefresh})(whoami),
		"fresh":   g.Need(jotgate.Rule{Fresh: true})(whoami),
		"any":     g.Need(jotgate.Rule{Kind: jotgate.KindAny})(whoami),
	}
	for _, c := range []struct {
		name, token string
		want        map[string]string // u1, or the code of the 401
	}{
		{"G01 access", g.token(t), map[string]string{"normal": "u1", "refresh": jotgate.CodeInvalid, "fresh": jotgate.CodeStaleLogin, "any": "u1"}},
		{"G01 fresh", g.token(t, freshLogin), map[string]string{"normal": "u1", "refresh": jotgate.CodeInvalid, "fresh": "u1", "any": "u1"}},
		{"G02 refresh", g.refreshToken(t), map[string]string{"normal": jotgate.CodeInvalid, "refresh": "u1", "fresh": jotgate.CodeInvalid, "any": "u1"}},
		{"G03 refresh of a fresh log-in", g.refreshToken(t, freshLogin), map[string]string{"normal": jotgate.CodeInvalid, "refresh": "u1", "fresh": jotgate.CodeInvalid, "any": "u1"}},
		{"G03 none", "", map[string]string{"normal": jotgate.CodeMissing, "refresh": jotgate.CodeMissing, "fresh": jotgate.CodeMissing, "any": jotgate.CodeMissing}},
		{"G10 unknown type", sign(t, g.key, jwt.Header{Type: "app"}, claims()), map[string]string{"normal": jotgate.CodeInvalid, "refresh": jotgate.CodeInvalid, "fresh": jotgate.CodeInvalid, "any": jotgate.CodeInvalid}},
		{"G09 no type", sign(t, g.key, jwt.Header{}, claims()), map[string]string{"normal": jotgate.CodeInvalid, "refresh": jotgate.CodeInvalid, "fresh": jotgate.CodeInvalid, "any": jotgate.CodeInvalid}},
	} {
		for route, want := range c.want {
			t.Run(c.name+" on "+route, func(t *testing.T) {
				var header []string
				if c.token != "" {
					header = []string{"Bearer " + c.token}
				}
				wantAnswer(t, get(routes[route], header...), map[bool]int{true: 200, false: 401}[want == "u1"], want)
			})
		}
	}
	t.Run("G01 the log says both kinds", func(t *testing.T) {
		var kind *jotgate.KindError
		r := g.refusal(t, g.refreshToken(t), jotgate.Rule{})
		if !errors.As(r, &kind) || kind.Want != jotgate.KindAccess || kind.Got != jotgate.KindRefresh || !errors.Is(r, jwt.ErrType) {
			t.Errorf("want a KindError, got %v", r)
		}
		if got, want := g.log.last(t)["reason"], "token kind: want access, got refresh"; got != want {
			t.Errorf("reason: want %q, got %q", want, got)
		}
	})
	t.Run("G09 no jti and no sid", func(t *testing.T) {
		id := g.identity(t, g.token(t, func(c *jwt.Claims) { c.ID, c.SessionID, c.AuthTime = "", "", time.Time{} }), jotgate.Rule{})
		if id.TokenID() != "" || id.SessionID() != "" || !id.AuthTime().IsZero() || id.Kind() != jotgate.KindAccess {
			t.Errorf("want them empty, got %q %q %v %v", id.TokenID(), id.SessionID(), id.AuthTime(), id.Kind())
		}
	})
	t.Run("any type is no refresh token", func(t *testing.T) {
		open := newGate(t, func(c *jotgate.Config) { c.InsecureAnyType = true })
		open.identity(t, sign(t, open.key, jwt.Header{Type: "app"}, claims()), jotgate.Rule{})
		for _, typ := range []string{"rt+jwt", "RT+JWT", "application/rt+jwt"} {
			if r := open.refusal(t, sign(t, open.key, jwt.Header{Type: typ}, claims()), jotgate.Rule{}); !errors.Is(r, jwt.ErrType) {
				t.Errorf("%s: want %v, got %v", typ, jwt.ErrType, r)
			}
		}
	})
	t.Run("custom types", func(t *testing.T) {
		own := newGate(t, func(c *jotgate.Config) { c.Types, c.RefreshTypes = []string{"a", "JWT"}, []string{"r"} })
		for typ, kind := range map[string]jotgate.Kind{"a": jotgate.KindAccess, "jwt": jotgate.KindAccess, "r": jotgate.KindRefresh} {
			own.identity(t, sign(t, own.key, jwt.Header{Type: typ}, claims()), jotgate.Rule{Kind: kind})
		}
		own.refusal(t, own.token(t), jotgate.Rule{Kind: jotgate.KindAny})
	})
	if got := fmt.Sprint(jotgate.KindAccess, jotgate.KindRefresh, jotgate.KindAny); got != "access refresh any" {
		t.Errorf("names of kinds: got %s", got)
	}
}

func TestFreshEnds(t *testing.T) {
	g := newCachingGate(t)
	token := g.token(t, freshLogin)
	rule := jotgate.Rule{Fresh: true}
	t.Run("G03 fresh, then not", func(t *testing.T) {
		g.now = noon.Add(jotgate.FreshAge - time.Second)
		g.identity(t, token, rule)
		g.now = noon.Add(jotgate.FreshAge)
		r := g.refusal(t, token, rule)
		if r.Code != jotgate.CodeStaleLogin {
			t.Errorf("want %s, got %s", jotgate.CodeStaleLogin, r.Code)
		}
		g.identity(t, token, jotgate.Rule{})
	})
	t.Run("G03 a log-in that is still to come", func(t *testing.T) {
		g := newGate(t)
		g.identity(t, g.token(t, func(c *jwt.Claims) { c.AuthTime = noon.Add(30 * time.Second) }), rule)
		g.refusal(t, g.token(t, func(c *jwt.Claims) { c.AuthTime = noon.Add(31 * time.Second) }), rule)
	})
	t.Run("G03 a log-in that is not dated", func(t *testing.T) {
		g.refusal(t, g.token(t, func(c *jwt.Claims) { c.AuthTime = time.Time{} }), rule)
	})
}

func TestOptionalChoices(t *testing.T) {
	g := newGate(t)
	strict := g.Need(jotgate.Rule{Optional: jotgate.OptionalStrict, Permissions: []string{"orders:read"}})(whoami)
	lenient := g.Need(jotgate.Rule{Optional: jotgate.OptionalLenient, Permissions: []string{"orders:read"}})(whoami)
	expired := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) })
	for _, c := range []struct {
		name, header, strict, lenient string
	}{
		{"no header", "", "nobody", "nobody"},
		{"other scheme", "Basic eA==", "nobody", "nobody"},
		{"a list without Bearer", "Basic eA==, Digest x", "nobody", "nobody"},
		{"good", "Bearer " + g.token(t), "u1", "u1"},
		{"expired", "Bearer " + expired, jotgate.CodeExpired, "nobody"},
		{"refresh", "Bearer " + g.refreshToken(t), jotgate.CodeInvalid, "nobody"},
		{"malformed", "Bearer x", jotgate.CodeInvalid, "nobody"},
		{"two", "Bearer x, Bearer y", jotgate.CodeInvalid, "nobody"},
		{"poor", "Bearer " + g.token(t, func(c *jwt.Claims) { c.Permissions = nil }), jotgate.CodeForbidden, jotgate.CodeForbidden},
	} {
		status := map[string]int{"u1": 200, "nobody": 200, jotgate.CodeForbidden: 403, jotgate.CodeExpired: 401, jotgate.CodeInvalid: 401}
		t.Run("G05 "+c.name, func(t *testing.T) { wantAnswer(t, get(strict, c.header), status[c.strict], c.strict) })
		t.Run("G06 "+c.name+", anonymous by choice", func(t *testing.T) { wantAnswer(t, get(lenient, c.header), status[c.lenient], c.lenient) })
	}
	t.Run("G05 our failure is nobody's", func(t *testing.T) {
		down := newGate(t, func(c *jotgate.Config) { c.Keys = downKeys{errDown} })
		route := down.Need(jotgate.Rule{Optional: jotgate.OptionalLenient})(whoami)
		wantAnswer(t, get(route, "Bearer "+down.token(t)), 503, jotgate.CodeKeysDown)
	})
}

func TestG07(t *testing.T) {
	g := newGate(t, func(c *jotgate.Config) { c.Locations, c.PassOptions = []jotgate.Location{inHeader, inCookie}, true })
	for name, rule := range map[string]jotgate.Rule{
		"plain": {}, "permissions": {Permissions: []string{"a:b"}}, "fresh": {Fresh: true}, "refresh": {Kind: jotgate.KindRefresh}, "owner": {Owner: "id"},
	} {
		t.Run("G07 OPTIONS passes, "+name, func(t *testing.T) {
			wantAnswer(t, do(g.Need(rule)(whoami), request(http.MethodOptions, "/", "")), 200, "nobody")
		})
		t.Run("G07 by default OPTIONS is a method like others, "+name, func(t *testing.T) {
			wantStatus(t, do(newGate(t).Need(rule)(whoami), request(http.MethodOptions, "/", "")), 401)
		})
	}
	t.Run("G07 OPTIONS passes without middleware, and behind another guard, as nobody", func(t *testing.T) {
		r := request(http.MethodOptions, "/", "", "Authorization", "Bearer "+g.token(t))
		if id, err := g.CheckRequest(r, jotgate.Rule{}); err != nil || !id.IsZero() {
			t.Errorf("want nobody, got %q, %v", id.Subject(), err)
		}
		wantAnswer(t, do(newGate(t).Require()(g.Require()(whoami)), r), 200, "nobody")
	})
}

func TestAlso(t *testing.T) {
	const blocked = "user_blocked"
	for _, c := range []struct {
		name   string
		err    error
		status int
		want   string
	}{
		{"G11 true", nil, 200, "u1"},
		{"G11 false", errors.New("no tenant"), 403, jotgate.CodeForbidden},
		{"G11 own error, own status", &jotgate.Refusal{Status: 423, Code: blocked}, 423, blocked},
		{"G11 own error, wrapped", fmt.Errorf("looking: %w", &jotgate.Refusal{Status: 503, Code: blocked}), 503, blocked},
		{"G11 own error, log in again", &jotgate.Refusal{Status: 401, Code: blocked}, 401, blocked},
		{"G11 a refusal that is nil", (*jotgate.Refusal)(nil), 403, jotgate.CodeForbidden},
		{"G11 a refusal without status", &jotgate.Refusal{Code: blocked}, 403, jotgate.CodeForbidden},
		{"G11 a refusal that says it went well", &jotgate.Refusal{Status: 200}, 403, jotgate.CodeForbidden},
		{"G11 a refusal of no status that exists", &jotgate.Refusal{Status: 1000}, 403, jotgate.CodeForbidden},
	} {
		for route, rule := range map[string]jotgate.Rule{
			"plain": {}, "optional": {Optional: jotgate.OptionalStrict}, "lenient": {Optional: jotgate.OptionalLenient}, "fresh": {Fresh: true},
		} {
			t.Run(c.name+" on "+route, func(t *testing.T) {
				g := newGate(t)
				rule.Also = func(_ context.Context, id jotgate.Identity) error {
					if id.Subject() != "u1" {
						t.Errorf("want to be asked about u1, got %q", id.Subject())
					}
					return c.err
				}
				route := g.Need(rule)(whoami)
				wantAnswer(t, get(route, "Bearer "+g.token(t, freshLogin)), c.status, c.want)
				if rule.Optional == jotgate.OptionalLenient { // as it was
					wantAnswer(t, get(route, "Bearer x"), 200, "nobody")
				}
			})
		}
	}
	t.Run("G18 not asked about who is refused anyway, nor about nobody", func(t *testing.T) {
		g := at(t, inHeader, inCookie)
		rule := jotgate.Rule{Permissions: []string{"orders:read"}, Owner: "id", Optional: jotgate.OptionalStrict}
		rule.Also = func(_ context.Context, id jotgate.Identity) error {
			t.Errorf("asked about %q", id.Subject())
			return nil
		}
		mux := http.NewServeMux()
		mux.Handle("/users/{id}", g.Need(rule)(whoami))
		for want, r := range map[int]*http.Request{
			200: request("GET", "/users/u1", ""),
			401: request("GET", "/users/u1", "", "Authorization", "Bearer x"),
			403: request("GET", "/users/u2", "", "Authorization", "Bearer "+g.token(t)),
		} {
			wantStatus(t, do(mux, r), want)
		}
		wantStatus(t, do(mux, request("GET", "/users/u1", "", "Authorization", "Bearer "+g.token(t, func(c *jwt.Claims) { c.Permissions = nil }))), 403)
		wantAnswer(t, do(mux, request("POST", "/users/u1", "", "Cookie", "__Host-access="+g.token(t, withCSRF))), 403, jotgate.CodeCSRF)
	})
}

func TestOwner(t *testing.T) {
	g := newGate(t)
	mux := http.NewServeMux()
	mux.Handle("/users/{id}", g.Need(jotgate.Rule{Owner: "id"})(whoami))
	mux.Handle("/users/{id}/posts", g.Need(jotgate.Rule{Owner: "id", OwnerOr: "users:read"})(whoami))
	mux.Handle("/files/{path...}", g.Need(jotgate.Rule{Owner: "path"})(whoami))
	mux.Handle("/mistyped/{id}", g.Need(jotgate.Rule{Owner: "Id"})(whoami))
	subject := func(s string) string { return g.token(t, func(c *jwt.Claims) { c.Subject = s }) }
	admin := g.token(t, func(c *jwt.Claims) { c.Subject, c.Permissions = "admin", []string{"users:*"} })
	for _, c := range []struct {
		name, path, token string
		status            int
	}{
		{"U17 self", "/users/u1", subject("u1"), 200},
		{"U17 another", "/users/u2", subject("u1"), 403},
		{"U17 another's posts", "/users/u2/posts", subject("u1"), 403},
		{"AUZ-2 own posts", "/users/u1/posts", subject("u1"), 200},
		{"AUZ-2 a permission stands in", "/users/u2/posts", admin, 200},
		{"AUZ-2 only where the route says so", "/users/u2", admin, 403},
		{"AUZ-2 another case", "/users/U1", subject("u1"), 403},
		{"AUZ-2 a prefix", "/users/u", subject("u1"), 403},
		{"AUZ-2 spelled with escapes", "/users/%75%31", subject("u1"), 200},
		{"AUZ-2 a slash in the name", "/users/u1%2Fu2", subject("u1"), 403},
		{"AUZ-2 neither subject nor name", "/files/", subject(""), 403},
		{"AUZ-2 no subject", "/users/u1", subject(""), 403},
		{"AUZ-2 no name", "/files/", subject("u1"), 403},
		{"AUZ-2 a name that the path has not", "/mistyped/u1", subject("u1"), 403},
		{"AUZ-2 a name that the path has not, no subject", "/mistyped/u1", subject(""), 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantStatus(t, do(mux, request("GET", c.path, "", "Authorization", "Bearer "+c.token)), c.status)
		})
	}
	t.Run("without a request there is no path", func(t *testing.T) {
		if r := g.refusal(t, subject(""), jotgate.Rule{Owner: "id"}); r.Status != 403 {
			t.Errorf("no subject: want 403, got %d", r.Status)
		}
		if r := g.refusal(t, subject("u1"), jotgate.Rule{Owner: "id"}); r.Status != 403 {
			t.Errorf("u1: want 403, got %d", r.Status)
		}
		g.identity(t, admin, jotgate.Rule{Owner: "id", OwnerOr: "users:read"})
	})
}

func TestMoreFaultyRules(t *testing.T) {
	for name, rule := range map[string]jotgate.Rule{
		"E03 OwnerOr without Owner":    {OwnerOr: "users:read"},
		"E03 OwnerOr that is no grant": {Owner: "id", OwnerOr: "users read"},
		"E03 Kind of no kind":          {Kind: 3},
		"E03 negative Kind":            {Kind: -1},
		"E03 Optional of no choice":    {Optional: 3},
		"L13 location without a place": {Locations: []jotgate.Location{inHeader, {Name: "x"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if rule.Check() == nil {
				t.Error("want an error")
			}
		})
	}
	t.Run("L13 a rule that nobody checked is a failure of ours, and no panic", func(t *testing.T) {
		_, err := newGate(t).CheckRequest(httptest.NewRequest("GET", "/", nil), jotgate.Rule{Locations: []jotgate.Location{{Name: "x"}}})
		if r := new(jotgate.Refusal); !errors.As(err, &r) || r.Status != 503 || !strings.Contains(r.Error(), "no place") {
			t.Errorf("want 503 that names the fault, got %v", err)
		}
	})
}

// The nearest guard decides who it is, also when that is nobody.
func TestGuardInGuard(t *testing.T) {
	outer, inner := newGate(t), newGate(t, func(c *jotgate.Config) { c.Audience = "billing" })
	header := "Bearer " + outer.token(t)
	lenient := inner.Need(jotgate.Rule{Optional: jotgate.OptionalLenient})
	wantAnswer(t, get(outer.Require()(lenient(whoami)), header), 200, "nobody")
	wantAnswer(t, get(outer.Require()(outer.Require("orders:read")(whoami)), header), 200, "u1")
	wantAnswer(t, get(outer.Require()(inner.Require()(whoami)), header), 401, jotgate.CodeInvalid)
}

// A guard reads what another library wrote.
func TestRead(t *testing.T) {
	type legacy struct {
		Identity string   `json:"identity"`
		Type     string   `json:"type"`
		Fresh    bool     `json:"fresh"`
		Groups   []string `json:"groups"`
	}
	g := newGate(t, func(c *jotgate.Config) {
		c.Types = []string{"JWT"}
		c.Read = func(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
			var l legacy
			if err := c.Decode(&l); err != nil || h.Type != "JWT" {
				return jotgate.Traits{}, err
			}
			t := jotgate.Traits{Subject: l.Identity, Roles: l.Groups, Permissions: l.Groups}
			if l.Type == "refresh" {
				t.Kind = jotgate.KindRefresh
			}
			if l.Fresh {
				t.FreshUntil = c.ExpiresAt
			}
			return t, nil
		}
	})
	raw := func(more string) string {
		return g.raw(t, jwt.Header{Type: "JWT"}, `{"iss":"`+issuer+`","aud":"`+audience+`","exp":1800000900,"identity":"u9"`+more+`}`)
	}
	id := g.identity(t, raw(`,"groups":["admin"],"fresh":true`), jotgate.Rule{Fresh: true, Roles: []string{"admin"}, Permissions: []string{"admin"}})
	if id.Subject() != "u9" || id.Kind() != jotgate.KindAccess {
		t.Errorf("want u9 with access, got %q with %v", id.Subject(), id.Kind())
	}
	g.identity(t, raw(`,"type":"refresh"`), jotgate.Rule{Kind: jotgate.KindRefresh})
	for more, code := range map[string]string{`,"type":"refresh"`: jotgate.CodeInvalid, `,"fresh":"yes"`: jotgate.CodeInvalid, `,"fresh":false`: jotgate.CodeStaleLogin} {
		if r := g.refusal(t, raw(more), jotgate.Rule{Fresh: true}); r.Code != code {
			t.Errorf("%s: want %s, got %s", more, code, r.Code)
		}
	}
}

// A guard reads forms that ours refuses, where its Config says so.
func TestParse(t *testing.T) {
	asked := 0
	g := newGate(t, func(c *jotgate.Config) {
		c.Parse = func(raw string) (jwt.Unverified, error) { asked++; return jwt.Parse(raw[len("old:"):]) }
	})
	g.identity(t, "old:"+g.token(t), jotgate.Rule{})
	if asked != 1 {
		t.Errorf("want Parse asked once, got %d times", asked)
	}
}

// One function words every refusal.
func TestAnswer(t *testing.T) {
	g := newGate(t, func(c *jotgate.Config) {
		c.Answer = func(r *jotgate.Refusal) jotgate.Answer {
			h := http.Header{"Content-Type": {"application/json"}}
			r.Header(h)
			return jotgate.Answer{Status: r.Status, Header: h, Body: []byte(`{"fout":"` + r.Code + `"}`)}
		}
	})
	wantFout := func(t *testing.T, answer *http.Response, status int, code string) {
		t.Helper()
		if text := body(t, answer); answer.StatusCode != status || text != `{"fout":"`+code+`"}` || answer.Header.Get("Content-Type") != "application/json" {
			t.Errorf("want %d %s, got %d %s", status, code, answer.StatusCode, text)
		}
	}
	t.Run("E07 error key renamed", func(t *testing.T) {
		poor := "Bearer " + g.token(t)
		wantFout(t, get(g.Require()(whoami)), 401, jotgate.CodeMissing)
		wantFout(t, get(g.Require("a:b")(whoami), poor), 403, jotgate.CodeForbidden)
		users := jotgate.Users[int]{Guard: g.Guard, Load: func(context.Context, jotgate.Identity) (int, error) { return 0, jotgate.ErrNoUser }}
		wantFout(t, get(users.Need(jotgate.Rule{})(whoami), poor), 401, jotgate.CodeNoUser)
	})
	t.Run("E10 an error that a handler found goes the same way", func(t *testing.T) {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := g.Check(r.Context(), "x", jotgate.Rule{})
			g.Guard.Answer(fmt.Errorf("second token: %w", err)).Write(w)
		})
		wantFout(t, get(h), 401, jotgate.CodeInvalid)
	})
	t.Run("E10 an error of a token that a handler verified itself is the token's fault", func(t *testing.T) {
		for cause, want := range map[error]string{
			jwt.ErrSignature: jotgate.CodeInvalid, jwt.ErrMissing: jotgate.CodeInvalid, jwt.ErrExpired: jotgate.CodeExpired,
			jwt.ErrRevoked: jotgate.CodeRevoked, jwt.ErrKey: "internal_error", errDown: "internal_error",
			errors.Join(jwt.ErrExpired, jwt.ErrAudience): jotgate.CodeInvalid,
		} {
			a := newGate(t).Guard.Answer(fmt.Errorf("refresh: %w", cause))
			var problem struct{ Code string }
			if err := json.Unmarshal(a.Body, &problem); err != nil || problem.Code != want {
				t.Errorf("%v: want %s, got %s", cause, want, a.Body)
			}
			if a.Status == 401 != (a.Header.Get("WWW-Authenticate") != "") || a.Status != 401 && a.Status != 503 {
				t.Errorf("%v: got %d with %q", cause, a.Status, a.Header)
			}
		}
	})
	t.Run("E10 an error of no kind of ours is our failure", func(t *testing.T) {
		if a := newGate(t).Guard.Answer(errDown); a.Status != 503 {
			t.Errorf("want 503, got %d", a.Status)
		}
	})
	t.Run("E09 when it expired is known after the signature was proved, and not before", func(t *testing.T) {
		var expired *jwt.ExpiredError
		old := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) })
		if r := g.refusal(t, old, jotgate.Rule{}); !errors.As(r, &expired) || !expired.At.Equal(noon.Add(-time.Hour)) {
			t.Errorf("want when, got %v", r)
		}
		forged := sign(t, newKey(t, jwt.HS512, "k1"), jwt.Header{Type: "at+jwt"}, claims(func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) }))
		if r := g.refusal(t, forged, jotgate.Rule{}); errors.As(r, &expired) && errors.Is(r, jwt.ErrExpired) {
			t.Errorf("forged: want nothing about its expiry, got %v", r)
		}
	})
}

// An adapter without *http.Request brings its own Carrier.
type wire struct {
	header http.Header
	params map[string]string
}

func (wire) Method() string                { return http.MethodGet }
func (w wire) Header(name string) []string { return w.header[name] }
func (wire) RawQuery() string              { return "" }
func (wire) Body(int) ([]byte, error)      { return nil, io.EOF }
func (w wire) Param(name string) string    { return w.params[name] }

func TestCheckCarrier(t *testing.T) {
	g := newGate(t)
	w := wire{http.Header{"Authorization": {"Bearer " + g.token(t)}}, map[string]string{"id": "u1"}}
	id, err := g.CheckCarrier(t.Context(), w, jotgate.Rule{Owner: "id"})
	if err != nil || id.Location() != "header Authorization" {
		t.Errorf("want the owner, got %v", err)
	}
	w.params["id"] = "u2"
	if _, err := g.CheckCarrier(t.Context(), w, jotgate.Rule{Owner: "id"}); err == nil {
		t.Error("another's path: want a refusal")
	}
	if got := g.identity(t, g.token(t), jotgate.Rule{}).Location(); got != "" {
		t.Errorf("location of a raw token: want none, got %q", got)
	}
	r := httptest.NewRequest("PUT", "/?a=b", nil)
	if c := jotgate.Carry(r); c.Method() != "PUT" || c.RawQuery() != "a=b" || c.Header("Host")[0] != "example.com" {
		t.Errorf("Carry: got %s %s %s", c.Method(), c.RawQuery(), c.Header("Host"))
	}
}
