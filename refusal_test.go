package jotgate_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// A scheme, then parameters as RFC 9110 §11.2 writes them.
var challengeForm = regexp.MustCompile(`^Bearer( [a-z_]+="(?:[^"\\]|\\["\\])*"(, [a-z_]+="(?:[^"\\]|\\["\\])*")*)?$`)

func TestG19(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*jwt.Claims)
		rule   jotgate.Rule
		status int
		want   []string
	}{
		{"G19 no token: the realm and no error", nil, jotgate.Rule{}, 401, []string{`realm="the \"orders\" API"`}},
		{"G19 bad token", func(c *jwt.Claims) { c.Audience = nil }, jotgate.Rule{}, 401, []string{`realm=`, `error="invalid_token"`, `error_description=`}},
		{"G19 expired token", func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) }, jotgate.Rule{}, 401, []string{`realm=`, `error="invalid_token"`, `has expired`}},
		{"G19 forbidden", func(*jwt.Claims) {}, jotgate.Rule{Roles: []string{"admin"}}, 403, []string{`realm=`, `error="insufficient_scope"`}},
		// RFC 9470 §3
		{"G19 old log-in", func(*jwt.Claims) {}, jotgate.Rule{MaxAge: 5 * time.Minute}, 401, []string{`realm=`, `error="insufficient_user_authentication"`, `max_age="300"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t, func(conf *jotgate.Config) { conf.Realm = `the "orders" API` })
			var header []string
			if c.change != nil {
				header = []string{"Bearer " + g.token(t, c.change)}
			}
			answer := get(g.Need(c.rule)(whoami), header...)
			wantStatus(t, answer, c.status)
			got := answer.Header.Get("WWW-Authenticate")
			if !challengeForm.MatchString(got) {
				t.Errorf("challenge: want the form of RFC 9110, got %q", got)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("challenge: want %s in it, got %q", want, got)
				}
			}
			if c.change == nil && strings.Contains(got, "error") {
				t.Errorf("challenge without a token: want no error in it (RFC 6750 §3.1), got %q", got)
			}
		})
	}
}

func TestOwnChallenge(t *testing.T) {
	t.Run("G19 a 401 of one's own has a challenge too", func(t *testing.T) {
		g := newGate(t, func(conf *jotgate.Config) { conf.Realm = "orders" })
		for want, own := range map[string]*jotgate.Refusal{
			`Bearer realm="orders", error="invalid_token"`: {Status: 401, Code: "blocked", Detail: "Für Ann gesperrt."},
			"Own": {Status: 401, Code: "blocked", Challenge: "Own"},
			"":    {Status: 423, Code: "blocked"},
		} {
			find := jotgate.Location{Name: "nowhere", Find: func(jotgate.Carrier) (string, error) { return "", own }}
			for _, rule := range []jotgate.Rule{
				{Also: func(context.Context, jotgate.Identity) error { return own }}, {Locations: []jotgate.Location{find}},
			} {
				answer := get(g.Need(rule)(whoami), "Bearer "+g.token(t))
				wantStatus(t, answer, own.Status)
				if got := answer.Header.Get("WWW-Authenticate"); got != want {
					t.Errorf("challenge: want %q, got %q", want, got)
				}
			}
		}
	})
}

// AUZ: the stranger must not learn which permission opens the door; the developer must.
func TestMissingPermissionIsLoggedAndNotTold(t *testing.T) {
	for name, rule := range map[string]jotgate.Rule{
		"permission vault:open":            {Permissions: []string{"orders:read", "vault:open"}},
		`any permission of ["vault:open"]`: {AnyPermission: []string{"vault:open"}},
		"role vault-keeper":                {Roles: []string{"user", "vault-keeper"}},
		`any role of ["vault-keeper" "x"]`: {AnyRole: []string{"vault-keeper", "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			answer := get(g.Need(rule)(whoami), "Bearer "+g.token(t))
			wantStatus(t, answer, 403)
			line := g.log.last(t)
			if line["reason"] != "lacks "+name || line["sub"] != "u1" || line["sid"] != "s1" || line["level"] != "INFO" {
				t.Errorf("log: want what is lacking and who lacks it, got %v", line)
			}
			for _, v := range answer.Header {
				if strings.Contains(strings.Join(v, ""), "vault") {
					t.Errorf("header: want nothing of the rule, got %q", v)
				}
			}
			if text := body(t, answer); strings.Contains(text, "vault") {
				t.Errorf("answer: want nothing of the rule, got %s", text)
			}
		})
	}
}

func TestRefusalIsAProblem(t *testing.T) {
	g := newGate(t)
	w := httptest.NewRecorder()
	g.refusal(t, g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.Add(-time.Hour) }), jotgate.Rule{}).Write(w)
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("body %s: %v", w.Body, err)
	}
	if got["title"] != "Unauthorized" || got["status"] != 401.0 || got["code"] != jotgate.CodeExpired || got["detail"] == "" || len(got) != 4 {
		t.Errorf("body: want title, status, code and detail, got %v", got)
	}
	for name, want := range map[string]string{"Content-Type": "application/problem+json", "Cache-Control": "no-store"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: want %q, got %q", name, want, got)
		}
	}
}

// A part of a second is not promised away.
func TestRetryAfterRoundsUp(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", time.Millisecond: "1", time.Second: "1", 1500 * time.Millisecond: "2"} {
		w := httptest.NewRecorder()
		(&jotgate.Refusal{Status: 503, RetryAfter: after}).Write(w)
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%v: want Retry-After %q, got %q", after, want, got)
		}
	}
}

// A request without a token is told only to those who ask for debug.
func TestMissingTokenIsLoggedAtDebug(t *testing.T) {
	g := newGate(t)
	g.refusal(t, "", jotgate.Rule{})
	if got := g.log.last(t)["level"]; got != "DEBUG" {
		t.Errorf("level: want DEBUG, got %v", got)
	}
}

// A token that one rule refuses is good for others: what Config.Answer does with the claims is nothing to them.
func TestRefusalClaimsAreACopy(t *testing.T) {
	g := newGate(t)
	raw := g.token(t, func(c *jwt.Claims) { c.Audience = []string{audience, "billing"} })
	r := g.refusal(t, raw, jotgate.Rule{Roles: []string{"admin"}})
	got, _ := r.Claims()
	got.Roles[0], got.Permissions[0], got.Audience[0] = "admin", "*:*", "x"
	if r := g.refusal(t, raw, jotgate.Rule{Roles: []string{"admin"}}); r.Code != jotgate.CodeForbidden {
		t.Errorf("code: got %s, want %s", r.Code, jotgate.CodeForbidden)
	}
	if again, _ := r.Claims(); again.Roles[0] == "admin" || again.Permissions[0] == "*:*" || again.Audience[0] == "x" {
		t.Errorf("claims: got %+v, want them as they were", again)
	}
}
