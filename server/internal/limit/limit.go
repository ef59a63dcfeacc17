// Package limit counts what strangers try, and says when they have to wait.
//
// A request is charged before it is verified: Allow takes one from the bucket of a key and answers in the same step, so
// that of any number of parallel guesses no more pass than the rule says. A key is whatever names the one to be limited;
// one that is charged under two rules is two keys:
//
//	if ok, wait := l.Allow("login:address:"+limit.AddrKey(addr), limit.Rule{Burst: 20, Every: 3 * time.Second}); !ok {
//		… // 429, Retry-After: wait
//	}
//
// Buckets are kept in this process, in bounded memory. When there are more than fit, the ones that are full again go
// first, then those that would let the next request pass; one that refuses now is never dropped. Where a new key finds
// only such ones, it is refused until the first of them opens.
package limit

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"time"
)

// Rule is a bucket of Burst requests that gets one back Every so often. A Burst below 1 counts as 1, an Every that is not
// positive as a minute.
type Rule struct {
	Burst int
	Every time.Duration
}

// Options of a Limiter.
type Options struct {
	Now     func() time.Time // nil means time.Now
	MaxKeys int              // how many keys are kept at most; 0 means 2^20, which take 24 MiB. At least 512 are kept
}

const shards = 64

// Limiter holds the buckets. Its methods may be called from many goroutines.
type Limiter struct {
	now    func() time.Time
	start  time.Time
	seed   maphash.Seed // nobody can choose keys that share a bucket
	shards [shards]shard
}

// New makes a Limiter in which every bucket is full.
func New(o Options) *Limiter {
	l := &Limiter{now: o.Now, seed: maphash.MakeSeed()}
	if l.now == nil {
		l.now = time.Now
	}
	l.start = l.now()
	for i := range l.shards {
		l.shards[i] = shard{buckets: make([]bucket, setSize), most: cmp.Or(o.MaxKeys, 1<<20) / shards}
	}
	return l
}

// Allow takes one request from the key's bucket and reports whether there was one. If not, nothing is taken, and
// retryAfter says when there will be one, provided that nobody else takes it.
func (l *Limiter) Allow(key string, r Rule) (ok bool, retryAfter time.Duration) {
	if r.Every <= 0 {
		r.Every = time.Minute
	}
	s, hash := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(hash, r.Every, time.Duration(max(r.Burst, 1)-1)*r.Every, s.tick(l.now().Sub(l.start)))
}

// Clear fills the key's bucket.
func (l *Limiter) Clear(key string) {
	s, hash := l.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, b := range s.set(hash) {
		if b.hash == hash {
			s.set(hash)[i] = bucket{}
		}
	}
}

func (l *Limiter) shard(key string) (*shard, uint64) {
	hash := maphash.String(l.seed, key)
	return &l.shards[hash%shards], hash
}

// AddrKey names the client behind an address: IPv4 as it is, also inside IPv6, and of IPv6 the first 64 bits, since
// the rest is the client's own choice.
func AddrKey(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().String()
	}
	return a.String()
}
