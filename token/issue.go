package token

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Kind is the header typ by which a token says what it is for.
type Kind string

// The kinds of tokens.
const (
	Access  Kind = "at+jwt" // RFC 9068 §2.1
	Refresh Kind = "rt+jwt"
)

// Pair is an access token and the refresh token that renews it, as a log-in answers them (RFC 6749 §5.1). Printing and
// logging it shows no token; encoding it as JSON does.
type Pair struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`           // Bearer
	ExpiresIn        int64  `json:"expires_in,omitempty"` // seconds; 0: never
	RefreshToken     string `json:"refresh_token"`
	RefreshExpiresIn int64  `json:"refresh_expires_in,omitempty"` // seconds; 0: never
	SessionID        string `json:"session_id"`
	CSRF             string `json:"csrf_token,omitempty"` // Grant.CSRF
}

// String names the session.
func (p Pair) String() string { return fmt.Sprintf("token pair of session %q", p.SessionID) }

// GoString is String, so that %#v shows no more.
func (p Pair) GoString() string { return p.String() }

// LogValue is String.
func (p Pair) LogValue() slog.Value { return slog.StringValue(p.String()) }

// AccessToken returns an access token that no refresh token renews.
func (i *Issuer) AccessToken(ctx context.Context, g Grant) (string, error) {
	d, err := i.draft(ctx, g, false)
	if err != nil {
		return "", fmt.Errorf("issuing an access token: %w", err)
	}
	raw, _, err := d.access()
	return raw, err
}

// RefreshToken returns a refresh token alone. It begins a session unless Grant.SessionID names one.
func (i *Issuer) RefreshToken(ctx context.Context, g Grant) (string, error) {
	d, err := i.session(ctx, g)
	if err != nil {
		return "", fmt.Errorf("issuing a refresh token: %w", err)
	}
	raw, _, err := d.refresh("")
	return raw, err
}

// Pair returns an access token and a refresh token of one session, which it begins unless Grant.SessionID names one.
func (i *Issuer) Pair(ctx context.Context, g Grant) (Pair, error) {
	d, err := i.session(ctx, g)
	if err == nil {
		err = outlives(d.grant.RefreshLifetime, d.grant.Lifetime)
	}
	if err != nil {
		return Pair{}, fmt.Errorf("issuing a pair: %w", err)
	}
	return d.pair("")
}

// draft is what is settled before the first token of a grant is written.
type draft struct {
	issuer *Issuer
	grant  Grant
	key    jwt.Key
	now    time.Time // whole seconds
	end    time.Time // of the session; zero: none
}

func (i *Issuer) draft(ctx context.Context, g Grant, hookWins bool) (draft, error) {
	d := draft{issuer: i, key: i.config.Key, now: i.config.Now().Truncate(time.Second)}
	var err error
	if g.Subject, err = i.config.subject(g); err != nil {
		return draft{}, fmt.Errorf("subject: %w", err)
	}
	if g.Claims, err = i.config.own(ctx, g, hookWins); err != nil {
		return draft{}, err
	}
	if d.grant, err = i.config.complete(g, d.now); err != nil {
		return draft{}, err
	}
	if i.config.KeyFor != nil {
		d.key, err = i.keyFor(ctx, d.grant)
	}
	return d, err
}

func (i *Issuer) keyFor(ctx context.Context, g Grant) (jwt.Key, error) {
	k, err := i.config.KeyFor(ctx, g)
	if err != nil {
		return jwt.Key{}, fmt.Errorf("Config.KeyFor: %w", err)
	}
	if err := weakness(k); err != nil && !i.config.InsecureKeys {
		return jwt.Key{}, fmt.Errorf("Config.KeyFor: %w", err)
	}
	return k, nil
}

// session is the draft of a session's first tokens.
func (i *Issuer) session(ctx context.Context, g Grant) (draft, error) {
	d, err := i.draft(ctx, g, false)
	if err != nil {
		return draft{}, err
	}
	if d.grant.RefreshLifetime != Forever {
		d.end = d.now.Add(i.config.SessionLifetime)
	}
	if d.grant.SessionID == "" {
		d.grant.SessionID, err = i.newID()
	}
	return d, err
}

// newID returns 128 random bits (RFC 7519 §4.1.7 wants no collision).
func (i *Issuer) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(i.config.Rand, b[:]); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// pair writes both tokens. The refresh token gets refreshID, or a random one if that is empty.
func (d draft) pair(refreshID string) (Pair, error) {
	access, accessEnd, err := d.access()
	if err != nil {
		return Pair{}, err
	}
	refresh, refreshEnd, err := d.refresh(refreshID)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: d.left(accessEnd),
		RefreshToken: refresh, RefreshExpiresIn: d.left(refreshEnd), SessionID: d.grant.SessionID,
		CSRF: d.grant.CSRF,
	}, nil
}

func (d draft) left(end time.Time) int64 {
	if end.IsZero() {
		return 0
	}
	return int64(end.Sub(d.now) / time.Second)
}

func (d draft) access() (string, time.Time, error) {
	c := d.claims(d.grant.Lifetime)
	c.Audience = d.grant.Audience
	if len(c.Audience) == 0 {
		c.Audience = d.issuer.config.Audience
	}
	raw, err := d.sign(Access, c, "")
	return raw, c.ExpiresAt, err
}

func (d draft) refresh(id string) (string, time.Time, error) {
	c := d.claims(d.grant.RefreshLifetime)
	c.Audience = []string{d.issuer.config.Issuer}
	if !d.end.IsZero() {
		c.Extra[claimSessionEnd] = d.end.Unix()
	}
	if len(d.grant.Audience) > 0 {
		c.Extra[claimAudience] = d.grant.Audience
	}
	raw, err := d.sign(Refresh, c, id)
	return raw, c.ExpiresAt, err
}

// claims are those that both kinds have.
func (d draft) claims(life time.Duration) jwt.Claims {
	g := d.grant
	c := jwt.Claims{
		Issuer: d.issuer.config.Issuer, Subject: g.Subject, ClientID: g.ClientID, SessionID: g.SessionID,
		ExpiresAt: d.expiry(life), NotBefore: d.now, IssuedAt: d.now, AuthTime: g.AuthTime,
		Roles: g.Roles, Permissions: g.Permissions, UserVersion: g.UserVersion, PolicyVersion: g.PolicyVersion,
		CSRF: g.CSRF, Extra: make(map[string]any, len(g.Claims)+3),
	}
	maps.Copy(c.Extra, g.Claims)
	if !g.freshUntil.IsZero() {
		c.Extra[claimFreshUntil] = g.freshUntil.Unix()
	}
	return c
}

// expiry never goes beyond the session, so that its end is the end of all its tokens.
func (d draft) expiry(life time.Duration) time.Time {
	if life == Forever {
		return d.end
	}
	end := d.now.Add(life)
	if !d.end.IsZero() && d.end.Before(end) {
		return d.end
	}
	return end
}

// sign is the one place that gives a token its text: the names, the order and the header of its claims.
func (d draft) sign(kind Kind, c jwt.Claims, id string) (raw string, err error) {
	if c.ID = id; id == "" {
		if c.ID, err = d.issuer.newID(); err != nil {
			return "", err
		}
	}
	if missing := absent(c, d.issuer.config.Require); missing != nil {
		return "", fmt.Errorf("issuing a token: %w: %s", jwt.ErrMissing, strings.Join(missing, ", "))
	}
	raw, err = jwt.SignClaims(d.key, jwt.Header{Type: string(kind), Extra: d.grant.Header}, c)
	if err != nil {
		return "", fmt.Errorf("issuing a token: %w", err)
	}
	return raw, nil
}

func absent(c jwt.Claims, required []string) (missing []string) {
	for _, name := range required {
		if !c.Has(name) {
			missing = append(missing, name)
		}
	}
	return missing
}
