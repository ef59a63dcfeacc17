package revocation_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

func ended(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name   string
		record revocation.Record
		want   bool
	}{
		{"this token", record(revocation.Token, "t1"), true},
		{"this session", record(revocation.Session, "s1"), true},
		{"this key", record(revocation.SignKey, "k1"), true},
		{"this user", record(revocation.User, "u1", version(4)), true},
		{"this user, older version", record(revocation.User, "u1", version(3)), false},
		{"a role", record(revocation.Role, "editor", version(8)), true},
		{"a role, older version", record(revocation.Role, "editor", version(7)), false},
		{"another session", record(revocation.Session, "s2"), false},
		{"no session", record(revocation.Session, ""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := revocation.NewSet()
			before := s.Watch(t.Context(), ref())
			if ended(before) {
				t.Fatal("empty set: want it open")
			}
			s.Add(record(revocation.Session, "s9"), c.record)
			if ended(before) != c.want {
				t.Errorf("watched before: want ended %v", c.want)
			}
			if ended(s.Watch(t.Context(), ref())) != c.want {
				t.Errorf("watched after: want ended %v", c.want)
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		s := revocation.NewSet()
		w := s.Watch(t.Context(), ref())
		for range 3 {
			s.Add(record(revocation.Session, "s1"), record(revocation.Token, "t1"))
		}
		if !ended(w) {
			t.Error("want it ended")
		}
	})
	t.Run("a user's version rises", func(t *testing.T) {
		s := revocation.NewSet()
		w := s.Watch(t.Context(), ref())
		for n := range int64(5) {
			s.Add(record(revocation.User, "u1", version(n)))
			if ended(w) != (n > 3) {
				t.Errorf("version %d: want ended %v", n, n > 3)
			}
		}
	})
	t.Run("a token without names is hit by nothing", func(t *testing.T) {
		s := revocation.NewSet()
		w := s.Watch(t.Context(), jwt.Ref{Issuer: issuer})
		s.Add(record(revocation.Session, ""), record(revocation.Token, ""), record(revocation.User, "", version(9)))
		if ended(w) {
			t.Error("want it open")
		}
	})
}

// Who stops watching is told nothing more, and leaves nothing in the set.
func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := revocation.NewSet()
		ctx, cancel := context.WithCancel(t.Context())
		gone, stays := s.Watch(ctx, ref()), s.Watch(t.Context(), ref())
		cancel()
		synctest.Wait()
		s.Add(record(revocation.Session, "s1"))
		if ended(gone) || !ended(stays) {
			t.Errorf("want only the one that stays told, got %v and %v", ended(gone), ended(stays))
		}
		if w := s.Watch(ctx, ref()); !ended(w) {
			t.Error("watched with an ended context: want what is known told")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := revocation.NewSet()
		come := func(rounds int) int64 {
			for range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				for range 1000 {
					s.Watch(ctx, ref())
				}
				cancel()
				synctest.Wait() // until they left, so that the next thousand find the goroutines of these
			}
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := come(2)
		if grown := come(20) - before; grown > 1<<20 {
			t.Errorf("20,000 watchers that left: heap grew by %d bytes", grown)
		}
		runtime.KeepAlive(s)
	})
}

// A record is told or found, whoever is first.
func TestWatchRace(t *testing.T) {
	for range 500 {
		s := revocation.NewSet()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		var both sync.WaitGroup
		for range 4 {
			both.Go(func() {
				select {
				case <-s.Watch(ctx, ref()):
				case <-ctx.Done():
					t.Error("want the record told")
				}
			})
		}
		both.Go(func() { s.Add(record(revocation.Session, "s1")) })
		both.Wait()
		cancel()
	}
}
