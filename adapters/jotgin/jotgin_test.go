package jotgin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotgin"
	"github.com/jotgate/jotgate/jotgatetest"
	"github.com/jotgate/jotgate/jwt"
)

func TestAdapter(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	jotgatetest.Adapter(t, func(tb testing.TB, r jotgatetest.Route) string {
		router := gin.New()
		path := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
		router.Match(jotgatetest.Methods(), path, jotgin.Need(r.Guard, r.Rule), func(c *gin.Context) {
			body, err := c.GetRawData()
			if err != nil {
				tb.Error(err)
			}
			id, _ := jotgin.From(c)
			c.String(http.StatusOK, "%s", r.Handle(c.Request.Context(), id, body))
		})
		server := httptest.NewServer(router)
		tb.Cleanup(server.Close)
		return server.URL
	})
}

func TestUsers(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	iss := jotgatetest.New(t, jotgatetest.Options{})
	users := jotgate.Users[string]{Guard: iss.Guard(), Load: func(_ context.Context, id jotgate.Identity) (string, error) {
		if id.Subject() != "ann" {
			return "", jotgate.ErrNoUser
		}
		return "Ann", nil
	}}
	router := gin.New()
	router.GET("/", jotgin.Require(users), func(c *gin.Context) {
		user, _ := users.From(c.Request.Context())
		c.String(http.StatusOK, "%s", user)
	})
	for subject, want := range map[string]string{"ann": "200 Ann", "bob": "401"} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+iss.Token(jotgatetest.Valid, func(c *jwt.Claims) { c.Subject = subject }))
		router.ServeHTTP(w, r)
		if got := fmt.Sprint(w.Code, " ", w.Body); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", subject, got, want)
		}
	}
}

func Example() {
	gin.SetMode(gin.ReleaseMode)
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

	router := gin.New()
	router.GET("/orders", jotgin.Require(guard, "orders:read"), func(c *gin.Context) {
		id, _ := jotgin.From(c)
		c.String(http.StatusOK, "orders of %s", id.Subject())
	})

	w := httptest.NewRecorder()
	router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 401 {"title":"Unauthorized","status":401,"code":"token_missing","detail":"This route needs an access token: send Authorization: Bearer TOKEN."}
}
