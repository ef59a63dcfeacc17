package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/memcachetest"
	"github.com/jotgate/jotgate/internal/redistest"
)

func testCache(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"memory":    func(testing.TB) string { return "memory" },
		"Redis":     func(t testing.TB) string { return redistest.Start(t).URL() },
		"Memcached": memcachetest.Start,
	} {
		t.Run(name, func(t *testing.T) {
			c := settings(t)
			c.Cache = url(t)
			caches(t, start(t, c))
		})
	}
}

// caches changes the database behind the service's back, to tell an answer of the cache from one of the database.
func caches(t *testing.T, s *service) {
	annID, ann := s.join(t, "ann", "foo")
	bobID, bob := s.join(t, "bob", "foo")
	see := func(id int, token, want string) {
		t.Helper()
		s.want(t, 200, want, "GET", path(id, ""), token, "")
	}
	see(annID, ann.Access, "ann")
	s.exec(t, `UPDATE users SET username = upper(username)`)
	see(annID, ann.Access, "ann") // from the cache
	see(bobID, bob.Access, "BOB")
	s.want(t, 403, "Forbidden", "GET", path(annID, ""), bob.Access, "")
	s.want(t, 401, "Authorization Required", "GET", path(annID, ""), "", "")

	s.want(t, 200, "[]", "GET", path(bobID, "/posts"), bob.Access, "")
	s.want(t, 200, "two", "POST", path(bobID, "/posts"), bob.Access, `{"title": "one", "body": "two"}`)
	s.want(t, 200, "two", "GET", path(bobID, "/posts"), bob.Access, "")
	see(annID, ann.Access, "ANN") // after a change of anybody's

	one := s.want(t, 200, "ANN", "GET", "/users", "", "")
	s.exec(t, `UPDATE users SET username = lower(username)`)
	if two := s.want(t, 200, "ANN", "GET", "/users", "", ""); two != one {
		t.Errorf("the answer of the cache is %s, want the very bytes of the first one, %s", two, one)
	}
	s.want(t, 404, "Not Found", "GET", path(annID, "/posts/7"), ann.Access, "")
	s.exec(t, `INSERT INTO posts (id, title, body, user_id) VALUES (7, 'late', 'post', $1)`, annID)
	s.want(t, 200, "late", "GET", path(annID, "/posts/7"), ann.Access, "") // what fails is not kept
	s.want(t, 204, "", "POST", "/logout", ann.Access, "")
	s.want(t, 401, "revoked", "GET", path(annID, "/posts/7"), ann.Access, "") // the guard stands before the cache

	again := start(t, s.config)
	again.want(t, 200, "ann", "GET", "/users", "", "") // a new process begins anew
}

func testCacheThatIsDown(t *testing.T) {
	c, redis := settings(t), redistest.StartPrivate(t)
	c.Cache = redis.URL()
	s := start(t, c)
	id, in := s.join(t, "ann", "foo")
	redis.Stop(t)
	s.want(t, 200, "anne", "PATCH", path(id, ""), in.Access, `{"username": "anne"}`)
	s.want(t, 200, "anne", "GET", path(id, ""), in.Access, "")
	redis.Start(t)
	s.want(t, 200, "anne", "GET", path(id, ""), in.Access, "")
}

// A cache that did not hear of a change and is up again must not answer what was before it.
func testCacheThatMissedAChange(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "ann", "foo")
	s.want(t, 200, "ann", "GET", path(id, ""), in.Access, "")
	set := s.cache.set
	s.cache.set = func(context.Context, string, []byte) error { return errors.New("down") }
	s.want(t, 200, "eve", "PATCH", path(id, ""), in.Access, `{"username": "eve"}`)
	s.cache.set = set
	s.want(t, 200, "eve", "GET", path(id, ""), in.Access, "")
}

func TestCacheSetting(t *testing.T) {
	down := redistest.StartPrivate(t)
	down.Stop(t)
	for _, url := range []string{"", "disk", "redis", "redis://user:pass word@127.0.0.1", down.URL(), "memcached://" + strings.TrimPrefix(strings.TrimSuffix(down.URL(), "/0"), "redis://")} {
		c, err := openCache(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), "CACHE") || strings.Contains(err.Error(), "pass word") {
			t.Errorf("CACHE=%s: got %v, %v, want an error about CACHE without the password", url, c, err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := new(memory)
	for i := range 5000 {
		if err := m.set(t.Context(), strings.Repeat("x", i), []byte("value")); err != nil || len(m.values) > 1000 {
			t.Fatalf("got %d values, %v, want at most 1000", len(m.values), err)
		}
	}
	m.begun = time.Now().Add(-cacheLife - time.Second)
	if err := m.set(t.Context(), "new", []byte("value")); err != nil || len(m.values) != 1 {
		t.Errorf("after cacheLife: got %d values, %v, want the new one alone", len(m.values), err)
	}
}
