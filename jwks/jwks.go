// Package jwks verifies with the keys that an issuer publishes: a JWK Set (RFC 7517 §5) fetched over HTTP, kept and
// refreshed.
//
//	keys, err := jwks.New(jwks.Config{URL: "https://id.example/.well-known/jwks.json", Issuer: "https://id.example"})
//	defer keys.Close()
//	guard, err := jotgate.New(jotgate.Config{Issuer: "https://id.example", Audience: "orders", Keys: keys})
//
// # The trip of a key
//
// A token names its key by kid. The kid is looked up in the set at hand, without a lock and without the network. The set
// is as fresh as its Cache-Control said, within bounds, and is fetched again shortly before it ends; whoever asks
// meanwhile gets the old one. Only who comes before the first set, or after one ended unnoticed, waits. A kid that is not
// in a fresh set causes at most one fetch a cool-down, whatever strangers send.
//
// # What it promises
//
//   - One request at a time, however many callers; a caller's context ends his waiting and not the request.
//   - A new set replaces the old one: a key that its issuer took away verifies nothing once the set is refreshed, which
//     is at most MaxTTL later while fetching works and MaxStale while it does not.
//   - A set that cannot be had, or that is bad in any part, changes nothing but the log. The last good one serves until
//     MaxStale; after that, and for kids that only a newer set could tell, there is an error that is not
//     jwt.ErrUnknownKey, so that an outage answers 503 and logs nobody out.
//   - A source answers for its own issuer only, by exact text: the same kid of another issuer is another key.
//   - A fetch is bounded: https (plain http to loopback, or to the origin of the issuer itself where that is plain http),
//     5 s, 1 MiB, redirects on the same host only, no proxy, and no connection to an address that is not public, decided on
//     the resolved address when dialling. Secrets and private keys in a set make it bad; keys without kid are passed over.
package jwks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Source is the key set of one issuer. It is a jotgate.KeySource and safe for concurrent use. See [New].
type Source struct {
	config Config
	client *http.Client
	view   atomic.Pointer[view]

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	mu      sync.Mutex // held to begin and to end a fetch
	timer   *time.Timer
	running sync.WaitGroup
}

// view is all that readers need, replaced as a whole.
type view struct {
	keys     *jwt.KeySet // nil before the first good set
	etag     string
	expires  time.Time     // until then the set is fresh (RFC 9111 §4.2)
	dead     time.Time     // until then it serves when it cannot be refreshed
	due      time.Time     // when to fetch next
	started  time.Time     // when the last fetch began
	flight   chan struct{} // closed when the fetch in progress ends; nil: there is none
	err      error         // of the last fetch
	failures int           // in a row
}

// New checks the configuration; the error names every fault. Nothing is fetched before the first [Source.Key] or
// [Source.Refresh]. From then on the source keeps itself fresh until Close.
func New(c Config) (*Source, error) {
	c, target, err := c.complete()
	if err != nil {
		return nil, fmt.Errorf("jwks.Config: %w", err)
	}
	s := &Source{config: c, client: c.client(target)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.view.Store(new(view))
	return s, nil
}

// Key returns the key of that kid, as jotgate.KeySource wants it: an error wraps jwt.ErrUnknownKey when the issuer has no
// such key, jwt.ErrAlgorithm when it is for another algorithm, and neither when that cannot be known at the moment. A
// token without kid has no key: none is guessed. A known kid costs no lock and no allocation.
func (s *Source) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	if iss != s.config.Issuer || kid == "" {
		return jwt.Key{}, fmt.Errorf("%w: want a kid of issuer %q, got kid %.128q of issuer %.128q", jwt.ErrUnknownKey, s.config.Issuer, kid, iss)
	}
	v, now := s.view.Load(), s.config.Now()
	if !now.Before(v.due) {
		v = s.start(v, now)
	}
	if v.usable(now) {
		k, err := v.keys.Key(ctx, iss, kid, alg)
		if err == nil || !errors.Is(err, jwt.ErrUnknownKey) {
			return k, err
		}
		if now.Sub(v.started) >= s.config.Cooldown {
			v = s.start(v, now)
		}
	}
	if v.flight != nil {
		if err := s.wait(ctx, v); err != nil {
			return jwt.Key{}, err
		}
		v, now = s.view.Load(), s.config.Now()
	}
	return v.look(ctx, now, iss, kid, alg)
}

// usable tells whether the set may answer without waiting. One that has ended may, if the attempt to refresh it failed.
func (v *view) usable(now time.Time) bool {
	return v.keys != nil && (now.Before(v.expires) || v.err != nil && now.Before(v.dead))
}

