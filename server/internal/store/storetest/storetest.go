// Package storetest is what every store.Store must do, as tests. A back-end's own test calls Run.
//
//	storetest.Run(t, func(t *testing.T) storetest.Open {
//		path := "sqlite:" + filepath.Join(t.TempDir(), "jotgate.db")
//		return func(o store.Options) (store.Store, error) { return sqlstore.Open(t.Context(), path, o) }
//	}, storetest.Can{Nodes: 3, Rounds: 200})
//
// Tests are named by the promises and cases that they hold. Nothing here sleeps: the clock is the suite's, and races
// start behind a barrier.
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Open opens a store on one and the same database. Each call is one more node on it.
type Open func(o store.Options) (store.Store, error)

// Can declares what a back-end can do.
type Can struct {
	Nodes  int // stores that may be open on one database at the same time; races run over that many
	Rounds int // of each race
}

// Run runs the suite. fresh returns an Open for a new, empty database.
func Run(t *testing.T, fresh func(t *testing.T) Open, can Can) {
	for _, part := range []struct {
		name string
		legs []leg
	}{
		{"users", users}, {"credentials", credentials}, {"sessions", sessions}, {"roles", roles},
		{"keys", keys}, {"log", logs}, {"store", whole}, {"races", races}, {"model", model},
	} {
		t.Run(part.name, func(t *testing.T) {
			for _, l := range part.legs {
				t.Run(l.name, func(t *testing.T) { l.run(begin(t, fresh(t), can)) })
			}
		})
	}
}

type leg struct {
	name string
	run  func(*kit)
}

// The suite's constants.
const (
	issuer    = "https://issuer.test"
	tokenLife = 15 * time.Minute
	idle      = 30 * time.Minute
	absolute  = 2 * time.Hour
	slack     = time.Minute // how much longer than its tokens a record lives
	patience  = time.Minute // what is answered is tested here, not how soon: this machine may be busy
)

// kit is one test with its store, its clock and what was revoked.
type kit struct {
	*testing.T
	store.Store
	open  Open
	can   Can
	clock *clock
	heard *ledger // by the first node
}

func begin(t *testing.T, open Open, can Can) *kit {
	k := &kit{T: t, open: open, can: can, heard: new(ledger)}
	// Not a whole second, and not UTC: both must not matter.
	k.clock = &clock{now: time.Date(2026, 3, 29, 1, 59, 59, 987_654_321, time.FixedZone("Kathmandu", 5*3600+45*60))}
	k.Store = k.node(k.heard.add)
	return k
}

// node opens the database once more.
func (k *kit) node(revoked func([]revocation.Record)) store.Store {
	k.Helper()
	s, err := k.open(store.Options{Issuer: issuer, TokenLife: tokenLife, Revoked: revoked, Now: k.clock.Now, Patience: patience})
	if err != nil {
		k.Fatalf("opening: %v", err)
	}
	k.Cleanup(func() {
		if err := s.Close(); err != nil {
			k.Errorf("closing: %v", err)
		}
	})
	return s
}

// nodes returns all that may be open at once, the first included.
func (k *kit) nodes() []store.Store {
	all := []store.Store{k.Store}
	for len(all) < k.can.Nodes {
		all = append(all, k.node(nil))
	}
	return all
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// kept is a time as a store keeps it.
func kept(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// ledger is what Options.Revoked heard.
type ledger struct {
	mu      sync.Mutex
	records []revocation.Record
}

func (l *ledger) add(r []revocation.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, r...)
}

// take returns what was heard since the last take.
func (l *ledger) take() []revocation.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.records
	l.records = nil
	return r
}

// record is what a deed done now must revoke.
func (k *kit) record(kind revocation.Kind, value string, version int64, reason string) revocation.Record {
	now := kept(k.clock.Now())
	r := revocation.Record{Kind: kind, Key: revocation.KeyOf(kind, issuer, value), Version: version, Reason: reason, ExpiresAt: now.Add(tokenLife + slack)}
	if kind == revocation.User {
		r.Before = now
	}
	return r
}

// revoked checks that the deeds since the last call revoked exactly want, here and in the log.
func (k *kit) revoked(what string, want ...revocation.Record) {
	k.Helper()
	k.same(what+": heard", k.heard.take(), want)
	logged := k.logged(k.clock.Now())
	for _, r := range want {
		if !slices.Contains(logged, r) {
			k.Errorf("%s: the log lacks %+v; it has %+v", what, r, logged)
		}
	}
}

func (k *kit) logged(now time.Time) (all []revocation.Record) {
	k.Helper()
	k.ok("Revocations", k.Revocations(k.Context(), now, func(r revocation.Record) { all = append(all, r) }))
	return all
}

