package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/pgtest"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/server"
)

// node is a server that runs: real sockets, a real database, a clock that the test sets. When the test ends it is stopped
// and its log is searched for what must never be in one.
type node struct {
	*server.Server
	t     testing.TB
	URL   string
	Clock *clock
	Log   *journal
	stop  func()
}

// clock is set by tests. It starts at a whole second, as tokens count.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ns.Store(time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time      { return time.Unix(0, c.ns.Load()) }
func (c *clock) Add(d time.Duration) { c.ns.Add(int64(d)) }

// journal is a log in memory.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// Times of the test profile.
const (
	accessTTL   = time.Minute
	idleTTL     = 10 * time.Minute
	absoluteTTL = time.Hour
	grace       = 3 * time.Second
	leeway      = 5 * time.Second
)

// profile returns the settings that tests start from.
func profile(t testing.TB) server.Settings {
	return server.Settings{
		Listen: "127.0.0.1:0", Data: t.TempDir(), Algorithm: "ES256",
		AccessTTL: accessTTL, RefreshIdleTTL: idleTTL, RefreshAbsoluteTTL: absoluteTTL, RefreshGrace: grace, Leeway: leeway,
		Signup: "open", DefaultRole: "user", PasswordMin: 15, Limits: "off", LogLevel: "debug", LogFormat: "json",
	}
}

// options are those of every test server: cheap hashes, everything logged.
func options(c *clock, log io.Writer) server.Options {
	return server.Options{
		Now: c.Now, Hash: password.Params{Memory: 64, Time: 1, Threads: 1},
		Logger: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// patience is long: a hundred requests at once on a busy machine are not a database that is gone.
const patience = 20 * time.Second

// start starts a server with a new clock.
func start(t testing.TB, s server.Settings) *node { return startAt(t, s, newClock()) }

func startAt(t testing.TB, s server.Settings, c *clock) *node {
	t.Helper()
	return startWith(t, s, c, patience)
}

func startWith(t testing.TB, s server.Settings, c *clock, wait time.Duration) *node {
	t.Helper()
	l, err := net.Listen("tcp", s.Listen)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Resolve(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, URL: "http://" + l.Addr().String(), Clock: c, Log: new(journal)}
	o := options(c, n.Log)
	o.Patience = wait
	if n.Server, err = server.Open(context.Background(), s, o); err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- n.Serve(ctx, l, func() time.Duration { return 0 }) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		client.CloseIdleConnections() // the server would wait five seconds for those that were never used
		if err := <-served; err != nil {
			t.Errorf("Serve: got %v, want nil", err)
		}
		if err := n.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	})
	t.Cleanup(func() {
		n.stop()
		n.checkLog()
	})
	return n
}

// restart stops the server and starts another on its data, at another address and under the same name.
func (n *node) restart(changes ...func(*server.Settings)) *node {
	n.t.Helper()
	n.stop()
	s := n.Settings()
	for _, change := range changes {
		change(&s)
	}
	return startAt(n.t, s, n.Clock)
}

// on is the server for a subtest.
func (n *node) on(t testing.TB) *node {
	c := *n
	c.t = t
	return &c
}

// pass begins every password of these tests, so that one search finds them all. Likewise every JWT begins with eyJ and
// every refresh token with jgr_.
const pass = "canary battery staple"

func (n *node) checkLog() {
	n.t.Helper()
	for line := range strings.Lines(n.Log.String()) {
		if !json.Valid([]byte(line)) {
			n.t.Errorf("log: got a line that is no JSON: %q", line)
		}
		for _, never := range []string{"canary", "eyJ", "jgr_", "$argon2", `"msg":"panic"`} {
			if strings.Contains(line, never) {
				n.t.Errorf("log: got %q in %s", never, line)
			}
		}
		if code := n.SetupCode(); code != "" && strings.Contains(line, code) {
			n.t.Errorf("log: got the set-up code in %s", line)
		}
	}
}

// onStores runs a test on a server's default store and on PostgreSQL.
func onStores(t *testing.T, test func(t *testing.T, s server.Settings)) {
	t.Run("SQLite", func(t *testing.T) { test(t, profile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		s := profile(t)
		s.Store = pgtest.Start(t).Database(t)
		test(t, s)
	})
}

// answer is what came back.
type answer struct {
	Status int // 0: nothing came back
	Header http.Header
	Body   string
}

// into reads the body as JSON.
func into[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), &v); err != nil {
		t.Errorf("body of %d: %v: %q", a.Status, err, a.Body)
	}
	return v
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// call sends a request with a token ("" for none) and a body: nil for none, a string as it is, all else as JSON. It may
// be called from many goroutines.
func (n *node) call(method, path, token string, body any) answer {
	n.t.Helper()
	return n.send(n.request(method, path, token, body))
}

