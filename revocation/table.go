package revocation

import (
	"encoding/binary"
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync/atomic"
)

// table holds the records of one kind. Whoever looks takes no lock: an index leads to records that never change once
// they can be reached, and a record that replaces another stands in a place of its own. There is one writer at a time.
// The table is cut into parts by the hash of the key, and a part that is full is copied alone.
type table struct {
	seed  [2]uint64
	size  atomic.Int64
	parts [256]atomic.Pointer[part]
}

// part is a hash table with open addressing. Its index takes four bytes a place and is all that most looks touch: eight
// bits of the hash tell a stranger before his record would have to be fetched.
type part struct {
	index   []atomic.Uint32 // a power of two, at most ¾ full; 0: free; else 8 bits of the hash and 24 of the place in records, from 1
	records []record
	used    int // places in records that are taken; the writer's alone
	live    int // records that index leads to; the writer's alone
}

// record is a Record in 40 bytes without pointers, so that the collector never reads millions of them.
type record struct {
	key     Key
	version int64
	before  int64  // Unix seconds
	expires uint32 // Unix seconds, or never
	reason  word
}

const (
	never     = math.MaxUint32 // in 2106, and always later than needed
	placeBits = 24             // of the place in an entry of the index
)

// seeded makes sure that nobody who picks what is revoked can make it meet in one place.
func (t *table) seeded() { t.seed = [2]uint64{rand.Uint64(), rand.Uint64()} }

func (t *table) hash(k Key) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(k[:8])^t.seed[0], binary.LittleEndian.Uint64(k[8:])^t.seed[1])
	return hi ^ lo
}

func (t *table) part(h uint64) *atomic.Pointer[part] { return &t.parts[h>>56] }

// find returns the record of k, nil for none.
func (t *table) find(k Key) *record {
	h := t.hash(k)
	p := t.part(h).Load()
	if p == nil {
		return nil
	}
	_, r := p.find(k, h)
	return r
}

// find returns where k stands in the index, and its record; nil and the place for it where it is not there.
func (p *part) find(k Key, h uint64) (at int, r *record) {
	tag, last := uint32(h>>48)&0xff, len(p.index)-1
	for at = int(h) & last; ; at = (at + 1) & last {
		x := p.index[at].Load()
		if x == 0 {
			return at, nil
		}
		if x>>placeBits == tag {
			if r = &p.records[x&(1<<placeBits-1)-1]; r.key == k {
				return at, r
			}
		}
	}
}

// put stores r, or what union makes of it and what is there.
func (t *table) put(r record, union func(old, r record) record) {
	h := t.hash(r.key)
	p := t.part(h).Load()
	if p == nil || p.used == len(p.records) {
		p = t.copy(p, 0)
		t.part(h).Store(p)
	}
	at, old := p.find(r.key, h)
	switch {
	case old == nil:
		defer t.size.Add(1)
		p.live++
	default:
		if r = union(*old, r); r == *old {
			return
		}
	}
	p.set(at, h, r)
}

// set writes the record before the index leads to it.
func (p *part) set(at int, h uint64, r record) {
	p.records[p.used] = r
	p.used++
	p.index[at].Store(uint32(h>>48)<<placeBits | uint32(p.used))
}

// all yields the records that can be found.
func (p *part) all() iter.Seq[*record] {
	return func(yield func(*record) bool) {
		if p == nil {
			return
		}
		for i := range p.index {
			x := p.index[i].Load()
			if x != 0 && !yield(&p.records[x&(1<<placeBits-1)-1]) {
				return
			}
		}
	}
}

func (r *record) expired(before int64) bool { return r.expires != never && int64(r.expires) < before }

// copy returns a part of what in p has not expired, with room for an eighth more. It leaves p as it is, for those who
// are looking there.
func (t *table) copy(p *part, before int64) *part {
	n := 0
	for r := range p.all() {
		if !r.expired(before) {
			n++
		}
	}
	room := slices.Grow([]record(nil), n+n/8+4) // and what the allocator gives besides
	q := &part{records: room[:cap(room)], live: n}
	q.index = make([]atomic.Uint32, 1<<bits.Len(uint(len(q.records)*4/3)))
	for r := range p.all() {
		if r.expired(before) {
			continue
		}
		h := t.hash(r.key)
		at, _ := q.find(r.key, h)
		q.set(at, h, *r)
	}
	return q
}

// sweep drops the records of part i that expired.
func (t *table) sweep(i int, before int64) {
	p := t.parts[i].Load()
	for r := range p.all() {
		if r.expired(before) {
			t.replace(i, p, t.copy(p, before))
			return
		}
	}
}

func (t *table) replace(i int, p, q *part) {
	t.size.Add(int64(q.live - p.live))
	if q.live == 0 {
		q = nil
	}
	t.parts[i].Store(q)
}
