package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"
)

// store keeps values for at most cacheLife, and may lose any of them at any time. Get returns nil for what is not there.
type store interface {
	Get(ctx context.Context, key string) ([]byte, error)
	Set(ctx context.Context, key string, value []byte) error
}

const (
	cacheLife = time.Minute
	patience  = 200 * time.Millisecond // with a server that does not answer
)

// openCache begins a new generation: an earlier process may have had another database.
func openCache(ctx context.Context, url string) (c cache, err error) {
	scheme, addr, _ := strings.Cut(url, "://")
	switch scheme {
	case "memory":
		c.store = &memory{}
	case "memcached":
		client := memcache.New(addr)
		client.Timeout, client.MaxIdleConns = patience, 16
		c.store = memcached{client}
	case "redis", "rediss":
		o, err := redis.ParseURL(url)
		if err != nil {
			return cache{}, errors.New("CACHE: want redis://user:password@host:port/number") // err may quote the password
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.MaxRetries, o.DialerRetries = patience, patience, patience, -1, 1
		c.store = redisStore{redis.NewClient(o)}
	default:
		return cache{}, fmt.Errorf("CACHE: want memory, redis://… or memcached://…, got %q", scheme)
	}
	if err := c.renew(ctx); err != nil {
		return cache{}, fmt.Errorf("CACHE: %w", err)
	}
	return c, nil
}

// memory is for one process: where several serve, one does not learn what another changes.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	begun  time.Time
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	return m.values[key], nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire()
	m.values[key] = value
	return nil
}

// expire begins anew each minute, and when there is too much.
func (m *memory) expire() {
	if time.Since(m.begun) > cacheLife || len(m.values) >= 1000 {
		m.values, m.begun = map[string][]byte{}, time.Now()
	}
}

type redisStore struct{ client *redis.Client }

func (s redisStore) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, err
}

func (s redisStore) Set(ctx context.Context, key string, value []byte) error {
	return s.client.Set(ctx, key, value, cacheLife).Err()
}

type memcached struct{ client *memcache.Client }

func (s memcached) Get(_ context.Context, key string) ([]byte, error) {
	item, err := s.client.Get(key)
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return item.Value, nil
}

func (s memcached) Set(_ context.Context, key string, value []byte) error {
	return s.client.Set(&memcache.Item{Key: key, Value: value, Expiration: int32(cacheLife / time.Second)})
}
