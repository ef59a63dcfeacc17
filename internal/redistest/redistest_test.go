package redistest_test

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"testing"

	"github.com/jotgate/jotgate/internal/redistest"
)

// ask returns the first line that the server answers.
func ask(t *testing.T, s *redistest.Server, command string) (string, error) {
	t.Helper()
	u, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

func TestStopAndStart(t *testing.T) {
	s := redistest.StartPrivate(t)
	if got, err := ask(t, s, "SET a b"); got != "+OK\r\n" {
		t.Fatalf("SET: got %q, %v, want OK", got, err)
	}
	s.Stop(t)
	if got, err := ask(t, s, "PING"); err == nil {
		t.Errorf("stopped: got %q, want an error", got)
	}
	s.Start(t)
	if got, err := ask(t, s, "EXISTS a"); got != ":0\r\n" {
		t.Errorf("started again: got %q, %v, want an empty server on the same address", got, err)
	}
}
