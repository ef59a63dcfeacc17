package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// denylist knows which tokens are dead before they expire. Guards ask it about each, by Check.
type denylist interface {
	jotgate.Revocations
	// Add puts a token in, by its jti. When it has returned, every later Check knows. Until then the token would live.
	Add(ctx context.Context, id string, until time.Time) error
	Close() error
}

// openDenylist opens what the setting names: "" is memory, file:PATH a file, redis://HOST:6379/0 a Redis.
func openDenylist(ctx context.Context, setting string) (denylist, error) {
	kind, path, _ := strings.Cut(setting, ":")
	switch {
	case setting == "":
		return memory{revocation.NewSet()}, nil
	case kind == "file" && path != "":
		return openFile(path)
	case kind == "redis" || kind == "rediss":
		return openRedis(ctx, setting)
	}
	return nil, errors.New(`want nothing, file:PATH, or redis://HOST:6379/0`) // it may hold a password, so it is not repeated
}

// memory forgets when the program ends.
type memory struct{ set *revocation.Set }

// Add also drops what has expired, so the set stays as small as the tokens are short-lived.
func (m memory) Add(_ context.Context, id string, until time.Time) error {
	m.set.Sweep(time.Now())
	m.set.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, "", id), ExpiresAt: until})
	return nil
}

// Check looks past the issuer that a token may name, as Add does.
func (m memory) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	t.Issuer = ""
	return m.set.Check(ctx, t)
}

func (m memory) Close() error { return nil }
