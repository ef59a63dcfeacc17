package jotfiber_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotfiber"
	"github.com/jotgate/jotgate/jotgatetest"
	"github.com/jotgate/jotgate/jwt"
)

func TestAdapter(t *testing.T) {
	for name, config := range map[string]fiber.Config{
		"as it comes":       {},
		"streamed bodies":   {StreamRequestBody: true},
		"names as received": {DisableHeaderNormalizing: true},
	} {
		t.Run(name, func(t *testing.T) {
			jotgatetest.Adapter(t, func(tb testing.TB, r jotgatetest.Route) string { return serve(tb, config, r) })
		})
	}
}

func serve(tb testing.TB, config fiber.Config, r jotgatetest.Route) string {
	app := fiber.New(config)
	path := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
	app.Add(jotgatetest.Methods(), path, jotfiber.Need(r.Guard, r.Rule), func(c fiber.Ctx) error {
		id, _ := jotfiber.From(c)
		return c.SendString(r.Handle(c.Context(), id, c.Body()))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	tb.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections() // the server waits for them
		if err := app.Shutdown(); err != nil {
			tb.Error(err)
		}
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// A request in the body of one that is refused is no request: neither where the rest is read nor where it is too long.
func TestRefusedStreamSmugglesNothing(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	url := serve(t, fiber.Config{StreamRequestBody: true}, jotgatetest.Route{Guard: issuer.Guard(), Path: "/"})
	for _, size := range []int{64 << 10, 1 << 20} {
		inner := strings.Repeat("\r\n", 400) + "GET / HTTP/1.1\r\nHost: x\r\n\r\n" // cut among the empty lines, a request follows
		body := strings.Repeat(inner, size/len(inner))
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body) // may be cut off
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}()
		all, _ := io.ReadAll(conn) // ends in a reset where the server cut it off
		if got := strings.Count(string(all), "HTTP/1.1 "); got > 2 {
			t.Errorf("a body of %d bytes: want two answers at most, got %d", size, got)
		}
		_ = conn.Close()
	}
}

// Where Fiber leaves the names of headers alone, they are found in whatever case they came: what a browser says of the
// origin of a WebSocket must not be missed because a proxy wrote it small.
func TestNamesInAnyCase(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	url := serve(t, fiber.Config{DisableHeaderNormalizing: true}, jotgatetest.Route{
		Guard: issuer.Guard(), Rule: jotgate.Rule{Locations: []jotgate.Location{jotgate.Cookies{}.Location()}}, Path: "/",
		Handle: func(context.Context, jotgate.Identity, []byte) string { return "" },
	})
	for origin, want := range map[string]int{url: http.StatusOK, "https://evil.example": http.StatusForbidden} {
		r, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"cookie": {"__Host-access=" + issuer.Token(jotgatetest.Valid)}, "upgrade": {"websocket"}, "origin": {origin},
		}
		if status, body := do(t, r); status != want {
			t.Errorf("origin %s: want %d, got %d %s", origin, want, status, body)
		}
	}
}

func do(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }() // it is read to its end
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, string(b)
}

// A chunked stream has no length: no token is looked for in it, and the handler reads all of it.
func TestStreamOfUnknownLength(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{Subject: "ann"})
	config := issuer.Config()
	config.Locations = []jotgate.Location{{Header: "Authorization"}, {Body: "access_token"}}
	guard, err := jotgate.New(config)
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, fiber.Config{StreamRequestBody: true}, jotgatetest.Route{
		Guard: guard, Path: "/", Handle: func(_ context.Context, _ jotgate.Identity, body []byte) string { return string(body) },
	})
	r, err := http.NewRequest(http.MethodPost, url, struct{ io.Reader }{strings.NewReader(`{"n":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+issuer.Token(jotgatetest.Valid))
	if status, body := do(t, r); status != http.StatusOK || body != `{"n":1}` {
		t.Errorf(`want 200 {"n":1}, got %d %q`, status, body)
	}
}

func Example() {
	key, err := jwt.NewKey(jwt.HS256, "", []byte("k7Jx-2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls0P")) // yours comes from the environment
	if err != nil {
		panic(err)
	}
	keys, err := jwt.NewKeySet(key)
	if err != nil {
		panic(err)
	}
	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys})
	if err != nil {
		panic(err)
	}

	app := fiber.New()
	app.Get("/orders", jotfiber.Require(guard, "orders:read"), func(c fiber.Ctx) error {
		id, _ := jotfiber.From(c)
		return c.SendString("orders of " + id.Subject())
	})

	w, err := app.Test(httptest.NewRequest(http.MethodGet, "/orders", nil))
	if err != nil {
		panic(err)
	}
	body, _ := io.ReadAll(w.Body) // of a recorder, which never fails
	fmt.Print(w.StatusCode, " ", string(body))
	// Output: 401 {"title":"Unauthorized","status":401,"code":"token_missing","detail":"This route needs an access token: send Authorization: Bearer TOKEN."}
}
