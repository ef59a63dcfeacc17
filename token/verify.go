package token

import (
	"context"
	"fmt"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// FreshAge is how long a log-in is fresh that does not say. It is jotgate.FreshAge, of which this package knows nothing,
// as it works without a guard; a test holds the two together.
const FreshAge = 5 * time.Minute

// ErrRevoked means that the token, or its session, is in the Denylist.
var ErrRevoked = jwt.ErrRevoked

// Token is a verified token.
type Token struct {
	Kind   Kind
	Claims jwt.Claims
}

// Fresh tells whether the user proved who they are recently: until fresh_until, or at most [FreshAge] ago.
func (t Token) Fresh(now time.Time) bool {
	if t.Claims.Has(claimFreshUntil) {
		e, err := t.extra()
		return err == nil && now.Before(unix(e.FreshUntil))
	}
	age := now.Sub(t.Claims.AuthTime)
	return !t.Claims.AuthTime.IsZero() && age <= FreshAge && age >= -skew // a log-in to come would be fresh for too long
}

func (t Token) extra() (e extra, err error) {
	return e, t.Claims.Decode(&e)
}

// Verify returns the token if it is of this kind, ours, in time, for one of our audiences and not revoked. Otherwise the
// error wraps one of those of package jwt, or [ErrRevoked]; an error that wraps none of these is a failure of keys or
// Denylist, and not the token's fault. jotgate.Guard.Answer tells the two apart. On routes, use a guard.
func (i *Issuer) Verify(ctx context.Context, kind Kind, raw string) (Token, error) {
	t, err := i.read(ctx, raw, i.policy(kind))
	if err != nil {
		return Token{}, err
	}
	if err := i.alive(ctx, idsOf(t.Claims.ID, t.Claims.SessionID)...); err != nil {
		return Token{}, err
	}
	return t, nil
}

// policy is what tokens of a kind must hold.
func (i *Issuer) policy(kind Kind) jwt.Policy {
	p := jwt.Policy{
		Now: i.config.Now(), Leeway: max(i.config.Leeway, 0), Issuers: []string{i.config.Issuer}, Audiences: i.config.Audience,
		Types: []string{string(kind)}, Require: append([]string{"sub", "jti", "iat"}, i.config.Require...),
		InsecureOptionalExpiry: i.config.InsecureForever,
	}
	if kind == Refresh {
		p.Audiences = []string{i.config.Issuer}
		p.Require = append(p.Require, "sid")
	}
	return p
}

// read verifies all but the Denylist.
func (i *Issuer) read(ctx context.Context, raw string, p jwt.Policy) (Token, error) {
	u, err := jwt.Parse(raw)
	if err != nil {
		return Token{}, err
	}
	h := u.Header()
	k, err := i.keys.Key(ctx, i.config.Issuer, h.KeyID, h.Algorithm)
	if err != nil {
		return Token{}, fmt.Errorf("finding the key: %w", err)
	}
	v, err := u.Verify(k)
	if err != nil {
		return Token{}, err
	}
	c, err := v.Claims()
	if err != nil {
		return Token{}, err
	}
	if err := p.Check(h, c); err != nil {
		return Token{}, err
	}
	return Token{Kind(h.Type), c}, nil
}

// alive tells that none of these ids is in the Denylist.
func (i *Issuer) alive(ctx context.Context, ids ...string) error {
	if i.config.Denylist == nil {
		return nil
	}
	dead, err := i.config.Denylist.Any(ctx, ids...)
	if err != nil {
		return fmt.Errorf("asking the denylist: %w", err)
	}
	if dead {
		return ErrRevoked
	}
	return nil
}
