package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Denylist remembers what is dead before its expiry, and which refresh tokens were used. Ids are texts of printable ASCII,
// to be stored and compared as they are. An error means that nothing is known, and is never taken for "not there".
type Denylist interface {
	// Add puts id in until that time, the zero time meaning for ever, and tells whether it was not there. An id that is
	// there stays as it is. Of concurrent calls with one id exactly one is told true, in whatever process they run
	// (SQL: INSERT … ON CONFLICT DO NOTHING; Redis: SET … NX EXAT …). After that time id is not there; the store may
	// drop it at any later time.
	Add(ctx context.Context, id string, until time.Time) (added bool, err error)
	// Any tells whether at least one of these ids is there. It sees every Add that has returned.
	Any(ctx context.Context, ids ...string) (bool, error)
}

func tokenKey(id string) string   { return "t:" + id }
func sessionKey(id string) string { return "s:" + id }
func graceKey(id string) string   { return "g:" + id }

// idsOf are the entries that kill a token.
func idsOf(id, session string) (ids []string) {
	if id != "" {
		ids = append(ids, tokenKey(id))
	}
	if session != "" {
		ids = append(ids, sessionKey(session))
	}
	return ids
}

var errNoDenylist = errors.New("revoking needs Config.Denylist, which is not set")

// Revoke makes a token of ours dead: an access token alone, a refresh token with its session and all tokens of that. One
// that has expired, or is dead already, is no error.
func (i *Issuer) Revoke(ctx context.Context, raw string) error {
	if i.config.Denylist == nil {
		return errNoDenylist
	}
	p := i.policy(Access)
	p.Types = []string{string(Access), string(Refresh)}
	p.Require = nil
	p.InsecureSkipAudience, p.InsecureSkipExpiry = true, true // issued for another API of ours, or too late, is ours all the same
	t, err := i.read(ctx, raw, p)
	if err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	if t.Kind != Refresh {
		return i.kill(ctx, tokenKey(t.Claims.ID), after(t.Claims.ExpiresAt))
	}
	e, err := t.extra()
	if err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	return i.kill(ctx, sessionKey(t.Claims.SessionID), after(unix(e.SessionEnd)))
}

// RevokeID makes the token with this jti dead, for as long as any token of ours can live.
func (i *Issuer) RevokeID(ctx context.Context, jti string) error {
	return i.kill(ctx, tokenKey(jti), i.longest())
}

// RevokeSession makes all tokens with this sid dead, those still to come among them.
func (i *Issuer) RevokeSession(ctx context.Context, sid string) error {
	return i.kill(ctx, sessionKey(sid), i.longest())
}

func (i *Issuer) kill(ctx context.Context, key string, until time.Time) error {
	if i.config.Denylist == nil {
		return errNoDenylist
	}
	if len(key) == len(tokenKey("")) {
		return errors.New("revoking: an empty id")
	}
	if !until.IsZero() && !i.config.Now().Before(until) {
		return nil
	}
	if _, err := i.config.Denylist.Add(ctx, key, until); err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	return nil
}

func (i *Issuer) longest() time.Time {
	if i.config.InsecureForever {
		return time.Time{}
	}
	return after(i.config.Now().Add(i.config.SessionLifetime))
}

// Revocations is a jotgate.Revocations: what a guard asks about each token. See [Issuer.Revocations].
type Revocations struct {
	issuer string
	list   Denylist
}

// Revocations returns what a guard needs to refuse the tokens that are revoked here. Without a Denylist there is an error,
// so that a program which counts on revocation does not start without.
func (i *Issuer) Revocations() (*Revocations, error) {
	if i.config.Denylist == nil {
		return nil, errNoDenylist
	}
	return &Revocations{i.config.Issuer, i.config.Denylist}, nil
}

// Check tells whether the token, or its session, is in the Denylist. Of tokens of other issuers nothing is known.
func (r *Revocations) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	if t.Issuer != r.issuer {
		return jwt.Verdict{}, nil
	}
	dead, err := r.list.Any(ctx, idsOf(t.TokenID, t.SessionID)...)
	if err != nil {
		return jwt.Verdict{}, fmt.Errorf("asking the denylist: %w", err)
	}
	if dead {
		return jwt.Verdict{Dead: true, Reason: "revoked"}, nil
	}
	return jwt.Verdict{}, nil
}
