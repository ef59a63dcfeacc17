package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// ErrReused means that a refresh token was used again after its grace: it is in two hands. Its session has been ended.
// It wraps ErrRevoked.
var ErrReused = fmt.Errorf("refresh token reused: %w", ErrRevoked)

// Refresh answers a refresh token with a new access token. With a Denylist the refresh token is used up and a new one is
// answered, with the same session, whose end does not move; the package comment says what that protects against. Without
// one, the refresh token is answered as it came.
//
// The new tokens carry what Renew says, by default what the refresh token says; auth_time and fresh_until stay. Errors are
// those of [Issuer.Verify], [ErrReused], and what hooks return. Nothing is used up when Renew, the hooks or the keys fail.
func (i *Issuer) Refresh(ctx context.Context, raw string) (Pair, error) {
	t, err := i.read(ctx, raw, i.policy(Refresh))
	if err != nil {
		return Pair{}, err
	}
	if err := i.alive(ctx, sessionKey(t.Claims.SessionID)); err != nil {
		return Pair{}, err
	}
	d, err := i.successor(ctx, t)
	if err != nil {
		return Pair{}, fmt.Errorf("refreshing: %w", err)
	}
	if i.config.Denylist == nil {
		return d.again(raw, t)
	}
	p, err := d.pair(nextID(t.Claims.ID))
	if err != nil {
		return Pair{}, err
	}
	if err := i.use(ctx, t, d.end); err != nil {
		return Pair{}, err
	}
	return p, nil
}

// successor is the draft of the tokens that follow t.
func (i *Issuer) successor(ctx context.Context, t Token) (draft, error) {
	g, err := grantOf(t)
	if err != nil {
		return draft{}, err
	}
	if i.config.Renew != nil {
		if g, err = i.config.Renew(ctx, g); err != nil {
			return draft{}, fmt.Errorf("Config.Renew: %w", err)
		}
		g.SessionID, g.CSRF = t.Claims.SessionID, t.Claims.CSRF
	}
	d, err := i.draft(ctx, g, i.config.Renew == nil)
	if err != nil {
		return draft{}, err
	}
	e, err := t.extra()
	d.end = unix(e.SessionEnd)
	return d, err
}

// again answers without a Denylist.
func (d draft) again(raw string, t Token) (Pair, error) {
	if end := t.Claims.ExpiresAt; !end.IsZero() {
		d.end = end // nothing else would end the access tokens of a session whose refresh token has ended
	}
	access, end, err := d.access()
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: d.left(end),
		RefreshToken: raw, RefreshExpiresIn: d.left(t.Claims.ExpiresAt), SessionID: d.grant.SessionID,
		CSRF: d.grant.CSRF,
	}, nil
}

// nextID derives the successor's jti, so that all who refresh with one token in its grace get the same one, and the
// session never has two that are alive.
func nextID(id string) string {
	sum := sha256.Sum256([]byte("successor of " + id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// use makes of all callers with t one the first; the others pass in the grace, and end the session after it.
func (i *Issuer) use(ctx context.Context, t Token, end time.Time) error {
	list, key := i.config.Denylist, tokenKey(t.Claims.ID)
	used, err := list.Any(ctx, key)
	if err != nil {
		return err
	}
	if !used {
		if err := i.openGrace(ctx, t.Claims.ID); err != nil { // first: whoever sees the token used must see its grace
			return err
		}
		if first, err := list.Add(ctx, key, after(t.Claims.ExpiresAt)); err != nil || first {
			return err
		}
	}
	inGrace, err := list.Any(ctx, graceKey(t.Claims.ID))
	if err != nil {
		return err
	}
	movedOn, err := list.Any(ctx, tokenKey(nextID(t.Claims.ID)))
	if err != nil || inGrace && !movedOn {
		return err
	}
	if _, err := list.Add(ctx, sessionKey(t.Claims.SessionID), after(end)); err != nil {
		return err
	}
	return ErrReused
}

func (i *Issuer) openGrace(ctx context.Context, id string) error {
	if i.config.RefreshGrace < 0 {
		return nil
	}
	_, err := i.config.Denylist.Add(ctx, graceKey(id), i.config.Now().Add(i.config.RefreshGrace))
	return err
}

// after is when nobody accepts any more what expires at t; never if it does not expire.
func after(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(skew)
}
