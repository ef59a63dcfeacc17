package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// ourJWT is package jwt alone. The kind of a token is its header's typ, which the policy checks; the claim type stays
// where it is.
func ourJWT() library {
	return library{"ours, jwt", ownVerifier, ownSigner}
}

func ownVerifier(k key) (func(token) (string, error), error) {
	own, err := jwt.NewKey(k.alg, "", k.public)
	if err != nil {
		return nil, err
	}
	policy := jwt.Policy{Issuers: []string{issuer}, Audiences: []string{audience}, Types: []string{"JWT"}}
	return func(t token) (string, error) {
		v, err := jwt.Verify(t.text, own)
		if err != nil {
			return "", err
		}
		c, err := v.Claims()
		if err != nil {
			return "", err
		}
		now := policy
		now.Now = time.Now()
		if err := now.Check(v.Header(), c); err != nil {
			return "", err
		}
		if !slices.Contains(c.Permissions, needed) {
			return "", fmt.Errorf("permissions: want %s", needed)
		}
		return c.Subject, nil
	}, nil
}

func ownSigner(k key) (func() (string, error), error) {
	own, err := jwt.NewKey(k.alg, "", k.private)
	if err != nil {
		return nil, err
	}
	h, c := jwt.Header{Type: "JWT"}, usualClaims()
	return func() (string, error) { return jwt.SignClaims(own, h, c) }, nil
}

// ourGuard is all that a guard does about a token which it does not remember, revocations included.
func ourGuard() library {
	return library{"ours, guard", guardVerifier, ownSigner}
}

func guardVerifier(k key) (func(token) (string, error), error) {
	g, err := newGuard(k, func(c *jotgate.Config) { c.CacheBytes = -1 })
	if err != nil {
		return nil, err
	}
	ctx, rule := context.Background(), jotgate.Rule{Permissions: []string{needed}}
	return func(t token) (string, error) {
		id, err := g.Check(ctx, t.text, rule)
		if err != nil {
			return "", err
		}
		return id.Subject(), nil
	}, nil
}

// deadID is the jti of a token that is dead to every guard.
const deadID = "dead"

// newGuard returns a guard that knows a thousand dead tokens, sessions and users.
func newGuard(k key, change ...func(*jotgate.Config)) (*jotgate.Guard, error) {
	own, err := jwt.NewKey(k.alg, "", k.public)
	if err != nil {
		return nil, err
	}
	keys, err := jwt.NewKeySet(own)
	if err != nil {
		return nil, err
	}
	c := jotgate.Config{
		Issuer: issuer, Audience: audience, Keys: keys, Types: []string{"JWT"}, Revocations: someDead(),
		Logger: slog.New(slog.DiscardHandler), Leeway: -1, // as for the others
	}
	for _, f := range change {
		f(&c)
	}
	return jotgate.New(c)
}

func someDead() *revocation.Set {
	dead := revocation.NewSet()
	dead.Add(revoked(revocation.Token, deadID))
	for range 1000 {
		for _, k := range []revocation.Kind{revocation.Token, revocation.Session, revocation.User} {
			dead.Add(revoked(k, newID()))
		}
	}
	return dead
}

func revoked(k revocation.Kind, name string) revocation.Record {
	return revocation.Record{
		Kind: k, Key: revocation.KeyOf(k, issuer, name), Version: 1, ExpiresAt: time.Now().Add(time.Hour), Reason: revocation.ReasonLogout,
	}
}
