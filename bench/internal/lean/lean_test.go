package lean_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/bench/internal/lean"
)

// The lean client hears what net/http says.
func TestClient(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body) // what came through is compared below
		switch r.URL.Path {
		case "/echo":
			_, _ = w.Write([]byte(r.Header.Get("Authorization") + " " + string(sent)))
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/chunked":
			w.(http.Flusher).Flush()
		}
	}))
	defer s.Close()
	c, err := lean.Dial(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, sent := range []string{`{"a":1}`, strings.Repeat("long ", 200), ""} {
		got, err := c.Want(200, lean.Request("POST", "/echo", "token", sent))
		if want := "Bearer token " + sent; err != nil || string(got) != want {
			t.Errorf("echo: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := c.Want(204, lean.Request("GET", "/nothing", "", "")); err != nil || len(got) > 0 {
		t.Errorf("nothing: got %q, %v, want no body", got, err)
	}
	if _, err := c.Want(201, lean.Request("GET", "/echo", "", "")); err == nil {
		t.Error("another status: got no error")
	}
	if _, err := c.Want(200, lean.Request("GET", "/chunked", "", "")); err == nil {
		t.Error("an answer of unstated length: got no error")
	}
}
