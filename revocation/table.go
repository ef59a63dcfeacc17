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

// table holds the records of one kind. Whoever looks takes no lock: tags and places lead to records that never change
// once they can be reached, and a record that replaces another stands in a place of its own. There is one writer at a time.
// The table is cut into parts by the hash of the key, and a part that is full is copied alone.
type table struct {
	seed  [2]uint64
	size  atomic.Int64
	parts [256]atomic.Pointer[part]
}

// part is a hash table with open addressing, in groups of eight places. Nearly every look is for what is not there, and
// ends with one word of tags: a byte of the hash for each place of the group.
type part struct {
	tags    []atomic.Uint64 // a power of two, so that at most ⅞ of the places are taken; bytes that are 0: free
	places  []atomic.Uint32 // eight a group: which of records it is
	records []record
	used    int // records that were written; the writer's alone
	live    int // records that places lead to; the writer's alone
}

// record is a Record in 40 bytes without pointers, so that the collector never reads millions of them.
type record struct {
	key     Key
	version int64
	before  int64  // Unix seconds
	expires uint32 // Unix seconds, or never
	reason  word
}

// never is in 2106, and always later than needed.
const never = math.MaxUint32

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

// find returns the place of k, and its record; nil and the place for it where it is not there.
func (p *part) find(k Key, h uint64) (place int, r *record) {
	last := len(p.tags) - 1
	for group := int(h) & last; ; group = (group + 1) & last {
		word := p.tags[group].Load()
		for found := zeros(word ^ tagOf(h)*ones); found != 0; found &= found - 1 {
			place = group*8 + bits.TrailingZeros64(found)/8
			if r = &p.records[p.places[place].Load()]; r.key == k {
				return place, r
			}
		}
		if free := zeros(word); free != 0 {
			return group*8 + bits.TrailingZeros64(free)/8, nil
		}
	}
}

const ones = 0x0101010101010101

// tagOf is never that of a free place.
func tagOf(h uint64) uint64 { return max(h>>48&0xff, 1) }

// zeros has the high bit of every byte of word that is 0, and no other.
func zeros(word uint64) uint64 { return ^(word&(0x7f*ones) + 0x7f*ones | word) & (0x80 * ones) }

// put stores r, or what union makes of it and what is there.
func (t *table) put(r record, union func(old, r record) record) {
	h := t.hash(r.key)
	p := t.part(h).Load()
	if p == nil || p.used == len(p.records) {
		p = t.copy(p, 0)
		t.part(h).Store(p)
	}
	place, old := p.find(r.key, h)
	if old == nil {
		p.add(place, h, r)
		t.size.Add(1)
	} else if r = union(*old, r); r != *old {
		p.write(place, r)
	}
}

// write puts a record behind the others before its place leads to it.
func (p *part) write(place int, r record) {
	p.records[p.used] = r
	p.places[place].Store(uint32(p.used))
	p.used++
}

// add takes a free place.
func (p *part) add(place int, h uint64, r record) {
	p.write(place, r)
	tags := &p.tags[place/8]
	tags.Store(tags.Load() | tagOf(h)<<(place%8*8))
	p.live++
}

// all yields the records that can be found.
func (p *part) all() iter.Seq[*record] {
	return func(yield func(*record) bool) {
		if p == nil {
			return
		}
		for i := range p.places {
			if p.tags[i/8].Load()>>(i%8*8)&0xff != 0 && !yield(&p.records[p.places[i].Load()]) {
				return
			}
		}
	}
}

func (r *record) expired(before int64) bool { return r.expires != never && int64(r.expires) < before }

// copy returns a part of what in p has not expired, with room for a tenth more. It leaves p as it is, for those who
// are looking there.
func (t *table) copy(p *part, before int64) *part {
	n := 0
	for r := range p.all() {
		if !r.expired(before) {
			n++
		}
	}
	room := slices.Grow([]record(nil), n+n/10+4) // and what the allocator gives besides
	q := &part{records: room[:cap(room)]}
	groups := 1 << bits.Len(uint(len(q.records)/7))
	q.tags, q.places = make([]atomic.Uint64, groups), make([]atomic.Uint32, 8*groups)
	for r := range p.all() {
		if r.expired(before) {
			continue
		}
		h := t.hash(r.key)
		place, _ := q.find(r.key, h)
		q.add(place, h, *r)
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
