package token

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// Memory is a Denylist in the memory of one process: it forgets when the process ends. The zero Memory is ready for use;
// its fields must not be changed after that.
type Memory struct {
	// Max bounds the entries, of about 150 bytes each. When that many are alive, Add fails: forgetting one would bring a
	// dead token back to life. 0: a million.
	Max int
	// Now is the clock. Nil: time.Now.
	Now func() time.Time

	mu    sync.RWMutex
	until map[string]time.Time
	ends  ends // of the entries that end, soonest first
}

var _ Denylist = (*Memory)(nil)

// Add implements Denylist. It fails when the memory is full.
func (m *Memory) Add(_ context.Context, id string, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(m.now())
	if _, ok := m.until[id]; ok {
		return false, nil
	}
	if len(m.until) >= m.max() {
		return false, fmt.Errorf("denylist is full: %d entries are alive; set Max higher or use a store", len(m.until))
	}
	if m.until == nil {
		m.until = make(map[string]time.Time)
	}
	m.until[id] = until
	if !until.IsZero() {
		heap.Push(&m.ends, end{until, id})
	}
	return true, nil
}

// Any implements Denylist. It never fails.
func (m *Memory) Any(_ context.Context, ids ...string) (bool, error) {
	now := m.now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, id := range ids {
		if until, ok := m.until[id]; ok && (until.IsZero() || now.Before(until)) {
			return true, nil
		}
	}
	return false, nil
}

// Len returns how many entries are held; those that have ended leave with the next Add.
func (m *Memory) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.until)
}

func (m *Memory) drop(now time.Time) {
	for len(m.ends) > 0 && !now.Before(m.ends[0].at) {
		delete(m.until, heap.Pop(&m.ends).(end).id)
	}
}

func (m *Memory) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

func (m *Memory) max() int {
	if m.Max > 0 {
		return m.Max
	}
	return 1_000_000
}

type end struct {
	at time.Time
	id string
}

// ends is a heap.Interface.
type ends []end

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(end)) }

func (e *ends) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = end{}
	*e = old[:len(old)-1]
	return last
}