func (k *kit) same(what string, got, want []revocation.Record) {
	k.Helper()
	order := func(a, b revocation.Record) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		k.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func (k *kit) ok(what string, err error) {
	k.Helper()
	if err != nil {
		k.Fatalf("%s: %v", what, err)
	}
}

// is checks an error against the sentinel that is wanted.
func (k *kit) is(what string, got, want error) {
	k.Helper()
	if !errors.Is(got, want) {
		k.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// equal checks a value.
func equal[T comparable](k *kit, what string, got, want T) {
	k.Helper()
	if got != want {
		k.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// words checks a list.
func (k *kit) words(what string, got []string, want ...string) {
	k.Helper()
	if !slices.Equal(got, want) {
		k.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func id() string { return uuid.Must(uuid.NewV7()).String() }

func (k *kit) event(action string) store.Event {
	return store.Event{ID: id(), At: k.clock.Now(), Action: action, Actor: "actor", Target: "target", Result: store.ResultOK,
		Detail: "detail", IP: "192.0.2.1", UserAgent: "agent", RequestID: "request"}
}

// newUser is a user to create, with the password hash "hash of NAME".
func (k *kit) newUser(name string, roles ...string) store.NewUser {
	return store.NewUser{User: store.User{
		ID: id(), Username: name, UsernameKey: strings.ToLower(name), Email: name + "@Example.test", EmailKey: strings.ToLower(name) + "@example.test",
		PasswordHash: "hash of " + name, Roles: roles, Version: 1, CreatedAt: k.clock.Now(), UpdatedAt: k.clock.Now(),
	}}
}

// user creates one.
func (k *kit) user(name string, roles ...string) store.User {
	k.Helper()
	u := k.newUser(name, roles...)
	k.ok("CreateUser", k.CreateUser(k.Context(), u, k.event("user.create")))
	return u.User
}

// seen returns a user as the store has it.
func (k *kit) seen(id string) store.Access {
	k.Helper()
	a, err := k.User(k.Context(), id)
	k.ok("User", err)
	return a
}

func (k *kit) newSession(u store.User) store.Session {
	now := k.clock.Now()
	return store.Session{ID: id(), UserID: u.ID, ClientID: "app", Audience: "https://api.test", Counter: 1, AuthTime: now, CreatedAt: now,
		LastUsedAt: now, IdleExpiresAt: now.Add(idle), ExpiresAt: now.Add(absolute), UserAgent: "agent", IP: "192.0.2.1"}
}

// login starts a session.
func (k *kit) login(u store.User) store.Session {
	k.Helper()
	s := k.newSession(u)
	_, err := k.StartSession(k.Context(), s, u.PasswordHash, k.event("user.login"))
	k.ok("StartSession", err)
	return s
}

// logins starts n sessions, many at a time.
func (k *kit) logins(u store.User, n int) []store.Session {
	k.Helper()
	all := make([]store.Session, n)
	together(workers, func(w int) {
		for i := w; i < n; i += workers {
			all[i] = k.newSession(u)
			_, err := k.StartSession(k.Context(), all[i], u.PasswordHash, k.event("user.login"))
			k.is("StartSession", err, nil)
		}
	})
	return all
}

func (k *kit) rotation(s store.Session, counter int64, grace time.Duration) store.Rotation {
	return store.Rotation{SessionID: s.ID, Counter: counter, Now: k.clock.Now(), Grace: grace, Idle: idle}
}

// refresh presents a refresh token.
func (k *kit) refresh(s store.Session, counter int64, grace time.Duration) (store.Rotated, error) {
	return k.RotateSession(k.Context(), k.rotation(s, counter, grace), k.event("session.refresh"))
}

// session returns one as the store has it.
func (k *kit) session(id string) store.Session {
	k.Helper()
	s, err := k.Session(k.Context(), id)
	k.ok("Session", err)
	return s
}

// events returns the newest audit rows.
func (k *kit) events() []store.Event {
	k.Helper()
	all, err := k.Events(k.Context(), store.Page{})
	k.ok("Events", err)
	return all
}

// audited checks that deed writes n audit rows.
func (k *kit) audited(what string, n int, deed func()) {
	k.Helper()
	before := len(k.events())
	deed()
	equal(k, what+": audit rows", len(k.events())-before, n)
}

// together runs f for 0…n-1 at the same time and waits.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			f(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// tally counts the outcomes of a race by error; other errors fail the test.
type tally struct {
	mu sync.Mutex
	n  map[error]int
}

func (c *tally) count(k *kit, err error, expected ...error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[error]int{}
	}
	for _, e := range append(expected, nil) {
		if errors.Is(err, e) {
			c.n[e]++
			return
		}
	}
	k.Errorf("in a race: %v", err)
}
