package main

import (
	"net"
	"os"
	"testing"
	"time"

	"github.com/jotgate/jotgate/bench/internal/lean"
	"github.com/jotgate/jotgate/jwt"
)

// The servers of the tables are this program, started again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

// flaw is what a token has that must be refused, and what finds it.
type flaw struct {
	name   string
	change func(*jwt.Claims)
}

var (
	expired   = flaw{"expired", func(c *jwt.Claims) { c.ExpiresAt = time.Now().Add(-time.Hour) }}
	notYet    = flaw{"not yet valid", func(c *jwt.Claims) { c.NotBefore = time.Now().Add(time.Hour) }}
	stranger  = flaw{"another issuer", func(c *jwt.Claims) { c.Issuer += "/" }}
	elsewhere = flaw{"another audience", func(c *jwt.Claims) { c.Audience = []string{"https://www.example.com"} }}
	powerless = flaw{"no permission", func(c *jwt.Claims) { c.Permissions = nil }}
	dead      = flaw{"revoked", func(c *jwt.Claims) { c.ID = deadID }}
)

func TestLibrariesVerify(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.ES256, jwt.EdDSA, jwt.RS256} {
		k, other := mustKey(t, alg), mustKey(t, alg)
		for _, l := range append(peerLibraries(), ourJWT(), ourGuard()) {
			t.Run(alg+" "+l.name, func(t *testing.T) {
				verify, err := l.verifier(k)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := verify(mustIssue(t, k)); err != nil || got != subject {
					t.Errorf("a good token: got %q, %v, want %q", got, err, subject)
				}
				if got, err := verify(mustIssue(t, other)); err == nil {
					t.Errorf("a bad signature: got %q, want an error", got)
				}
				for _, f := range []flaw{expired, notYet, stranger, elsewhere, powerless} {
					if got, err := verify(mustIssue(t, k, f.change)); err == nil {
						t.Errorf("%s: got %q, want an error", f.name, got)
					}
				}
			})
		}
	}
}

// What one signs, two others accept.
func TestLibrariesSign(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.ES256, jwt.EdDSA} {
		k := mustKey(t, alg)
		for _, l := range append(peerLibraries(), ourJWT()) {
			t.Run(alg+" "+l.name, func(t *testing.T) {
				sign, err := l.signer(k)
				if err != nil {
					t.Fatal(err)
				}
				text, err := sign()
				if err != nil {
					t.Fatal(err)
				}
				for _, judge := range []library{ourGuard(), golangJWT()} {
					verify, err := judge.verifier(k)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := verify(newToken(text)); err != nil || got != subject {
						t.Errorf("%s: got %q, %v, want %q", judge.name, got, err, subject)
					}
				}
			})
		}
	}
}

func TestRawIsTheSignature(t *testing.T) {
	for _, alg := range []string{jwt.HS256, jwt.ES256, jwt.EdDSA, jwt.RS256} {
		k, other := mustKey(t, alg), mustKey(t, alg)
		for want, text := range map[bool]string{true: mustIssue(t, k).text, false: mustIssue(t, other).text} {
			verify, err := rawVerify(k, text)
			if err != nil {
				t.Fatal(err)
			}
			if got := verify(); (got == nil) != want {
				t.Errorf("%s: got %v, want accepted: %t", alg, got, want)
			}
		}
	}
}

func TestRoutes(t *testing.T) {
	for _, r := range routes() {
		t.Run(r.full(), func(t *testing.T) {
			k := mustKey(t, r.alg)
			s, err := r.site(k)
			if err != nil {
				t.Fatal(err)
			}
			c := visit(t, s)
			ask := func(what, path, token string, want int) {
				t.Helper()
				if _, err := c.Want(want, lean.Request("GET", path, token, "")); err != nil {
					t.Errorf("%s: %v", what, err)
				}
			}
			ask("the bare route", barePath, "", 200)
			good := mustIssue(t, k).text
			ask("a good token", guardedPath, good, 200)
			ask("a good token again", guardedPath, good, 200)
			refused := []flaw{expired, notYet}
			if r.least > 0 { // ours
				refused = append(refused, stranger, elsewhere, dead)
				ask(powerless.name, guardedPath, mustIssue(t, k, powerless.change).text, 403)
			}
			for _, f := range refused {
				ask(f.name, guardedPath, mustIssue(t, k, f.change).text, 401)
			}
			ask("a bad signature", guardedPath, mustIssue(t, mustKey(t, r.alg)).text, 401)
		})
	}
}

// visit serves a site until the end of the test, and connects to it.
func visit(t *testing.T, s site) *lean.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.serve(l) // says that it was closed
	}()
	c, err := lean.Dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := s.close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return c
}

// Each table is made once. What stands in it is checked above.
func TestTables(t *testing.T) {
	p := plan{rounds: 1, block: 100 * time.Microsecond, exchanges: 1, requests: 50, many: 1 << 10, records: []int{1000}}
	for _, only := range []string{"tokens", "memory", "http"} {
		if err := run(p, only, "jotgin"); err != nil {
			t.Error(err)
		}
	}
}

func TestComparesWithinARound(t *testing.T) {
	raw, i := &item{took: []float64{100, 200, 100}}, &item{took: []float64{300, 600, 310}} // the second round was disturbed
	if got := i.over(raw); got != 3 {
		t.Errorf("over: got %v, want 3", got)
	}
	if got := i.beyond(raw); got != 210 {
		t.Errorf("beyond: got %v, want 210", got)
	}
}

func TestTargets(t *testing.T) {
	raw := &item{took: []float64{1000}, alloc: 1}
	for _, c := range []struct {
		name string
		must target
		i    item
		want bool
	}{
		{"ratio reached", target{ratio: 3.5, allocs: 2}, item{took: []float64{3500}, alloc: 3}, true},
		{"ratio missed", target{ratio: 3.5, allocs: 2}, item{took: []float64{3600}}, false},
		{"difference missed", target{beyond: 2000, allocs: 2}, item{took: []float64{3100}}, false},
		{"too many allocations", target{ratio: 3.5, allocs: 2}, item{took: []float64{1000}, alloc: 4}, false},
		{"too many bytes", target{ratio: 3.5, allocs: 2, bytes: 640}, item{took: []float64{1000}, bytes: 641}, false},
	} {
		if got := c.must.met(&c.i, raw); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}

func mustKey(t *testing.T, alg string) key {
	t.Helper()
	k, err := newKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustIssue(t *testing.T, k key, change ...func(*jwt.Claims)) token {
	t.Helper()
	text, err := issue(k, change...)
	if err != nil {
		t.Fatal(err)
	}
	return newToken(text)
}
