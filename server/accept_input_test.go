package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/server"
)

func TestBodies(t *testing.T) {
	n := start(t, profile(t))
	n.signUp("ann")
	logIn := text(body{"username": "ann", "password": pass})
	t.Run("J01 large and deep", func(t *testing.T) { largeBodies(n.on(t), logIn) })
	t.Run("J03 shapes of a log-in", func(t *testing.T) { shapes(n.on(t)) })
	t.Run("J09 bad JSON", func(t *testing.T) {
		for _, bad := range []string{"{", "", "nonsense", `{"username":`, `{"username":"ann",}`, "{\"username\":\"\xff\"}", logIn + "{}", logIn + "x", "\ufeff" + logIn} {
			a := n.call("POST", "/v1/login", "", bad)
			if p := into[problem](t, a); a.Status != 400 || p.Code != "malformed_request" {
				t.Errorf("%.30q: got %d %s, want 400 malformed_request", bad, a.Status, a.Body)
			}
		}
	})
	t.Run("H05 content types", func(t *testing.T) {
		for kind, want := range map[string]int{
			"application/json": 200, "application/json; charset=utf-8": 200, "Application/JSON;charset=UTF-8": 200,
			"application/json; charset=utf-7": 415, "text/plain": 415, "": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "text/json": 415,
		} {
			r := n.request("POST", "/v1/login", "", logIn)
			r.Header["Content-Type"] = []string{kind}
			if got := n.send(r).Status; got != want {
				t.Errorf("%q: got %d, want %d", kind, got, want)
			}
		}
	})
	t.Run("a pointer to each field", func(t *testing.T) {
		for sent, want := range map[string][]string{
			`{}`:                                    {"/username", "/password"},
			`{"username":1,"password":true}`:        {"/username", "/password"},
			`{"username":"a"}`:                      {"/password"},
			`{"username":"a","password":"b","x":1}`: {"/x"},
		} {
			a := n.call("POST", "/v1/login", "", sent)
			var got []string
			for _, e := range into[problem](t, a).Errors {
				got = append(got, e.Pointer)
			}
			slices.Sort(got)
			if slices.Sort(want); !slices.Equal(got, want) {
				t.Errorf("%s: pointers: got %q, want %q", sent, got, want)
			}
		}
	})
	if n := n.errorsIn(); n > 0 {
		t.Errorf("log: got %d errors, want none: no bad body is a fault of ours", n)
	}
}

