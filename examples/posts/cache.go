package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"

	"github.com/jotgate/jotgate"
)

// cache holds answers by whose they are, by path, and by the generation, a random word that every change replaces: what was
// read before a change is kept under a word that nobody asks for after it. A cache that is down is no reason to fail.
type cache struct {
	get func(ctx context.Context, key string) ([]byte, error) // an error for what is not there
	set func(ctx context.Context, key string, value []byte) error

	unfit atomic.Int64 // until when, in Unix nanoseconds: it has not heard of a change
}

const (
	generation = "posts:generation"
	cacheLife  = time.Minute // of a value, which may also be lost at any time
	patience   = time.Second // with a server that does not answer
)

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
	if _, err := c.begin(ctx); err != nil { // an earlier process may have had another database
		return nil, fmt.Errorf("CACHE: %w", err)
	}
	return c, nil
}

func (c *cache) begin(ctx context.Context) (word []byte, err error) {
	word = []byte(rand.Text())
	if err = c.set(ctx, generation, word); err != nil {
		slog.Warn("cache", "err", err)
	}
	return word, err
}

// reads answers from the cache where it can. The generation is asked for before the database, so that a change in between
// is noticed.
func (c *cache) reads(h handler) handler {
	return func(r *http.Request) (any, error) {
		if time.Now().UnixNano() < c.unfit.Load() {
			return h(r)
		}
		word, err := c.get(r.Context(), generation)
		if err != nil {
			word, err = c.begin(r.Context())
		}
		if err != nil {
			return h(r)
		}
		id, _ := jotgate.From(r.Context())
		key := fmt.Sprintf("posts:%s:%s:%s", word, id.Subject(), r.URL.Path) // no route looks at more of a request
		if body, err := c.get(r.Context(), key); err == nil {
			return json.RawMessage(body), nil
		}
		v, err := h(r)
		if body := jsonify(v); err == nil && len(body) <= 64<<10 {
			_ = c.set(r.Context(), key, body) // what fails here, fails in begin too, which complains
		}
		return v, err
	}
}

// writes makes the cache forget, even when the client has hung up, and after an error: the change may have been made.
func (c *cache) writes(h handler) handler {
	return func(r *http.Request) (any, error) {
		v, err := h(r)
		if _, down := c.begin(context.WithoutCancel(r.Context())); down != nil {
			c.unfit.Store(time.Now().Add(2 * cacheLife).UnixNano()) // when the old generation is gone
		}
		return v, err
	}
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
