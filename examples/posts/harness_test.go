package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/pgtest"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// secret is nobody's.
const secret = "w2m4kT7cQx0ZVhPqLr9sJb1uYd6gNe3fAo8iXtRz5HMvSKBW"

// service is the API in this process, on a database of its own and with a clock that the test moves.
type service struct {
	*app
	http.Handler
	config config
	clock  *atomic.Int64 // Unix seconds
}

// TestAPI runs what needs a database, each test on one of its own in the same cluster.
func TestAPI(t *testing.T) {
	cluster = pgtest.Start(t)
	for name, test := range map[string]func(*testing.T){
		"sample token":           testSampleToken,
		"expiry":                 testExpiry,
		"bad credentials":        testBadCredentials,
		"hashes of flask bcrypt": testHashesOfFlaskBcrypt,
		"refresh":                testRefresh,
		"logout":                 testLogout,
		"denylist":               testDenylist,
		"secret":                 testSecret,
		"limits":                 testLimits,
		"PyJWT":                  testPyJWT,
		"ownership":              testOwnership,
		"names":                  testNames,
		"users":                  testUsers,
		"posts":                  testPosts,
		"tables of flask":        testTablesOfFlask,
		"cache":                  testCache,
		"cache that is down":     testCacheThatIsDown,
		"cache that missed one":  testCacheThatMissedAChange,
	} {
		t.Run(name, test)
	}
}

var cluster *pgtest.Cluster

// settings are as in production but for the limits, which few tests are about.
func settings(t testing.TB) config {
	return config{
		Tokens: flaskjwt.Settings{SecretKey: secret}, Database: cluster.Database(t), Cache: "memory",
		PerMinute: 1_000_000_000, LoginsPerMinute: 1_000_000_000,
	}
}

func start(t testing.TB, c config) *service {
	t.Helper()
	s := &service{clock: new(atomic.Int64)}
	s.clock.Store(time.Now().Unix())
	c.Tokens.Now = func() time.Time { return time.Unix(s.clock.Load(), 0) }
	app, err := newApp(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.db.Close)
	s.app, s.Handler, s.config = app, app.routes(c), c
	return s
}

// after moves the clock.
func (s *service) after(d time.Duration) { s.clock.Add(int64(d / time.Second)) }

// ask sends a request as a client does; token "" is none.
func (s *service) ask(method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "JWT "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// want asks, and reports another status, or an answer without this text.
func (s *service) want(t testing.TB, status int, text, method, path, token, body string) string {
	t.Helper()
	w := s.ask(method, path, token, body)
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		t.Errorf("%s %s %s: got %d %s, want %d with %q", method, path, body, w.Code, w.Body, status, text)
	}
	return w.Body.String()
}

// join signs a user up and logs in.
func (s *service) join(t testing.TB, name, password string) (id int, in tokens) {
	t.Helper()
	body := pair(name, password)
	var u struct{ ID int }
	if err := json.Unmarshal([]byte(s.want(t, 200, name, "POST", "/signup", "", body)), &u); err != nil {
		t.Fatal(err)
	}
	return u.ID, s.login(t, name, password)
}

func (s *service) login(t testing.TB, name, password string) (in tokens) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.want(t, 200, "refresh_token", "POST", "/login", "", pair(name, password))), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func (s *service) refreshed(t testing.TB, raw string) (in tokens) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.want(t, 200, "refresh_token", "POST", "/refresh", "", renewal(raw))), &in); err != nil {
		t.Fatal(err)
	}
	return in
}

func (s *service) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func pair(name, password string) string {
	return fmt.Sprintf(`{"username": %q, "password": %q}`, name, password)
}

func renewal(raw string) string { return fmt.Sprintf(`{"refresh_token": %q}`, raw) }

func path(id int, rest string) string { return fmt.Sprintf("/users/%d%s", id, rest) }

// python runs a script with Debian's packages, and returns what it prints.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	out, err := exec.Command("/usr/bin/python3", append([]string{"-c", script}, args...)...).Output()
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	return strings.TrimSpace(string(out))
}
