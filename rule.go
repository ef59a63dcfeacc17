package jotgate

import (
	"errors"
	"fmt"
	"slices"
	"time"
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
}

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
	if r.MaxAge < 0 {
		faults = append(faults, fmt.Errorf("max age: %v; want 0 (any) or more", r.MaxAge))
	}
	return errors.Join(faults...)
}

// clone makes a rule that the caller's slices cannot change.
func (r Rule) clone() Rule {
	r.Permissions, r.AnyPermission = slices.Clone(r.Permissions), slices.Clone(r.AnyPermission)
	r.Roles, r.AnyRole = slices.Clone(r.Roles), slices.Clone(r.AnyRole)
	return r
}

// lacks returns, for the log alone, what id is short of under r; "" when nothing.
func (r Rule) lacks(id Identity) string {
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
func (r Rule) tooOld(id Identity, now time.Time, leeway time.Duration) bool {
	if r.MaxAge == 0 {
		return false
	}
	at := id.AuthTime()
	return at.IsZero() || now.Sub(at) > r.MaxAge+leeway
}
