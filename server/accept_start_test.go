package server_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
)

// cannotOpen wants a start to fail with all of these words, and nothing of the folder or of a secret changed.
func cannotOpen(t *testing.T, s server.Settings, words ...string) {
	t.Helper()
	if err := s.Resolve("127.0.0.1:8000"); err != nil {
		t.Fatal(err)
	}
	srv, err := server.Open(context.Background(), s, options(newClock(), io.Discard))
	if err == nil {
		srv.Close()
		t.Fatalf("got a server, want an error with %q", words)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want %q in it", err, word)
		}
	}
}

func TestSecondServer(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		n.signUp("ann")
		tok := n.logIn("ann")
		if strings.HasPrefix(s.Store, "postgres") {
			s.Data = t.TempDir()
			cannotOpen(t, s, "another server uses this database", "stop it first")
		} else {
			cannotOpen(t, s, "another server is running on this data folder", s.Data, "--data")
		}
		n.alive("the first server", tok)
		n.stop()
		start(t, n.Settings()).logIn("ann")
	})
}

// TestAlgorithms changes the algorithm from start to start. Tokens of a key pair outlive the change to another pair, and
// sessions outlive every change.
// TestAlgorithms also holds every key set on the way against B20.
func TestAlgorithms(t *testing.T) {
	n := start(t, profile(t))
	n.signUp("ann")
	tok := n.logIn("ann")
	for _, alg := range []string{"EdDSA", "ES384", "ES512", "RS256", "PS384", "HS256", "HS384", "HS512", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			before := keyOf(t, tok)
			n.Clock.Add(time.Second) // keys are in the order of their making
			n = n.on(t).restart(func(s *server.Settings) { s.Algorithm = alg })
			secret := func(alg string) bool { return strings.HasPrefix(alg, "HS") }
			want := 200
			if secret(alg) != secret(before.Alg) {
				want = 401
			}
			if got := n.me(tok.Access); got != want {
				t.Errorf("token of %s: got %d, want %d", before.Alg, got, want)
			}
			old := tok
			tok = n.alive("the session", tokens{Access: n.refreshed(tok.Refresh).Access, Refresh: n.refreshed(tok.Refresh).Refresh})
			if got := keyOf(t, tok); got.Alg != alg || got.Kid == before.Kid {
				t.Errorf("new token: got %+v, want %s with a new key", got, alg)
			}
			checkPublished(n, secret(alg), keyOf(t, tok).Kid, before.Kid)
			n.Clock.Add(accessTTL + leeway)
			checkPublished(n, secret(alg), keyOf(t, tok).Kid)
			if got := n.me(old.Access); got != 401 {
				t.Errorf("old token when it has expired: got %d, want 401", got)
			}
			again := n.restart()
			if kid := keyOf(t, again.refreshed(tok.Refresh)).Kid; kid != keyOf(t, tok).Kid {
				t.Errorf("after another start: got key %s, want %s", kid, keyOf(t, tok).Kid)
			}
			n, tok = again, again.logIn("ann")
		})
	}
}

// keyOf reads a token's header.
func keyOf(t *testing.T, tok tokens) (h struct{ Alg, Kid, Typ string }) {
	t.Helper()
	header, _, _ := strings.Cut(tok.Access, ".")
	if err := json.Unmarshal(unbase64(t, header), &h); err != nil || h.Typ != "at+jwt" {
		t.Errorf("header: got %+v, %v", h, err)
	}
	return h
}

// checkPublished wants the first kid in the key set, or none for a secret; a second may stand there too; nothing private.
func checkPublished(n *node, secret bool, kids ...string) {
	n.t.Helper()
	set := into[struct{ Keys []map[string]any }](n.t, n.want(200, "GET", "/.well-known/jwks.json", "", nil))
	var got []string
	for _, k := range set.Keys {
		kid, _ := k["kid"].(string)
		if kid == "" || k["alg"] == nil || k["use"] != "sig" || slices.Contains(got, kid) {
			n.t.Errorf("key set: got %v, want a kid of its own, alg and use", k)
		}
		got = append(got, kid)
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
			if _, there := k[private]; there {
				n.t.Errorf("key set: got member %q", private)
			}
		}
	}
	if secret && len(got) == 0 || slices.Equal(got, kids) || slices.Equal(got, kids[:1]) {
		return
	}
	n.t.Errorf("key set: got %v, want %v", got, kids)
}

