package jotgate_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// The four lines, and a client that comes without a token, with one that may not read orders, and with one that may.
func ExampleGuard_Require() {
	mux, secret := http.NewServeMux(), make([]byte, 32)
	_, _ = rand.Read(secret)
	listOrders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `["one pizza"]`)
	})

	key, err := jwt.NewKey(jwt.HS256, "", secret)
	check(err)
	keys, err := jwt.NewKeySet(key)
	check(err)
	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys, Logger: discard})
	check(err)
	mux.Handle("GET /orders", guard.Require("orders:read")(listOrders))

	api := httptest.NewServer(mux)
	defer api.Close()
	for _, token := range []string{"", tokenFor(key), tokenFor(key, "orders:read")} {
		r, err := http.NewRequest(http.MethodGet, api.URL+"/orders", nil)
		check(err)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := http.DefaultClient.Do(r)
		check(err)
		text, err := io.ReadAll(answer.Body)
		check(err)
		check(answer.Body.Close())
		fmt.Printf("%d %s\n", answer.StatusCode, text)
	}
	// Output:
	// 401 {"title":"Unauthorized","status":401,"code":"token_missing","detail":"This route needs an access token: send Authorization: Bearer TOKEN."}
	//
	// 403 {"title":"Forbidden","status":403,"code":"forbidden","detail":"The access token does not allow this."}
	//
	// 200 ["one pizza"]
}

func tokenFor(key jwt.Key, permissions ...string) string {
	raw, err := jwt.SignClaims(key, jwt.Header{Type: "at+jwt"}, jwt.Claims{
		Issuer: "https://auth.example.com", Subject: "u1", Audience: []string{"orders"},
		ExpiresAt: time.Now().Add(15 * time.Minute), Permissions: permissions,
	})
	check(err)
	return raw
}

// A handler asks who sent the request.
func ExampleFrom() {
	key, err := jwt.GenerateKey(jwt.ES256, "2026-01")
	check(err)
	keys, err := jwt.NewKeySet(key.Public())
	check(err)
	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys})
	check(err)
	hello := guard.Optional()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := jotgate.From(r.Context())
		if !ok {
			_, _ = io.WriteString(w, "Hello, stranger.")
			return
		}
		_, _ = fmt.Fprintf(w, "Hello, %s. You may order: %v.", id.Subject(), id.Can("orders:write"))
	}))

	for _, header := range []string{"", "Bearer " + tokenFor(key, "orders:*")} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Header.Set("Authorization", header)
		hello.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}
	// Output:
	// Hello, stranger.
	// Hello, u1. You may order: true.
}

// An adapter to another framework hands the raw token to Check and answers with the refusal.
func ExampleGuard_Check() {
	key, err := jwt.GenerateKey(jwt.ES256, "2026-01")
	check(err)
	keys, err := jwt.NewKeySet(key.Public())
	check(err)
	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys, Logger: discard})
	check(err)

	_, err = guard.Check(context.Background(), tokenFor(key), jotgate.Rule{Permissions: []string{"orders:read"}})
	refusal := err.(*jotgate.Refusal)
	fmt.Println(refusal.Status, refusal.Code, refusal.Challenge)
	fmt.Println(refusal)
	// Output:
	// 403 forbidden Bearer error="insufficient_scope", error_description="The access token does not allow this."
	// forbidden: lacks permission orders:read
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
