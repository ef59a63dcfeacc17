package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/internal/pgtest"
)

// FuzzRoutes sends anything to every route, as nobody and as a user: never a 5xx, never a panic, and JSON or nothing.
func FuzzRoutes(f *testing.F) {
	cluster = pgtest.Start(f)
	s := start(f, settings(f))
	_, in := s.join(f, "ann", "foo")
	const content = `{"title": "one", "body": "two"}`
	s.want(f, 200, "one", "POST", "/users/1/posts", in.Access, content)
	paths := []string{
		"/users", "/signup", "/auth", "/login", "/refresh", "/logout",
		"/users/1", "/users/1/posts", "/users/1/posts/1", "/users/1/posts/2147483648", "/users/01", "/users/-1", "/users/%00", "/",
	}
	bodies := []string{
		"", "null", "{}", "[]", `""`, "{", content, pair("ann", "foo"), pair("bob", "\x00"), renewal(in.Access), renewal("x.y.z"),
		`{"username": "\ud800", "password": "\uffff"}`, "\xff\xfe", strings.Repeat("[", 20_000), strings.Repeat("x", 70_000),
	}
	tokens := []string{"", "JWT", "JWT x", "JWT " + in.Access, "jwt " + in.Access[1:], "Bearer " + in.Access, "JWT a b", "JWT .. ", "\x00"}
	for _, p := range paths {
		for i, b := range bodies {
			f.Add("POST", p, tokens[i%len(tokens)], b)
		}
		for i, t := range tokens {
			f.Add([]string{"GET", "PUT", "PATCH", "HEAD", "OPTIONS", "GE T"}[i%6], p, t, bodies[i])
		}
	}
	f.Fuzz(func(t *testing.T, method, path, authorization, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return // net/http answers these
		}
		if method == http.MethodDelete || strings.HasPrefix(u.Path, "/logout") && strings.Contains(authorization, in.Access) {
			return // ann and her token are needed
		}
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, path
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%q %q %q %q: got %d %s, want less than 500", method, path, authorization, body, w.Code, w.Body)
		}
	})
}
