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
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
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
// *revocation.Set is one, and is asked again about a token only after it has changed. A type that embeds one, to add to
// its Check, is asked every time.
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
	// Issuers are further issuers that Keys knows the keys of. Each is told apart: a key of one never verifies for another,
	// so a *jwt.KeySet, which is of one issuer, will not do.
	Issuers []string
	// Audiences are further names of this API; one of all in aud is enough.
	Audiences []string
	// Types are the header typ values of access tokens. Empty: at+jwt (RFC 9068 §4).
	Types []string
	// RefreshTypes are those of refresh tokens, for rules of KindRefresh. Empty: rt+jwt.
	RefreshTypes []string
	// Locations are where a token may stand. Empty: the header Authorization, scheme Bearer.
	Locations []Location
	// FirstWins takes the first of Locations that holds a token. Without it, different tokens in two places are refused.
	FirstWins bool
	// Require lists further claims that must be there and not null.
	Require []string
	// Parse reads the form of a raw token. Nil: jwt.Parse. A profile sets it for tokens that stricter readers refuse.
	Parse func(raw string) (jwt.Unverified, error)
	// Foreign are registered claims under which these tokens hold something else, of whatever type: their fields stay
	// empty, and Read decodes them.
	Foreign []string
	// Read takes the traits from claims under other names. Nil: the names of RFC 9068. An error refuses the token.
	Read func(jwt.Header, jwt.Claims) (Traits, error)
	// PassOptions lets every OPTIONS request pass as nobody, for routes whose own handler answers the preflights of
	// browsers, which carry no token. Without it, put what answers them before the guard.
	PassOptions bool
	// Answer writes refusals for the wire. Nil: Refusal.Answer, an RFC 9457 problem.
	Answer func(*Refusal) Answer
	// CacheBytes bounds the memory for tokens that were verified and may come again. 0: 16 MiB, about 11,000 tokens.
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

	// InsecureSkipIssuer accepts tokens of any issuer that signs with one of Keys. Revocations are asked by the name that a
	// token has for its own.
	InsecureSkipIssuer bool
	// InsecureSkipAudience accepts tokens that were made for another API.
	InsecureSkipAudience bool
	// InsecureOptionalExpiry accepts tokens without exp, which live for ever.
	InsecureOptionalExpiry bool
	// InsecureAnyType accepts any typ: an ID token or a mail link may then pass as an access token.
	InsecureAnyType bool
}

// Guard decides about requests. It is safe for concurrent use and immutable.
type Guard struct {
	config  Config
	policy  jwt.Policy
	refuse  refuse
	cache   *cache // nil for none
	fixed   bool   // Keys never change
	likely  atomic.Pointer[jwt.Key]
	counted sequenced // Revocations, where they count
	prepare prepared  // Revocations, where they prepare
	watch   watching  // Revocations, where they can be watched
}

// sequenced is what Revocations may offer besides: a number that rises when a record has entered, before whoever put it
// in goes on. A token that was alive at the present number is not looked up again.
type sequenced interface{ Sequence() uint64 }

// prepared is what Revocations may offer besides: a function that answers as Check does for t, whenever it is called, and
// does once what every Check would repeat.
type prepared interface {
	Prepare(t jwt.Ref) func(context.Context) (jwt.Verdict, error)
}

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
	c.Types, c.RefreshTypes = orDefault(c.Types, "at+jwt"), orDefault(c.RefreshTypes, "rt+jwt")
	c.Issuers, c.Foreign = slices.Clone(c.Issuers), slices.Clone(c.Foreign)
	if c.Locations = cloneLocations(c.Locations); len(c.Locations) == 0 {
		c.Locations = []Location{{Header: "Authorization"}}
	}
	g := &Guard{config: c, policy: c.policy(), refuse: refuse{c.Realm}, cache: newCache(c.CacheBytes)}
	_, g.fixed = c.Keys.(*jwt.KeySet)
	if !inherits(c.Revocations) {
		g.counted, _ = c.Revocations.(sequenced)
		g.prepare, _ = c.Revocations.(prepared)
		g.watch, _ = c.Revocations.(watching)
	}
	return g, nil
}

