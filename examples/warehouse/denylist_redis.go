package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jotgate/jotgate/jwt"
)

// redisList is shared by all programs that ask the same Redis. While that cannot be asked, the guard answers 503.
type redisList struct{ client *redis.Client }

func openRedis(ctx context.Context, url string) (denylist, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("not the URL of a Redis") // err may hold its password
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.DialerRetries, o.MaxRetries = time.Second, time.Second, time.Second, 1, 1 // a request waits
	list := redisList{redis.NewClient(o)}
	if err := list.client.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("asking Redis: %w", err), list.Close())
	}
	return list, nil
}

// Add lets Redis forget the token when it has expired.
func (l redisList) Add(ctx context.Context, id string, until time.Time) error {
	return l.client.SetArgs(ctx, key(id), "", redis.SetArgs{ExpireAt: until}).Err()
}

func (l redisList) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	n, err := l.client.Exists(ctx, key(t.TokenID)).Result()
	return jwt.Verdict{Dead: n > 0}, err
}

func (l redisList) Close() error { return l.client.Close() }

func key(id string) string { return "warehouse:revoked:" + id }
