package jwt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseClaims reads a JSON object in one strict pass: UTF-8, no name twice in any spelling, names matched exactly, at
// most 16 levels, nothing behind it. A registered claim of a wrong type makes it [ErrMalformed]: texts must be texts;
// aud a text or a non-empty list of texts; roles and permissions lists of texts; times numbers with 0 ≤ t < 2^53; ver
// and pol whole numbers (as texts they belong to someone else and are left alone). A claim that is null is absent,
// except for times: a null expiry must never pass for none.
//
// ParseClaims checks no signature. Use [Verified.Claims] for what came from outside.
func ParseClaims(payload []byte) (Claims, error) { return readClaims(string(payload), nil) }

// ParseClaimsExcept is ParseClaims without reading the registered claims that are named: whatever their type, their
// fields stay empty. It is for tokens of other systems that put something else under those names, which Decode reads. Such
// claims are not written again.
func ParseClaimsExcept(payload []byte, names ...string) (Claims, error) {
	return readClaims(string(payload), names)
}

func readClaims(s string, except []string) (c Claims, err error) {
	c.raw = s
	var stack [16]string // for the texts of all lists, which then share one allocation
	all, at := stack[:0], spans{}
	z := scanner{s: s}
	for z.next() {
		if len(except) > 0 && slices.Contains(except, z.name) {
			z.skip()
			continue
		}
		all = c.read(&z, all, &at)
	}
	if z.err != nil {
		return Claims{}, named(z.err, z.name)
	}
	c.give(all, at)
	return c, nil
}

// named says which claim could not be read, where it is one that we know.
func named(err error, name string) error {
	if slices.Contains(registered, name) {
		return fmt.Errorf("%w: claim %s: %w", ErrMalformed, name, err)
	}
	return fmt.Errorf("%w: claims: %w", ErrMalformed, err)
}

// read reads the value of one member. Texts of lists go behind those in all, and at tells where they stand.
func (c *Claims) read(z *scanner, all []string, at *spans) []string {
	switch z.name {
	case "iss":
		c.Issuer = z.optionalText()
	case "sub":
		c.Subject = z.optionalText()
	case "jti":
		c.ID = z.optionalText()
	case "client_id":
		c.ClientID = z.optionalText()
	case "sid":
		c.SessionID = z.optionalText()
	case "csrf":
		c.CSRF = z.optionalText()
	case "exp":
		c.ExpiresAt = z.date()
	case "nbf":
		c.NotBefore = z.date()
	case "iat":
		c.IssuedAt = z.date()
	case "auth_time":
		c.AuthTime = z.date()
	case "aud":
		all, at.audience = z.list(all, true)
	case "roles":
		all, at.roles = z.list(all, false)
	case "permissions":
		all, at.permissions = z.list(all, false)
	case "ver":
		c.UserVersion = z.version()
	case "pol":
		c.PolicyVersion = z.version()
	default:
		z.skip()
	}
	return all
}

func (z *scanner) optionalText() string {
	if z.null() {
		return ""
	}
	return z.text()
}

// spans tell where in one slice the texts of the list claims stand.
type spans struct{ audience, roles, permissions span }

type span struct{ from, to int }

func (p span) of(all []string) []string {
	if p.from == p.to {
		return nil
	}
	return all[p.from:p.to:p.to] // an append by the owner must not reach into the next list
}

// list reads a list of texts. An audience may be a single text, and must not be an empty list.
func (z *scanner) list(all []string, audience bool) ([]string, span) {
	from := len(all)
	switch {
	case z.null():
	case audience && z.peek() == '"':
		all = append(all, z.text())
	default:
		if all = z.texts(all); audience && len(all) == from {
			z.fail("at least one audience")
		}
	}
	return all, span{from, len(all)}
}

func (c *Claims) give(all []string, at spans) {
	if len(all) == 0 {
		return
	}
	kept := make([]string, len(all))
	copy(kept, all)
	c.Audience, c.Roles, c.Permissions = at.audience.of(kept), at.roles.of(kept), at.permissions.of(kept)
}

// maxInteger is the first whole number that JSON numbers cannot be trusted with (RFC 8259 §6).
const maxInteger = 1 << 53

// date reads a NumericDate (RFC 7519 §2).
func (z *scanner) date() time.Time {
	if z.null() {
		z.fail("seconds since 1970, not null")
		z.err = fmt.Errorf("%w: %w", z.err, ErrMissing)
	}
	s := z.number()
	if z.err != nil {
		return time.Time{}
	}
	seconds, ok := wholeSeconds(s)
	if !ok {
		z.fail("seconds since 1970, from 0 to below 2^53")
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// wholeSeconds cuts off the fraction of a number that the scanner accepted.
func wholeSeconds(s string) (n int64, ok bool) {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9' && n < maxInteger:
			n = n*10 + int64(c-'0')
		case c == '.' && !strings.ContainsAny(s, "eE"):
			return n, n < maxInteger
		default:
			f, err := strconv.ParseFloat(s, 64)
			return int64(f), err == nil && s[0] != '-' && f < maxInteger
		}
	}
	return n, n < maxInteger
}

// version reads a whole number; Entra ID, for one, writes texts under ver.
func (z *scanner) version() int64 {
	if z.null() {
		return 0
	}
	if z.peek() == '"' {
		z.quoted()
		return 0
	}
	n, err := strconv.ParseUint(z.number(), 10, 53) // which refuses a sign, so -0 too, as date does
	if err != nil {
		z.fail("a whole number from 0 to below 2^53")
		return 0
	}
	return int64(n)
}
