package jotgatetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// Route is what [Adapter] wants served.
type Route struct {
	// Guard and Rule are for the adapter's middleware.
	Guard *jotgate.Guard
	Rule  jotgate.Rule
	// Path has its parts as net/http writes them: /users/{id}.
	Path string
	// Handle makes the body of the answer, whose status is 200. ctx is the context of the request, id the identity as the
	// framework's own context has it (the zero one for nobody), body what the handler read.
	Handle func(ctx context.Context, id jotgate.Identity, body []byte) string
}

// Methods returns those that a route of [Adapter] is asked with.
func Methods() []string { return []string{http.MethodGet, http.MethodPost, http.MethodOptions} }

// Adapter is the suite that every adapter passes. serve starts a server on this machine that has the route behind the
// adapter's middleware, for all of [Methods], and returns its URL without a path; the server ends with the test.
func Adapter(t *testing.T, serve func(tb testing.TB, r Route) (url string)) {
	s := suite{serve}
	t.Run("tokens", s.tokens)
	t.Run("malformed headers", s.malformed)
	t.Run("permissions", s.permissions)
	t.Run("owner", s.owner)
	t.Run("optional", s.optional)
	t.Run("cookie", s.cookie)
	t.Run("body", s.body)
	t.Run("query", s.query)
	t.Run("OPTIONS", s.options)
	t.Run("own answers", s.answers)
	t.Run("keys out of reach", s.outage)
	t.Run("revoked between requests", s.revoked)
	t.Run("many at once", s.concurrency)
	t.Run("a rule that cannot be meant", s.senseless)
}

type suite struct {
	serve func(testing.TB, Route) string
}

// api is one served route.
type api struct {
	url    string
	issuer *Issuer
}

// start serves a route that answers with who asks, and with what was sent.
func (s suite) start(t *testing.T, rule jotgate.Rule, path string, change ...func(*jotgate.Config)) api {
	t.Helper()
	issuer := New(t, Options{Subject: "Ann", Permissions: []string{"orders:read"}})
	c := issuer.Config()
	for _, f := range change {
		f(&c)
	}
	url := s.serve(t, Route{newGuard(t, c), rule, path, func(ctx context.Context, id jotgate.Identity, body []byte) string {
		if of, ok := jotgate.From(ctx); of != id || ok == id.IsZero() {
			return fmt.Sprintf("two identities: %q in the request's context, %q in the framework's", of.Subject(), id.Subject())
		}
		return id.Subject() + "|" + string(body)
	}})
	return api{url, issuer}
}

// call is one request, changed.
type call func(*http.Request)

func bearer(token string) call { return header("Authorization", "Bearer "+token) }

func header(name string, values ...string) call {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

func sends(body string) call {
	return func(r *http.Request) {
		r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "application/json")
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request. It may be called from any goroutine, so a fault does not stop the test.
func (a api) ask(tb testing.TB, method, path string, calls ...call) answer {
	tb.Helper()
	w, err := a.send(tb.Context(), method, path, calls)
	if err != nil {
		tb.Errorf("%s %s: %v", method, path, err)
	}
	return w
}

func (a api) send(ctx context.Context, method, path string, calls []call) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, a.url+path, nil)
	if err != nil {
		return answer{}, err
	}
	for _, f := range calls {
		f(r)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = w.Body.Close() }() // it was read to its end or the error is told
	body, err := io.ReadAll(w.Body)
	return answer{w.StatusCode, w.Header, string(body)}, err
}

// is checks that the handler answered so.
func (w answer) is(tb testing.TB, body string) {
	tb.Helper()
	if w.status != http.StatusOK || w.body != body {
		tb.Errorf("want 200 %q, got %d %q", body, w.status, w.body)
	}
}

