// Package revocation keeps what is dead: tokens, sessions, users, roles and keys that were revoked before their access
// tokens expired.
//
// What is dead is a grow-only set with expiry. A [Record] enters and is never taken back; it leaves when the last token
// that it could hit has expired anyway. The union of two states is therefore always a correct state, and hearing a
// record twice, late or out of order does no harm.
//
// A [Set] answers for a verified token whether any record hits it. It belongs behind jotgate.Config.Revocations:
//
//	dead := revocation.NewSet()
//	g, err := jotgate.New(jotgate.Config{Issuer: iss, Audience: aud, Keys: keys, Revocations: dead})
//	dead.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, iss, sid), …})
package revocation

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Kind says what a record kills.
type Kind uint8

// The kinds. Versions decide for users and roles, not times: iat has whole seconds and clocks differ.
const (
	Token   Kind = 1 + iota // the token with this jti
	Session                 // the tokens with this sid
	User                    // the tokens of this sub with ver < Version; without ver: with iat ≤ Before, or without iat too
	Role                    // the tokens that hold this role with pol < Version
	SignKey                 // the tokens signed with this kid
)

var kindNames = [...]string{Token: "token", Session: "session", User: "user", Role: "role", SignKey: "key"}

// String returns the kind's name on the wire and in the store.
func (k Kind) String() string {
	if k < Token || k > SignKey {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// ParseKind is the inverse of String.
func ParseKind(s string) (Kind, error) {
	for k := Token; k <= SignKey; k++ {
		if kindNames[k] == s {
			return k, nil
		}
	}
	return 0, fmt.Errorf("revocation kind %q: want token, session, user, role or key", s)
}

// Reasons that the server gives. They are stable words that a client may act on.
const (
	ReasonLogout      = "logout"
	ReasonEnded       = "session_ended" // by its user or an admin
	ReasonReused      = "refresh_reused"
	ReasonPassword    = "password_changed"
	ReasonDisabled    = "user_disabled"
	ReasonDeleted     = "user_deleted"
	ReasonPermissions = "permissions_changed" // refresh; there is no need to log in
)

// Key names what a record kills without telling a stranger what it is. Its width is what keeps the innocent alive: that a
// token meets one of ten million records which are not its own has a chance of 2^-104. Nothing shorter ever decides.
type Key [16]byte

// KeyOf returns the first 16 bytes of SHA-256(kind, 0, issuer, 0, value), kind and zeros being one byte each.
func KeyOf(k Kind, issuer, value string) Key {
	var stack [192]byte
	b := append(stack[:0], byte(k), 0)
	b = append(b, issuer...)
	b = append(b, 0)
	b = append(b, value...)
	sum := sha256.Sum256(b)
	return Key(sum[:16])
}

// Record is one thing that is dead.
type Record struct {
	Kind      Kind
	Key       Key
	Version   int64     // for User and Role
	Before    time.Time // for User, against tokens of other issuers that carry no ver
	ExpiresAt time.Time // when the last token that it could hit has expired; zero: never
	Reason    string
}