// inherits tells whether r embeds other revocations. What it has from them besides Check would answer for the Check that
// they have, and pass over its own.
func inherits(r Revocations) bool {
	t := reflect.TypeOf(r)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return false
	}
	revocations := reflect.TypeFor[Revocations]()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && (f.Type.Implements(revocations) || reflect.PointerTo(f.Type).Implements(revocations)) {
			return true
		}
	}
	return false
}

func orDefault(list []string, value string) []string {
	if len(list) == 0 {
		return []string{value}
	}
	return slices.Clone(list)
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
	faults = append(faults, c.checkIssuers()...)
	if slices.Contains(c.Audiences, "") {
		faults = append(faults, errors.New("jotgate.Config.Audiences: one is empty"))
	}
	for _, typ := range orDefault(c.RefreshTypes, "rt+jwt") {
		if slices.ContainsFunc(orDefault(c.Types, "at+jwt"), func(t string) bool { return sameType(t, typ) }) {
			faults = append(faults, fmt.Errorf("jotgate.Config.RefreshTypes: %q is in Types too, and tells the two kinds apart no more", typ))
		}
	}
	for i, l := range c.Locations {
		if err := l.check(); err != nil {
			faults = append(faults, fmt.Errorf("jotgate.Config.Locations[%d]: %w", i, err))
		}
	}
	if c.Leeway > time.Minute {
		faults = append(faults, fmt.Errorf("jotgate.Config.Leeway: %v; at most 1m", c.Leeway))
	}
	return errors.Join(faults...)
}

func (c Config) checkIssuers() (faults []error) {
	if slices.Contains(c.Issuers, "") || slices.Contains(c.PreviousIssuers, "") {
		faults = append(faults, errors.New("jotgate.Config.Issuers, PreviousIssuers: one is empty"))
	}
	if len(c.Issuers) == 0 {
		return faults
	}
	if c.InsecureSkipIssuer {
		faults = append(faults, errors.New("jotgate.Config.Issuers: of no meaning beside InsecureSkipIssuer"))
	}
	if _, one := c.Keys.(*jwt.KeySet); one {
		faults = append(faults, errors.New("jotgate.Config.Keys: a *jwt.KeySet does not tell Issuers apart; want a KeySource that does, such as jwks.Sources"))
	}
	for _, i := range c.Issuers {
		if i == c.Issuer || slices.Contains(c.PreviousIssuers, i) {
			faults = append(faults, fmt.Errorf("jotgate.Config.Issuers: %q is Issuer or one of PreviousIssuers too", i))
		}
	}
	return faults
}

func (c Config) policy() jwt.Policy {
	p := jwt.Policy{
		Leeway: c.Leeway, Require: slices.Clone(c.Require),
		InsecureSkipAudience: c.InsecureSkipAudience, InsecureOptionalExpiry: c.InsecureOptionalExpiry,
	}
	if !c.InsecureSkipIssuer {
		p.Issuers = slices.Concat([]string{c.Issuer}, c.PreviousIssuers)
	}
	if !c.InsecureSkipAudience {
		p.Audiences = slices.Concat([]string{c.Audience}, c.Audiences)
	}
	if !c.InsecureAnyType {
		p.Types = slices.Concat(c.Types, c.RefreshTypes)
	}
	return p
}

// Check decides about a raw token, "" for none, under a rule. It returns who it is, or the zero Identity and a
// *Refusal; where the rule is optional, nobody may pass as the zero Identity without an error. Every framework ends here.
// Without a request there is no path: a rule with Owner lets only those pass who have OwnerOr.
func (g *Guard) Check(ctx context.Context, raw string, rule Rule) (Identity, error) {
	return g.conclude(ctx, &rule, raw, nil, nil)
}

// CheckCarrier finds the token in a request and decides as Check does. Where Config.PassOptions is set, OPTIONS is
// nobody's and passes.
func (g *Guard) CheckCarrier(ctx context.Context, c Carrier, rule Rule) (Identity, error) {
	return g.checkCarrier(ctx, c, &rule)
}

func (g *Guard) checkCarrier(ctx context.Context, c Carrier, rule *Rule) (Identity, error) {
	if g.config.PassOptions && c.Method() == http.MethodOptions { // a preflight carries no token, by the rules of CORS
		return Identity{}, nil
	}
	locations := rule.Locations
	if len(locations) == 0 {
		locations = g.config.Locations
	}
	raw, at, err := g.locate(c, locations)
	switch {
	case err != nil:
		return g.end(ctx, rule, Identity{}, g.refuse.own(err, g.refuse.token))
	case raw == "":
		refusal := g.refuse.missing(rule.Kind, locations)
		refusal.places, refusal.request = locations, c
		return g.end(ctx, rule, Identity{}, refusal)
	}
	return g.conclude(ctx, rule, raw, at, c)
}