// refused checks that the guard answered, with all that belongs to a refusal.
func (w answer) refused(tb testing.TB, status int, code string) {
	tb.Helper()
	var problem struct {
		Status int
		Code   string
	}
	if err := json.Unmarshal([]byte(w.body), &problem); err != nil {
		tb.Errorf("want a problem of code %q, got %d %q", code, w.status, w.body)
		return
	}
	if w.status != status || problem.Status != status || problem.Code != code {
		tb.Errorf("want %d %s, got %d %q", status, code, w.status, w.body)
	}
	if got := w.header.Get("Content-Type"); got != "application/problem+json" {
		tb.Errorf("Content-Type: want application/problem+json, got %q", got)
	}
	if got := w.header.Get("Cache-Control"); got != "no-store" {
		tb.Errorf("Cache-Control: want no-store, got %q", got)
	}
	if got := w.header.Values("WWW-Authenticate"); status == http.StatusUnauthorized && (len(got) != 1 || !strings.HasPrefix(got[0], "Bearer")) {
		tb.Errorf("WWW-Authenticate: want one challenge of Bearer, got %q", got)
	}
}

func (s suite) tokens(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders")
	a.ask(t, "GET", "/orders").refused(t, 401, jotgate.CodeMissing)
	a.ask(t, "GET", "/orders", bearer(a.issuer.Token(Valid))).is(t, "Ann|")
	a.ask(t, "POST", "/orders", bearer(a.issuer.Token(Valid)), sends(`{"n":1}`)).is(t, `Ann|{"n":1}`)
	for name, code := range Refused() {
		t.Run(string(name), func(t *testing.T) {
			fresh := s.start(t, jotgate.Rule{}, "/orders") // what is stale is stale for its user
			fresh.ask(t, "GET", "/orders", bearer(fresh.issuer.Token(name))).refused(t, 401, code)
		})
	}
}

func (s suite) malformed(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders")
	good := a.issuer.Token(Valid)
	for _, values := range [][]string{
		{"Bearer"}, {"Bearer "}, {"Bearer ."}, {"Bearer .."}, {"Bearer ...."}, {"Bearer \xff.\xff.\xff"}, {"Bearer\t" + good},
		{"Bearer  " + good}, {"Bearer " + good + " " + good}, {"Bearer " + good + ", Bearer " + good}, {"Bearer " + good + "="},
		{"Bearer " + good[:len(good)-1]}, {"Bearer " + good, "Bearer " + good}, {"Bearer " + good, "Basic eDp5"},
	} {
		a.ask(t, "GET", "/orders", header("Authorization", values...)).refused(t, 401, jotgate.CodeInvalid)
	}
	for _, value := range []string{"", ",", "Basic eDp5", good, "Bearer" + good} {
		a.ask(t, "GET", "/orders", header("Authorization", value)).refused(t, 401, jotgate.CodeMissing)
	}
	a.ask(t, "GET", "/orders", header("Authorization", "bearer "+good)).is(t, "Ann|")
}

func (s suite) permissions(t *testing.T) {
	a := s.start(t, jotgate.Rule{Permissions: []string{"orders:read"}}, "/orders")
	a.ask(t, "GET", "/orders", bearer(a.issuer.Token(Valid))).is(t, "Ann|")
	poor := a.issuer.Token(Valid, func(c *jwt.Claims) { c.Permissions = []string{"orders:write"} })
	a.ask(t, "GET", "/orders", bearer(poor)).refused(t, 403, jotgate.CodeForbidden)
}

func (s suite) owner(t *testing.T) {
	a := s.start(t, jotgate.Rule{Owner: "id", OwnerOr: "users:read"}, "/users/{id}")
	good := bearer(a.issuer.Token(Valid))
	a.ask(t, "GET", "/users/Ann", good).is(t, "Ann|")
	for _, path := range []string{"/users/Bob", "/users/ann", "/users/Anna", "/users/%41nna", "/users/Ann%20", "/users/Bob?id=Ann"} {
		a.ask(t, "GET", path, good).refused(t, 403, jotgate.CodeForbidden)
	}
	admin := a.issuer.Token(Valid, func(c *jwt.Claims) { c.Subject, c.Permissions = "Root", []string{"users:*"} })
	a.ask(t, "GET", "/users/Ann", bearer(admin)).is(t, "Root|")
}

