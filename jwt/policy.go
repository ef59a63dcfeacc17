package jwt

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxLeeway bounds what clocks may differ. More would keep expired tokens alive for no honest reason.
const maxLeeway = 60 * time.Second

// Policy says what claims must hold. The zero value of each field is the strict or the neutral choice, except that Now
// must be set: exp is required and checked; nbf and iat are checked where present; an audience is accepted only if it is
// expected.
type Policy struct {
	Now    time.Time     // the present
	Leeway time.Duration // how far clocks may differ: 0 to 60 s

	Issuers   []string // accepted iss, compared exactly; empty: iss is not checked, the key alone says who signed
	Audiences []string // at least one of them must be in aud; empty: the token must have no aud
	Types     []string // accepted typ, compared as media types, "" for none; empty list: not checked
	Require   []string // further claims that must be there and not null

	InsecureOptionalExpiry bool // a token without exp is accepted and lives for ever; one with exp still ends
	InsecureSkipExpiry     bool // expired tokens are accepted too
	InsecureSkipNotBefore  bool // nbf is ignored
	InsecureSkipIssuedAt   bool // iat may lie in the future
	InsecureSkipAudience   bool // tokens made for any other service are accepted
}

// Check judges claims and header of a verified token and returns all faults joined into one error. Each wraps its
// sentinel: [ErrExpired] (as *[ExpiredError]), [ErrNotYetValid], [ErrIssuer], [ErrAudience], [ErrType], [ErrMissing]. A
// policy that cannot be applied is [ErrPolicy] and nothing else.
func (p Policy) Check(h Header, c Claims) error {
	if err := p.usable(); err != nil {
		return err
	}
	return errors.Join(p.expiry(&c), p.starts("nbf", c.NotBefore, p.InsecureSkipNotBefore),
		p.starts("iat", c.IssuedAt, p.InsecureSkipIssuedAt), p.issuer(&c), p.audience(&c), p.kind(h), p.required(&c))
}

// usable refuses settings that are the program's fault.
func (p *Policy) usable() error {
	if p.Now.IsZero() {
		return fmt.Errorf("%w: Now is not set", ErrPolicy)
	}
	if p.Leeway < 0 || p.Leeway > maxLeeway {
		return fmt.Errorf("%w: leeway: want 0 to %v, got %v", ErrPolicy, maxLeeway, p.Leeway)
	}
	return nil
}

func (p *Policy) expiry(c *Claims) error {
	switch {
	case p.InsecureSkipExpiry:
		return nil
	case c.ExpiresAt.IsZero() && p.InsecureOptionalExpiry:
		return nil
	case c.ExpiresAt.IsZero():
		return fmt.Errorf("%w: exp", ErrMissing)
	case !p.Now.Before(c.ExpiresAt.Add(p.Leeway)):
		return &ExpiredError{At: c.ExpiresAt}
	}
	return nil
}

// starts judges nbf and iat.
func (p *Policy) starts(name string, t time.Time, skip bool) error {
	if skip || t.IsZero() || !t.After(p.Now.Add(p.Leeway)) {
		return nil
	}
	return fmt.Errorf("%w: %s is %s, now is %s", ErrNotYetValid, name, stamp(t), stamp(p.Now))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (p *Policy) issuer(c *Claims) error {
	if len(p.Issuers) == 0 || c.Issuer != "" && slices.Contains(p.Issuers, c.Issuer) {
		return nil
	}
	if !c.Has("iss") {
		return fmt.Errorf("%w: iss: want %q: %w", ErrIssuer, p.Issuers, ErrMissing)
	}
	return fmt.Errorf("%w: want %q, got %q", ErrIssuer, p.Issuers, c.Issuer)
}

func (p *Policy) audience(c *Claims) error {
	if p.InsecureSkipAudience || len(p.Audiences) == 0 && len(c.Audience) == 0 {
		return nil
	}
	if slices.ContainsFunc(c.Audience, func(a string) bool { return a != "" && slices.Contains(p.Audiences, a) }) {
		return nil
	}
	if len(c.Audience) == 0 {
		return fmt.Errorf("%w: want %q: %w", ErrAudience, p.Audiences, ErrMissing)
	}
	return fmt.Errorf("%w: want %q, got %q", ErrAudience, p.Audiences, c.Audience)
}

func (p *Policy) kind(h Header) error {
	if len(p.Types) == 0 || slices.ContainsFunc(p.Types, func(t string) bool { return mediaType(t, h.Type) }) {
		return nil
	}
	return fmt.Errorf("%w: want %q, got %q", ErrType, p.Types, h.Type)
}

func (p *Policy) required(c *Claims) error {
	var missing []string
	for _, name := range p.Require {
		if !c.Has(name) {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMissing, strings.Join(missing, ", "))
}
