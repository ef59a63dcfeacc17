package revocation

import (
	"context"
	"sync"

	"github.com/jotgate/jotgate/jwt"
)

// watched finds those who wait for a record by the keys that could hit them, so that a record costs nothing to the
// streams that it does not concern.
type watched struct {
	mu    sync.Mutex
	byKey map[Key]map[*watcher]struct{}
}

type watcher struct {
	ref  jwt.Ref
	dead chan struct{}
	once sync.Once
}

func (w *watcher) end() { w.once.Do(func() { close(w.dead) }) }

// Watch returns a channel that is closed when a record hits t, at once if one does already. Watching ends with ctx.
func (s *Set) Watch(ctx context.Context, t jwt.Ref) <-chan struct{} {
	w := &watcher{ref: t, dead: make(chan struct{})}
	keys := keysOf(t)
	s.watched.add(w, keys)
	context.AfterFunc(ctx, func() { s.watched.remove(w, keys) })
	if v, _ := s.Check(ctx, t); v.Dead { // after add: a record that enters meanwhile is told or found
		w.end()
	}
	return w.dead
}

func (d *watched) add(w *watcher, keys []keyed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byKey == nil {
		d.byKey = map[Key]map[*watcher]struct{}{}
	}
	for i := range keys {
		k := keys[i].key
		if d.byKey[k] == nil {
			d.byKey[k] = map[*watcher]struct{}{}
		}
		d.byKey[k][w] = struct{}{}
	}
}

func (d *watched) remove(w *watcher, keys []keyed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range keys {
		k := keys[i].key
		delete(d.byKey[k], w)
		if len(d.byKey[k]) == 0 {
			delete(d.byKey, k)
		}
	}
}

// tell ends the watchers that these records hit.
func (d *watched) tell(s *Set, records []Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range records {
		for w := range d.byKey[r.Key] {
			if v, _ := s.Check(context.Background(), w.ref); v.Dead {
				w.end()
			}
		}
	}
}