// Token returns the raw token that the guard would look at in a request, "" for none. Nothing about it is proved: it is
// for those who hand it on, as Tickets.Issue.
func (g *Guard) Token(c Carrier) (string, error) {
	raw, _, err := g.locate(c, g.config.Locations)
	return raw, err
}

func (g *Guard) conclude(ctx context.Context, rule *Rule, raw string, at *Location, c Carrier) (Identity, error) {
	id, refusal := g.decide(ctx, raw, rule)
	id.at = at
	if refusal == nil {
		refusal = g.fits(id, rule, c)
	}
	if refusal == nil {
		if refusal = g.also(ctx, id, rule); refusal != nil {
			strict := *rule // the token is good: what Also says of it is the answer
			strict.Optional, rule = NotOptional, &strict
		}
	}
	if refusal != nil {
		refusal.at = at
		if !id.IsZero() {
			refusal.claims = &id.v.claims
		}
	}
	return g.end(ctx, rule, id, refusal)
}

// end tells the log of a refusal, or lets nobody pass where the rule says so.
func (g *Guard) end(ctx context.Context, rule *Rule, id Identity, refusal *Refusal) (Identity, error) {
	if refusal == nil {
		return id, nil
	}
	if refusal.Status == 401 && (rule.Optional == OptionalLenient || rule.Optional == OptionalStrict && refusal.Code == CodeMissing) {
		return Identity{}, nil
	}
	g.log(ctx, id, refusal)
	return Identity{}, refusal
}

// decide returns the identity beside a refusal where there is one, for the log.
func (g *Guard) decide(ctx context.Context, raw string, rule *Rule) (Identity, *Refusal) {
	if raw == "" {
		return Identity{}, g.refuse.missing(rule.Kind, g.config.Locations)
	}
	now := g.config.Now()
	id, refusal := g.prove(ctx, raw, now)
	if refusal != nil {
		return id, refusal
	}
	if kind := id.v.kind; rule.Kind != KindAny && rule.Kind != kind {
		return id, g.refuse.token(&KindError{Want: rule.Kind, Got: kind})
	}
	if lacks := rule.lacks(id); lacks != "" {
		return id, g.refuse.forbidden(lacks)
	}
	if rule.tooOld(id, now, g.config.Leeway) {
		return id, g.refuse.staleLogin(rule.MaxAge)
	}
	if rule.Fresh && (!id.v.fresh(now.Add(-g.config.Leeway)) || id.loginToCome(now, g.config.Leeway)) {
		return id, g.refuse.staleLogin(FreshAge)
	}
	return id, nil
}

func (g *Guard) also(ctx context.Context, id Identity, rule *Rule) *Refusal {
	if rule.Also == nil {
		return nil
	}
	err := rule.Also(ctx, id)
	if err == nil {
		return nil
	}
	return g.refuse.own(err, func(err error) *Refusal {
		return g.refuse.forbidden("what the rule asks besides: " + err.Error())
	})
}

// own lets the caller's functions answer with a refusal of their own. One that would refuse nothing is a mistake, and
// refuses. A 401 has a challenge (RFC 9110 §15.5.2), theirs or ours.
func (f refuse) own(err error, otherwise func(error) *Refusal) *Refusal {
	var own *Refusal
	if !errors.As(err, &own) {
		return otherwise(err)
	}
	if own == nil || own.Status < 400 || own.Status > 599 {
		return otherwise(errors.New("a refusal without the status of one"))
	}
	copied := *own // requests may share it
	if copied.Status == http.StatusUnauthorized && copied.Challenge == "" {
		copied.Challenge = f.challenge("invalid_token", "")
	}
	return &copied
}

