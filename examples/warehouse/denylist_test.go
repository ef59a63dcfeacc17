package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/redistest"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
)

func open(t *testing.T, setting string) denylist {
	t.Helper()
	list, err := openDenylist(t.Context(), setting)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func shut(t *testing.T, list denylist) {
	t.Helper()
	if err := list.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever keeps it, a revoked token is refused, and no other; what is kept outlives the program.
func TestDenylists(t *testing.T) {
	for name, setting := range map[string]string{
		"memory": "", "file": "file:" + filepath.Join(t.TempDir(), "list"), "Redis": redistest.Start(t).URL(),
	} {
		t.Run("T06 "+name, func(t *testing.T) {
			list := open(t, setting)
			h := app(t, fastapijwtauth.Settings{SecretKey: secret}, list)
			one, two := logIn(t, h, "joevu"), logIn(t, h, "joevu")
			want(t, ask(h, "DELETE", "/access-revoke", "", one.Access), 200, `{"detail":"Access token has been revoke"}`)
			want(t, ask(h, "DELETE", "/refresh-revoke", "", two.Refresh), 200, `{"detail":"Refresh token has been revoke"}`)
			check := func() {
				t.Helper()
				want(t, ask(h, "GET", "/user", "", one.Access), 401, `{"detail":"Token has been revoked"}`)
				want(t, ask(h, "GET", "/user", "", two.Access), 200, `{"user":"joevu"}`)
				want(t, ask(h, "POST", "/refresh", "", two.Refresh), 401, `{"detail":"Token has been revoked"}`)
				if w := ask(h, "POST", "/refresh", "", one.Refresh); w.Code != 200 {
					t.Errorf("the other refresh token: got %d %s, want 200", w.Code, w.Body)
				}
			}
			check()
			shut(t, list)
			if setting == "" {
				return
			}
			list = open(t, setting)
			defer shut(t, list)
			h = app(t, fastapijwtauth.Settings{SecretKey: secret}, list)
			check()
		})
	}
}

// One that names its issuer, as authjwt_encode_issuer has it, is revoked like any other.
func TestRevokedWithIssuer(t *testing.T) {
	h := app(t, fastapijwtauth.Settings{SecretKey: secret, EncodeIssuer: "warehouse"}, inMemory())
	tokens := logIn(t, h, "joevu")
	want(t, ask(h, "DELETE", "/access-revoke", "", tokens.Access), 200, `{"detail":"Access token has been revoke"}`)
	want(t, ask(h, "GET", "/user", "", tokens.Access), 401, `{"detail":"Token has been revoked"}`)
}

// The file is written anew without what has expired, and without a line that was not written to its end.
func TestFileIsSwept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	list := open(t, "file:"+path)
	for id, until := range map[string]time.Time{"old": time.Now().Add(-time.Hour), "young": time.Now().Add(time.Hour)} {
		if err := list.Add(t.Context(), id, until); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, list)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, `{"jti":"to`...), 0o600); err != nil {
		t.Fatal(err)
	}
	list = open(t, "file:"+path)
	defer shut(t, list)
	if v, err := list.Check(t.Context(), jwt.Ref{TokenID: "young"}); err != nil || !v.Dead {
		t.Errorf("young: got %v, %v, want dead", v, err)
	}
	if text, err = os.ReadFile(path); err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), "young") {
		t.Errorf("got %q, %v, want one line about young", text, err)
	}
	if err := os.WriteFile(path, []byte("what is this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := openDenylist(t.Context(), "file:"+path); err == nil || list != nil {
		t.Errorf("a file of something else: got %v, want an error", list)
	}
}

// While Redis cannot be asked nobody is let in, and nobody is logged out: 503. Then all goes on.
func TestRedisIsDown(t *testing.T) {
	server := redistest.StartPrivate(t)
	list := open(t, server.URL())
	defer shut(t, list)
	h := app(t, fastapijwtauth.Settings{SecretKey: secret}, list)
	tokens := logIn(t, h, "joevu")
	server.Stop(t)
	for _, route := range []string{"GET /user", "DELETE /access-revoke"} {
		method, path, _ := strings.Cut(route, " ")
		if w := ask(h, method, path, "", tokens.Access); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: got %d %s, want 503 and Retry-After", route, w.Code, w.Body)
		}
	}
	server.Start(t)
	want(t, ask(h, "GET", "/user", "", tokens.Access), 200, `{"user":"joevu"}`)
}
