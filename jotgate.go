// Package jotgate decides whether a request with a JSON Web Token may pass.
//
//	key, err := jwt.NewKey(jwt.HS256, "", secret)
//	keys, err := jwt.NewKeySet(key)
//	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys})
//	mux.Handle("GET /orders", guard.Require("orders:read")(listOrders))
//
// # The trip of a request
//
// The raw token is taken from the Authorization header, its form is checked, its signature is verified with a key of
// ours, its claims are held against the policy, it is looked up among the revoked, and only then is there an [Identity],
// which the [Rule] of the route lets pass or not. Whatever fails on the way ends in one [Refusal].
//
// # What it promises
//
// The algorithm belongs to the key, never to the token (RFC 8725 §3.1). Issuer, audience, expiry and the type at+jwt
// (RFC 9068) are required; switching one off is spelled Insecure. The stranger learns the status and a short code, the
// log learns the reason. A failure of ours (keys or revocations that cannot be asked) is 503, never 401.
//
// The package needs the standard library only, and no part of this module uses unsafe.
package jotgate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// KeySource finds the key that verifies a token of iss with this kid and alg. It returns an error that wraps
// jwt.ErrUnknownKey or jwt.ErrAlgorithm when there is no such key, which refuses the token with 401; any other error is
// a failure of ours and answers 503. It must never pick a key by anything but exact equality. *jwt.KeySet is one.
type KeySource interface {
	Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error)
}

// Revocations tells whether a verified token is dead. An error is a failure of ours and answers 503.
// *revocation.Set is one.
type Revocations interface {
	Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error)
}

// Config is what New makes a Guard from.
type Config struct {
	// Issuer is the iss that tokens must carry, compared byte for byte. Required.
	Issuer string
	// PreviousIssuers are accepted in iss too: names that Issuer had before. What is revoked for Issuer is for them.
	PreviousIssuers []string
	// Audience is the aud that tokens must carry among theirs. Required.
	Audience string
	// Keys verify. Required.
	Keys KeySource
	// Revocations is asked about every token. Nil: tokens die by expiry alone.
	Revocations Revocations
	// Types are the header typ values to accept. Empty: at+jwt (RFC 9068 §4).
	Types []string
	// CacheBytes bounds the memory for tokens that were verified and may come again. 0: 16 MiB, about 12,000 tokens.
	// Negative: none; every request costs a signature.
	CacheBytes int
	// Leeway is the clock skew to bear, at most a minute. 0: 30 seconds. Negative: none.
	Leeway time.Duration
	// Realm is named in WWW-Authenticate. Empty: none.
	Realm string
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Logger learns why a request was refused. Nil: slog.Default.
	Logger *slog.Logger

	// InsecureSkipIssuer accepts tokens of any issuer that signs with one of Keys.
	InsecureSkipIssuer bool
	// InsecureSkipAudience accepts tokens that were made for another API.
	InsecureSkipAudience bool
	// InsecureAnyType accepts any typ: an ID token or a mail link may then pass as an access token.
	InsecureAnyType bool
}

// Guard decides about requests. It is safe for concurrent use and immutable.
type Guard struct {
	config  Config
	policy  jwt.Policy
	refuse  refuse
	cache   *cache    // nil for none
	counted sequenced // Revocations, where they count
}

// sequenced is what Revocations may offer besides: a number that rises when a record has entered, before whoever put it
// in goes on. A token that was alive at the present number is not looked up again.
type sequenced interface{ Sequence() uint64 }

// New checks the configuration and returns a guard; the error names every fault.
func New(c Config) (*Guard, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	switch {
	case c.Leeway == 0:
		c.Leeway = 30 * time.Second
	case c.Leeway < 0:
		c.Leeway = 0
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 16 << 20
	}
	counted, _ := c.Revocations.(sequenced)
	return &Guard{config: c, policy: c.policy(), refuse: refuse{c.Realm}, cache: newCache(c.CacheBytes), counted: counted}, nil
}

func (c Config) check() error {
	var faults []error
	if c.Issuer == "" && !c.InsecureSkipIssuer {
		faults = append(faults, errors.New("jotgate.Config.Issuer: empty; set it to the iss of your tokens"))
	}
	if c.Audience == "" && !c.InsecureSkipAudience {
		faults = append(faults, errors.New("jotgate.Config.Audience: empty; set it to the aud that names this API"))
	}
	if set, ok := c.Keys.(*jwt.KeySet); c.Keys == nil || ok && set == nil {
		faults = append(faults, errors.New("jotgate.Config.Keys: nil; want a KeySource such as a *jwt.KeySet"))
	}
	if c.Leeway > time.Minute {
		faults = append(faults, fmt.Errorf("jotgate.Config.Leeway: %v; at most 1m", c.Leeway))
	}
	return errors.Join(faults...)
}

func (c Config) policy() jwt.Policy {
	p := jwt.Policy{
		Types: slices.Clone(c.Types), Leeway: c.Leeway, InsecureSkipAudience: c.InsecureSkipAudience,
	}
	if !c.InsecureSkipIssuer {
		p.Issuers = append([]string{c.Issuer}, c.PreviousIssuers...)
	}
	if !c.InsecureSkipAudience {
		p.Audiences = []string{c.Audience}
	}
	if len(p.Types) == 0 {
		p.Types = []string{"at+jwt"}
	}
	if c.InsecureAnyType {
		p.Types = nil
	}
	return p
}