// fits decides what the request itself must show: that a cookie was sent by its own pages, and whose path it is.
func (g *Guard) fits(id Identity, rule *Rule, c Carrier) *Refusal {
	if id.at != nil && id.at.Cookie != "" {
		if err := id.at.CSRF.prove(c, id.v.claims.CSRF); err != nil {
			return g.refuse.csrf(id.at.CSRF.header(), err)
		}
	}
	if rule.Owner == "" || owns(id, rule.Owner, c) || rule.OwnerOr != "" && id.Can(rule.OwnerOr) {
		return nil
	}
	return g.refuse.forbidden("ownership of the path's " + rule.Owner)
}

// owns tells whether the named part of the path is the subject. No part and no subject are nobody's.
func owns(id Identity, param string, c Carrier) bool {
	return c != nil && id.Subject() != "" && c.Param(param) == id.Subject()
}

// prove answers who a token is, from the cache where everything that made it good still holds.
func (g *Guard) prove(ctx context.Context, raw string, now time.Time) (Identity, *Refusal) {
	if g.cache == nil {
		return g.proveAnew(ctx, raw, now)
	}
	e := g.cache.get(raw)
	if e == nil {
		return g.proveAnew(ctx, raw, now)
	}
	if !g.holds(ctx, e, now) {
		g.cache.drop(e)
		return g.proveAnew(ctx, raw, now)
	}
	sequence, counted := g.sequence()
	if counted && e.alive.Load() == sequence {
		return Identity{v: e}, nil
	}
	if refusal := g.aliveStill(ctx, e); refusal != nil {
		g.cache.drop(e)
		return Identity{v: e}, refusal
	}
	e.alive.Store(sequence)
	return Identity{v: e}, nil
}

// proveAnew verifies a token, and remembers one that is alive.
func (g *Guard) proveAnew(ctx context.Context, raw string, now time.Time) (Identity, *Refusal) {
	sequence, _ := g.sequence()
	v, refusal := g.verify(ctx, raw, now)
	if refusal != nil {
		return Identity{}, refusal
	}
	id := Identity{v: v}
	if refusal := g.alive(ctx, id); refusal != nil {
		return id, refusal
	}
	if g.cache != nil {
		v.until = g.lastMoment(id).UnixMilli()
		v.alive.Store(sequence)
		g.cache.put(v, raw, now)
	}
	return id, nil
}

// lastMoment is when a token expires, leeway included. One that never does is verified again after a day.
func (g *Guard) lastMoment(id Identity) time.Time {
	if at := id.ExpiresAt(); !at.IsZero() {
		return at.Add(g.config.Leeway)
	}
	return g.config.Now().Add(24 * time.Hour)
}

// holds tells whether an entry is within its time and its key is still the one that verifies.
func (g *Guard) holds(ctx context.Context, e *verified, now time.Time) bool {
	if now.UnixMilli() >= e.until {
		return false
	}
	if g.fixed {
		return true
	}
	key, err := g.config.Keys.Key(ctx, g.issuerName(Identity{v: e}), e.keyID, e.key.Algorithm())
	return err == nil && key == e.key
}

