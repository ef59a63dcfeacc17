package jotecho_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotecho"
	"github.com/jotgate/jotgate/jotgatetest"
	"github.com/jotgate/jotgate/jwt"
)

func TestAdapter(t *testing.T) {
	jotgatetest.Adapter(t, func(tb testing.TB, r jotgatetest.Route) string {
		e := echo.New()
		path := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
		e.Match(jotgatetest.Methods(), path, func(c *echo.Context) error {
			body, err := io.ReadAll(c.Request().Body)
			if err != nil {
				return err
			}
			id, _ := jotecho.From(c)
			return c.String(http.StatusOK, r.Handle(c.Request().Context(), id, body))
		}, jotecho.Need(r.Guard, r.Rule))
		server := httptest.NewServer(e)
		tb.Cleanup(server.Close)
		return server.URL
	})
}

// What the handler returns goes on to Echo, which makes an answer of it.
func TestErrorsGoOn(t *testing.T) {
	guard := jotgatetest.New(t, jotgatetest.Options{}).Guard()
	want := errors.New("out of stock")
	h := jotecho.Need(guard, jotgate.Rule{Optional: jotgate.OptionalStrict})(func(*echo.Context) error { return want })
	c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
	if got := h(c); got != want {
		t.Errorf("error of the handler: want %v, got %v", want, got)
	}
}

func TestUsers(t *testing.T) {
	iss := jotgatetest.New(t, jotgatetest.Options{})
	users := jotgate.Users[string]{Guard: iss.Guard(), Load: func(_ context.Context, id jotgate.Identity) (string, error) {
		if id.Subject() != "ann" {
			return "", jotgate.ErrNoUser
		}
		return "Ann", nil
	}}
	e := echo.New()
	e.GET("/", func(c *echo.Context) error {
		user, _ := users.From(c.Request().Context())
		return c.String(http.StatusOK, user)
	}, jotecho.Require(users))
	for subject, want := range map[string]string{"ann": "200 Ann", "bob": "401"} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+iss.Token(jotgatetest.Valid, func(c *jwt.Claims) { c.Subject = subject }))
		e.ServeHTTP(w, r)
		if got := fmt.Sprint(w.Code, " ", w.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", subject, got, want)
		}
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

	e := echo.New()
	e.GET("/orders", func(c *echo.Context) error {
		id, _ := jotecho.From(c)
		return c.String(http.StatusOK, "orders of "+id.Subject())
	}, jotecho.Require(guard, "orders:read"))

	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"title":"Unauthorized","status":401,"code":"token_missing","detail":"This route needs an access token: send Authorization: Bearer TOKEN."}
}
