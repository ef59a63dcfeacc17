// Package memcachetest gives a test a Memcached of its own on a free port, or the server that TEST_MEMCACHED_URL names.
package memcachetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Start returns the address, as memcached://host:port, of a server that ends with the test. When TEST_MEMCACHED_URL is set
// that server is used as it is, with whatever others have put there. Where there is neither, the test is skipped.
func Start(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("TEST_MEMCACHED_URL"); url != "" {
		return url
	}
	if _, err := exec.LookPath("memcached"); err != nil {
		t.Skip("skipped: install memcached or set TEST_MEMCACHED_URL")
	}
	addr := freeAddress(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	said := new(bytes.Buffer)
	cmd := exec.Command("memcached", "-l", host, "-p", port, "-U", "0", "-m", "16", "-u", "nobody") // -u counts for root only
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
	})
	await(t, addr, done, said)
	return "memcached://" + addr
}

func await(t testing.TB, addr string, done chan error, said *bytes.Buffer) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ask(addr) != nil; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-done:
			done <- err
			t.Fatalf("memcached: %v\n%s", err, said)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("memcached on %s: %v after a minute", addr, ask(addr))
		}
	}
}

func ask(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "version\r\n"); err != nil {
		return err
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "VERSION ") {
		return fmt.Errorf("version: got %q, %v", line, err)
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