func largeBodies(n *node, logIn string) {
	n.want(200, "POST", "/v1/login", "", logIn+strings.Repeat(" ", 8<<10-len(logIn)))
	n.wants(n.call("POST", "/v1/login", "", logIn+strings.Repeat(" ", 8<<10-len(logIn)+1)), 413, "body_too_large")
	in := func(username string) string { return `{"username":` + username + `,"password":"canary"}` }
	deep := func(levels int) string { return in(strings.Repeat("[", levels) + strings.Repeat("]", levels)) }
	list := func(items int) string { return in("[" + strings.TrimSuffix(strings.Repeat("1,", items), ",") + "]") }
	for name, c := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"32 deep":                 {deep(31), 400, "expected string"}, // the object is one
		"33 deep":                 {deep(32), 400, "nested deeper than 32"},
		"1000 items":              {list(1000), 400, "expected string"},
		"1001 items":              {list(1001), 400, "more than 1000"},
		"100,000 items":           {list(100_000), 413, "larger than 8192 bytes"},
		"a number of 8000 digits": {in(strings.Repeat("9", 8000)), 400, "a number that is too large"},
		"a million digits":        {in(strings.Repeat("9", 1_000_000)), 413, "larger than 8192 bytes"},
	} {
		if a := n.call("POST", "/v1/login", "", c.body); a.Status != c.status || !strings.Contains(a.Body, c.says) {
			n.t.Errorf("%s: got %d %s, want %d and %q", name, a.Status, a.Body, c.status, c.says)
		}
	}

	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 4<<20); err != nil || z.Close() != nil {
		n.t.Fatal(err)
	}
	r := n.request("POST", "/v1/login", "", bomb.String())
	r.Header.Set("Content-Encoding", "gzip")
	n.wants(n.send(r), 415, "unsupported_media_type")

	before := liveHeap()
	r = n.request("POST", "/v1/login", "", "")
	endless := &counted{r: io.LimitReader(zeros{}, 1<<30)}
	r.Body, r.ContentLength = io.NopCloser(endless), -1
	n.wants(n.send(r), 413, "body_too_large")
	if got := endless.n.Load(); got > 16<<20 { // what the sockets hold, not what the server read
		n.t.Errorf("1 GiB in chunks: got %d bytes taken, want the refusal to come early", got)
	}
	if grown := liveHeap() - before; grown > 8<<20 {
		n.t.Errorf("heap: grew by %d bytes, want less than 8 MiB", grown)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type counted struct {
	r io.Reader
	n atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func shapes(n *node) {
	good := fmt.Sprintf(`"username":"ann","password":%q`, pass)
	n.want(200, "POST", "/v1/login", "", "{"+good+"}")
	for name, sent := range map[string]string{
		"an array":              `["ann","canary"]`,
		"an array of one":       `[{` + good + `}]`,
		"a string":              `"ann"`,
		"null":                  `null`,
		"a number":              `5`,
		"operators":             `{"username":{"$gt":""},"password":{"$gt":""}}`,
		"operators of others":   `{"email":{"$gt":""},"password":{"$gt":""}}`,
		"a list for a name":     `{"username":["ann"],"password":"canary"}`,
		"a list for another":    `{"email":["a"]}`,
		"a name twice":          `{` + good + `,"username":"ann"}`,
		"a name twice, escaped": `{` + good + `,"user\u006eame":"bob"}`,
		"a name in capitals":    `{` + good + `,"Username":"bob"}`,
		"twice inside":          `{` + good + `,"x":{"y":1,"y":2}}`,
		"an extra name":         `{` + good + `,"admin":true}`,
		"null for a name":       `{"username":null,"password":"canary"}`,
		"a number for a name":   `{"username":1,"password":"canary"}`,
		"true for a password":   `{"username":"ann","password":true}`,
	} {
		a := n.call("POST", "/v1/login", "", sent)
		if p := into[problem](n.t, a); a.Status != 400 || p.Code != "malformed_request" {
			n.t.Errorf("%s: got %d %s, want 400 malformed_request", name, a.Status, a.Body)
		}
	}
}

// TestLogLines: what strangers choose cannot forge a line of the log, in either form of it.
func TestLogLines(t *testing.T) {
	const fake = "x\n{\"level\":\"info\",\"msg\":\"fake\"}\r\ntime=0 level=INFO msg=fake"
	for name, handler := range map[string]func(io.Writer, *slog.HandlerOptions) slog.Handler{
		"json": func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewJSONHandler(w, o) },
		"text": func(w io.Writer, o *slog.HandlerOptions) slog.Handler { return slog.NewTextHandler(w, o) },
	} {
		t.Run("J13 forged lines as "+name, func(t *testing.T) {
			s := profile(t)
			if err := s.Resolve("127.0.0.1:8000"); err != nil {
				t.Fatal(err)
			}
			log := new(journal)
			srv, err := server.Open(t.Context(), s, server.Options{
				Logger: slog.New(handler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), Hash: password.Params{Memory: 64, Time: 1, Threads: 1},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer srv.Close()
			before := strings.Count(log.String(), "\n")
			for i, path := range []string{"/v1/signup", "/v1/login", "/v1/me", "/" + url.PathEscape(fake), "/v1/" + url.PathEscape("\x1b[2J\u2028")} {
				r := httptest.NewRequest("POST", path, strings.NewReader(text(body{"username": fake, "password": fake})))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("User-Agent", fake+"\x1b[31m\u2028")
				r.Header.Set("X-Request-Id", fake)
				r.Header.Set("Authorization", "Bearer "+fake)
				srv.Handler().ServeHTTP(httptest.NewRecorder(), r)
				lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")[before:]
				if i == 0 && len(lines) != 1 {
					t.Errorf("one refused sign-up: got %d lines, want one: %q", len(lines), lines)
				}
				for _, line := range lines {
					checkLine(t, name, line)
				}
			}
		})
	}
}

func checkLine(t *testing.T, form, line string) {
	t.Helper()
	if strings.ContainsAny(line, "\x1b\r\u2028") {
		t.Errorf("line with a control character: %q", line)
	}
	if form == "text" {
		if !strings.HasPrefix(line, "time=20") || strings.HasPrefix(line, "time=0") {
			t.Errorf("got the line %q, want time first", line)
		}
		return
	}
	var l struct{ Msg string }
	if err := json.Unmarshal([]byte(line), &l); err != nil || l.Msg == "fake" {
		t.Errorf("got the line %q, %v", line, err)
	}
}

// TestSameRefusal: whatever is wrong with a log-in, a stranger sees the same.
func TestSameRefusal(t *testing.T) {
	n := start(t, profile(t))
	admin := n.admin()
	n.signUp("ann")
	off := n.signUp("off")
	n.want(200, "PATCH", "/v1/users/"+off, admin.Access, body{"disabled": true})
	t.Run("G01 unknown, wrong, disabled", func(t *testing.T) {
		var first answer
		for i, c := range []struct{ name, username, password string }{
			{"wrong password", "ann", pass + "!"},
			{"unknown user", "nobody", pass},
			{"unknown address", "nobody@example.com", pass},
			{"disabled user", "off", pass},
			{"disabled user and wrong password", "off", pass + "!"},
			{"no possible name", "a\x00 b", pass},
			{"empty name", "", pass},
			{"empty password", "ann", ""},
			{"an alias of the same name", "ANN", pass + "!"},
		} {
			a := n.on(t).call("POST", "/v1/login", "", body{"username": c.username, "password": c.password})
			a.Body = strings.ReplaceAll(a.Body, a.Header.Get("X-Request-Id"), "")
			a.Header.Del("X-Request-Id")
			a.Header.Del("Date")
			if i == 0 {
				first = a
			}
			if a.Status != 401 || a.Body != first.Body || !maps.EqualFunc(a.Header, first.Header, slices.Equal[[]string]) {
				t.Errorf("%s: got %d %s %v\nwant the same as for a wrong password: %d %s %v", c.name, a.Status, a.Body, a.Header, first.Status, first.Body, first.Header)
			}
		}
	})
}

func TestCORS(t *testing.T) {
	s := profile(t)
	s.AllowedOrigins = []string{"https://good.example.com", "http://localhost:5173"}
	n := start(t, s)
	ask := func(method, path, origin string, more http.Header) answer {
		r := n.request(method, path, "", nil)
		r.Header.Set("Origin", origin)
		maps.Copy(r.Header, more)
		return n.send(r)
	}
	preflight := http.Header{"Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"authorization,content-type"}}
	t.Run("H08 origins", func(t *testing.T) {
		for origin, want := range map[string]bool{
			"https://good.example.com": true, "http://localhost:5173": true,
			"https://evil.example.com": false, "https://good.example.com.evil": false, "https://evilgood.example.com": false, "null": false, "http://good.example.com": false,
			"https://good.example.com:8443": false, "https://good.example.com.": false, "*": false, "http://localhost": false,
		} {
			for _, a := range []answer{ask("GET", "/v1/me", origin, nil), ask("OPTIONS", "/v1/me/password", origin, preflight)} {
				got := a.Header.Get("Access-Control-Allow-Origin")
				if want && got != origin || !want && got != "" {
					t.Errorf("%s: Access-Control-Allow-Origin: got %q, want it: %v", origin, got, want)
				}
				if a.Header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
					t.Errorf("%s: got %v, want no credentials and Vary: Origin", origin, a.Header)
				}
			}
		}
	})
	allowed := ask("OPTIONS", "/v1/me/password", "https://good.example.com", preflight)
	if allowed.Header.Get("Access-Control-Allow-Methods") != "PUT" || !strings.Contains(allowed.Header.Get("Access-Control-Allow-Headers"), "authorization") {
		t.Errorf("preflight: got %v, want PUT and authorization", allowed.Header)
	}
	closed := start(t, profile(t))
	r := closed.request("GET", "/v1/me", "", nil)
	r.Header.Set("Origin", "https://good.example.com")
	if a := closed.send(r); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("without the setting: got %v, want no CORS", a.Header)
	}
}

// TestLimits: one who presents nonsense for a refresh token is slowed down; one who presents a real one is not.
func TestLimits(t *testing.T) {
	s := profile(t)
	s.Limits = "on"
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	t.Run("D17 guessing refresh tokens", func(t *testing.T) {
		n := n.on(t)
		statuses := map[int]int{}
		for range 30 {
			a := n.refresh(tok.Refresh[:50])
			if statuses[a.Status]++; a.Status == 429 && a.Header.Get("Retry-After") != "3" {
				t.Errorf("429: Retry-After: got %q, want 3", a.Header.Get("Retry-After"))
			}
		}
		if !maps.Equal(statuses, map[int]int{400: 20, 429: 10}) {
			t.Errorf("30 tries: got %v, want 20 × 400, then 429", statuses)
		}
		tok = n.alive("a real one", tok)
		n.Clock.Add(3 * time.Second)
		n.cannotRefresh("three seconds later", "jgr_x", "unknown")
	})
	t.Run("G06 guessing a password", func(t *testing.T) {
		n := n.on(t)
		guess := func(name, password string) int {
			return n.call("POST", "/v1/login", "", body{"username": name, "password": password}).Status
		}
		for _, name := range []string{"ann", "nobody"} { // the limits do not tell who exists
			var got []int
			for range 6 {
				got = append(got, guess(name, "not the canary battery"))
			}
			if want := []int{401, 401, 401, 401, 401, 429}; !slices.Equal(got, want) {
				t.Errorf("six guesses at %s: got %v, want %v", name, got, want)
			}
		}
		if got := guess("ANN", pass); got != 429 {
			t.Errorf("the right password under another form of the name: got %d, want 429", got)
		}
		tok = n.refreshed(tok.Refresh) // who is logged in stays so
		n.Clock.Add(time.Minute)
		if got := guess("ann", pass); got != 200 {
			t.Errorf("a minute later: got %d, want 200", got)
		}
	})
}

// TestRealCost makes one user with the hashes that the server makes by itself.
func TestRealCost(t *testing.T) {
	s := profile(t)
	if err := s.Resolve("127.0.0.1:8000"); err != nil {
		t.Fatal(err)
	}
	srv, err := server.Open(t.Context(), s, server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	r := httptest.NewRequest("POST", "/v1/signup", strings.NewReader(text(body{"username": "ann", "password": pass})))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, r)
	st, err := server.OpenStore(context.Background(), srv.Settings(), server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	u, err := st.UserByLogin(t.Context(), "ann")
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; w.Code != 201 || err != nil || !strings.HasPrefix(u.PasswordHash, want) {
		t.Errorf("got %d, %v and a hash that does not begin with %s", w.Code, err, want)
	}
}
