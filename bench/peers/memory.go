package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/bench/internal/report"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

var memoryHead = []string{"in process", "measured", "floor in the same run", "ours must", "met"}

// memory prints what remembered tokens and revocations cost in time and space. The clock stands: reading it is not part
// of the figures. Turns are longer here, or what the others of a round read would have emptied the processor's caches.
func memory(p plan) error {
	p.rounds, p.block = max(1, p.rounds/10), 10*p.block
	var rows [][]string
	for _, figure := range []func(plan) ([][]string, error){hotTokens, zipfTokens, entrySize, bound, lookUps} {
		more, err := figure(p)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	printTable("What the guard remembers", memoryHead, rows)
	return nil
}

const (
	usualBytes = 16 << 20 // what a guard has unless told
	roomy      = 2 << 10  // bytes for a token, with places to spare
)

func hotTokens(p plan) ([][]string, error) {
	order := make([]uint16, 1<<16)
	for i := range order {
		order[i] = uint16(rand.IntN(1000))
	}
	return cacheRows(p, "1,000 hot tokens", 1000, usualBytes, order, 60)
}

func zipfTokens(p plan) ([][]string, error) {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.01, 1, uint64(p.many-1))
	places := rand.Perm(p.many) // the frequent ones are not neighbours in memory
	order := make([]uint16, 1<<20)
	for i := range order {
		order[i] = uint16(places[zipf.Uint64()])
	}
	return cacheRows(p, thousands(p.many)+" tokens, Zipf 1.01", p.many, p.many*roomy, order, 200)
}

// remembering is a guard that has seen tokens, which are not the same memory as what it keeps.
type remembering struct {
	guard    *jotgate.Guard
	dead     *revocation.Set
	tokens   []string
	looks    int
	verified int   // how often the guard had to
	grown    int64 // bytes of the heap since there was no guard
}

