package jotgate_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// inJar makes a request with a token in the cookie, to https://example.com.
func inJar(method, token string, headers ...string) *http.Request {
	return request(method, "/orders", "", append([]string{"Cookie", "__Host-access=" + token}, headers...)...)
}

func withCSRF(c *jwt.Claims) { c.CSRF = "csrf-1" }

// cookieGate looks into the cookie alone.
func cookieGate(tb testing.TB, change ...func(*jotgate.CSRF)) gate {
	l := inCookie
	for _, f := range change {
		f(&l.CSRF)
	}
	return at(tb, l)
}

func TestCSRF(t *testing.T) {
	const (
		proof, origin, site = "X-CSRF-Token", "Origin", "Sec-Fetch-Site"
		own                 = "https://example.com"
	)
	g := cookieGate(t)
	good := g.token(t, withCSRF)
	for _, c := range []struct {
		name    string
		headers []string
		cause   error
	}{
		{"H02 correct", []string{origin, own, site, "same-origin", proof, "csrf-1"}, nil},
		{"H02 correct, an older browser", []string{origin, own, proof, "csrf-1"}, nil},
		{"H02 no Origin and no token", nil, jotgate.ErrCSRFMissing},
		{"H02 Origin evil", []string{origin, "https://evil.example", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"H02 Origin null", []string{origin, "null", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"H02 Origin http same host", []string{origin, "http://example.com", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"H02 same host other port", []string{origin, own + ":8443", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"H02 Sec-Fetch-Site cross-site", []string{site, "cross-site", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 a client that is no browser", []string{proof, "csrf-1"}, nil},
		{"CKY-2 Sec-Fetch-Site none, a user's own doing", []string{site, "none", proof, "csrf-1"}, nil},
		{"CKY-2 Sec-Fetch-Site same-site", []string{site, "same-site", origin, "https://app.example.com", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Sec-Fetch-Site of tomorrow", []string{site, "same-galaxy", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 two Sec-Fetch-Site", []string{site, "same-origin", site, "cross-site", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 cross-site beside the own Origin", []string{site, "cross-site", origin, own, proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 two Origins", []string{origin, own, origin, "https://evil.example", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Origin, suffix of ours", []string{origin, "https://evil-example.com", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Origin, ours as prefix", []string{origin, own + ".evil.example", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Origin, ours as user", []string{origin, "https://example.com@evil.example", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Origin, ours behind a user", []string{origin, "https://evil@example.com", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 Origin of no URL", []string{origin, "https://%zz", proof, "csrf-1"}, jotgate.ErrCSRFOrigin},
		{"CKY-2 right origin, no token", []string{origin, own, site, "same-origin"}, jotgate.ErrCSRFMissing},
		{"Q07 no CSRF token", []string{origin, own}, jotgate.ErrCSRFMissing},
		{"Q07 wrong", []string{origin, own, proof, "csrf-2"}, jotgate.ErrCSRFWrong},
		{"Q07 longer", []string{origin, own, proof, "csrf-1 "}, jotgate.ErrCSRFWrong},
		{"Q07 shorter", []string{origin, own, proof, "csrf-"}, jotgate.ErrCSRFWrong},
		{"Q07 another case", []string{origin, own, proof, "CSRF-1"}, jotgate.ErrCSRFWrong},
		{"Q07 two headers", []string{origin, own, proof, "csrf-1", proof, "csrf-1"}, jotgate.ErrCSRFMissing},
		{"H03 empty header", []string{origin, own, proof, ""}, jotgate.ErrCSRFMissing},
		{"H03 a header equal to a cookie that the attacker chose", []string{origin, own, "Cookie", "__Host-csrf=evil", proof, "evil"}, jotgate.ErrCSRFWrong},
	} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "CONNECT", "get", "BREW"} {
			t.Run(c.name+", "+method, func(t *testing.T) { g.wantCSRF(t, inJar(method, good, c.headers...), c.cause) })
		}
	}
	for _, method := range []string{"GET", "HEAD", "TRACE"} {
		t.Run("Q07 "+method+" needs none", func(t *testing.T) { g.wantCSRF(t, inJar(method, good, origin, "https://evil.example"), nil) })
	}
	t.Run("CKY-4 a method in a header changes nothing", func(t *testing.T) {
		g.wantCSRF(t, inJar("POST", good, "X-HTTP-Method-Override", "GET"), jotgate.ErrCSRFMissing)
	})
	t.Run("Q13 token without csrf", func(t *testing.T) {
		for _, value := range []string{"", "csrf-1"} {
			g.wantCSRF(t, inJar("POST", g.token(t), origin, own, proof, value), jotgate.ErrCSRFClaim)
		}
	})
	t.Run("H03 CSRF token of another session, of another user, after log-out, expired", func(t *testing.T) {
		other := g.token(t, func(c *jwt.Claims) { c.Subject, c.SessionID, c.CSRF = "u2", "s2", "csrf-2" })
		g.wantCSRF(t, inJar("POST", other, origin, own, proof, "csrf-1"), jotgate.ErrCSRFWrong)
		g.wantCSRF(t, inJar("POST", good, origin, own, proof, "csrf-2"), jotgate.ErrCSRFWrong)
		wantAnswer(t, do(g.Require()(whoami), inJar("POST", "", origin, own, proof, "csrf-1")), 401, jotgate.CodeMissing)
		expired := g.token(t, withCSRF, func(c *jwt.Claims) { c.ExpiresAt = noon.AddDate(0, 0, -1) })
		wantAnswer(t, do(g.Require()(whoami), inJar("POST", expired, origin, own, proof, "csrf-1")), 401, jotgate.CodeExpired)
	})
	t.Run("Q14 access CSRF value on a refresh request", func(t *testing.T) {
		refresh := sign(t, g.key, jwt.Header{Type: "rt+jwt"}, claims(func(c *jwt.Claims) { c.CSRF = "refresh-csrf" }))
		rule := jotgate.Rule{Kind: jotgate.KindRefresh, Locations: []jotgate.Location{{Cookie: "__Host-refresh"}}}
		for value, status := range map[string]int{"csrf-1": 403, "refresh-csrf": 200} {
			r := request("POST", "/", "", "Cookie", "__Host-refresh="+refresh+"; __Host-access="+good, proof, value)
			wantStatus(t, do(g.Need(rule)(whoami), r), status)
		}
	})
	t.Run("Q15 optional", func(t *testing.T) {
		for _, o := range []jotgate.Optional{jotgate.OptionalStrict, jotgate.OptionalLenient} {
			route := g.Need(jotgate.Rule{Optional: o})(whoami)
			wantAnswer(t, do(route, request("POST", "/", "")), 200, "nobody")
			wantAnswer(t, do(route, inJar("POST", good)), 403, jotgate.CodeCSRF)
			wantAnswer(t, do(route, inJar("POST", good, proof, "x")), 403, jotgate.CodeCSRF)
			wantAnswer(t, do(route, inJar("POST", good, proof, "csrf-1")), 200, "u1")
		}
	})
	t.Run("a token in the header needs no proof", func(t *testing.T) {
		both := at(t, inHeader, inCookie)
		wantAnswer(t, do(both.Require()(whoami), request("POST", "/", "", "Authorization", "Bearer "+good, origin, "https://evil.example")), 200, "u1")
	})
}

// wantCSRF checks that a request passes, or is refused for this cause in words that help its author.
func (g gate) wantCSRF(tb testing.TB, r *http.Request, cause error) {
	tb.Helper()
	_, err := g.CheckRequest(r, jotgate.Rule{})
	if !errors.Is(err, cause) {
		tb.Fatalf("%s with %v: want %v, got %v", r.Method, r.Header, cause, err)
	}
	var refusal *jotgate.Refusal
	if cause == nil || !errors.As(err, &refusal) {
		return
	}
	if refusal.Status != 403 || refusal.Code != jotgate.CodeCSRF || !strings.Contains(refusal.Detail, "header X-Csrf-Token") {
		tb.Errorf("want a 403 csrf that names the header, got %d %s %q", refusal.Status, refusal.Code, refusal.Detail)
	}
	if line := g.log.last(tb); line["sub"] != "u1" && line["sub"] != "u2" || line["reason"] != cause.Error() {
		tb.Errorf("log: want whose token and %q, got %v", cause, line)
	}
}

func TestCSRFSettings(t *testing.T) {
	own := []string{"Origin", "https://example.com"}
	post := func(g gate, headers ...string) *http.Request { return inJar("POST", g.token(t, withCSRF), headers...) }
	t.Run("Q09 off", func(t *testing.T) {
		g := cookieGate(t, func(c *jotgate.CSRF) { c.InsecureSkip = true })
		wantAnswer(t, do(g.Require()(whoami), inJar("POST", g.token(t), "Origin", "https://evil.example")), 200, "u1")
	})
	t.Run("Q11 custom header", func(t *testing.T) {
		g := cookieGate(t, func(c *jotgate.CSRF) { c.Header = "x-my-proof" })
		wantAnswer(t, do(g.Require()(whoami), post(g, "X-My-Proof", "csrf-1")), 200, "u1")
		answer := do(g.Require()(whoami), post(g, "X-CSRF-Token", "csrf-1"))
		if text := body(t, answer); answer.StatusCode != 403 || !strings.Contains(text, "header X-My-Proof") {
			t.Errorf("default header: want 403 and the other named, got %s", text)
		}
	})
	t.Run("another origin that may", func(t *testing.T) {
		g := cookieGate(t, func(c *jotgate.CSRF) { c.Origins = []string{"https://app.example.com", "http://localhost:3000"} })
		for _, o := range []string{"https://app.example.com", "http://localhost:3000"} {
			for _, site := range []string{"same-site", "cross-site"} {
				wantStatus(t, do(g.Require()(whoami), post(g, "Origin", o, "Sec-Fetch-Site", site, "X-CSRF-Token", "csrf-1")), 200)
			}
			wantStatus(t, do(g.Require()(whoami), post(g, "Origin", o)), 403)
		}
		for _, o := range []string{"https://app.example.com:8443", "http://app.example.com", "https://app.example.com.evil.example", "http://localhost"} {
			wantStatus(t, do(g.Require()(whoami), post(g, "Origin", o, "X-CSRF-Token", "csrf-1")), 403)
		}
	})
	t.Run("E05 custom methods", func(t *testing.T) {
		g := cookieGate(t, func(c *jotgate.CSRF) { c.Safe = []string{"GET", "REPORT"} })
		for method, status := range map[string]int{"GET": 200, "REPORT": 200, "HEAD": 403, "POST": 403} {
			wantStatus(t, do(g.Require()(whoami), inJar(method, g.token(t, withCSRF), own...)), status)
		}
	})
	t.Run("origin unasked", func(t *testing.T) {
		g := cookieGate(t, func(c *jotgate.CSRF) { c.InsecureSkipOrigin = true })
		wantStatus(t, do(g.Require()(whoami), post(g, "Origin", "https://evil.example", "X-CSRF-Token", "csrf-1")), 200)
		wantStatus(t, do(g.Require()(whoami), post(g, "Origin", "https://evil.example")), 403)
	})
}

// Plain http is its own origin on this machine alone.
func TestOwnOriginOverHTTP(t *testing.T) {
	g := cookieGate(t)
	for origin, c := range map[string]struct {
		host   string
		status int
	}{
		"http://localhost:8000":   {"localhost:8000", 200},
		"http://127.0.0.1:8000":   {"127.0.0.1:8000", 200},
		"http://[::1]:8000":       {"[::1]:8000", 200},
		"http://localhost:3000":   {"localhost:8000", 403},
		"http://10.0.0.5":         {"10.0.0.5", 403},
		"http://localhost.evil":   {"localhost.evil", 403},
		"http://127.0.0.1.evil":   {"127.0.0.1.evil", 403},
		"https://localhost:8000":  {"localhost:8000", 200},
		"https://":                {"", 403},
		"ftp://localhost":         {"localhost", 403},
		"http://localhost:8000/":  {"localhost:8000", 403},
		"HTTPS://example.com":     {"example.com", 403},
		"chrome-extension://abcd": {"abcd", 403},
	} {
		r := inJar("POST", g.token(t, withCSRF), "Origin", origin, "X-CSRF-Token", "csrf-1")
		if r.Host = c.host; do(g.Require()(whoami), r).StatusCode != c.status {
			t.Errorf("origin %s at host %q: want %d", origin, c.host, c.status)
		}
	}
}

// Handlers that take another cookie than the guard's ask for the same proof.
func TestCSRFOutsideAGuard(t *testing.T) {
	csrf := jotgate.CSRF{Header: "X-My-Proof"}
	for _, c := range []struct {
		name    string
		headers []string
		same    bool
		cause   error
	}{
		{"H02 correct", []string{"Origin", "https://example.com", "X-My-Proof", "csrf-1"}, true, nil},
		{"H02 Origin evil", []string{"Origin", "https://evil.example", "X-My-Proof", "csrf-1"}, false, jotgate.ErrCSRFOrigin},
		{"H02 no Origin and no token", nil, true, jotgate.ErrCSRFMissing},
		{"H03 of another session", []string{"X-My-Proof", "csrf-2"}, true, jotgate.ErrCSRFWrong},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := jotgate.Carry(request("POST", "/", "", c.headers...))
			if got := csrf.SameOrigin(r); got != c.same {
				t.Errorf("SameOrigin: got %t, want %t", got, c.same)
			}
			err := csrf.Check(r, "csrf-1")
			var refusal *jotgate.Refusal
			if !errors.Is(err, c.cause) || err != nil && (!errors.As(err, &refusal) || refusal.Status != 403 || !strings.Contains(refusal.Detail, "X-My-Proof")) {
				t.Errorf("Check: got %v, want %v in a refusal that names the header", err, c.cause)
			}
		})
	}
}

// A page can set no header on a WebSocket, so its origin is what counts, GET though it is.
func TestWebSocketByCookie(t *testing.T) {
	for name, g := range map[string]gate{
		"by default":     cookieGate(t),
		"origin unasked": cookieGate(t, func(c *jotgate.CSRF) { c.InsecureSkipOrigin = true }),
	} {
		good := g.token(t)
		for _, c := range []struct {
			what    string
			headers []string
			cause   error
		}{
			{"own origin", []string{"Upgrade", "websocket", "Origin", "https://example.com"}, nil},
			{"own origin, said twice", []string{"Upgrade", "websocket", "Origin", "https://example.com", "Sec-Fetch-Site", "same-origin"}, nil},
			{"no browser", []string{"Upgrade", "websocket"}, nil},
			{"foreign origin", []string{"Upgrade", "websocket", "Origin", "https://evil.example"}, jotgate.ErrCSRFOrigin},
			{"foreign origin, capitals", []string{"Upgrade", "WebSocket", "Origin", "https://evil.example"}, jotgate.ErrCSRFOrigin},
			{"foreign origin, a list", []string{"Upgrade", "h2c, websocket", "Origin", "https://evil.example"}, jotgate.ErrCSRFOrigin},
			{"foreign origin, two headers", []string{"Upgrade", "h2c", "Upgrade", "websocket", "Origin", "https://evil.example"}, jotgate.ErrCSRFOrigin},
			{"foreign site", []string{"Upgrade", "websocket", "Sec-Fetch-Site", "cross-site"}, jotgate.ErrCSRFOrigin},
			{"sandboxed page", []string{"Upgrade", "websocket", "Origin", "null"}, jotgate.ErrCSRFOrigin},
		} {
			t.Run(name+", "+c.what, func(t *testing.T) { g.wantCSRF(t, inJar("GET", good, c.headers...), c.cause) })
		}
	}
	t.Run("an upgrade excuses no POST", func(t *testing.T) {
		g := cookieGate(t)
		g.wantCSRF(t, inJar("POST", g.token(t, withCSRF), "Upgrade", "websocket", "Origin", "https://example.com"), jotgate.ErrCSRFMissing)
	})
}

// Time is nothing that a test on a busy machine can hold against anybody, the source is.
func TestQ19(t *testing.T) {
	t.Run("Q19 CSRF compare is constant time", func(t *testing.T) {
		source, err := os.ReadFile("csrf.go")
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), "subtle.ConstantTimeCompare("); n != 1 {
			t.Errorf("csrf.go: want one constant-time comparison, got %d", n)
		}
	})
}
