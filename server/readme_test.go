package server_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// step is one command of the README with the answer that it prints there.
type step struct{ command, answer string }

// readmeSteps reads the console blocks.
func readmeSteps(t *testing.T) []step {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var steps []step
	inside := false
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.HasPrefix(line, "```console")
		case inside && strings.HasPrefix(line, "$ "):
			steps = append(steps, step{command: strings.TrimSpace(line[2:])})
		case inside:
			steps[len(steps)-1].answer += line
		}
	}
	return steps
}

// volatile is what differs from run to run: ids, times, tokens.
var volatile = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+Z|eyJ[^"]*|jgr_[^"]*|"request_id":"[A-Z0-9]+"`)

func settled(s string) string { return strings.TrimSpace(volatile.ReplaceAllString(s, "~")) }

// The README's commands, run as printed against the program started as printed, answer as printed.
func TestREADME(t *testing.T) {
	steps := readmeSteps(t)
	if len(steps) < 5 {
		t.Fatalf("README: got %d commands; want the five minutes", len(steps))
	}
	dir := t.TempDir()
	addr := startBinary(t, dir)
	const mark = "=-=-="
	var script strings.Builder
	for _, s := range steps {
		script.WriteString(strings.ReplaceAll(s.command, "127.0.0.1:8000", addr) + "\necho\necho " + mark + "\n")
	}
	bash := exec.Command("bash", "-c", script.String())
	bash.Dir = dir
	out, err := bash.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := strings.Split(string(out), mark)
	for i, s := range steps {
		got := settled(strings.ReplaceAll(answers[i], addr, "127.0.0.1:8000"))
		if want := settled(s.answer); got != want {
			t.Errorf("$ %s\ngot  %s\nwant %s", s.command, got, want)
		}
	}
}

// startBinary builds and starts the program on a free port and waits for its greeting.
func startBinary(t *testing.T, dir string) (addr string) {
	t.Helper()
	program := filepath.Join(dir, "jotgate")
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/jotgate").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	_ = l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, "serve", "--listen", addr)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the program ended before it greeted")
	}
	return addr
}
