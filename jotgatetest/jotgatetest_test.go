package jotgatetest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jotgatetest"
	"github.com/jotgate/jotgate/jwt"
)

// The guard's own middleware passes the suite of adapters, so what the suite asks for is what the guard does.
func TestAdapter(t *testing.T) {
	jotgatetest.Adapter(t, func(tb testing.TB, r jotgatetest.Route) string {
		mux := http.NewServeMux()
		mux.Handle(r.Path, r.Guard.Need(r.Rule)(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			body, err := io.ReadAll(q.Body)
			if err != nil {
				tb.Error(err)
			}
			id, _ := jotgate.From(q.Context())
			_, _ = io.WriteString(w, r.Handle(q.Context(), id, body)) // the client reports what it misses
		})))
		server := httptest.NewServer(mux)
		tb.Cleanup(server.Close)
		return server.URL
	})
}

// code returns what a guard says to a token, "" where it passes.
func code(t *testing.T, g *jotgate.Guard, raw string, rule jotgate.Rule) string {
	t.Helper()
	_, err := g.Check(t.Context(), raw, rule)
	var r *jotgate.Refusal
	if err != nil && !errors.As(err, &r) {
		t.Fatalf("want a *Refusal, got %v", err)
	}
	if r == nil {
		return ""
	}
	return r.Code
}

func TestTokens(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{Roles: []string{"clerk"}, Permissions: []string{"orders:read"}})
	guard := issuer.Guard()
	rule := jotgate.Rule{Roles: []string{"clerk"}, Permissions: []string{"orders:read"}}
	good := issuer.Token(jotgatetest.Valid)
	if got := code(t, guard, good, rule); got != "" {
		t.Errorf("valid: want it to pass, got %q", got)
	}
	refused := jotgatetest.Refused()
	if len(refused) < 10 {
		t.Errorf("names of refused tokens: want ten at least, got %v", refused)
	}
	delete(refused, jotgatetest.StalePermissions)
	for name, want := range refused {
		if got := code(t, guard, issuer.Token(name), rule); got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
	if got := code(t, guard, issuer.Token(jotgatetest.Refresh), jotgate.Rule{Kind: jotgate.KindRefresh}); got != "" {
		t.Errorf("refresh where it is asked for: want it to pass, got %q", got)
	}
	if got := code(t, guard, good, rule); got != "" {
		t.Errorf("valid, after all others: want it to pass still, got %q", got)
	}
}

// Only the stale token dies: what the same user got by a log-in at the present version lives.
func TestStalePermissions(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	guard, before := issuer.Guard(), issuer.Token(jotgatetest.Valid)
	if got := code(t, guard, issuer.Token(jotgatetest.StalePermissions), jotgate.Rule{}); got != jotgate.CodePermissions {
		t.Errorf("stale: want %q, got %q", jotgate.CodePermissions, got)
	}
	if got := code(t, guard, before, jotgate.Rule{}); got != "" {
		t.Errorf("valid: want it to pass, got %q", got)
	}
	bob := func(c *jwt.Claims) { c.Subject = "bob" }
	bobs := issuer.Token(jotgatetest.Valid, bob)
	issuer.ChangePermissions("user-1")
	if got := code(t, guard, before, jotgate.Rule{}); got != jotgate.CodePermissions {
		t.Errorf("valid before the change: want %q, got %q", jotgate.CodePermissions, got)
	}
	for name, raw := range map[string]string{"after the change": issuer.Token(jotgatetest.Valid), "of another user": bobs} {
		if got := code(t, guard, raw, jotgate.Rule{}); got != "" {
			t.Errorf("%s: want it to pass, got %q", name, got)
		}
	}
	issuer.ChangePermissions("bob")
	if got := code(t, guard, issuer.Token(jotgatetest.Valid, bob), jotgate.Rule{}); got != "" {
		t.Errorf("of bob, after his change: want it to pass, got %q", got)
	}
}

func TestRotateKeyAndRevoke(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{Subject: "ann"})
	guard := issuer.Guard()
	first, second := issuer.Token(jotgatetest.Valid), issuer.Token(jotgatetest.Valid)
	issuer.Revoke(first)
	if got := code(t, guard, first, jotgate.Rule{}); got != jotgate.CodeRevoked {
		t.Errorf("revoked: want %q, got %q", jotgate.CodeRevoked, got)
	}
	if got := code(t, guard, second, jotgate.Rule{}); got != "" {
		t.Errorf("another of the same user: want it to pass, got %q", got)
	}
	issuer.RotateKey()
	if got := code(t, guard, second, jotgate.Rule{}); got != jotgate.CodeInvalid {
		t.Errorf("of the key before: want %q, got %q", jotgate.CodeInvalid, got)
	}
	if got := code(t, guard, issuer.Token(jotgatetest.Valid), jotgate.Rule{}); got != "" {
		t.Errorf("of the new key: want it to pass, got %q", got)
	}
}

func TestClock(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	guard, token := issuer.Guard(), issuer.Token(jotgatetest.Valid)
	start := issuer.Clock.Now()
	issuer.Clock.Advance(time.Hour)
	if got := code(t, guard, token, jotgate.Rule{}); got != jotgate.CodeExpired {
		t.Errorf("an hour later: want %q, got %q", jotgate.CodeExpired, got)
	}
	issuer.Clock.Set(start)
	if got := code(t, guard, token, jotgate.Rule{}); got != "" {
		t.Errorf("at the time of issue: want it to pass, got %q", got)
	}
}
