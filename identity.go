package jotgate

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Identity is who a verified token says it is. It can be read and not changed, so handlers of several requests may
// share one. The zero Identity is nobody: it has no subject and may do nothing.
type Identity struct {
	v  *verified
	at *Location
}

// verified is a token that was verified. Only alive and ask change.
type verified struct {
	raw   string // in the cache
	until int64  // exp with leeway, in Unix milliseconds: at most a millisecond early
	alive atomic.Uint64
	ask   atomic.Pointer[look]
	kind  Kind
	read  *Traits // by Config.Read; nil: the claims tell them

	claims jwt.Claims
	keyID  string
	key    jwt.Key
}

// look asks the revocations about one token. See prepared.
type look = func(context.Context) (jwt.Verdict, error)

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

// readTraits notes what Config.Read takes from the claims; without it, their names are those of RFC 9068.
func (g *Guard) readTraits(v *verified, h jwt.Header) error {
	if g.config.Read == nil {
		v.kind = g.kind(h.Type)
		return nil
	}
	t, err := g.config.Read(h, v.claims)
	v.read, v.kind = &t, t.Kind
	return err
}

func (v *verified) traits() Traits {
	if v.read != nil {
		return *v.read
	}
	c := &v.claims
	t := Traits{
		Subject: c.Subject, SessionID: c.SessionID, TokenID: c.ID, Roles: c.Roles, Permissions: c.Permissions, Kind: v.kind,
	}
	if !c.AuthTime.IsZero() {
		t.FreshUntil = c.AuthTime.Add(FreshAge)
	}
	return t
}

func (v *verified) fresh(now time.Time) bool {
	until := v.traits().FreshUntil
	return !until.IsZero() && now.Before(until)
}

func (v *verified) roles() []string {
	if v.read != nil {
		return v.read.Roles
	}
	return v.claims.Roles
}

func (v *verified) permissions() []string {
	if v.read != nil {
		return v.read.Permissions
	}
	return v.claims.Permissions
}

// IsZero tells whether this is nobody.
func (id Identity) IsZero() bool { return id.v == nil }

// Issuer returns the claim iss. Records of what is revoked go by this name too; where it is one of Config.PreviousIssuers,
// by Config.Issuer.
func (id Identity) Issuer() string { return id.all().claims.Issuer }

// Subject returns the claim sub: the user's id, opaque and never reused. Authorize by it, not by a name.
func (id Identity) Subject() string { return id.all().traits().Subject }

// SessionID returns the claim sid: the log-in that this token came from.
func (id Identity) SessionID() string { return id.all().traits().SessionID }

// TokenID returns the claim jti.
func (id Identity) TokenID() string { return id.all().traits().TokenID }

// ClientID returns the claim client_id (RFC 9068 §2.2).
func (id Identity) ClientID() string { return id.all().claims.ClientID }

// AuthTime returns the claim auth_time: when the user last proved who they are; zero when the token does not say.
func (id Identity) AuthTime() time.Time { return id.all().claims.AuthTime }

// ExpiresAt returns the claim exp.
func (id Identity) ExpiresAt() time.Time { return id.all().claims.ExpiresAt }

// Roles returns a copy of the claim roles.
func (id Identity) Roles() []string { return slices.Clone(id.all().roles()) }

// Permissions returns a copy of the claim permissions.
func (id Identity) Permissions() []string { return slices.Clone(id.all().permissions()) }

// Kind returns what the token is for: KindAccess or KindRefresh.
func (id Identity) Kind() Kind { return id.all().kind }

// Location names where the token stood, such as "header Authorization"; "" for one that was given to Check itself.
func (id Identity) Location() string {
	if id.at == nil {
		return ""
	}
	return id.at.String()
}

// HasRole tells whether the token carries this role.
func (id Identity) HasRole(role string) bool { return slices.Contains(id.all().roles(), role) }

// Can tells whether the token's permissions allow this one. See [Permits].
func (id Identity) Can(permission string) bool { return Permits(id.all().permissions(), permission) }

// Decode reads all claims of the token into v as encoding/json does: for claims of your own.
func (id Identity) Decode(v any) error { return id.all().claims.Decode(v) }

var nobody verified

func (id Identity) all() *verified {
	if id.v == nil {
		return &nobody
	}
	return id.v
}

type identityKey struct{}

// identified is a context with an identity, in one allocation.
type identified struct {
	context.Context
	id Identity
}

func (c *identified) Value(key any) any {
	if key == (identityKey{}) {
		return &c.id
	}
	return c.Context.Value(key)
}

// From returns the identity that a guard put into the context, and false where there is none: on a route without a
// guard, or an anonymous request under Optional.
func From(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(*Identity)
	if !ok {
		return Identity{}, false
	}
	return *id, !id.IsZero()
}

// With returns a context that carries id: for adapters to other frameworks.
func With(ctx context.Context, id Identity) context.Context { return &identified{ctx, id} }