func (s suite) optional(t *testing.T) {
	a := s.start(t, jotgate.Rule{Optional: jotgate.OptionalStrict}, "/feed")
	a.ask(t, "GET", "/feed").is(t, "|")
	a.ask(t, "GET", "/feed", bearer(a.issuer.Token(Valid))).is(t, "Ann|")
	a.ask(t, "GET", "/feed", bearer(a.issuer.Token(Expired))).refused(t, 401, jotgate.CodeExpired)

	a = s.start(t, jotgate.Rule{Optional: jotgate.OptionalLenient}, "/feed")
	a.ask(t, "GET", "/feed", bearer(a.issuer.Token(Valid))).is(t, "Ann|")
	a.ask(t, "GET", "/feed", bearer(a.issuer.Token(Expired))).is(t, "|")
}

func (s suite) cookie(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders", func(c *jotgate.Config) {
		c.Locations = []jotgate.Location{jotgate.Cookies{}.Location()}
	})
	token := a.issuer.Token(Valid, func(c *jwt.Claims) { c.CSRF = "proof" })
	jar := header("Cookie", "theme=dark; __Host-access="+token)
	proof := header("X-CSRF-Token", "proof")
	a.ask(t, "GET", "/orders", jar).is(t, "Ann|")
	a.ask(t, "GET", "/orders", bearer(token)).refused(t, 401, jotgate.CodeMissing)
	a.ask(t, "POST", "/orders", jar, proof).is(t, "Ann|")
	a.ask(t, "POST", "/orders", jar, proof, header("Origin", a.url)).is(t, "Ann|") // of this host, so Host is seen
	a.ask(t, "POST", "/orders", jar, proof, header("Sec-Fetch-Site", "same-origin")).is(t, "Ann|")
	for _, poor := range [][]call{
		{}, {header("X-CSRF-Token", "guess")}, {header("X-CSRF-Token", "proof", "proof")}, {proof, header("Origin", "https://evil.example")},
		{proof, header("Sec-Fetch-Site", "cross-site")}, {proof, header("Origin", a.url, "https://evil.example")},
	} {
		a.ask(t, "POST", "/orders", append(poor, jar)...).refused(t, 403, jotgate.CodeCSRF)
	}
	planted := a.issuer.Token(Valid, func(c *jwt.Claims) { c.Subject = "Eve" })
	for _, two := range []call{
		header("Cookie", "__Host-access="+token+"; __Host-access="+planted), header("Cookie", "__Host-access="+token, "__Host-access="+planted),
	} {
		a.ask(t, "GET", "/orders", two).refused(t, 401, jotgate.CodeInvalid)
	}
}

// body asks where the guard reads the body first: the handler must find all of it.
func (s suite) body(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders", func(c *jotgate.Config) {
		c.Locations = []jotgate.Location{{Header: "Authorization"}, {Body: "access_token"}, {Body: "token"}}
	})
	good := a.issuer.Token(Valid)
	inside := `{"n":1,"access_token":"` + good + `"}`
	long := `{"n":"` + strings.Repeat("x", 100<<10) + `"}`
	a.ask(t, "POST", "/orders", sends(inside)).is(t, "Ann|"+inside)
	a.ask(t, "POST", "/orders", sends(`{"n":1}`), bearer(good)).is(t, `Ann|{"n":1}`)
	a.ask(t, "POST", "/orders", sends(long), bearer(good)).is(t, "Ann|"+long)
	a.ask(t, "POST", "/orders", sends(long)).refused(t, 401, jotgate.CodeMissing)
	a.ask(t, "POST", "/orders", sends(`{"access_token":1}`)).refused(t, 401, jotgate.CodeInvalid)
	a.ask(t, "POST", "/orders", sends(`{"access_token":"a","access_token":"b"}`)).refused(t, 401, jotgate.CodeInvalid)
	a.ask(t, "POST", "/orders").refused(t, 401, jotgate.CodeMissing)
	other := a.issuer.Token(Valid)
	a.ask(t, "POST", "/orders", sends(inside), bearer(other)).refused(t, 401, jotgate.CodeInvalid)
}

func (s suite) query(t *testing.T) {
	a := s.start(t, jotgate.Rule{Locations: []jotgate.Location{{Query: "access_token"}}}, "/orders")
	good := a.issuer.Token(Valid)
	a.ask(t, "GET", "/orders?access_token="+good).is(t, "Ann|")
	a.ask(t, "GET", "/orders?access_token="+good+"&access_token=x").refused(t, 401, jotgate.CodeInvalid)
	a.ask(t, "GET", "/orders?access_token=", bearer(good)).refused(t, 401, jotgate.CodeMissing)
}