func (n *node) request(method, path, token string, body any) *http.Request {
	n.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			n.t.Errorf("body: %v", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, n.URL+path, content)
	if err != nil {
		n.t.Errorf("request: %v", err)
		return nil
	}
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// send also holds every answer against what all answers promise.
func (n *node) send(r *http.Request) answer {
	n.t.Helper()
	res, err := client.Do(r)
	if err != nil {
		n.t.Errorf("%s %s: got no answer: %v", r.Method, r.URL.Path, err)
		return answer{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		n.t.Errorf("%s %s: reading the answer: %v", r.Method, r.URL.Path, err)
	}
	a := answer{res.StatusCode, res.Header, string(body)}
	checkShape(n.t, r.Method+" "+r.URL.Path, a)
	return a
}

// want sends a request, wants this status, and returns the answer.
func (n *node) want(status int, method, path, token string, body any) answer {
	n.t.Helper()
	a := n.call(method, path, token, body)
	if a.Status != status {
		n.t.Errorf("%s %s: got %d %s, want %d", method, path, a.Status, a.Body, status)
	}
	return a
}

// done wants a 204.
func (n *node) done(method, path, token string, body any) {
	n.t.Helper()
	if a := n.call(method, path, token, body); a.Status != http.StatusNoContent {
		n.t.Errorf("%s %s: got %d %s, want 204", method, path, a.Status, a.Body)
	}
}

// wants checks status and code of a refusal.
func (n *node) wants(a answer, status int, code string) {
	n.t.Helper()
	if got := into[problem](n.t, a).Code; a.Status != status || got != code {
		n.t.Errorf("got %d %s, want %d %s", a.Status, got, status, code)
	}
}

// problem is the shape of every error.
type problem struct {
	Title, Code, Detail, Reason string
	Status                      int
	RequestID                   string `json:"request_id"`
	Errors                      []struct{ Pointer, Code, Detail string }
}

// checkShape: errors have one shape and a request id, say nothing of what is inside, and none is a fault of ours.
func checkShape(t testing.TB, what string, a answer) {
	t.Helper()
	if a.Header.Get("X-Request-Id") == "" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: headers: got %v, want X-Request-Id and nosniff", what, a.Header)
	}
	if a.Status < 400 || strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") { // a page is for people
		return
	}
	if a.Status >= 500 && a.Status != http.StatusServiceUnavailable {
		t.Errorf("%s: got %d %s, want no fault of ours", what, a.Status, a.Body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: content type of %d: got %q, want a problem", what, a.Status, got)
	}
	p := into[problem](t, a)
	if p.Status != a.Status || p.Title != http.StatusText(a.Status) || p.Code == "" || p.Detail == "" || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("%s: got %s, want a whole problem of status %d", what, a.Body, a.Status)
	}
	said := strings.ReplaceAll(a.Body, p.RequestID, "") // random letters may spell anything
	for _, never := range []string{"goroutine", ".go:", "/home", "/tmp", "internal/", "SQL", "sql", "pq:", "pgx", "SELECT", "127.0.0.1", "localhost", "sqlite", "$argon2", "eyJ", "jgr_", "canary", "runtime error", "<nil>", "%!"} {
		if strings.Contains(said, never) {
			t.Errorf("%s: got %q in %s", what, never, a.Body)
		}
	}
}

// body is a JSON object to send.
type body = map[string]any

// tokens is the answer to log-in and refresh.
type tokens struct {
	Access           string `json:"access_token"`
	Type             string `json:"token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Refresh          string `json:"refresh_token"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	SessionID        string `json:"session_id"`
}

// signUp makes a user and returns the id.
func (n *node) signUp(name string) string {
	n.t.Helper()
	a := n.call("POST", "/v1/signup", "", map[string]string{"username": name, "password": pass})
	if a.Status != http.StatusCreated {
		n.t.Errorf("sign up %s: got %d %s, want 201", name, a.Status, a.Body)
	}
	return into[struct{ User struct{ ID string } }](n.t, a).User.ID
}

func (n *node) logIn(name string) tokens {
	n.t.Helper()
	a := n.call("POST", "/v1/login", "", map[string]string{"username": name, "password": pass})
	if a.Status != http.StatusOK {
		n.t.Errorf("log in %s: got %d %s, want 200", name, a.Status, a.Body)
	}
	return into[tokens](n.t, a)
}

// admin makes the first admin, named admin, and logs in.
func (n *node) admin() tokens {
	n.t.Helper()
	a := n.call("POST", "/v1/setup", "", map[string]string{"code": n.SetupCode(), "username": "admin", "password": pass})
	if a.Status != http.StatusCreated {
		n.t.Errorf("set up: got %d %s, want 201", a.Status, a.Body)
	}
	return n.logIn("admin")
}

// me returns the status of GET /v1/me.
func (n *node) me(access string) int {
	n.t.Helper()
	return n.call("GET", "/v1/me", access, nil).Status
}

func (n *node) refresh(token string) answer {
	n.t.Helper()
	return n.call("POST", "/v1/refresh", "", map[string]string{"refresh_token": token})
}