// issuerName is the name under which the issuer's keys are kept: a previous issuer is the same one under an older name.
func (g *Guard) issuerName(id Identity) string {
	if slices.Contains(g.config.Issuers, id.Issuer()) {
		return id.Issuer()
	}
	return g.config.Issuer
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

func (g *Guard) verify(ctx context.Context, raw string, now time.Time) (*verified, *Refusal) {
	token, err := g.parse(raw)
	if err != nil {
		return nil, g.refuse.token(err)
	}
	policy := g.policy
	policy.Now = now
	issuer, err := g.issuerOf(raw, &policy)
	if err != nil {
		return nil, g.refuse.token(err)
	}
	header := token.Header()
	key, err := g.config.Keys.Key(ctx, issuer, header.KeyID, header.Algorithm)
	if err != nil {
		return nil, g.noKey(err)
	}
	proved, err := token.Verify(key)
	if err != nil {
		return nil, g.refuse.token(err)
	}
	g.expect(key)
	v := &verified{keyID: header.KeyID, key: key}
	if v.claims, err = g.claims(proved); err != nil {
		return nil, g.refuse.token(err)
	}
	if err = policy.Check(header, v.claims); err == nil {
		err = g.readTraits(v, header)
	}
	if err != nil {
		refusal := g.refuse.token(err)
		refusal.claims = &v.claims
		return nil, refusal
	}
	return v, nil
}

// parse checks the form of a token. Most tokens are of the key that verified the last one.
func (g *Guard) parse(raw string) (jwt.Unverified, error) {
	if g.config.Parse != nil {
		return g.config.Parse(raw)
	}
	if k := g.likely.Load(); k != nil {
		return jwt.ParseLikely(raw, *k)
	}
	return jwt.Parse(raw)
}

func (g *Guard) expect(k jwt.Key) {
	if last := g.likely.Load(); last == nil || *last != k {
		next := k // so that only a change of keys allocates
		g.likely.Store(&next)
	}
}

func (g *Guard) claims(v jwt.Verified) (jwt.Claims, error) {
	if len(g.config.Foreign) == 0 {
		return v.Claims()
	}
	return jwt.ParseClaimsExcept(v.Payload(), g.config.Foreign...)
}

// issuerOf says whose keys to ask. Where there are several issuers, the token's own word chooses among those we trust,
// and the policy then wants exactly that one.
func (g *Guard) issuerOf(raw string, p *jwt.Policy) (string, error) {
	if len(g.config.Issuers) == 0 {
		return g.config.Issuer, nil
	}
	claimed, err := g.claimedIssuer(raw)
	if err != nil || slices.Contains(p.Issuers, claimed) {
		return g.config.Issuer, err
	}
	if !slices.Contains(g.config.Issuers, claimed) {
		return "", fmt.Errorf("%w: want one of %q and %q, got %.128q", jwt.ErrIssuer, p.Issuers, g.config.Issuers, claimed)
	}
	p.Issuers = []string{claimed}
	return claimed, nil
}

// claimedIssuer reads iss before the signature is proved: good for choosing a key, and for nothing else.
func (g *Guard) claimedIssuer(raw string) (string, error) {
	_, rest, _ := strings.Cut(raw, ".")
	body, _, _ := strings.Cut(rest, ".")
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "=")) // where Config.Parse bears padding
	if err != nil {
		return "", jwt.ErrMalformed
	}
	claims, err := jwt.ParseClaimsExcept(payload, g.config.Foreign...)
	return claims.Issuer, err
}

func (g *Guard) kind(typ string) Kind {
	if slices.ContainsFunc(g.config.RefreshTypes, func(t string) bool { return sameType(t, typ) }) {
		return KindRefresh
	}
	return KindAccess
}

// sameType compares media types: without case, and with or without "application/" (RFC 7515 §4.1.9).
func sameType(a, b string) bool { return strings.EqualFold(subtype(a), subtype(b)) }

func subtype(s string) string {
	const prefix = "application/"
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):]
	}
	return s
}

func (g *Guard) noKey(err error) *Refusal {
	if errors.Is(err, jwt.ErrUnknownKey) || errors.Is(err, jwt.ErrAlgorithm) {
		return g.refuse.token(err)
	}
	return unavailable(CodeKeysDown, err)
}

// alive asks the revocations about a token.
func (g *Guard) alive(ctx context.Context, id Identity) *Refusal {
	if g.config.Revocations == nil {
		return nil
	}
	return g.judge(g.config.Revocations.Check(ctx, g.ref(id)))
}

// aliveStill asks about a token that came again, and may come often.
func (g *Guard) aliveStill(ctx context.Context, e *verified) *Refusal {
	if g.prepare == nil {
		return g.alive(ctx, Identity{v: e})
	}
	ask := e.ask.Load()
	if ask == nil {
		made := g.prepare.Prepare(g.ref(Identity{v: e}))
		ask = &made
		e.ask.Store(ask)
	}
	return g.judge((*ask)(ctx))
}

func (g *Guard) judge(verdict jwt.Verdict, err error) *Refusal {
	if err != nil {
		return unavailable(CodeRevocationsDown, err)
	}
	if verdict.Dead {
		return g.refuse.dead(verdict)
	}
	return nil
}

// ref is what a revocation can hit of an identity.
func (g *Guard) ref(id Identity) jwt.Ref {
	c, t := &id.v.claims, id.v.traits()
	ref := jwt.Ref{
		Issuer: c.Issuer, TokenID: t.TokenID, SessionID: t.SessionID, Subject: t.Subject, KeyID: id.v.keyID, Roles: t.Roles,
		UserVersion: c.UserVersion, PolicyVersion: c.PolicyVersion, IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}
	if !g.config.InsecureSkipIssuer {
		ref.Issuer = g.issuerName(id)
	}
	return ref
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
