package pyjwtguard_test

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

const now = 1800000000

type user struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Roles    any    `json:"roles,omitempty"`
}

var admin = user{"admin", "admin@admin.com", []string{"admin", "user"}}

func settings(changes ...func(*pyjwtguard.Settings)) pyjwtguard.Settings {
	s := pyjwtguard.Settings{
		SecretKey: "yXzB0lEGphwTYfKenExHmNqMmpFJJRjI", InsecureWeakKey: true,
		Now: func() time.Time { return time.Unix(now, 500000) },
	}
	for _, f := range changes {
		f(&s)
	}
	return s
}

func guard(t *testing.T, s pyjwtguard.Settings) *jotgate.Guard {
	t.Helper()
	c, err := pyjwtguard.Config(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	g, err := jotgate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func issue(t *testing.T, who any, life time.Duration) string {
	t.Helper()
	i, err := pyjwtguard.NewIssuer(settings(func(s *pyjwtguard.Settings) { s.InsecureOptionalExpiry = true }))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := i.Issue(who, life)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Subject())
})

func TestIssue(t *testing.T) {
	t.Run("I15 the user and exp", func(t *testing.T) {
		segments := strings.Split(issue(t, admin, time.Hour), ".")
		for n, want := range []string{
			`{"alg":"HS256","typ":"JWT"}`,
			`{"username":"admin","email":"admin@admin.com","roles":["admin","user"],"exp":1800003600.0005}`,
		} {
			if got, err := base64.RawURLEncoding.DecodeString(segments[n]); err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		}
	})
	i, err := pyjwtguard.NewIssuer(settings())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who  any
		life time.Duration
	}{"no expiry": {admin, 0}, "in the past": {admin, -1}, "C13": {"admin", time.Hour}} {
		t.Run(name, func(t *testing.T) {
			if raw, err := i.Issue(c.who, c.life); err == nil || raw != "" {
				t.Errorf("got %q, want an error", raw)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	token := issue(t, admin, time.Hour)
	body := func(status, text string) string { return `{"message":"` + text + `","status":` + status + `}` }
	missing, denied := body("401", "Missing access token"), body("403", "Authorization required.")
	invalid := func(text string) string { return body("401", "Invalid access token: "+text) }
	for _, c := range []struct {
		name, header, role string
		at                 int64
		status             int
		body               string
	}{
		{"G14 plain", "Bearer " + token, "", now, 200, admin.Email},
		{"G14 user", "Bearer " + token, "user", now, 200, admin.Email},
		{"G14 admin", "Bearer " + token, "admin", now, 200, admin.Email},
		{"G14 super admin", "Bearer " + token, "super_admin", now, 403, denied},
		{"G14 none", "", "admin", now, 401, missing},
		{"G14 bad", "Bearer xxx", "admin", now, 401, invalid("Not enough segments")},
		{"H02", "Basic x", "", now, 401, invalid("want the header Authorization: Bearer <token>")},
		{"H14", token, "", now, 401, invalid("want the header Authorization: Bearer <token>")},
		{"H03", "Bearer", "", now, 401, invalid("want the header Authorization: Bearer <token>")},
		{"H11 exact case", "bearer " + token, "", now, 401, invalid("want the header Authorization: Bearer <token>")},
		{"C07", "Bearer aaaaa.bbbbb.ccccc", "", now, 401, invalid("Invalid header padding")},
		{"signature", "Bearer " + token[:len(token)-8] + "AAAAAAAA", "", now, 401, invalid("Signature verification failed")},
		{"R07 last second", "Bearer " + token, "", now + 3599, 200, admin.Email},
		{"R07 expired", "Bearer " + token, "", now + 3600, 401, invalid("Signature has expired")},
		{"G15 no roles", "Bearer " + issue(t, user{"a", "a@b.c", nil}, time.Hour), "admin", now, 403, denied},
		{"G15 no roles, plain", "Bearer " + issue(t, user{"a", "a@b.c", nil}, time.Hour), "", now, 200, "a@b.c"},
		{"G15 roles a text", "Bearer " + issue(t, user{"a", "a@b.c", "admin"}, time.Hour), "admin", now, 403, denied},
		{"G15 roles of numbers", "Bearer " + issue(t, user{"a", "a@b.c", []any{"admin", 1}}, time.Hour), "admin", now, 403, denied},
		{"G15 roles an object", "Bearer " + issue(t, user{"a", "a@b.c", map[string]bool{"admin": true}}, time.Hour), "admin", now, 403, denied},
		{"no exp", "Bearer " + issue(t, admin, 0), "", now, 401, invalid(`Token is missing the \"exp\" claim`)},
		{"R15", "Bearer " + issue(t, map[string]any{"aud": "x"}, time.Hour), "", now, 401, invalid("Invalid audience")},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guard(t, settings(func(s *pyjwtguard.Settings) { s.Now = func() time.Time { return time.Unix(c.at, 0) } }))
			rule := jotgate.Rule{}
			if c.role != "" {
				rule.Roles = []string{c.role}
			}
			r, w := httptest.NewRequest(http.MethodGet, "/api/protected_route", nil), httptest.NewRecorder()
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			g.Need(rule)(whoami).ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, c.status, c.body)
			}
			if got := w.Header().Get("WWW-Authenticate"); got != "" {
				t.Errorf("got the challenge %q, want none", got)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	for name, f := range map[string]func(*pyjwtguard.Settings){
		"K18 no secret":    func(s *pyjwtguard.Settings) { s.SecretKey = "" },
		"published secret": func(s *pyjwtguard.Settings) { s.InsecureWeakKey = false },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := pyjwtguard.Config(settings(f)); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := pyjwtguard.NewIssuer(settings(f)); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
	own := settings(func(s *pyjwtguard.Settings) { s.SubjectClaim, s.InsecureOptionalExpiry = "username", true })
	id, err := guard(t, own).Check(t.Context(), issue(t, admin, 0), jotgate.Rule{})
	if err != nil || id.Subject() != "admin" {
		t.Errorf("own subject, no exp: got %q, %v, want admin", id.Subject(), err)
	}
}
