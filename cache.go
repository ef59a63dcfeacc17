package jotgate

import (
	"math/bits"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"
)

// cache remembers tokens that were verified, so that a token which comes again costs no signature. It is an array of
// small sets that is read without a lock: the place of a token comes from a seeded hash of its signature's end, and the
// whole token is compared. What is found there counts only as long as everything that made it good still holds: the
// caller asks again for the key, the time and the revocations.
type cache struct {
	seed   [2]uint64
	sets   []cacheSet // a power of two
	budget int64      // bytes
	used   atomic.Int64
	hand   atomic.Uint64 // whose turn it is to make room
}

// What memory is counted as.
const (
	cacheWays = 5
	setBytes  = 64
	// entryBytes is what an entry holds beside its texts: the structure, what is prepared for the revocations, and what the
	// allocator rounds up to.
	entryBytes = 384 + 192 + 48
	// usualEntry is an entry of a usual token, by which the number of sets is chosen.
	usualEntry = 1500
)

// cacheSet fills a line of the processor's cache, whose tags spare most looks at entries of other tokens. A tag that two
// writers left behind for the wrong entry hides it, until it is replaced, and never shows it to another token.
type cacheSet struct {
	tags    [cacheWays]atomic.Uint32
	entries [cacheWays]atomic.Pointer[verified]
}

// newCache returns a cache that holds at most budget bytes, and nil for none.
func newCache(budget int) *cache {
	if budget <= 0 {
		return nil
	}
	sets := 1
	for sets*cacheWays*usualEntry < budget {
		sets *= 2
	}
	return &cache{seed: [2]uint64{rand.Uint64(), rand.Uint64()}, sets: make([]cacheSet, sets), budget: int64(budget - sets*setBytes)}
}

// shortest is less than any signature takes.
const shortest = 16

// set returns where a token of at least shortest bytes stands, and its tag there.
func (c *cache) set(raw string) (*cacheSet, uint32) {
	end := raw[len(raw)-shortest:]
	high, low := bits.Mul64(word(end)^c.seed[0], word(end[8:])^c.seed[1])
	h := high ^ low
	return &c.sets[h&uint64(len(c.sets)-1)], uint32(h >> 32)
}

// word loads eight bytes; the compiler makes one instruction of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// get returns the entry of this very token, or nil.
func (c *cache) get(raw string) *verified {
	if len(raw) < shortest {
		return nil
	}
	set, tag := c.set(raw)
	for i := range set.tags {
		if set.tags[i].Load() == tag {
			if e := set.entries[i].Load(); e != nil && e.raw == raw {
				return e
			}
		}
	}
	return nil
}

// put stores an entry, in a free place of its set or in that of the entry that ends first. When the bytes do not
// suffice, a few entries elsewhere make room; where even that is not enough, the token is not remembered. The entry gets
// a text of its own, since raw may be a piece of something larger.
func (c *cache) put(e *verified, raw string, now time.Time) {
	e.raw = strings.Clone(raw)
	set, tag := c.set(raw)
	i := set.place(raw, now)
	old := set.entries[i].Load()
	more := e.size() - old.size()
	if c.used.Add(more) > c.budget && !c.makeRoom() {
		c.used.Add(-more)
		return
	}
	if !set.entries[i].CompareAndSwap(old, e) {
		c.used.Add(-more) // another request was faster; this token comes again
		return
	}
	set.tags[i].Store(tag)
}

func (s *cacheSet) place(raw string, now time.Time) (best int) {
	for i := range s.entries {
		old := s.entries[i].Load()
		if old == nil || old.raw == raw || now.UnixMilli() >= old.until {
			return i
		}
		if first := s.entries[best].Load(); first == nil || old.until < first.until {
			best = i
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
		for i := range set.entries {
			if e := set.entries[i].Load(); e != nil {
				c.drop(e)
			}
		}
	}
	return c.used.Load() <= c.budget
}

// drop removes an entry that is no longer good.
func (c *cache) drop(e *verified) {
	set, _ := c.set(e.raw)
	for i := range set.entries {
		if set.entries[i].CompareAndSwap(e, nil) {
			c.used.Add(-e.size())
			return
		}
	}
}

// size counts the token, its claims as they were decoded, and the lists of what may be many short texts.
func (e *verified) size() int64 {
	if e == nil {
		return 0
	}
	c := &e.claims
	texts := len(c.Audience) + len(c.Roles) + len(c.Permissions)
	if e.read != nil {
		texts += len(e.read.Roles) + len(e.read.Permissions) + 8
	}
	return int64(len(e.raw) + len(e.raw)*3/4 + 16*texts + entryBytes)
}
