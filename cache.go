package jotgate

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// cache remembers tokens that were verified, so that a token which comes again costs no signature. It is an array of
// small sets that is read without a lock: the place of a token comes from a seeded hash of its signature's end, and the
// whole token is compared. What is found there counts only as long as everything that made it good still holds: the
// caller asks again for the key, the time and the revocations.
type cache struct {
	seed   maphash.Seed
	sets   []cacheSet // a power of two
	budget int64      // bytes
	used   atomic.Int64
	hand   atomic.Uint64 // whose turn it is to make room
}

const (
	cacheWays = 4
	// entryBytes is what an entry holds beside its token: the decoded claims are about as long as the token itself.
	entryBytes = 400
)

type cacheSet [cacheWays]atomic.Pointer[cached]

// cached is one verified token. Only alive changes.
type cached struct {
	raw   string
	id    Identity
	key   jwt.Key       // that verified it
	until time.Time     // exp with leeway
	alive atomic.Uint64 // the revocations' sequence at which it was last found alive
	cost  int64
}

// newCache returns a cache that holds at most budget bytes, and nil for none.
func newCache(budget int) *cache {
	if budget <= 0 {
		return nil
	}
	sets := 1
	for sets*cacheWays*1024 < budget {
		sets *= 2
	}
	return &cache{seed: maphash.MakeSeed(), sets: make([]cacheSet, sets), budget: int64(budget)}
}

func (c *cache) set(raw string) *cacheSet {
	tail := raw
	if len(tail) > 24 {
		tail = tail[len(tail)-24:]
	}
	return &c.sets[maphash.String(c.seed, tail)&uint64(len(c.sets)-1)]
}

// get returns the entry of this very token, or nil.
func (c *cache) get(raw string) *cached {
	set := c.set(raw)
	for i := range set {
		if e := set[i].Load(); e != nil && e.raw == raw {
			return e
		}
	}
	return nil
}

// put stores an entry, in a free place of its set or in that of the entry that ends first. When the bytes do not
// suffice, a few entries elsewhere make room; where even that is not enough, the token is not remembered.
func (c *cache) put(e *cached, now time.Time) {
	e.cost = int64(2*len(e.raw) + entryBytes)
	set := c.set(e.raw)
	place := c.place(set, e.raw, now)
	old := place.Load()
	more := e.cost - costOf(old)
	if c.used.Add(more) > c.budget && !c.makeRoom() {
		c.used.Add(-more)
		return
	}
	if !place.CompareAndSwap(old, e) {
		c.used.Add(-more) // another request was faster; this token comes again
	}
}

func (c *cache) place(set *cacheSet, raw string, now time.Time) *atomic.Pointer[cached] {
	best := &set[0]
	for i := range set {
		old := set[i].Load()
		if old == nil || old.raw == raw || !now.Before(old.until) {
			return &set[i]
		}
		if old.until.Before(ends(best.Load())) {
			best = &set[i]
		}
	}
	return best
}

// makeRoom drops the entries of the next sets in turn until the budget holds.
func (c *cache) makeRoom() bool {
	for range 8 {
		if c.used.Load() <= c.budget {
			return true
		}
		set := &c.sets[c.hand.Add(1)&uint64(len(c.sets)-1)]
		for i := range set {
			if e := set[i].Load(); e != nil {
				c.drop(e)
			}
		}
	}
	return c.used.Load() <= c.budget
}

// drop removes an entry that is no longer good.
func (c *cache) drop(e *cached) {
	set := c.set(e.raw)
	for i := range set {
		if set[i].CompareAndSwap(e, nil) {
			c.used.Add(-e.cost)
			return
		}
	}
}

func costOf(e *cached) int64 {
	if e == nil {
		return 0
	}
	return e.cost
}

func ends(e *cached) time.Time {
	if e == nil {
		return time.Time{}
	}
	return e.until
}
