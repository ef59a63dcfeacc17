package jotgate

import (
	"context"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Identity is who a verified token says it is. It can be read and not changed, so handlers of several requests may
// share one. The zero Identity is nobody: it has no subject and may do nothing.
type Identity struct {
	v  *verified
	at *Location
}

type verified struct {
	claims jwt.Claims
	keyID  string
	traits Traits
}

// Traits are what a guard takes from a token's claims. Config.Read says how, for tokens that another library issued.
type Traits struct {
	Subject     string // whose token it is
	SessionID   string
	TokenID     string
	Roles       []string
	Permissions []string
	Kind        Kind // KindAccess or KindRefresh; KindAny for a kind that only rules of KindAny let pass
	// FreshUntil is how long the token counts as fresh; the zero time: it does not.
	FreshUntil time.Time
}

// traits reads the claims that RFC 9068 and this project name.
func (g *Guard) traits(h jwt.Header, c jwt.Claims) (Traits, error) {
	if g.config.Read != nil {
		return g.config.Read(h, c)
	}
	t := Traits{
		Subject: c.Subject, SessionID: c.SessionID, TokenID: c.ID, Roles: c.Roles, Permissions: c.Permissions,
		Kind: g.kind(h.Type),
	}
	if !c.AuthTime.IsZero() {
		t.FreshUntil = c.AuthTime.Add(FreshAge)
	}
	return t, nil
}

// IsZero tells whether this is nobody.
func (id Identity) IsZero() bool { return id.v == nil }

// Issuer returns the claim iss.
func (id Identity) Issuer() string { return id.get().Issuer }

// Subject returns the claim sub: the user's id, opaque and never reused. Authorize by it, not by a name.
func (id Identity) Subject() string { return id.traits().Subject }

// SessionID returns the claim sid: the log-in that this token came from.
func (id Identity) SessionID() string { return id.traits().SessionID }

// TokenID returns the claim jti.
func (id Identity) TokenID() string { return id.traits().TokenID }

// ClientID returns the claim client_id (RFC 9068 §2.2).
func (id Identity) ClientID() string { return id.get().ClientID }

// AuthTime returns the claim auth_time: when the user last proved who they are; zero when the token does not say.
func (id Identity) AuthTime() time.Time { return id.get().AuthTime }

// ExpiresAt returns the claim exp.
func (id Identity) ExpiresAt() time.Time { return id.get().ExpiresAt }

// Roles returns a copy of the claim roles.
func (id Identity) Roles() []string { return slices.Clone(id.traits().Roles) }

// Permissions returns a copy of the claim permissions.
func (id Identity) Permissions() []string { return slices.Clone(id.traits().Permissions) }

// Kind returns what the token is for: KindAccess or KindRefresh.
func (id Identity) Kind() Kind { return id.traits().Kind }

// Location names where the token stood, such as "header Authorization"; "" for one that was given to Check itself.
func (id Identity) Location() string {
	if id.at == nil {
		return ""
	}
	return id.at.String()
}

// HasRole tells whether the token carries this role.
func (id Identity) HasRole(role string) bool { return slices.Contains(id.traits().Roles, role) }

// Can tells whether the token's permissions allow this one. See [Permits].
func (id Identity) Can(permission string) bool { return Permits(id.traits().Permissions, permission) }

// Decode reads all claims of the token into v as encoding/json does: for claims of your own.
func (id Identity) Decode(v any) error { return id.get().Decode(v) }

var nobody verified

func (id Identity) get() *jwt.Claims { return &id.all().claims }
func (id Identity) traits() *Traits  { return &id.all().traits }

func (id Identity) all() *verified {
	if id.v == nil {
		return &nobody
	}
	return id.v
}

type identityKey struct{}

// From returns the identity that a guard put into the context, and false where there is none: on a route without a
// guard, or an anonymous request under Optional.
func From(ctx context.Context) (Identity, bool) {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id, !id.IsZero()
}

// With returns a context that carries id: for adapters to other frameworks.
func With(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}
