package transcript

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program is an example, built and started as its README says.
type Program struct {
	Env    []string // beside ADDR, the address to listen on
	Values map[string]string
}

// Run starts the program whose package is the current folder, and replays every transcript in its testdata, in the order of
// their names, as one session. Where SHOW is set it prints a line for each request.
func Run(t *testing.T, p Program) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.transcript")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcript in testdata: %v", err)
	}
	s := &Session{URL: Start(t, p.Env...), Values: map[string]string{}}
	for name, v := range p.Values {
		s.Values[name] = v
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list, err := Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if len(list) == 0 {
			t.Errorf("%s holds no request", f)
		}
		s.replay(t, f, list)
	}
}

func (s *Session) replay(t *testing.T, file string, list []Exchange) {
	t.Helper()
	bad := 0
	for _, e := range list {
		start, said := time.Now(), "ok"
		if err := s.Play(e); err != nil {
			bad++
			said = "NOT AS EXPECTED"
			t.Errorf("%s:%d: %s %s: %v", file, e.Line, e.Method, e.Path, err)
		}
		show("%s %-6s %-40s %d  %s (%v)\n", example(), e.Method, e.Path, e.Status, said, time.Since(start).Round(time.Millisecond))
	}
	show("%s %s: %d requests, %d not as expected\n", example(), filepath.Base(file), len(list), bad)
}

func example() string {
	dir, _ := os.Getwd() // only a name to print
	return fmt.Sprintf("%-10s", filepath.Base(dir))
}

func show(format string, args ...any) {
	if os.Getenv("SHOW") != "" {
		fmt.Printf(format, args...)
	}
}

// Start builds the package of the current folder, starts it, and returns its URL. The program is asked to end with the
// test, and must do so without an error.
func Start(t *testing.T, env ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "example")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	addr := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(append(os.Environ(), env...), "ADDR="+addr)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	said := new(buffer)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !cmd.ProcessState.Success() {
			t.Errorf("the program ended with %v, having said\n%s", err, said)
		}
	})
	await(t, addr, done, said)
	return "http://" + addr
}

// await returns when the program listens.
func await(t *testing.T, addr string, done chan error, said *buffer) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-done:
			done <- err
			t.Fatalf("the program ended before it listened: %v\n%s", err, said)
		default:
		}
	}
	t.Fatalf("the program does not listen on %s after a minute:\n%s", addr, said)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// buffer is what a program said, safe for concurrent use.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.TrimSpace(b.text.String())
}
