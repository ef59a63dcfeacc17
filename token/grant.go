package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Grant says for whom tokens are and what they allow. Empty fields are absent claims.
type Grant struct {
	// Subject is sub: the user's id, never reused. If empty it is made of User.
	Subject string
	// User is handed to the hooks, and written nowhere.
	User any

	SessionID     string   // sid; empty: a pair gets a new one
	ClientID      string   // client_id (RFC 9068 §2.2)
	Audience      []string // aud of access tokens; empty: Config.Audience
	Roles         []string // roles
	Permissions   []string // permissions
	UserVersion   int64    // ver
	PolicyVersion int64    // pol
	// CSRF is csrf, for tokens in cookies: a random text, such as rand.Text(), which the page must repeat. A refresh keeps it.
	CSRF string

	// AuthTime is when the user last proved who they are (auth_time). A refresh does not renew it.
	AuthTime time.Time
	// Fresh says that this was just now: AuthTime is the present.
	Fresh bool
	// FreshFor is Fresh, and how long it holds, written as fresh_until; see [Token.Fresh]. The rule of a guard has its own
	// measure (MaxAge). 0: as long as [FreshAge].
	FreshFor time.Duration

	// Lifetime and RefreshLifetime are for this grant's tokens. 0: those of the Config. A refresh keeps RefreshLifetime.
	Lifetime, RefreshLifetime time.Duration
	// Claims are further claims. They may name none that the package writes, whatever the case of the letters.
	Claims map[string]any
	// Header holds further header parameters; alg, typ, kid and those that change a token's meaning cannot be set.
	Header map[string]any

	freshUntil time.Time
}

// Claims of our own, beside those that jwt.Claims has fields for.
const (
	claimFreshUntil = "fresh_until" // Unix seconds
	claimSessionEnd = "session_exp" // in refresh tokens: Unix seconds
	claimAudience   = "access_aud"  // in refresh tokens: aud of the access tokens, where it is not the usual one
)

// reserved are the names that further claims may not take.
var reserved = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "auth_time", "roles",
	"permissions", "ver", "pol", "csrf", claimFreshUntil, claimSessionEnd, claimAudience}

// isReserved ignores case: decoders like encoding/json take "Sub" for sub.
func isReserved(name string) bool {
	return slices.ContainsFunc(reserved, func(r string) bool { return strings.EqualFold(r, name) })
}

// subject finds sub, and refuses what would be a different text at each verifier.
func (c Config) subject(g Grant) (string, error) {
	if g.Subject != "" {
		return g.Subject, nil
	}
	if c.Subject != nil && g.User != nil {
		s, err := c.Subject(g.User)
		if err == nil && s == "" {
			err = errors.New("Config.Subject: an empty text")
		}
		return s, err
	}
	switch u := g.User.(type) {
	case nil:
		return "", errors.New("want Grant.Subject or Grant.User, got neither")
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(u), nil
	case string:
		if u != "" {
			return u, nil
		}
	}
	return "", fmt.Errorf("want Grant.Subject, or a text or whole number as Grant.User, got %T", g.User)
}

// complete checks a grant and fills in what does not depend on the kind of token.
func (c Config) complete(g Grant, now time.Time) (Grant, error) {
	if slices.Contains(g.Audience, "") {
		return g, errors.New("audience: an empty name")
	}
	if g.FreshFor < 0 {
		return g, fmt.Errorf("FreshFor: want 0 or more, got %v", g.FreshFor)
	}
	for name := range g.Claims {
		if isReserved(name) {
			return g, fmt.Errorf("claim %q: is written by the package alone", name)
		}
	}
	if g.Fresh || g.FreshFor > 0 {
		g.AuthTime = now
	}
	if g.FreshFor > 0 {
		g.freshUntil = now.Add(g.FreshFor)
	}
	return g, c.spans(&g)
}

// spans fills in and judges the lifetimes.
func (c Config) spans(g *Grant) error {
	if g.Lifetime == 0 {
		g.Lifetime = c.AccessLifetime
	}
	if g.RefreshLifetime == 0 {
		g.RefreshLifetime = c.RefreshLifetime
	}
	if err := c.allows(g.Lifetime); err != nil {
		return fmt.Errorf("Lifetime: %w", err)
	}
	if err := c.allows(g.RefreshLifetime); err != nil {
		return fmt.Errorf("RefreshLifetime: %w", err)
	}
	return nil
}

// own merges the grant's claims with those of the hook.
func (c Config) own(ctx context.Context, g Grant, hookWins bool) (map[string]any, error) {
	if c.Claims == nil {
		return g.Claims, nil
	}
	hook, err := c.Claims(ctx, g)
	if err != nil {
		return nil, fmt.Errorf("Config.Claims: %w", err)
	}
	low, high := hook, g.Claims
	if hookWins {
		low, high = high, low
	}
	merged := make(map[string]any, len(low)+len(high))
	maps.Copy(merged, low)
	maps.Copy(merged, high)
	return merged, nil
}

// grantOf is what a refresh token passes on.
func grantOf(t Token) (Grant, error) {
	var custom map[string]any
	if err := decode(t.Claims, &custom); err != nil {
		return Grant{}, err
	}
	maps.DeleteFunc(custom, func(name string, _ any) bool { return isReserved(name) })
	extra, err := t.extra()
	if err != nil {
		return Grant{}, err
	}
	c := t.Claims
	g := Grant{
		Subject: c.Subject, SessionID: c.SessionID, ClientID: c.ClientID, Audience: extra.Audience,
		Roles: c.Roles, Permissions: c.Permissions, UserVersion: c.UserVersion, PolicyVersion: c.PolicyVersion,
		CSRF: c.CSRF, AuthTime: c.AuthTime, RefreshLifetime: c.ExpiresAt.Sub(c.IssuedAt), Claims: custom, freshUntil: unix(extra.FreshUntil),
	}
	if c.ExpiresAt.IsZero() {
		g.RefreshLifetime = Forever
	}
	return g, nil
}

// decode reads each claim as json.RawMessage, so that writing it again changes nothing, not even a large number.
func decode(c jwt.Claims, into *map[string]any) error {
	var raw map[string]json.RawMessage
	if err := c.Decode(&raw); err != nil {
		return err
	}
	*into = make(map[string]any, len(raw))
	for name, value := range raw {
		(*into)[name] = value
	}
	return nil
}

// extra are the claims of our own.
type extra struct {
	FreshUntil int64    `json:"fresh_until"`
	SessionEnd int64    `json:"session_exp"`
	Audience   []string `json:"access_aud"`
}

func unix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
