// Package jotgatetest is an issuer of tokens for the tests of who guards routes with jotgate: good tokens, and every kind
// of bad one, without a server and without waiting.
//
//	issuer := jotgatetest.New(t, jotgatetest.Options{Permissions: []string{"orders:read"}})
//	api := newAPI(issuer.Guard()) // your own
//	r := httptest.NewRequest("GET", "/orders", nil)
//	r.Header.Set("Authorization", "Bearer "+issuer.Token(jotgatetest.Expired))
//
// The issuer has a clock that is set and not waited for, keys that rotate when told to, and a set of what is revoked.
// [Adapter] is the suite that middleware for another framework must pass.
package jotgatetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// IssuerName and Audience are what tokens carry as iss and aud, and what Config wants.
const (
	IssuerName = "https://issuer.test"
	Audience   = "api.test"
)

// Options say whose tokens they are.
type Options struct {
	// Subject is sub. Empty: "user-1".
	Subject string
	// Roles and Permissions are those of its tokens. Nil: none.
	Roles, Permissions []string
}

// Issuer signs tokens that guards of its Config judge. It is safe for concurrent use.
type Issuer struct {
	// Clock is the time of the issuer and of its guards.
	Clock *Clock
	// Revoked is what its guards hold for dead: put in any record.
	Revoked *revocation.Set

	tb      testing.TB
	options Options

	mu       sync.Mutex
	key      *ecdsa.PrivateKey
	keys     *jwt.KeySet
	rotated  int
	tokens   int
	versions map[string]int64 // of what users may do
}

// New makes an issuer with a fresh ES256 key. Its clock stands at the present second.
func New(tb testing.TB, o Options) *Issuer {
	tb.Helper()
	if o.Subject == "" {
		o.Subject = "user-1"
	}
	i := &Issuer{
		Clock: &Clock{now: time.Now().Truncate(time.Second)}, Revoked: revocation.NewSet(),
		tb: tb, options: o, versions: map[string]int64{},
	}
	i.RotateKey()
	return i
}

// Config is for jotgate.New: the issuer's names, keys, revocations and clock, and a logger that says nothing. Change of
// it what the API under test sets: locations, Answer.
func (i *Issuer) Config() jotgate.Config {
	return jotgate.Config{
		Issuer: IssuerName, Audience: Audience, Keys: source{i}, Revocations: i.Revoked,
		Now: i.Clock.Now, Logger: slog.New(slog.DiscardHandler),
	}
}

// Guard is a guard of Config as it is.
func (i *Issuer) Guard() *jotgate.Guard {
	i.tb.Helper()
	return newGuard(i.tb, i.Config())
}

func newGuard(tb testing.TB, c jotgate.Config) *jotgate.Guard {
	tb.Helper()
	g, err := jotgate.New(c)
	check(tb, err)
	return g
}

// RotateKey replaces the signing key by a new one under a new kid, and removes the old one at once: tokens that it signed
// are refused from now on.
func (i *Issuer) RotateKey() {
	i.tb.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(i.tb, err)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.rotated++
	key, err := jwt.NewKey(jwt.ES256, fmt.Sprintf("key-%d", i.rotated), secret)
	check(i.tb, err)
	i.keys, err = jwt.NewKeySet(key)
	check(i.tb, err)
	i.key = secret
}

// Revoke kills one token of this issuer, by its jti.
func (i *Issuer) Revoke(raw string) {
	i.tb.Helper()
	token, err := jwt.Verify(raw, i.signing())
	check(i.tb, err)
	claims, err := token.Claims()
	check(i.tb, err)
	i.kill(revocation.Token, claims.ID, 0, revocation.ReasonLogout)
}

// ChangePermissions kills the tokens that a user holds, as a change of what the user may do does: those that are issued
// afterwards are good.
func (i *Issuer) ChangePermissions(subject string) {
	i.mu.Lock()
	i.versions[subject]++
	version := i.version(subject)
	i.mu.Unlock()
	i.kill(revocation.User, subject, version, revocation.ReasonPermissions)
}

func (i *Issuer) kill(k revocation.Kind, value string, version int64, reason string) {
	i.Revoked.Add(revocation.Record{Kind: k, Key: revocation.KeyOf(k, IssuerName, value), Version: version, Reason: reason})
}

// version is that of a user's present tokens. There is one below it, for StalePermissions.
func (i *Issuer) version(subject string) int64 { return i.versions[subject] + 2 }

func (i *Issuer) signing() jwt.Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys.Keys()[0]
}

// source gives a guard the keys that are there at the moment.
type source struct{ i *Issuer }

func (s source) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	if iss != IssuerName {
		return jwt.Key{}, fmt.Errorf("%w: of issuer %q", jwt.ErrUnknownKey, iss)
	}
	s.i.mu.Lock()
	defer s.i.mu.Unlock()
	return s.i.keys.Key(ctx, iss, kid, alg)
}

// Clock is a clock that stands until it is moved. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set makes the clock show t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
