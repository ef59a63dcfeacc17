package revocation_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// live is a set with n sessions and a record of every kind, none of which hits ref.
func live(n int) *revocation.Set {
	s := revocation.NewSet()
	for k := revocation.Token; k <= revocation.SignKey; k++ {
		s.Add(record(k, "gone", version(99)))
	}
	for i := range n {
		s.Add(record(revocation.Session, fmt.Sprint("gone ", i)))
	}
	return s
}

// sizes are how many sessions are dead.
func sizes() []int {
	if testing.Short() {
		return []int{0, 1e6}
	}
	return []int{0, 1e6, 1e7}
}

// heap is what is in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// visitors are tokens of their own sessions and users, so many that nothing of a look-up stays in a cache.
func visitors() []jwt.Ref {
	list := make([]jwt.Ref, 1<<16)
	for i := range list {
		list[i] = ref(func(r *jwt.Ref) {
			r.TokenID, r.SessionID, r.Subject = fmt.Sprintf("%036d", 3*i), fmt.Sprintf("%036d", 3*i+1), fmt.Sprintf("%036d", 3*i+2)
		})
	}
	return list
}

// BenchmarkLook asks about live tokens among many dead sessions. One name is what every table of the dead must do; six
// names are a whole token: jti, sid, kid, sub and two roles; fresh is a token that is met for the first time, whose names
// are hashed with SHA-256.
func BenchmarkLook(b *testing.B) {
	all := visitors()
	for _, n := range sizes() {
		before := heap()
		s := live(n)
		each := float64(heap()-before) / float64(max(n, 1))
		sessions, tokens := make([]look, len(all)), make([]look, len(all))
		for i, t := range all {
			sessions[i], tokens[i] = s.Prepare(jwt.Ref{Issuer: t.Issuer, SessionID: t.SessionID}), s.Prepare(t)
		}
		b.Run(fmt.Sprintf("records=%d/one name", n), func(b *testing.B) {
			ask(b, sessions)
			if n > 0 {
				b.ReportMetric(each, "B/record")
			}
		})
		b.Run(fmt.Sprintf("records=%d/six names", n), func(b *testing.B) { ask(b, tokens) })
		b.Run(fmt.Sprintf("records=%d/fresh", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if v, _ := s.Check(context.Background(), all[i%len(all)]); v.Dead {
					b.Fatal("want alive")
				}
			}
		})
	}
}

type look = func(context.Context) (jwt.Verdict, error)

func ask(b *testing.B, looks []look) {
	b.ReportAllocs()
	ctx := context.Background()
	for i := 0; b.Loop(); i++ {
		if v, _ := looks[i%len(looks)](ctx); v.Dead {
			b.Fatal("want alive")
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	s := revocation.NewSet()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Add(revocation.Record{Kind: revocation.Session, Key: revocation.Key{byte(i), byte(i >> 8), byte(i >> 16)}, ExpiresAt: noon})
	}
}

// BenchmarkSweep drops one of sixteen of a million records, each time.
func BenchmarkSweep(b *testing.B) {
	s := revocation.NewSet()
	for i := range 1_000_000 {
		s.Add(record(revocation.Session, fmt.Sprint(i), func(r *revocation.Record) { r.ExpiresAt = noon.Add(time.Duration(i%16) * time.Hour) }))
	}
	for i := 0; b.Loop(); i++ {
		s.Sweep(noon.Add(time.Duration(i%16)*time.Hour + 2*time.Minute))
	}
}
