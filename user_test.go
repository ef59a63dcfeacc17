package jotgate_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

type account struct{ name string }

// accounts loads users for g, and counts.
func accounts(g gate, asked *int, err error) jotgate.Users[account] {
	return jotgate.Users[account]{Guard: g.Guard, Load: func(_ context.Context, id jotgate.Identity) (account, error) {
		*asked++
		return account{"Ann " + id.Subject()}, err
	}}
}

// greet answers with the user's name.
func greet(users jotgate.Users[account]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := users.From(r.Context())
		_, _ = io.WriteString(w, fmt.Sprint(user.name, ok))
	})
}

func TestUsers(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		rule   jotgate.Rule
		method string
		token  bool
		status int
		want   string
		asked  int
	}{
		{"U10 user in the handler", nil, jotgate.Rule{}, "GET", true, 200, "Ann u1true", 1},
		{"U10 user gone", jotgate.ErrNoUser, jotgate.Rule{}, "GET", true, 401, jotgate.CodeNoUser, 1},
		{"U10 user gone, in other words", fmt.Errorf("u1: %w", jotgate.ErrNoUser), jotgate.Rule{}, "GET", true, 401, jotgate.CodeNoUser, 1},
		{"U10 user gone, on an optional route", jotgate.ErrNoUser, jotgate.Rule{Optional: jotgate.OptionalLenient}, "GET", true, 401, jotgate.CodeNoUser, 1},
		{"U10 users cannot be asked", errDown, jotgate.Rule{}, "GET", true, 503, jotgate.CodeUsersDown, 1},
		{"U10 not asked without a token", nil, jotgate.Rule{}, "GET", false, 401, jotgate.CodeMissing, 0},
		{"U10 not asked about nobody", nil, jotgate.Rule{Optional: jotgate.OptionalStrict}, "GET", false, 200, "false", 0},
		{"U10 not asked at OPTIONS", nil, jotgate.Rule{}, "OPTIONS", true, 200, "false", 0},
		{"G18 not asked about who is refused", nil, jotgate.Rule{Permissions: []string{"a:b"}}, "GET", true, 403, jotgate.CodeForbidden, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, asked := newGate(t, func(c *jotgate.Config) { c.PassOptions = true }), 0
			users := accounts(g, &asked, c.err)
			r := request(c.method, "/", "")
			if c.token {
				r.Header.Set("Authorization", "Bearer "+g.token(t))
			}
			answer := do(users.Need(c.rule)(greet(users)), r)
			wantAnswer(t, answer, c.status, c.want)
			if asked != c.asked {
				t.Errorf("asked: want %d times, got %d", c.asked, asked)
			}
			if c.status == 401 && answer.Header.Get("WWW-Authenticate") == "" || c.status == 503 && answer.Header.Get("Retry-After") != "1" {
				t.Errorf("want a challenge or a Retry-After, got %v", answer.Header)
			}
			if c.err != nil {
				if line := g.log.last(t); line["reason"] != c.err.Error() || line["sub"] != "u1" {
					t.Errorf("log: want %v and u1, got %v", c.err, line)
				}
			}
		})
	}
}

// A further guard that finds somebody else, or nobody, does not leave the first one's user there.
func TestUsersInGuard(t *testing.T) {
	g, asked := newGate(t), 0
	users := accounts(g, &asked, nil)
	header := "Bearer " + g.token(t)
	inner := at(t, jotgate.Location{Header: "X-Token", Schemes: []string{""}})
	second := func(rule jotgate.Rule) http.Handler {
		return users.Need(jotgate.Rule{})(inner.Need(rule)(greet(users)))
	}

	wantAnswer(t, get(users.Need(jotgate.Rule{})(g.Require("orders:read")(greet(users))), header), 200, "Ann u1true")
	wantAnswer(t, get(second(jotgate.Rule{Optional: jotgate.OptionalStrict}), header), 200, "false")
	other := g.token(t, func(c *jwt.Claims) { c.Subject = "u2" })
	wantAnswer(t, do(second(jotgate.Rule{}), request("GET", "/", "", "Authorization", header, "X-Token", other)), 200, "false")
	wantAnswer(t, get(greet(users)), 200, "false")
}

func TestUsersNeedBoth(t *testing.T) {
	g := newGate(t)
	for name, users := range map[string]jotgate.Users[int]{
		"no hook but asked": {Guard: g.Guard},
		"no guard":          {Load: func(context.Context, jotgate.Identity) (int, error) { return 0, errors.New("x") }},
	} {
		t.Run("U10 "+name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "Users needs Guard and Load") {
					t.Errorf("want a panic that says so, got %q", text)
				}
			}()
			users.Need(jotgate.Rule{})
		})
	}
}
