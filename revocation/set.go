package revocation

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Set is a set of records, safe for concurrent use. Looking takes no lock and waits for nobody, also while records enter.
// A record takes about 50 bytes. The zero Set is not usable: see NewSet.
type Set struct {
	kinds    [SignKey + 1]table
	sequence atomic.Uint64
	watched  watched

	writing sync.Mutex
	words   words

	shared atomic.Pointer[map[name]Key] // see keyOf
}

// NewSet returns an empty set.
func NewSet() *Set {
	s := &Set{words: words{numbers: map[string]word{"": 0}}}
	for k := range s.kinds {
		s.kinds[k].seeded()
	}
	return s
}

// Add puts records in. A record that is already there is merged: the higher version with its reason, the later Before and
// the later expiry win, so order and repetition do not matter. Records of an unknown kind are ignored. Of reasons, the
// first 255 that differ are kept; whatever they were, the record counts.
func (s *Set) Add(records ...Record) {
	s.enter(records)
	s.sequence.Add(1)
	s.watched.tell(s, records)
}

func (s *Set) enter(records []Record) {
	s.writing.Lock()
	defer s.writing.Unlock()
	for _, r := range records {
		if r.Kind >= Token && r.Kind <= SignKey {
			s.kinds[r.Kind].put(s.recordOf(r), s.union)
		}
	}
}

// Sequence rises with every Add, once its records can be found and before it returns: what was alive at the present
// number is alive still.
func (s *Set) Sequence() uint64 { return s.sequence.Load() }

func (s *Set) recordOf(r Record) record {
	kept := record{key: r.Key, version: max(r.Version, 0), expires: never, reason: s.words.number(r.Reason)}
	if !r.ExpiresAt.IsZero() {
		kept.expires = uint32(min(max(r.ExpiresAt.Unix(), 0), never))
	}
	if !r.Before.IsZero() {
		kept.before = max(r.Before.Unix(), 0)
	}
	return kept
}

