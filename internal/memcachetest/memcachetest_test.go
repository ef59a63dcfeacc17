package memcachetest_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/internal/memcachetest"
)

func TestStart(t *testing.T) {
	t.Setenv("TEST_MEMCACHED_URL", "")
	var addr string
	t.Run("while the test runs", func(t *testing.T) {
		url := memcachetest.Start(t)
		var ok bool
		if addr, ok = strings.CutPrefix(url, "memcached://"); !ok {
			t.Fatalf("got %s, want memcached://host:port", url)
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "set a 0 0 1\r\nb\r\n"); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len("STORED\r\n"))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != "STORED\r\n" {
			t.Errorf("got %q, %v, want STORED", got, err)
		}
	})
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("after the test: got a connection, want an error")
	}
}
