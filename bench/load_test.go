package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
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
	c, err := dial(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, sent := range []string{`{"a":1}`, strings.Repeat("long ", 200), ""} {
		got, err := c.want(200, request("POST", "/echo", "token", sent))
		if want := "Bearer token " + sent; err != nil || string(got) != want {
			t.Errorf("echo: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := c.want(204, request("GET", "/nothing", "", "")); err != nil || len(got) > 0 {
		t.Errorf("nothing: got %q, %v, want no body", got, err)
	}
	if _, err := c.want(201, request("GET", "/echo", "", "")); err == nil {
		t.Error("another status: got no error")
	}
	if _, err := c.want(200, request("GET", "/chunked", "", "")); err == nil {
		t.Error("an answer of unstated length: got no error")
	}
}

func TestMember(t *testing.T) {
	if got, err := member([]byte(`{"a":"x","refresh_token":"jgr_1","b":2}`), "refresh_token"); err != nil || got != "jgr_1" {
		t.Errorf("got %q, %v, want jgr_1", got, err)
	}
	if _, err := member([]byte(`{"title":"Bad Request"}`), "refresh_token"); err == nil {
		t.Error("no such member: got no error")
	}
}

func TestQuantile(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 3, 0.99: 5, 1: 5} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v: got %d, want %d", q, got, want)
		}
	}
	if got := quantile([]time.Duration{}, 0.5); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}

func TestRatioIsOfRounds(t *testing.T) {
	measured, limit := turn{rates: []float64{90, 45, 80}}, turn{rates: []float64{100, 50, 100}} // the second round was disturbed
	if got := measured.ratioTo(&limit); got != 0.9 {
		t.Errorf("got %v, want 0.9", got)
	}
}
