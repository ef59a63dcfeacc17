package limit

import (
	"sync"
	"time"
)

// shard holds the buckets of some of the keys, in sets of eight: a key may lie anywhere in its set and nowhere else. So a
// look-up and the choice of whom to drop read one set, and memory is exactly that of the slice. All times are durations
// since the limiter was made.
type shard struct {
	mu      sync.Mutex
	buckets []bucket // a power of two, at least one set
	most    int      // and not more than these
	fitAt   time.Duration

	last, skew time.Duration // of tick
}

const setSize = 8

// bucket is the state of the generic cell rate algorithm: when it is full again (the theoretical arrival time), and from
// when it has at least one request to give. The zero bucket is free.
type bucket struct {
	hash       uint64 // of the key: two keys share a bucket with a chance of 2^-64
	full, open time.Duration
}

// tick turns a reading of the clock into a time that never runs backwards. When the clock is set back, time goes on from
// where it was; otherwise every bucket would refuse until the clock is there again.
func (s *shard) tick(reading time.Duration) time.Duration {
	s.skew += max(0, s.last-reading)
	s.last = reading
	return reading + s.skew
}

// take charges a bucket. Every is the time in which one request comes back, reserve that for all but one.
func (s *shard) take(hash uint64, every, reserve, now time.Duration) (ok bool, retryAfter time.Duration) {
	if now >= s.fitAt {
		s.fit(now)
	}
	b := s.room(hash, now)
	if b.hash != hash {
		if b.open > now {
			return false, b.open - now
		}
		*b = bucket{hash: hash}
	}
	full := max(b.full, now)
	if wait := full - reserve - now; wait > 0 {
		return false, wait
	}
	b.full, b.open = full+every, full+every-reserve
	return true, 0
}

// room returns the key's bucket or else the one to drop for it, and grows the shard rather than drop one that counts.
func (s *shard) room(hash uint64, now time.Duration) *bucket {
	b := s.place(hash, now)
	for b.hash != hash && b.full > now && 2*len(s.buckets) <= s.most {
		s.resize(2*len(s.buckets), now)
		b = s.place(hash, now)
	}
	return b
}

// place returns the key's bucket or else, of its set, the one whose loss costs least.
func (s *shard) place(hash uint64, now time.Duration) *bucket {
	set := s.set(hash)
	least := &set[0]
	for i := range set {
		if set[i].hash == hash {
			return &set[i]
		}
		if set[i].cost(now) < least.cost(now) {
			least = &set[i]
		}
	}
	return least
}

func (s *shard) set(hash uint64) []bucket {
	n := hash / shards % uint64(len(s.buckets)/setSize) * setSize
	return s.buckets[n : n+setSize]
}

// cost orders buckets: full ones, then those that would let the next request pass, by how long they need to be full; then
// those that refuse, by how long they do.
func (b *bucket) cost(now time.Duration) time.Duration {
	if b.open <= now {
		return b.full - now
	}
	return 1<<62 + b.open - now
}

// fit gives memory back, once a minute, when few buckets still count.
func (s *shard) fit(now time.Duration) {
	s.fitAt = now + time.Minute
	count := 0
	for _, b := range s.buckets {
		if b.full > now {
			count++
		}
	}
	n := len(s.buckets)
	for n > setSize && n >= 2*setSize*count { // one of eight then lies in use at most: sets hardly overflow
		n /= 2
	}
	if n < len(s.buckets) {
		s.resize(n, now)
	}
}

// resize moves the buckets that count to n new ones, unless a set would overflow.
func (s *shard) resize(n int, now time.Duration) {
	old := s.buckets
	s.buckets = make([]bucket, n)
	for _, b := range old {
		if b.full <= now {
			continue
		}
		to := s.place(b.hash, now)
		if to.full > now {
			s.buckets = old
			return
		}
		*to = b
	}
}
