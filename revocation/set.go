package revocation

import (
	"cmp"
	"context"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Set is a set of records, safe for concurrent use. The zero Set is not usable: see NewSet.
type Set struct {
	kinds    [SignKey + 1]table
	sequence atomic.Uint64
	watched  watched
}

// table is one kind's records. size lets a check pass by an empty table without a lock and without hashing.
type table struct {
	size atomic.Int64
	mu   sync.RWMutex
	dead map[Key]entry
}

type entry struct {
	version   int64
	before    int64 // Unix seconds
	expiresAt int64 // Unix seconds
	reason    string
}

// NewSet returns an empty set.
func NewSet() *Set {
	s := new(Set)
	for k := range s.kinds {
		s.kinds[k].dead = make(map[Key]entry)
	}
	return s
}

// Add puts records in. A record that is already there is merged: the higher version with its reason, the later Before and
// the later expiry win, so order and repetition do not matter. Records of an unknown kind are ignored.
func (s *Set) Add(records ...Record) {
	for _, r := range records {
		if r.Kind >= Token && r.Kind <= SignKey {
			s.kinds[r.Kind].add(r)
		}
	}
	s.sequence.Add(1)
	s.watched.tell(s, records)
}

// Sequence rises with every Add, once its records can be found and before it returns: what was alive at the present
// number is alive still.
func (s *Set) Sequence() uint64 { return s.sequence.Load() }

func (t *table) add(r Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead[r.Key] = t.dead[r.Key].union(entryOf(r))
	t.size.Store(int64(len(t.dead)))
}

func entryOf(r Record) entry {
	e := entry{version: r.Version, expiresAt: math.MaxInt64, reason: r.Reason}
	if !r.ExpiresAt.IsZero() {
		e.expiresAt = r.ExpiresAt.Unix()
	}
	if !r.Before.IsZero() {
		e.before = r.Before.Unix()
	}
	return e
}

// union keeps the reason of the higher version: what happened last. The zero entry changes nothing.
func (e entry) union(o entry) entry {
	if o.version > e.version || o.version == e.version && graver(o.reason, e.reason) {
		e.reason = o.reason
	}
	e.version, e.before, e.expiresAt = max(e.version, o.version), max(e.before, o.before), max(e.expiresAt, o.expiresAt)
	return e
}

// graver puts reasons into an order, so that the union of two records does not depend on theirs. ReasonPermissions
// promises that a refresh helps, so it yields to every other.
func graver(a, b string) bool {
	return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a, b)) > 0
}

func weight(reason string) int {
	switch reason {
	case "":
		return 0
	case ReasonPermissions:
		return 1
	}
	return 2
}

// Check tells whether a record hits t. It never fails and never blocks on anything but memory; what this Set knows, it
// knows now, so Age is zero.
func (s *Set) Check(_ context.Context, t jwt.Ref) (jwt.Verdict, error) {
	if e, ok := s.find(Token, t.Issuer, t.TokenID); ok {
		return dead(e), nil
	}
	if e, ok := s.find(Session, t.Issuer, t.SessionID); ok {
		return dead(e), nil
	}
	if e, ok := s.find(SignKey, t.Issuer, t.KeyID); ok {
		return dead(e), nil
	}
	if e, ok := s.find(User, t.Issuer, t.Subject); ok && e.hitsUser(t) {
		return dead(e), nil
	}
	if s.kinds[Role].size.Load() == 0 {
		return jwt.Verdict{}, nil
	}
	for _, role := range t.Roles {
		if e, ok := s.find(Role, t.Issuer, role); ok && t.PolicyVersion < e.version {
			return dead(e), nil
		}
	}
	return jwt.Verdict{}, nil
}

func dead(e entry) jwt.Verdict { return jwt.Verdict{Dead: true, Reason: e.reason} }

func (e entry) hitsUser(t jwt.Ref) bool {
	if t.UserVersion > 0 {
		return t.UserVersion < e.version
	}
	return t.IssuedAt.Unix() <= e.before
}

func (s *Set) find(k Kind, issuer, value string) (entry, bool) {
	t := &s.kinds[k]
	if value == "" || t.size.Load() == 0 {
		return entry{}, false
	}
	key := KeyOf(k, issuer, value)
	t.mu.RLock()
	e, ok := t.dead[key]
	t.mu.RUnlock()
	return e, ok
}

// Bounds of Sweep.
const (
	grace     = 60   // seconds: the most that a guard's leeway keeps an expired token alive
	sweepStep = 4096 // records looked at before waiting checks are let in
)

// Sweep drops the records that expired more than a minute before now. The minute is the largest leeway of a guard.
func (s *Set) Sweep(now time.Time) {
	for k := range s.kinds {
		s.kinds[k].sweep(now.Unix() - grace)
	}
}

func (t *table) sweep(before int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for key, e := range t.dead {
		if e.expiresAt < before {
			delete(t.dead, key)
		}
		if n++; n%sweepStep == 0 {
			t.mu.Unlock()
			t.mu.Lock()
		}
	}
	t.size.Store(int64(len(t.dead)))
}

// Len returns how many records the set holds.
func (s *Set) Len() int {
	n := 0
	for k := range s.kinds {
		n += int(s.kinds[k].size.Load())
	}
	return n
}
