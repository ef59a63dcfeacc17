package jwt

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Claims are the claims of a token: the registered ones typed, all others through [Claims.Decode]. Empty fields are
// absent claims. Times have whole seconds; fractions are cut off.
type Claims struct {
	Issuer    string   // iss
	Subject   string   // sub
	Audience  []string // aud: a single text is a list of one, and a list of one is written as text
	ID        string   // jti
	ClientID  string   // client_id (RFC 9068)
	SessionID string   // sid
	CSRF      string   // csrf: what a request that carries the token in a cookie must repeat

	ExpiresAt time.Time // exp
	NotBefore time.Time // nbf
	IssuedAt  time.Time // iat
	AuthTime  time.Time // auth_time: when the user last proved who he is

	Roles         []string // roles
	Permissions   []string // permissions
	UserVersion   int64    // ver: the user's authorization version
	PolicyVersion int64    // pol: the version of what roles grant

	// Extra holds further claims to be written. It may not name a registered claim. Reading leaves it nil.
	Extra map[string]any

	raw string // the object that was read, "" for claims made by hand
}

// registered lists the names that have a field of their own, in the order in which they are written.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "sid", "auth_time",
	"roles", "permissions", "ver", "pol", "csrf"}

// Has tells whether there is a claim of this name that is not null. Of claims that were read it asks what was read.
func (c Claims) Has(name string) bool {
	if c.raw != "" && c.given(name) {
		return true
	}
	value, ok := c.value(name)
	return ok && value != "null"
}

// given answers for the claims that policies usually require, without reading the object once more.
func (c *Claims) given(name string) bool {
	switch name {
	case "sub":
		return c.Subject != ""
	case "jti":
		return c.ID != ""
	case "iat":
		return !c.IssuedAt.IsZero()
	case "nbf":
		return !c.NotBefore.IsZero()
	}
	return false
}

// value returns the JSON text of a claim.
func (c Claims) value(name string) (string, bool) {
	object, err := c.object()
	if err != nil {
		return "", false
	}
	z := scanner{s: object}
	for z.next() {
		if value := z.skip(); z.name == name {
			return value, true
		}
	}
	return "", false
}

// object returns the claims as they were read; for claims made by hand, as they would be written.
func (c Claims) object() (string, error) {
	if c.raw != "" {
		return c.raw, nil
	}
	b, err := c.AppendJSON(nil)
	return string(b), err
}

// Decode reads the whole object that was read, registered claims included, into v with encoding/json. That package
// ignores the case of names, so claims in which two names differ only by case are refused: [ErrMalformed].
func (c Claims) Decode(v any) error {
	object, err := c.object()
	if err != nil {
		return err
	}
	return decodeObject("claims", object, v)
}

func decodeObject(what, object string, v any) error {
	var folded names
	z := scanner{s: object}
	for z.next() {
		z.skip()
		if !folded.add(fold(z.name)) {
			return fmt.Errorf("%w: %s: two names differ only by case", ErrMalformed, what)
		}
	}
	if err := json.Unmarshal([]byte(object), v); err != nil {
		return fmt.Errorf("decoding %s: %w", what, err)
	}
	return nil
}

// fold maps names that encoding/json takes for equal to one spelling.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		for { // the smallest rune of its case orbit
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}

// Ref returns what a revocation can hit in these claims of a token with header h.
func (c Claims) Ref(h Header) Ref {
	return Ref{
		Issuer: c.Issuer, TokenID: c.ID, SessionID: c.SessionID, Subject: c.Subject, KeyID: h.KeyID, Roles: c.Roles,
		UserVersion: c.UserVersion, PolicyVersion: c.PolicyVersion, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
}

// MarshalJSON is AppendJSON.
func (c Claims) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// AppendJSON appends the claims as a JSON object: registered claims in a fixed order, then the further claims that were
// read, as they were, then Extra by name. Texts must be UTF-8, times not before 1970, versions not negative, and Extra
// may not name a registered claim.
func (c Claims) AppendJSON(dst []byte) ([]byte, error) {
	w := claimsWriter{out: append(dst, '{')}
	w.text("iss", c.Issuer)
	w.text("sub", c.Subject)
	w.audience(c.Audience)
	w.time("exp", c.ExpiresAt)
	w.time("nbf", c.NotBefore)
	w.time("iat", c.IssuedAt)
	w.text("jti", c.ID)
	w.text("client_id", c.ClientID)
	w.text("sid", c.SessionID)
	w.time("auth_time", c.AuthTime)
	w.list("roles", c.Roles)
	w.list("permissions", c.Permissions)
	w.version("ver", c.UserVersion)
	w.version("pol", c.PolicyVersion)
	w.text("csrf", c.CSRF)
	w.kept(c)
	w.extra(c.Extra)
	if w.err != nil {
		return nil, fmt.Errorf("writing claims: %w", w.err)
	}
	return append(w.out, '}'), nil
}
