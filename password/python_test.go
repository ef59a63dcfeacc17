package password_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/password"
)

// python returns one that has Werkzeug and bcrypt. The first in the path need not be the one that packages install for.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import bcrypt, werkzeug.security").Run() == nil {
			return name
		}
	}
	t.Skip("skipped: install python3-werkzeug and python3-bcrypt")
	return ""
}

// hashesOf lets the frameworks hash a password, at a cost that is quick or usual: rows of a name and a hash.
func hashesOf(t *testing.T, python, cost, pw string) (rows [][]string) {
	t.Helper()
	var out, complaint bytes.Buffer
	c := exec.Command(python, "testdata/hashes.py", cost)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(pw), &out, &complaint
	if err := c.Run(); err != nil {
		t.Fatalf("hashes.py: %v: %s", err, &complaint)
	}
	for line := range strings.Lines(out.String()) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), "\t"))
	}
	if len(rows) == 0 {
		t.Error("hashes.py: got no hash, want some")
	}
	return rows
}

// Hashes that the originals make here and now verify, and are replaced by the log-in.
func TestHashesFromPython(t *testing.T) {
	exe, h := python(t), password.NewHasher(cheap, 0, 0)
	for name, pw := range map[string]string{
		"F02 usual": "correct horse battery", "F02 composed": composed, "F02 decomposed": decomposed,
		"F05 blanks": "  two  blanks  ", "F05 emoji": "🐎🔋📎🧲", "empty": "", "72 bytes": strings.Repeat("y", 72),
	} {
		t.Run(name, func(t *testing.T) {
			for _, row := range hashesOf(t, exe, "quick", pw) {
				checkLogIn(t, h, row[0], pw, row[1])
				if ok, err := password.Verify(pw+"x", row[1]); ok || err != nil {
					t.Errorf("%s, another password: got %v, %v, want false", row[0], ok, err)
				}
			}
		})
	}
	t.Run("F02 usual cost", func(t *testing.T) {
		for _, row := range hashesOf(t, exe, "usual", composed) {
			checkLogIn(t, h, row[0], composed, row[1])
		}
	})
	t.Run("F06 80 bytes", func(t *testing.T) {
		pw := strings.Repeat("z", 72)
		for _, row := range hashesOf(t, exe, "quick", pw+"12345678") {
			ok, err := password.Verify(pw+"12345678", row[1])
			if want := !strings.HasPrefix(row[0], "bcrypt"); ok != want || err != nil {
				t.Errorf("%s: got %v, %v, want %v", row[0], ok, err, want)
			}
			if ok, err := password.Verify(pw+"12345679", row[1]); ok || err != nil {
				t.Errorf("%s, other end: got %v, %v, want false", row[0], ok, err)
			}
		}
	})
}

func checkLogIn(t *testing.T, h *password.Hasher, name, pw, stored string) {
	t.Helper()
	ok, better, err := h.LogIn(t.Context(), pw, stored)
	if !ok || better == "" || err != nil {
		t.Errorf("%s: got %v, %q, %v, want true and a better hash", name, ok, better, err)
	}
	checkUpgraded(t, h, pw, better)
}