// look is the last word about a kid.
func (v *view) look(ctx context.Context, now time.Time, iss, kid, alg string) (jwt.Key, error) {
	if v.keys == nil || !now.Before(v.dead) {
		return jwt.Key{}, fmt.Errorf("no usable key set of %q: %w", iss, v.reason())
	}
	k, err := v.keys.Key(ctx, iss, kid, alg)
	if v.err != nil && errors.Is(err, jwt.ErrUnknownKey) {
		return jwt.Key{}, fmt.Errorf("kid %.128q is not in the last good key set of %q, and a newer one cannot be had: %w", kid, iss, v.err)
	}
	return k, err
}

var errClosed = errors.New("the source is closed")

func (v *view) reason() error {
	if v.err != nil {
		return v.err
	}
	return errClosed // what else leaves a set to die without an attempt
}

// Refresh fetches the set now, or joins the fetch in progress, and says how it ended. It regards no cool-down, so call it
// where strangers cannot: at start-up, to fail early, or when a key was revoked.
func (s *Source) Refresh(ctx context.Context) error {
	v := s.start(s.view.Load(), s.config.Now())
	if v.flight == nil && s.ctx.Err() != nil {
		return errClosed
	}
	if v.flight != nil {
		if err := s.wait(ctx, v); err != nil {
			return err
		}
		v = s.view.Load()
	}
	return v.err
}

// Close ends the fetch in progress and all later ones, and waits for it. The set at hand serves on until it ends.
func (s *Source) Close() error {
	s.mu.Lock()
	s.cancel()
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	s.running.Wait()
	s.client.CloseIdleConnections()
	return nil
}

func (s *Source) wait(ctx context.Context, v *view) error {
	select {
	case <-v.flight:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the key set of %q: %w", s.config.Issuer, context.Cause(ctx))
	}
}

// start begins a fetch if v, by which the caller judged that one is wanted, is still the present. It returns what is.
func (s *Source) start(v *view, now time.Time) *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	if present := s.view.Load(); present != v || v.flight != nil || s.ctx.Err() != nil {
		return present
	}
	next := *v
	next.flight, next.started = make(chan struct{}), now
	s.view.Store(&next)
	s.running.Go(func() { s.run(&next) })
	return &next
}

// run is the one fetch in progress.
func (s *Source) run(v *view) {
	ctx, cancel := context.WithTimeout(s.ctx, s.config.Timeout)
	defer cancel()
	got, err := s.fetch(ctx, v)
	now := s.config.Now()
	var next view
	if err != nil {
		next = s.failed(v, now, err)
	} else {
		next = s.renewed(v, got)
	}
	s.report(v, &next, now)
	s.mu.Lock()
	s.view.Store(&next)
	s.wake(next.due.Sub(now))
	s.mu.Unlock()
	close(v.flight)
}

// wake has the set fetched when it is due, whether someone asks or not.
func (s *Source) wake(after time.Duration) {
	switch {
	case s.ctx.Err() != nil:
	case s.timer == nil:
		s.timer = time.AfterFunc(after, s.tick)
	default:
		s.timer.Reset(after)
	}
}

func (s *Source) tick() {
	if v, now := s.view.Load(), s.config.Now(); !now.Before(v.due) {
		s.start(v, now)
	}
}

// renewed is the view after a success. The fetch began when it began: that is what the set's age counts from.
func (s *Source) renewed(v *view, got answer) view {
	ttl := min(max(got.ttl, s.config.MinTTL), s.config.MaxTTL)
	early := time.Duration((0.1 + 0.1*s.config.Random()) * float64(ttl)) // spreads the verifiers that started together
	next := view{keys: got.keys, etag: got.etag, started: v.started}
	next.expires = v.started.Add(ttl)
	next.dead = v.started.Add(s.config.MaxStale)
	next.due = next.expires.Add(-early)
	return next
}

// failed is the view after a failure: what was good stays.
func (s *Source) failed(v *view, now time.Time, err error) view {
	next := *v
	next.flight, next.err = nil, err
	next.failures++
	if now.Before(v.due) {
		return next // a stranger's kid asked for this fetch: the schedule holds
	}
	pause := min(time.Second<<min(v.failures, 10), s.config.Cooldown)
	next.due = now.Add(pause + time.Duration(s.config.Random()*float64(pause)/4))
	return next
}

// report raises the alarm, and takes it back.
func (s *Source) report(before, after *view, now time.Time) {
	log := s.config.Logger.With(slog.String("issuer", s.config.Issuer))
	switch {
	case s.ctx.Err() != nil:
	case after.err != nil && after.keys == nil:
		log.Error("key set not available", slog.Any("error", after.err))
	case after.err != nil:
		log.Error("key set not refreshed: the last good one is in use", slog.Any("error", after.err),
			slog.Time("until", after.dead), slog.Bool("stale", !now.Before(after.expires)))
	case before.err != nil:
		log.Info("key set available again", slog.Int("failures", before.failures))
	}
}