// newRemembering has shown the guard n tokens.
func newRemembering(n, cacheBytes int) (*remembering, error) {
	k, err := newKey(jwt.HS256)
	if err != nil {
		return nil, err
	}
	r := &remembering{dead: someDead()}
	if r.tokens, err = issueMany(k, n); err != nil {
		return nil, err
	}
	before, now := inUse(), time.Now()
	r.guard, err = newGuard(k, func(c *jotgate.Config) {
		c.CacheBytes, c.Revocations, c.Now = cacheBytes, r.dead, func() time.Time { return now }
		c.Parse = func(raw string) (jwt.Unverified, error) {
			r.verified++
			return jwt.Parse(raw)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, t := range r.tokens {
		if err := r.look(strings.Clone(t)); err != nil {
			return nil, err
		}
	}
	r.grown, r.looks, r.verified = inUse()-before, 0, 0
	return r, nil
}

func (r *remembering) look(t string) error {
	r.looks++
	_, err := r.guard.Check(context.Background(), t, jotgate.Rule{})
	return err
}

func issueMany(k key, n int) ([]string, error) {
	all := make([]string, n)
	for i := range all {
		var err error
		if all[i], err = issue(k, func(c *jwt.Claims) { c.Subject, c.ID = newID(), newID() }); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// cacheRows measures with nothing revoked between looks, and with a revocation between any two.
func cacheRows(p plan, name string, n, cacheBytes int, order []uint16, must float64) ([][]string, error) {
	r, err := newRemembering(n, cacheBytes)
	if err != nil {
		return nil, err
	}
	floor := &item{name: "compare", op: compare(r.tokens, order)}
	quiet := &item{name: "look", op: inOrder(r.tokens, order, r.look)}
	record := revoked(revocation.User, "somebody")
	revoke := func() {
		record.Version++
		r.dead.Add(record)
	}
	revokes := &item{name: "revoke", op: func() error { revoke(); return nil }}
	churning := &item{name: "revoke and look", op: inOrder(r.tokens, order, func(t string) error {
		revoke()
		return r.look(t)
	})}
	if err := inTurns(p, []*item{floor, quiet, revokes, churning}); err != nil {
		return nil, err
	}
	limit := fmt.Sprintf("%.0f ns to compare the token", floor.ns())
	words := fmt.Sprintf("≤ %.0f ns, 0 allocs", must)
	return [][]string{
		{
			name, fmt.Sprintf("%.0f ns · %d allocs (%.2f %% verified again)", quiet.ns(), quiet.alloc, 100*float64(r.verified)/float64(r.looks)),
			limit, words, met(quiet.ns() <= must && quiet.alloc == 0),
		},
		{
			name + ", a revocation between looks", fmt.Sprintf("%.0f ns · %d allocs beside the revocation's own", churning.beyond(revokes), max(0, churning.alloc-revokes.alloc)),
			limit, words, met(churning.beyond(revokes) <= must && churning.alloc <= revokes.alloc),
		},
	}, nil
}

func inOrder(tokens []string, order []uint16, do func(string) error) func() error {
	at := 0
	return func() error {
		at = (at + 1) & (len(order) - 1)
		return do(tokens[order[at]])
	}
}

// compare compares tokens with copies of them, which is what a look cannot do without.
func compare(tokens []string, order []uint16) func() error {
	copies := make([]string, len(tokens))
	for i, t := range tokens {
		copies[i] = strings.Clone(t)
	}
	at := 0
	return func() error {
		at = (at + 1) & (len(order) - 1)
		if i := order[at]; tokens[i] != copies[i] {
			return errors.New("a copy differs")
		}
		return nil
	}
}

// entrySize reads how much memory tokens take that are remembered, the raw tokens included.
func entrySize(p plan) ([][]string, error) {
	r, err := newRemembering(p.many, p.many*roomy)
	if err != nil {
		return nil, err
	}
	each := r.grown / int64(p.many)
	return [][]string{{
		"memory of a token, " + thousands(p.many) + " of them", report.Thousands(each) + " B", fmt.Sprintf("%d B of token", len(r.tokens[0])),
		"≤ 1.3 kB", met(each <= 1300),
	}}, nil
}

// bound reads how much a guard keeps of four times as many tokens as it has room for.
func bound(p plan) ([][]string, error) {
	budget := p.many * roomy / 8
	r, err := newRemembering(p.many, budget)
	if err != nil {
		return nil, err
	}
	return [][]string{{
		thousands(p.many) + " tokens, CacheBytes " + mebibytes(int64(budget)), mebibytes(r.grown), mebibytes(int64(p.many*len(r.tokens[0]))) + " of tokens",
		"≤ CacheBytes", met(r.grown <= int64(budget)),
	}}, nil
}

func thousands(n int) string { return report.Thousands(int64(n)) }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// inUse is the heap after the collector has gone through it. Twice: pools are emptied by the second.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// lookUps measures sets of revocations: tokens that are alive, tokens that are dead, and one that all kinds of records
// could hit.
func lookUps(p plan) ([][]string, error) {
	var rows [][]string
	for _, n := range p.records {
		more, err := lookUp(p, n)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func lookUp(p plan, n int) ([][]string, error) {
	asked := min(n, 1<<16)
	names, unknown := newIDs(asked), newIDs(asked)
	before := inUse()
	dead := revocation.NewSet()
	fill(dead, n, names)
	each := float64(inUse()-before) / float64(n)
	hash := &item{name: "hash", op: next(unknown, func(id string) error {
		if revocation.KeyOf(revocation.Token, issuer, id) == (revocation.Key{}) {
			return errors.New("no key")
		}
		return nil
	})}
	alive := &item{name: "alive", op: next(unknown, func(id string) error {
		return wantDead(dead, jwt.Ref{Issuer: issuer, TokenID: id}, false)
	})}
	gone := &item{name: "dead", op: next(names, func(id string) error {
		return wantDead(dead, jwt.Ref{Issuer: issuer, TokenID: id}, true)
	})}
	if err := inTurns(p, []*item{hash, alive, gone}); err != nil {
		return nil, err
	}
	must, size := 60.0, thousands(n)
	if n > 1e6 {
		must = 110
	}
	limit, words := fmt.Sprintf("%.0f ns to hash the name", hash.ns()), fmt.Sprintf("≤ %.0f ns", must)
	return [][]string{
		{"look-up among " + size + " records, alive", fmt.Sprintf("%.0f ns · %d allocs", alive.ns(), alive.alloc), limit, words, met(alive.ns() <= must)},
		{"look-up among " + size + " records, dead", fmt.Sprintf("%.0f ns · %d allocs", gone.ns(), gone.alloc), limit, words, met(gone.ns() <= must)},
		{"memory of a record, " + size, fmt.Sprintf("%.0f B", each), "16 B of key", "≤ 56 B", met(each <= 56)},
	}, nil
}

func newIDs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = newID()
	}
	return all
}

// fill adds n records as a snapshot would, a thousand at a time. The names are spread among them.
func fill(dead *revocation.Set, n int, names []string) {
	every := max(1, n/len(names))
	batch := make([]revocation.Record, 0, 1000)
	for i := range n {
		name := newID()
		if i%every == 0 && i/every < len(names) {
			name = names[i/every]
		}
		if batch = append(batch, revoked(revocation.Token, name)); len(batch) == cap(batch) || i == n-1 {
			dead.Add(batch...)
			batch = batch[:0]
		}
	}
}

func next(names []string, do func(string) error) func() error {
	at := 0
	return func() error {
		if at++; at == len(names) {
			at = 0
		}
		return do(names[at])
	}
}

func wantDead(s *revocation.Set, t jwt.Ref, want bool) error {
	v, err := s.Check(context.Background(), t)
	if err == nil && v.Dead != want {
		err = fmt.Errorf("token %s: got dead %t, want %t", t.TokenID, v.Dead, want)
	}
	return err
}