// Check decides about a raw token, "" for none, under a rule. It returns who it is, or the zero Identity and a
// *Refusal. Every framework ends here.
func (g *Guard) Check(ctx context.Context, raw string, rule Rule) (Identity, error) {
	id, refusal := g.decide(ctx, raw, rule)
	if refusal != nil {
		g.log(ctx, id, refusal)
		return Identity{}, refusal
	}
	return id, nil
}

// decide returns the identity beside a refusal where there is one, for the log.
func (g *Guard) decide(ctx context.Context, raw string, rule Rule) (Identity, *Refusal) {
	if raw == "" {
		return Identity{}, g.refuse.missing()
	}
	now := g.config.Now()
	id, refusal := g.prove(ctx, raw, now)
	if refusal != nil {
		return id, refusal
	}
	if lacks := rule.lacks(id); lacks != "" {
		return id, g.refuse.forbidden(lacks)
	}
	if rule.tooOld(id, now, g.config.Leeway) {
		return id, g.refuse.staleLogin(rule.MaxAge)
	}
	return id, nil
}

// prove answers who a token is, from the cache where everything that made it good still holds.
func (g *Guard) prove(ctx context.Context, raw string, now time.Time) (Identity, *Refusal) {
	if g.cache == nil {
		id, _, refusal := g.verify(ctx, raw, now)
		if refusal != nil {
			return Identity{}, refusal
		}
		return id, g.alive(ctx, id)
	}
	e := g.cache.get(raw)
	if e != nil && !g.holds(ctx, e, now) {
		g.cache.drop(e)
		e = nil
	}
	sequence, counted := g.sequence()
	if e != nil && counted && e.alive.Load() == sequence {
		return e.id, nil
	}
	if e == nil {
		id, key, refusal := g.verify(ctx, raw, now)
		if refusal != nil {
			return Identity{}, refusal
		}
		e = &cached{raw: raw, id: id, key: key, until: id.ExpiresAt().Add(g.config.Leeway)}
	}
	if refusal := g.alive(ctx, e.id); refusal != nil {
		g.cache.drop(e)
		return e.id, refusal
	}
	e.alive.Store(sequence)
	if e.cost == 0 {
		g.cache.put(e, now)
	}
	return e.id, nil
}

// holds tells whether an entry is within its time and its key is still the one that verifies.
func (g *Guard) holds(ctx context.Context, e *cached, now time.Time) bool {
	if !now.Before(e.until) {
		return false
	}
	key, err := g.config.Keys.Key(ctx, g.config.Issuer, e.id.v.keyID, e.key.Algorithm())
	return err == nil && key == e.key
}

// sequence is what the revocations count their changes by, if they do. It is read before they are asked: a record that
// enters meanwhile has a higher number, and the token is looked up again.
func (g *Guard) sequence() (uint64, bool) {
	if g.config.Revocations == nil {
		return 0, true
	}
	if g.counted == nil {
		return 0, false
	}
	return g.counted.Sequence(), true
}

func (g *Guard) verify(ctx context.Context, raw string, now time.Time) (Identity, jwt.Key, *Refusal) {
	token, err := jwt.Parse(raw)
	if err != nil {
		return Identity{}, jwt.Key{}, g.refuse.token(err)
	}
	header := token.Header()
	key, err := g.config.Keys.Key(ctx, g.config.Issuer, header.KeyID, header.Algorithm)
	if err != nil {
		return Identity{}, jwt.Key{}, g.noKey(err)
	}
	proved, err := token.Verify(key)
	if err != nil {
		return Identity{}, jwt.Key{}, g.refuse.token(err)
	}
	claims, err := proved.Claims()
	if err != nil {
		return Identity{}, jwt.Key{}, g.refuse.token(err)
	}
	policy := g.policy
	policy.Now = now
	if err := policy.Check(header, claims); err != nil {
		return Identity{}, jwt.Key{}, g.refuse.token(err)
	}
	return Identity{&verified{claims: claims, keyID: header.KeyID}}, key, nil
}

func (g *Guard) noKey(err error) *Refusal {
	if errors.Is(err, jwt.ErrUnknownKey) || errors.Is(err, jwt.ErrAlgorithm) {
		return g.refuse.token(err)
	}
	return unavailable(CodeKeysDown, err)
}

func (g *Guard) alive(ctx context.Context, id Identity) *Refusal {
	if g.config.Revocations == nil {
		return nil
	}
	ref := id.v.claims.Ref(jwt.Header{KeyID: id.v.keyID})
	if !g.config.InsecureSkipIssuer {
		ref.Issuer = g.config.Issuer // a previous issuer is the same one under an older name
	}
	verdict, err := g.config.Revocations.Check(ctx, ref)
	if err != nil {
		return unavailable(CodeRevocationsDown, err)
	}
	if verdict.Dead {
		return g.refuse.dead(verdict)
	}
	return nil
}

// log tells the developer why. A request without any token is the daily noise of the internet, so it is told to those
// who ask for it.
func (g *Guard) log(ctx context.Context, id Identity, r *Refusal) {
	level := slog.LevelInfo
	switch {
	case r.Code == CodeMissing:
		level = slog.LevelDebug
	case r.Status >= 500:
		level = slog.LevelError
	}
	if !g.config.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", r.Status), slog.String("code", r.Code)}
	if r.cause != nil {
		attrs = append(attrs, slog.String("reason", r.cause.Error()))
	}
	if !id.IsZero() {
		attrs = append(attrs, slog.String("sub", id.Subject()), slog.String("sid", id.SessionID()))
	}
	g.config.Logger.LogAttrs(ctx, level, "request refused", attrs...)
}