func (s suite) options(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders")
	a.ask(t, "OPTIONS", "/orders").refused(t, 401, jotgate.CodeMissing)
	a = s.start(t, jotgate.Rule{}, "/orders", func(c *jotgate.Config) { c.PassOptions = true })
	a.ask(t, "OPTIONS", "/orders").is(t, "|")
	a.ask(t, "GET", "/orders").refused(t, 401, jotgate.CodeMissing)
}

func (s suite) answers(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders", func(c *jotgate.Config) {
		c.Answer = func(r *jotgate.Refusal) jotgate.Answer {
			h := http.Header{"Content-Type": {"text/x-own"}, "X-Own": {"1", "2"}}
			return jotgate.Answer{Status: r.Status + 21, Header: h, Body: []byte("own " + r.Code)}
		}
	})
	got := a.ask(t, "GET", "/orders")
	if got.status != 422 || got.body != "own "+jotgate.CodeMissing || got.header.Get("Content-Type") != "text/x-own" {
		t.Errorf("want 422, text/x-own and the body of Config.Answer, got %d, %q and %q", got.status, got.header.Get("Content-Type"), got.body)
	}
	if list := got.header.Values("X-Own"); strings.Join(list, ",") != "1,2" {
		t.Errorf("X-Own: want 1 and 2, got %q", list)
	}
}

type noKeys struct{}

func (noKeys) Key(context.Context, string, string, string) (jwt.Key, error) {
	return jwt.Key{}, errors.New("nobody answers")
}

func (s suite) outage(t *testing.T) {
	a := s.start(t, jotgate.Rule{Optional: jotgate.OptionalLenient}, "/orders", func(c *jotgate.Config) { c.Keys = noKeys{} })
	got := a.ask(t, "GET", "/orders", bearer(a.issuer.Token(Valid)))
	got.refused(t, 503, jotgate.CodeKeysDown)
	if got.header.Get("Retry-After") == "" {
		t.Error("Retry-After: want some seconds, got none")
	}
}

func (s suite) revoked(t *testing.T) {
	a := s.start(t, jotgate.Rule{}, "/orders")
	token, other := a.issuer.Token(Valid), a.issuer.Token(Valid)
	a.ask(t, "GET", "/orders", bearer(token)).is(t, "Ann|")
	a.issuer.Revoke(token)
	a.ask(t, "GET", "/orders", bearer(token)).refused(t, 401, jotgate.CodeRevoked)
	a.ask(t, "GET", "/orders", bearer(other)).is(t, "Ann|")
	a.issuer.RotateKey()
	a.ask(t, "GET", "/orders", bearer(other)).refused(t, 401, jotgate.CodeInvalid)
}

// concurrency sends many users' tokens over connections that are used again: whoever keeps a text that its server will
// overwrite gives one user the identity of another.
func (s suite) concurrency(t *testing.T) {
	a := s.start(t, jotgate.Rule{Owner: "id"}, "/users/{id}")
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			name := fmt.Sprintf("user-%d", worker)
			good := a.issuer.Token(Valid, func(c *jwt.Claims) { c.Subject = name })
			bad := good[:len(good)-8] + "AAAAAAAA"
			body := bytes.Repeat([]byte(name), worker+1)
			for range 25 {
				a.ask(t, "POST", "/users/"+name, bearer(good), sends(string(body))).is(t, name+"|"+string(body))
				a.ask(t, "GET", "/users/"+name, bearer(bad)).refused(t, 401, jotgate.CodeInvalid)
				a.ask(t, "GET", "/users/nobody", bearer(good)).refused(t, 403, jotgate.CodeForbidden)
			}
		})
	}
	all.Wait()
}

func (s suite) senseless(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("permission orders:re*: want a panic when the route is made, got none")
		}
	}()
	s.start(t, jotgate.Rule{Permissions: []string{"orders:re*"}}, "/orders")
}
