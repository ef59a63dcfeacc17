package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/jotgate/jotgate"
)

// cache holds answers by whose they are, by path, and by the generation, a random word that every change replaces: what
// was read before a change is kept under a word that nobody asks for after it. A cache that is down is no reason to fail.
type cache struct{ store }

const generation = "posts:generation"

func (c cache) renew(ctx context.Context) error { return c.Set(ctx, generation, []byte(rand.Text())) }

// key is "" where nothing can be cached. It is asked for before the database, so that a change in between is noticed.
func (c cache) key(r *http.Request) string {
	now, err := c.Get(r.Context(), generation)
	if err == nil && now == nil {
		err = c.renew(r.Context())
	}
	if complain(err); err != nil || now == nil {
		return ""
	}
	id, _ := jotgate.From(r.Context())
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %s", now, id.Subject(), r.URL.Path)) // no route looks at more of a request
	return "posts:" + hex.EncodeToString(sum[:])
}

// reads answers from the cache where it can.
func (c cache) reads(h handler) handler {
	return func(r *http.Request) (any, error) {
		key := c.key(r)
		if key == "" {
			return h(r)
		}
		body, err := c.Get(r.Context(), key)
		if complain(err); body != nil {
			return json.RawMessage(body), nil
		}
		v, err := h(r)
		if body := jsonify(v); err == nil && len(body) <= 64<<10 {
			complain(c.Set(r.Context(), key, body))
		}
		return v, err
	}
}

// writes makes the cache forget, even when the client has hung up.
func (c cache) writes(h handler) handler {
	return func(r *http.Request) (any, error) {
		v, err := h(r)
		if err == nil {
			complain(c.renew(context.WithoutCancel(r.Context())))
		}
		return v, err
	}
}

func complain(err error) {
	if err != nil {
		slog.Warn("cache", "err", err)
	}
}
