package jotgate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

func TestRoutes(t *testing.T) {
	g := newGate(t)
	routes := map[string]http.Handler{
		"plain":       g.Require()(whoami),
		"read":        g.Require("orders:read")(whoami),
		"both":        g.Require("orders:read", "orders:write")(whoami),
		"either":      g.Need(jotgate.Rule{AnyPermission: []string{"orders:write", "orders:read"}})(whoami),
		"user":        g.RequireRole("user")(whoami),
		"admin":       g.RequireRole("admin")(whoami),
		"super_admin": g.RequireRole("super_admin")(whoami),
		"any role":    g.Need(jotgate.Rule{AnyRole: []string{"super_admin", "user"}})(whoami),
		"fresh":       g.Need(jotgate.Rule{MaxAge: jotgate.FreshAge})(whoami),
		"optional":    g.Optional()(whoami),
	}
	user := g.token(t)
	admin := g.token(t, func(c *jwt.Claims) {
		c.Subject, c.Roles, c.Permissions, c.AuthTime = "u2", []string{"admin", "user"}, []string{"orders:*"}, noon
	})
	bare := g.token(t, func(c *jwt.Claims) { c.Roles, c.Permissions, c.AuthTime = nil, nil, time.Time{} })
	for _, c := range []struct {
		name, token string
		want        map[string]int
	}{
		{"no token", "", map[string]int{"plain": 401, "read": 401, "both": 401, "either": 401, "user": 401, "admin": 401, "super_admin": 401, "any role": 401, "fresh": 401, "optional": 200}},
		{"G14 bad token", "x", map[string]int{"plain": 401, "read": 401, "both": 401, "either": 401, "user": 401, "admin": 401, "super_admin": 401, "any role": 401, "fresh": 401, "optional": 401}},
		{"G14 user", user, map[string]int{"plain": 200, "read": 200, "both": 403, "either": 200, "user": 200, "admin": 403, "super_admin": 403, "any role": 200, "fresh": 401, "optional": 200}},
		{"G14 admin", admin, map[string]int{"plain": 200, "read": 200, "both": 200, "either": 200, "user": 200, "admin": 200, "super_admin": 403, "any role": 200, "fresh": 200, "optional": 200}},
		{"AUZ-1 neither roles nor permissions", bare, map[string]int{"plain": 200, "read": 403, "both": 403, "either": 403, "user": 403, "admin": 403, "super_admin": 403, "any role": 403, "fresh": 401, "optional": 200}},
	} {
		for name, route := range routes {
			t.Run(c.name+" on "+name, func(t *testing.T) {
				var header []string
				if c.token != "" {
					header = []string{"Bearer " + c.token}
				}
				answer := get(route, header...)
				wantStatus(t, answer, c.want[name])
				if challenge := answer.Header.Get("WWW-Authenticate"); (challenge != "") != (answer.StatusCode != 200) {
					t.Errorf("challenge of a %d: got %q", answer.StatusCode, challenge)
				}
			})
		}
	}
}

func TestOptional(t *testing.T) {
	g := newGate(t)
	route := g.Optional()(whoami)
	for _, c := range []struct{ name, header, want string }{
		{"no token is nobody", "", "nobody"},
		{"another scheme is nobody", "Basic dTE6cHc=", "nobody"},
		{"good token", "Bearer " + g.token(t), "u1"},
	} {
		if got := body(t, get(route, c.header)); got != c.want {
			t.Errorf("%s: want %q, got %q", c.name, c.want, got)
		}
	}
	expired := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) })
	for name, header := range map[string]string{"expired": "Bearer " + expired, "malformed": "Bearer x", "empty": "Bearer", "tab": "Bearer\t" + expired} {
		answer := get(route, header)
		if answer.StatusCode != 401 {
			t.Errorf("%s token: want 401 and not a stranger's answer, got %d", name, answer.StatusCode)
		}
	}
}

// A rule that cannot be meant stops the start.
func TestNeedPanicsOnFaultyRules(t *testing.T) {
	g := newGate(t)
	for name, make := range map[string]func(){
		"empty permission":   func() { g.Require("") },
		"mistyped":           func() { g.Require("orders:read", "orders read") },
		"star in a part":     func() { g.Require("orders:re*") },
		"any permission":     func() { g.Need(jotgate.Rule{AnyPermission: []string{"orders:"}}) },
		"empty role":         func() { g.RequireRole("admin", "") },
		"empty role of some": func() { g.Need(jotgate.Rule{AnyRole: []string{""}}) },
		"negative age":       func() { g.Need(jotgate.Rule{MaxAge: -1}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text, _ := recover().(string); !strings.HasPrefix(text, "jotgate: rule: ") {
					t.Errorf("panic: want it to name the rule, got %q", text)
				}
			}()
			make()
		})
	}
}

// A faulty rule that was checked by nobody lets nobody in.
func TestFaultyRuleDenies(t *testing.T) {
	g := newGate(t)
	raw := g.token(t, func(c *jwt.Claims) { c.Permissions, c.AuthTime = []string{"*", "*:*", ""}, noon.Add(-time.Minute) })
	for name, rule := range map[string]jotgate.Rule{
		"empty permission": {Permissions: []string{""}},
		"empty part":       {Permissions: []string{"a:"}},
		"empty role":       {Roles: []string{""}},
		"negative age":     {MaxAge: -time.Hour},
	} {
		if _, err := g.Check(t.Context(), raw, rule); err == nil {
			t.Errorf("%s: want a refusal", name)
		}
	}
}

func TestRuleCheckNamesEveryFault(t *testing.T) {
	err := jotgate.Rule{Permissions: []string{"a b"}, AnyPermission: []string{"c:"}, Roles: []string{""}, MaxAge: -1}.Check()
	if err == nil {
		t.Fatal("want an error, got nil")
	}
	for _, want := range []string{`"a b"`, `"c:"`, "role: empty", "max age: -1ns"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error: want %s in it, got %v", want, err)
		}
	}
	if err := (jotgate.Rule{}).Check(); err != nil {
		t.Errorf("zero rule: want nil, got %v", err)
	}
}

// MaxAge counts from auth_time, bears the leeway, and takes no silence for an answer.
func TestMaxAge(t *testing.T) {
	g := newGate(t)
	rule := jotgate.Rule{MaxAge: jotgate.FreshAge}
	limit := jotgate.FreshAge + 30*time.Second
	for name, c := range map[string]struct {
		at   time.Time
		want bool
	}{
		"now":          {noon, true},
		"at the limit": {noon.Add(-limit), true},
		"past it":      {noon.Add(-limit - time.Second), false},
		"not said":     {time.Time{}, false},
		"1970":         {time.Unix(0, 0), false},
		"within skew":  {noon.Add(30 * time.Second), true},
		"to come":      {noon.Add(31 * time.Second), false},
		"in 2200":      {time.Unix(7_258_118_400, 0), false},
	} {
		_, err := g.Check(t.Context(), g.token(t, func(k *jwt.Claims) { k.AuthTime = c.at }), rule)
		if (err == nil) != c.want {
			t.Errorf("%s: want fresh %v, got %v", name, c.want, err)
		}
	}
}