// union keeps the reason of the higher version: what happened last.
func (s *Set) union(a, b record) record {
	if b.version > a.version || b.version == a.version && graver(s.words.text[b.reason], s.words.text[a.reason]) {
		a.reason = b.reason
	}
	a.version, a.before, a.expires = max(a.version, b.version), max(a.before, b.before), max(a.expires, b.expires)
	return a
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

// word stands for a reason in a record.
type word uint8

// words are the reasons met so far. A text is written before any record that leads to it, and never again.
type words struct {
	numbers map[string]word // the writer's alone
	text    [math.MaxUint8 + 1]string
}

func (w *words) number(reason string) word {
	n, known := w.numbers[reason]
	if !known && len(w.numbers) < len(w.text) {
		n = word(len(w.numbers))
		w.numbers[reason], w.text[n] = n, reason
	}
	return n
}

// Check tells whether a record hits t. It never fails and never blocks; what this Set knows, it knows now, so Age is zero.
func (s *Set) Check(_ context.Context, t jwt.Ref) (jwt.Verdict, error) {
	is := stateOf(&t)
	for kind, value := range names(&t) {
		if s.kinds[kind].size.Load() == 0 {
			continue // without hashing
		}
		if r := s.hit(kind, s.keyOf(name{kind, t.Issuer, value}), is); r != nil {
			return s.dead(r), nil
		}
	}
	return jwt.Verdict{}, nil
}

// Prepare returns a function that answers as Check does for t, whenever it is called, and hashes t's names no more: for
// those who ask about a token many times.
func (s *Set) Prepare(t jwt.Ref) func(context.Context) (jwt.Verdict, error) {
	is, keys := stateOf(&t), keysOf(t)
	return func(context.Context) (jwt.Verdict, error) {
		for i := range keys {
			if r := s.hit(keys[i].kind, keys[i].key, is); r != nil {
				return s.dead(r), nil
			}
		}
		return jwt.Verdict{}, nil
	}
}

// name is one of those by which a record could hit a token.
type name struct {
	kind          Kind
	issuer, value string
}

// maxShared bounds the names that are remembered with their keys.
const maxShared = 256

// keyOf is KeyOf. The roles and keys of one issuer are the names of many tokens, so it remembers what theirs are.
func (s *Set) keyOf(n name) Key {
	if n.kind != Role && n.kind != SignKey {
		return KeyOf(n.kind, n.issuer, n.value)
	}
	known := s.shared.Load()
	if known != nil {
		if k, ok := (*known)[n]; ok {
			return k
		}
	}
	k := KeyOf(n.kind, n.issuer, n.value)
	s.remember(known, n, k)
	return k
}

// remember leaves the map that others are reading as it is. Of two who add a name at once, one is soon asked again.
func (s *Set) remember(known *map[name]Key, n name, k Key) {
	more := map[name]Key{}
	if known != nil && len(*known) < maxShared {
		maps.Copy(more, *known)
	}
	more[name{n.kind, strings.Clone(n.issuer), strings.Clone(n.value)}] = k // not the tokens that they are pieces of
	s.shared.Store(&more)
}

// names yields everything by which a record could hit t, by kind.
func names(t *jwt.Ref) iter.Seq2[Kind, string] {
	return func(yield func(Kind, string) bool) {
		if t.TokenID != "" && !yield(Token, t.TokenID) || t.SessionID != "" && !yield(Session, t.SessionID) ||
			t.KeyID != "" && !yield(SignKey, t.KeyID) || t.Subject != "" && !yield(User, t.Subject) {
			return
		}
		for _, role := range t.Roles {
			if role != "" && !yield(Role, role) {
				return
			}
		}
	}
}

// keyed is a name of a token, hashed.
type keyed struct {
	kind Kind
	key  Key
}

func keysOf(t jwt.Ref) []keyed {
	keys := make([]keyed, 0, 4+len(t.Roles))
	for kind, value := range names(&t) {
		keys = append(keys, keyed{kind, KeyOf(kind, t.Issuer, value)})
	}
	return keys
}

// state is what decides whether a record of a user or a role is about a token.
type state struct{ user, policy, issuedAt int64 }

func stateOf(t *jwt.Ref) state { return state{t.UserVersion, t.PolicyVersion, t.IssuedAt.Unix()} }

// hit returns the record under this key that kills a token of this state, nil for none.
func (s *Set) hit(kind Kind, key Key, is state) *record {
	t := &s.kinds[kind]
	if t.size.Load() == 0 {
		return nil
	}
	if r := t.find(key); r != nil && r.hits(kind, is) {
		return r
	}
	return nil
}

func (r *record) hits(kind Kind, is state) bool {
	switch {
	case kind == Role:
		return is.policy < r.version
	case kind == User && is.user > 0:
		return is.user < r.version
	case kind == User:
		return is.issuedAt <= r.before
	}
	return true
}

func (s *Set) dead(r *record) jwt.Verdict {
	return jwt.Verdict{Dead: true, Reason: s.words.text[r.reason]}
}

// grace is the most that a guard's leeway keeps an expired token alive, in seconds.
const grace = 60

// Sweep drops the records that expired more than a minute before now. The minute is the largest leeway of a guard.
func (s *Set) Sweep(now time.Time) {
	for k := range s.kinds {
		t := &s.kinds[k]
		for i := range t.parts {
			if t.parts[i].Load() != nil {
				s.sweep(t, i, now.Unix()-grace)
			}
		}
	}
}

// sweep holds the writer up for a part only.
func (s *Set) sweep(t *table, part int, before int64) {
	s.writing.Lock()
	defer s.writing.Unlock()
	t.sweep(part, before)
}

// Len returns how many records the set holds.
func (s *Set) Len() int {
	n := 0
	for k := range s.kinds {
		n += int(s.kinds[k].size.Load())
	}
	return n
}
