// Package redistest gives a test a Redis of its own, on a free port and without files, or the server that TEST_REDIS_URL
// names.
package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Server is a running Redis.
type Server struct {
	url, addr string
	cmd       *exec.Cmd // nil while stopped, and when the server is not ours
	done      chan error
}

// Start returns a server that ends with the test. When TEST_REDIS_URL is set that server is used as it is, with whatever
// others have put there. Where there is neither, the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	if url := os.Getenv("TEST_REDIS_URL"); url != "" {
		return &Server{url: url}
	}
	return StartPrivate(t)
}

// StartPrivate is Start for tests that stop the server: TEST_REDIS_URL does not count.
func StartPrivate(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("skipped: install redis-server or set TEST_REDIS_URL")
	}
	s := &Server{addr: freeAddress(t)}
	s.url = "redis://" + s.addr + "/0"
	s.Start(t)
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// URL returns the address as redis://host:port/database.
func (s *Server) URL() string { return s.url }

// Start starts a private server that was stopped, empty, on the same address, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		t.Fatal(err)
	}
	said := new(bytes.Buffer)
	s.cmd = exec.Command("redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", os.TempDir())
	s.cmd.Stdout, s.cmd.Stderr = said, said
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(s.cmd, s.done)
	for deadline := time.Now().Add(time.Minute); ping(s.addr) != nil; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-s.done:
			s.cmd = nil
			t.Fatalf("redis-server: %v\n%s", err, said)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("redis-server on %s: %v after a minute", s.addr, ping(s.addr))
		}
	}
}

// Stop stops a private server at once, as a crash would; a stopped one stays stopped.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	<-s.done
	s.cmd = nil
}

func ping(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "+PONG\r\n" {
		return fmt.Errorf("PING: got %q, %v", line, err)
	}
	return nil
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
