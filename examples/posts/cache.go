package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"

	"github.com/jotgate/jotgate"
)

// cache holds answers by whose they are, by path, and by the generation, a random word that every change replaces: what was
// read before a change is kept under a word that nobody asks for after it. A cache that is down is no reason to fail.
type cache struct {
	get func(ctx context.Context, key string) ([]byte, error) // absent for what is not there
	set func(ctx context.Context, key string, value []byte) error
}

const (
	generation = "posts:generation"
	cacheLife  = time.Minute            // of a value, which may also be lost at any time
	patience   = 200 * time.Millisecond // with a server that does not answer
)

// openCache begins a generation: an earlier process may have had another database.
func openCache(ctx context.Context, url string) (*cache, error) {
	c := new(cache)
	scheme, addr, _ := strings.Cut(url, "://")
	switch scheme {
	case "memory":
		m := new(memory)
		c.get, c.set = m.get, m.set
	case "redis", "rediss":
		o, err := redis.ParseURL(url)
		if err != nil {
			return nil, errors.New("CACHE: want redis://user:password@host:port/number") // err may quote the password
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.MaxRetries, o.DialerRetries = patience, patience, patience, -1, 1
		client := redis.NewClient(o)
		c.get = func(ctx context.Context, key string) ([]byte, error) { return client.Get(ctx, key).Bytes() }
		c.set = func(ctx context.Context, key string, value []byte) error {
			return client.Set(ctx, key, value, cacheLife).Err()
		}
	case "memcached":
		client := memcache.New(addr)
		client.Timeout, client.MaxIdleConns = patience, 16
		c.get = func(_ context.Context, key string) ([]byte, error) {
			item, err := client.Get(key)
			if err != nil {
				return nil, err
			}
			return item.Value, nil
		}
		c.set = func(_ context.Context, key string, value []byte) error {
			return client.Set(&memcache.Item{Key: key, Value: value, Expiration: int32(cacheLife / time.Second)})
		}
	default:
		return nil, fmt.Errorf("CACHE: want memory, redis://… or memcached://…, got %q", scheme)
	}
	if err := c.set(ctx, generation, []byte(rand.Text())); err != nil {
		return nil, fmt.Errorf("CACHE: %w", err)
	}
	return c, nil
}

// absent tells what each of the three says of what is not there.
func absent(err error) bool {
	return errors.Is(err, redis.Nil) || errors.Is(err, memcache.ErrCacheMiss)
}

// key is asked for before the database, so that a change in between is noticed.
func (c *cache) key(r *http.Request) (string, error) {
	now, err := c.get(r.Context(), generation)
	if absent(err) {
		now = []byte(rand.Text())
		err = c.set(r.Context(), generation, now)
	}
	id, _ := jotgate.From(r.Context())
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %s", now, id.Subject(), r.URL.Path)) // no route looks at more of a request
	return "posts:" + hex.EncodeToString(sum[:]), err
}

// reads answers from the cache where it can.
func (c *cache) reads(h handler) handler {
	return func(r *http.Request) (any, error) {
		key, err := c.key(r)
		if complain(err) {
			return h(r)
		}
		if body, err := c.get(r.Context(), key); err == nil {
			return json.RawMessage(body), nil
		}
		v, err := h(r)
		if err == nil {
			complain(c.set(r.Context(), key, jsonify(v)))
		}
		return v, err
	}
}

// writes makes the cache forget, even when the client has hung up.
func (c *cache) writes(h handler) handler {
	return func(r *http.Request) (any, error) {
		v, err := h(r)
		if err == nil {
			complain(c.set(context.WithoutCancel(r.Context()), generation, []byte(rand.Text())))
		}
		return v, err
	}
}

func complain(err error) bool {
	if err != nil {
		slog.Warn("cache", "err", err)
	}
	return err != nil
}

// memory is for one process: where several serve, one does not learn what another changes.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	begun  time.Time
}

func (m *memory) get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value := m.values[key]; value != nil && time.Since(m.begun) < cacheLife {
		return value, nil
	}
	return nil, memcache.ErrCacheMiss
}

// set begins anew each minute, and when there is too much.
func (m *memory) set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.begun) >= cacheLife || len(m.values) >= 1000 {
		m.values, m.begun = map[string][]byte{}, time.Now()
	}
	m.values[key] = value
	return nil
}
