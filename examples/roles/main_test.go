package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/examples/internal/readme"
	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// sampleKey is the one that the tutorial prints.
const sampleKey = "yXzB0lEGphwTYfKenExHmNqMmpFJJRjI"

func TestTranscript(t *testing.T) {
	transcript.Run(t, transcript.Program{
		Env: []string{"SECRET_KEY=" + sampleKey, "INSECURE_SAMPLE_KEY=1"},
		Values: map[string]string{
			"expired":  issue(t, time.Now().Add(-2*time.Hour), map[string]any{"email": "admin@admin.com"}),
			"roleless": issue(t, time.Now(), map[string]any{"email": "admin@admin.com"}),
		},
	})
}

func TestREADME(t *testing.T) {
	readme.Run(t, "http://127.0.0.1:5000", "SECRET_KEY=f3n-7Jx2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls")
}

func issue(t *testing.T, at time.Time, user any) string {
	t.Helper()
	i, err := pyjwtguard.NewIssuer(pyjwtguard.Settings{SecretKey: sampleKey, InsecureWeakKey: true, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	token, err := i.Issue(user, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Without a secret, or with the one that everybody knows, the program does not start.
func TestSecret(t *testing.T) {
	program := filepath.Join(t.TempDir(), "roles.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, key := range map[string]string{"none": "", "published": sampleKey, "short": "k7Jx-2mQw9Zr4Tn8"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program)
			cmd.Dir = t.TempDir() // where there is no .env
			cmd.Env = append(cmd.Environ(), "SECRET_KEY="+key, "ADDR=127.0.0.1:0", "INSECURE_SAMPLE_KEY=")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "SECRET_KEY: ") {
				t.Errorf("got %v and %q, want an error about SECRET_KEY", err, out)
			}
			if key != "" && strings.Contains(string(out), key) {
				t.Errorf("the secret is in %q", out)
			}
		})
	}
	t.Run("a .env that is none", func(t *testing.T) {
		cmd := exec.Command(program)
		cmd.Dir = t.TempDir()
		if err := os.WriteFile(filepath.Join(cmd.Dir, ".env"), []byte("the-key=hidden\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), ".env: ") || strings.Contains(string(out), "hidden") {
			t.Errorf("got %v and %q, want an error about .env that does not quote it", err, out)
		}
	})
}