func TestMasterKey(t *testing.T) {
	s := profile(t)
	s.Data = filepath.Join(s.Data, "made", "by", "the server")
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	file := filepath.Join(s.Data, "master.key")
	for path, want := range map[string]os.FileMode{s.Data: 0o700, file: 0o600, filepath.Join(s.Data, "jotgate.db"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v; want mode %04o", path, info, err, want)
		}
	}
	n.stop()
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s = n.Settings()
	other := start(t, profile(t))
	foreign, err := os.ReadFile(filepath.Join(other.Settings().Data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	kid := keyOf(t, tok).Kid
	for _, c := range []struct {
		name  string
		spoil func() error
		words []string
	}{
		{"missing", func() error { return os.Remove(file) }, []string{"master key", "signing keys that only this file opens", "restore it from your backup"}},
		{"wrong", func() error { return os.WriteFile(file, foreign, 0o600) }, []string{"signing key " + kid + " does not open", "backup"}},
		{"cut short", func() error { return os.WriteFile(file, good[:20], 0o600) }, []string{"want 32 bytes in base64url", "restore the file from your backup"}},
		{"readable by others", func() error { return os.Chmod(file, 0o640) }, []string{"mode 0640", "want 0600: chmod 600"}},
		{"folder writable by others", func() error { return os.Chmod(s.Data, 0o777) }, []string{"mode 0777", "want 0700: chmod 700"}},
		{"a file for a folder", func() error { s.Data = file; return nil }, []string{"is a file; want a folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
			cannotOpen(t, s, c.words...)
			if _, err := os.Stat(file); c.name == "missing" && !os.IsNotExist(err) {
				t.Errorf("master key: got %v, want none made in silence", err)
			}
			s = n.Settings()
			if err := os.Chmod(s.Data, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, good, 0o600); err != nil || os.Chmod(file, 0o600) != nil {
				t.Fatal(err)
			}
		})
	}
	n = startAt(t, s, n.Clock)
	n.alive("with the key back", tok)
}

func TestDefaultRoleMustExist(t *testing.T) {
	s := profile(t)
	s.DefaultRole = "nobody"
	cannotOpen(t, s, `default_role: "nobody"`, "there is no such role")
}

// TestPublicURL: a server that moves keeps the tokens of its former name, if it is told that name.
func TestPublicURL(t *testing.T) {
	s := profile(t)
	s.PublicURL, s.Audience = "https://old.example.com/", "orders"
	s.Audiences = []string{"billing"}
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	gone := n.logIn("ann")
	n.done("POST", "/v1/logout", gone.Access, nil)
	old := n.Settings().PublicURL
	n = n.restart(func(s *server.Settings) { s.PublicURL, s.PreviousIssuers = "https://new.example.com", []string{old} })
	n.dead("logged out under the old name", gone)
	first := tok
	tok = n.alive("under the new name", tok)
	if hsts := n.call("GET", "/v1/me", tok.Access, nil).Header.Get("Strict-Transport-Security"); !strings.Contains(hsts, "max-age=31536000") {
		t.Errorf("Strict-Transport-Security: got %q, want a year", hsts)
	}
	billing := into[tokens](t, n.want(200, "POST", "/v1/login", "", body{"username": "ann", "password": pass, "resource": "billing"}))
	if got := n.me(billing.Access); got != 401 {
		t.Errorf("a token for another API: got %d, want 401", got)
	}
	n.done("POST", "/v1/logout", billing.Access, nil)
	n.wants(n.call("POST", "/v1/login", "", body{"username": "ann", "password": pass, "resource": "secrets"}), 422, "resource_unknown")
	n.done("POST", "/v1/logout", tok.Access, nil)
	n.dead("logged out under the new name", tok)
	if got := n.me(first.Access); got != 401 {
		t.Errorf("the same session's token of the old name: got %d, want 401", got)
	}

	former := n.logIn("ann")
	n = n.restart(func(s *server.Settings) { s.PreviousIssuers = nil; s.PublicURL = "https://newest.example.com" })
	if got := n.me(former.Access); got != 401 {
		t.Errorf("a name that is not told: got %d, want 401", got)
	}
	if c := claimsOf(t, n.refreshed(former.Refresh).Access); c.Iss != "https://newest.example.com" {
		t.Errorf("refreshed: iss: got %q", c.Iss)
	}
}
