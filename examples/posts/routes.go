package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-chi/httprate"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/password"
)

// app is what the handlers share.
type app struct {
	db       *database
	cache    *cache
	hasher   *password.Hasher
	sessions *sessions
	guard    *jotgate.Guard
	current  jotgate.Users[account] // current_identity
}

func newApp(ctx context.Context, c config) (a *app, err error) {
	a = &app{hasher: password.NewHasher(password.Params{}, 0, 0)}
	if a.cache, err = openCache(ctx, c.Cache); err != nil {
		return nil, err
	}
	if a.db, err = openDatabase(ctx, c.Database); err != nil {
		return nil, err
	}
	if a.sessions, err = newSessions(c.Tokens, a.db); err != nil {
		return nil, err
	}
	a.guard, err = newGuard(c.Tokens, a.sessions)
	a.current = jotgate.Users[account]{Guard: a.guard, Load: a.db.identity}
	return a, err
}

func (a *app) routes(c config) http.Handler {
	read := func(h handler) http.HandlerFunc { return a.answer(a.cache.reads(h)) }
	write := func(h handler) http.HandlerFunc { return a.answer(a.cache.writes(h)) }
	r := chi.NewRouter()
	r.Use(a.limit(c.PerMinute, c.BehindProxy), middleware.SetHeader("Cache-Control", "no-store"))
	r.NotFound(a.answer(func(*http.Request) (any, error) { return nil, errNotFound }))

	r.Get("/users", read(a.resource("users")))
	r.Post("/refresh", a.answer(a.refresh))
	r.With(a.guard.Require()).Post("/logout", a.answer(a.logout))
	r.Group(func(r chi.Router) { // where passwords can be guessed
		r.Use(a.limit(c.LoginsPerMinute, c.BehindProxy))
		r.Post("/users", write(a.resource("create_user", "username", "password")))
		r.Post("/signup", write(a.signUp))
		r.Post("/auth", a.answer(a.auth))
		r.Post("/login", a.answer(a.login))
	})

	const (
		user  = "/users/{user_id:[0-9]{1,9}}"
		posts = user + "/posts"
		post  = posts + "/{post_id:[0-9]{1,9}}"
	)
	r.Group(func(r chi.Router) { // for the user whose path it is, and nobody else
		r.Use(a.current.Need(jotgate.Rule{Owner: "user_id"}))
		r.Get(user, read(a.resource("user")))
		r.Patch(user, write(a.resource("change_user", "username", "password")))
		r.Put(user, write(a.resource("change_user", "username", "password")))
		r.Delete(user, write(a.resource("delete_user")))
		r.Get(posts, read(a.resource("posts")))
		r.Post(posts, write(a.resource("create_post", "title", "body")))
		r.Get(post, read(a.resource("post")))
		r.Put(post, write(a.resource("change_post", "title", "body")))
		r.Delete(post, write(a.resource("delete_post")))
	})
	return r
}

// limit lets each client send so many requests a minute, counted in this process. Anyone can write X-Real-IP, so only a
// proxy that overwrites it is believed.
func (a *app) limit(n int, behindProxy bool) func(http.Handler) http.Handler {
	client := func(r *http.Request) (string, error) {
		ip := r.Header.Get("X-Real-IP")
		if !behindProxy || ip == "" {
			ip, _, _ = net.SplitHostPort(r.RemoteAddr) // which net/http has made
		}
		return httprate.CanonicalizeIP(ip), nil
	}
	tooMany := func(w http.ResponseWriter, _ *http.Request) { // httprate has set Retry-After
		a.guard.Answer(&jotgate.Refusal{Status: http.StatusTooManyRequests, Detail: "Try again later."}).Write(w)
	}
	return httprate.LimitBy(n, time.Minute, client, httprate.WithLimitHandler(tooMany))
}
