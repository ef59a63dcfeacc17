package token

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Forever is the lifetime of a token without expiry. It needs Config.InsecureForever.
const Forever time.Duration = -1

// skew is how much longer than its own expiry a token may be accepted somewhere: the most that a guard bears.
const skew = time.Minute

// Config is what New makes an Issuer from.
type Config struct {
	// Issuer is written and required as iss. Required.
	Issuer string
	// Audience names the APIs that access tokens are for; one of them is enough on verification. Required.
	Audience []string
	// Key signs, and verifies. Required, unless KeyFor is set.
	Key jwt.Key
	// Previous keys verify what they have signed before Key was. Kids must differ; one key may have none.
	Previous []jwt.Key
	// KeyFor chooses the signing key of each grant, and Lookup finds it again by the kid in the token's header; claims that
	// nobody has verified choose nothing. Both or neither. Nil: Key and Previous.
	KeyFor func(context.Context, Grant) (jwt.Key, error)
	Lookup KeySource

	// AccessLifetime and RefreshLifetime are those of one token, SessionLifetime that of all that come from one log-in.
	// 0: 15 minutes, 30 days, 90 days.
	AccessLifetime, RefreshLifetime, SessionLifetime time.Duration
	// RefreshGrace is how long a used refresh token still answers its successor. 0: 10 seconds. Negative: none,
	// so that two tabs which refresh at once end their session.
	RefreshGrace time.Duration
	// Leeway is the clock skew to bear on verification, at most a minute. 0: 30 seconds. Negative: none.
	Leeway time.Duration

	// Subject makes sub of Grant.User. Nil: texts and whole numbers, as they are.
	Subject func(user any) (string, error)
	// Claims returns claims for both kinds of tokens; those of the Grant win over it. At a refresh it is asked again, and
	// wins over what the refresh token says. Nil: none.
	Claims func(context.Context, Grant) (map[string]any, error)
	// Require names claims without which nothing is issued and nothing accepted. Empty: those that the package writes.
	Require []string
	// Renew tells at a refresh what the user may have now; an error refuses, and the refresh token stays unused. It gets
	// what the refresh token says, claims of the caller's own as json.RawMessage. Nil: that is copied.
	Renew func(context.Context, Grant) (Grant, error)
	// Denylist makes revocation and single-use refresh tokens possible. Nil: there is neither.
	Denylist Denylist

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Rand is the source of ids. Nil: crypto/rand.
	Rand io.Reader

	// InsecureKeys accepts keys that a guesser finds: short, repetitive or published. Who guesses the key is any user.
	InsecureKeys bool
	// InsecureForever permits tokens without expiry: a stolen one is good for as long as the key. Guards refuse them;
	// [Issuer.Verify] accepts them.
	InsecureForever bool
}

// KeySource finds the key that verifies a token of iss with this kid and alg, by exact equality. Its error wraps
// jwt.ErrUnknownKey or jwt.ErrAlgorithm when there is no such key; any other means that it cannot be known now.
type KeySource interface {
	Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error)
}

// Issuer makes, verifies, renews and revokes tokens. It is immutable and safe for concurrent use.
type Issuer struct {
	config Config
	keys   KeySource
}

// New checks the configuration and returns an issuer; the error names every fault, and no secret.
func New(c Config) (*Issuer, error) {
	c = c.withDefaults()
	own, faults := newRing(c)
	faults = append(faults, c.names()...)
	faults = append(faults, c.lifetimes()...)
	faults = append(faults, c.hooks()...)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("token.Config: %w", err)
	}
	i := &Issuer{config: c, keys: own}
	if c.Lookup != nil {
		i.keys = c.Lookup
	}
	return i, nil
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, zero time.Duration) {
		if *d == 0 {
			*d = zero
		}
	}
	or(&c.AccessLifetime, 15*time.Minute)
	or(&c.RefreshLifetime, 30*24*time.Hour)
	or(&c.SessionLifetime, 90*24*time.Hour)
	or(&c.RefreshGrace, 10*time.Second)
	or(&c.Leeway, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	c.Audience, c.Require = slices.Clone(c.Audience), slices.Clone(c.Require)
	return c
}

func (c Config) names() (faults []error) {
	if c.Issuer == "" {
		faults = append(faults, errors.New("Issuer: empty; set it to the iss of your tokens"))
	}
	if len(c.Audience) == 0 {
		faults = append(faults, errors.New("Audience: empty; name the API that the tokens are for"))
	}
	if slices.Contains(c.Audience, "") {
		faults = append(faults, errors.New("Audience: an empty name"))
	}
	return faults
}

func (c Config) lifetimes() (faults []error) {
	for _, f := range []struct {
		name string
		life time.Duration
	}{{"AccessLifetime", c.AccessLifetime}, {"RefreshLifetime", c.RefreshLifetime}} {
		if err := c.allows(f.life); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", f.name, err))
		}
	}
	if err := outlives(c.RefreshLifetime, c.AccessLifetime); err != nil {
		faults = append(faults, err)
	}
	if c.Leeway > skew {
		faults = append(faults, fmt.Errorf("Leeway: want at most %v, got %v", skew, c.Leeway))
	}
	if c.RefreshGrace > skew {
		faults = append(faults, fmt.Errorf("RefreshGrace: want at most %v, got %v", skew, c.RefreshGrace))
	}
	return faults
}

// allows judges the lifetime of one token.
func (c Config) allows(life time.Duration) error {
	switch {
	case life == Forever && !c.InsecureForever:
		return errors.New("Forever: needs InsecureForever")
	case life != Forever && life < time.Second:
		return fmt.Errorf("want at least 1s, got %v", life)
	case life > c.SessionLifetime:
		return fmt.Errorf("want at most SessionLifetime (%v), got %v", c.SessionLifetime, life)
	}
	return nil
}

// outlives refuses refresh tokens that end before what they renew.
func outlives(refresh, access time.Duration) error {
	if refresh == Forever || access != Forever && access <= refresh {
		return nil
	}
	return fmt.Errorf("lifetime of the access token: want at most that of the refresh token (%v), got %v", refresh, access)
}

func (c Config) hooks() (faults []error) {
	if (c.KeyFor == nil) != (c.Lookup == nil) {
		faults = append(faults, errors.New("KeyFor and Lookup: want both or neither; one signs what the other must find"))
	}
	if c.KeyFor != nil && (!c.Key.IsZero() || len(c.Previous) > 0) {
		faults = append(faults, errors.New("KeyFor: want no Key and no Previous beside it; Lookup finds all keys"))
	}
	if v := reflect.ValueOf(c.Denylist); v.Kind() == reflect.Pointer && v.IsNil() && v.IsValid() {
		faults = append(faults, fmt.Errorf("Denylist: a nil %T; want a store, or no value at all", c.Denylist))
	}
	return faults
}
