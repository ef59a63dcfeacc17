package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/examples/internal/readme"
	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/internal/redistest"
)

// The tutorial's own key, and what it prints.
func TestTranscript(t *testing.T) {
	transcript.Run(t, transcript.Program{Env: []string{"AUTHJWT_SECRET_KEY=secret", "INSECURE_SAMPLE_KEY=1", "DENYLIST="}})
}

func TestREADME(t *testing.T) {
	readme.Run(t, "http://127.0.0.1:8000", "AUTHJWT_SECRET_KEY="+secret, "DENYLIST="+redistest.Start(t).URL())
}

// The program does not start with settings that cannot be meant, says which, and repeats no secret.
func TestSettings(t *testing.T) {
	program := filepath.Join(t.TempDir(), "warehouse.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, c := range map[string]struct{ key, denylist, want, never string }{
		"no secret":        {"", "", "AUTHJWT_SECRET_KEY: ", "?"},
		"the tutorial's":   {"secret", "", "AUTHJWT_SECRET_KEY: ", "\"secret\""},
		"a short one":      {"k7Jx-2mQw9Zr4Tn8", "", "AUTHJWT_SECRET_KEY: ", "k7Jx"},
		"no such denylist": {secret, "postgres://x:hidden@y", "DENYLIST: ", "hidden"},
		"no Redis's URL":   {secret, "redis://x:hidden@y:z", "DENYLIST: ", "hidden"},
		"no Redis":         {secret, "redis://x:hidden@127.0.0.1:1", "DENYLIST: asking Redis", "hidden"},
		"no folder":        {secret, "file:" + filepath.Join(t.TempDir(), "none", "list"), "DENYLIST: ", "?"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program)
			cmd.Dir = t.TempDir() // where there is no .env
			cmd.Env = append(cmd.Environ(), "AUTHJWT_SECRET_KEY="+c.key, "DENYLIST="+c.denylist, "INSECURE_SAMPLE_KEY=", "ADDR=127.0.0.1:0")
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), c.never) {
				t.Errorf("got %v and %q, want an error with %q and without %q", err, out, c.want, c.never)
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
