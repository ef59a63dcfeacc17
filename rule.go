package jotgate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// FreshAge is how old a log-in may be for what the server calls fresh.
const FreshAge = 5 * time.Minute

// Rule is what a route needs of an identity. Everything that is set must hold. The zero Rule is: authenticated.
type Rule struct {
	Permissions   []string      // all of these
	AnyPermission []string      // at least one of these
	Roles         []string      // all of these
	AnyRole       []string      // at least one of these
	MaxAge        time.Duration // the user proved who they are (claim auth_time) at most this long ago; 0: any time
	Fresh         bool          // the log-in counts as fresh: see FreshAge, or Config.Read
	Kind          Kind          // of token; the zero Kind is an access token

	// Owner is the name of the part of the path that must be the subject, such as "id" for /users/{id}. Where several
	// issuers may give one subject to different people, let Also decide.
	Owner string
	// OwnerOr is a permission that stands in for being the owner: "users:read" for those who may see everybody.
	OwnerOr string
	// Also is asked last, about a good token. An error that is a *Refusal is the answer, any other is 403; Optional hides
	// neither.
	Also func(context.Context, Identity) error

	// Optional lets requests without a token pass as nobody.
	Optional Optional
	// Locations replace the guard's own on this route.
	Locations []Location
}

// Kind is what a token is for, told by its header typ (RFC 8725 §3.11).
type Kind int

const (
	KindAccess  Kind = iota // Config.Types
	KindRefresh             // Config.RefreshTypes
	KindAny                 // either, and what Config.Read calls so
)

// String returns access, refresh or any.
func (k Kind) String() string {
	switch k {
	case KindAccess:
		return "access"
	case KindRefresh:
		return "refresh"
	}
	return "any"
}

// a names a token of this kind, for who has to send one.
func (k Kind) a() string {
	switch k {
	case KindAccess:
		return "an access token"
	case KindRefresh:
		return "a refresh token"
	}
	return "a token"
}

// KindError says that a good token is of another kind than the route wants. It is a jwt.ErrType.
type KindError struct{ Want, Got Kind }

func (e *KindError) Error() string {
	return fmt.Sprintf("token kind: want %v, got %v", e.Want, e.Got)
}

// Unwrap returns jwt.ErrType.
func (e *KindError) Unwrap() error { return jwt.ErrType }

// Optional says what a route does without a good token.
type Optional int

const (
	NotOptional     Optional = iota // no token: refused
	OptionalStrict                  // no token: nobody; a bad token: refused
	OptionalLenient                 // no token or a bad one: nobody
)

// Check tells whether the rule can be meant: well-formed permissions, no empty role, no negative age.
func (r Rule) Check() error {
	var faults []error
	for _, p := range slices.Concat(r.Permissions, r.AnyPermission) {
		faults = append(faults, CheckPermission(p))
	}
	for _, role := range slices.Concat(r.Roles, r.AnyRole) {
		if role == "" {
			faults = append(faults, errors.New("role: empty"))
		}
	}
	for _, l := range r.Locations {
		faults = append(faults, l.check())
	}
	if r.OwnerOr != "" {
		faults = append(faults, CheckPermission(r.OwnerOr))
	}
	if r.OwnerOr != "" && r.Owner == "" {
		faults = append(faults, errors.New("OwnerOr without Owner"))
	}
	if r.Kind < KindAccess || r.Kind > KindAny || r.Optional < NotOptional || r.Optional > OptionalLenient {
		faults = append(faults, errors.New("Kind or Optional is none of the constants"))
	}
	if r.MaxAge < 0 {
		faults = append(faults, fmt.Errorf("max age: %v; want 0 (any) or more", r.MaxAge))
	}
	return errors.Join(faults...)
}

// clone makes a rule that the caller's slices cannot change.
func (r Rule) clone() Rule {
	r.Permissions, r.AnyPermission = slices.Clone(r.Permissions), slices.Clone(r.AnyPermission)
	r.Roles, r.AnyRole = slices.Clone(r.Roles), slices.Clone(r.AnyRole)
	r.Locations = cloneLocations(r.Locations)
	return r
}

// lacks returns, for the log alone, what id is short of under r; "" when nothing.
func (r *Rule) lacks(id Identity) string {
	for _, p := range r.Permissions {
		if !id.Can(p) {
			return "permission " + p
		}
	}
	for _, role := range r.Roles {
		if !id.HasRole(role) {
			return "role " + role
		}
	}
	if len(r.AnyPermission) > 0 && !slices.ContainsFunc(r.AnyPermission, id.Can) {
		return fmt.Sprintf("any permission of %q", r.AnyPermission)
	}
	if len(r.AnyRole) > 0 && !slices.ContainsFunc(r.AnyRole, id.HasRole) {
		return fmt.Sprintf("any role of %q", r.AnyRole)
	}
	return ""
}

// tooOld tells whether the log-in behind id is older than r allows. A token that does not say when is too old.
func (r *Rule) tooOld(id Identity, now time.Time, leeway time.Duration) bool {
	if r.MaxAge == 0 {
		return false
	}
	at := id.AuthTime()
	return at.IsZero() || now.Sub(at) > r.MaxAge+leeway || id.loginToCome(now, leeway)
}

// loginToCome tells of a log-in that has not happened yet: it would be recent for too long.
func (id Identity) loginToCome(now time.Time, leeway time.Duration) bool {
	return id.AuthTime().After(now.Add(leeway))
}
