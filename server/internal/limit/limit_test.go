package limit_test

import (
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server/internal/limit"
)

// clock is set by the tests. Its times carry no monotonic reading, so setting it back is seen by the limiter.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ns.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time      { return time.Unix(0, c.ns.Load()) }
func (c *clock) Add(d time.Duration) { c.ns.Add(int64(d)) }

func newLimiter(keys int) (*limit.Limiter, *clock) {
	c := newClock()
	return limit.New(limit.Options{Now: c.Now, MaxKeys: keys}), c
}

// five is the rule for one account of most tests.
var five = limit.Rule{Burst: 5, Every: time.Minute}

// passed returns how many of n requests pass.
func passed(l *limit.Limiter, key string, r limit.Rule, n int) (ok int) {
	for range n {
		if allowed, _ := l.Allow(key, r); allowed {
			ok++
		}
	}
	return ok
}

func TestAllow(t *testing.T) {
	l, c := newLimiter(0)
	steps := []struct {
		name string
		wait time.Duration
		n    int
		want int
		next time.Duration // retryAfter of a further request, 0 when it should pass
	}{
		{"a full bucket", 0, 5, 5, time.Minute},
		{"not yet", 59 * time.Second, 1, 0, time.Second},
		{"one came back", time.Second, 3, 1, time.Minute},
		{"refused requests cost nothing", time.Minute, 1, 1, time.Minute},
		{"two came back", 150 * time.Second, 9, 2, 30 * time.Second},
		{"never more than the burst", 24 * time.Hour, 9, 5, time.Minute},
		{"one of two is left", 2 * time.Minute, 1, 1, 0},
	}
	for _, s := range steps {
		c.Add(s.wait)
		if got := passed(l, "account", five, s.n); got != s.want {
			t.Errorf("%s: passed: got %d of %d, want %d", s.name, got, s.n, s.want)
		}
		if ok, next := l.Allow("account", five); next != s.next || ok != (s.next == 0) {
			t.Errorf("%s: next: got %v, %v, want retry after %v", s.name, ok, next, s.next)
		}
	}
	if got := passed(l, "other", five, 9); got != 5 {
		t.Errorf("another key: passed: got %d, want 5", got)
	}
}

func TestAllowZeroRule(t *testing.T) {
	l, c := newLimiter(0)
	if got := passed(l, "x", limit.Rule{}, 9); got != 1 {
		t.Errorf("passed: got %d, want 1", got)
	}
	c.Add(time.Minute)
	if got := passed(l, "x", limit.Rule{}, 9); got != 1 {
		t.Errorf("a minute later: passed: got %d, want 1", got)
	}
}

func TestAllowRealClock(t *testing.T) {
	l := limit.New(limit.Options{})
	if got := passed(l, "x", limit.Rule{Burst: 3, Every: time.Hour}, 9); got != 3 {
		t.Errorf("passed: got %d, want 3", got)
	}
}

func TestClear(t *testing.T) {
	l, _ := newLimiter(0)
	passed(l, "x", five, 9)
	passed(l, "y", five, 9)
	l.Clear("x")
	if got := passed(l, "x", five, 9); got != 5 {
		t.Errorf("cleared: passed: got %d, want 5", got)
	}
	if got := passed(l, "y", five, 9); got != 0 {
		t.Errorf("another key: passed: got %d, want 0", got)
	}
}

func TestParallel(t *testing.T) {
	t.Run("G11 100 parallel guesses with limit 5", func(t *testing.T) {
		l, _ := newLimiter(0)
		var ok atomic.Int32
		var wg sync.WaitGroup
		barrier := make(chan struct{})
		for range 100 {
			wg.Go(func() {
				<-barrier
				ok.Add(int32(passed(l, "account", five, 1)))
			})
		}
		close(barrier)
		wg.Wait()
		if got := ok.Load(); got != 5 {
			t.Errorf("passed: got %d, want exactly 5", got)
		}
	})
}

func TestFlood(t *testing.T) {
	t.Run("G13 twice as many keys as are kept", func(t *testing.T) {
		const keys = 1 << 21 // from here on the limiter neither grows nor does anything new; BenchmarkFlood goes on to 10 M
		before := heap()
		l, c := newLimiter(0)
		passed(l, "locked", five, 5)
		for i := range keys {
			l.Allow(strconv.Itoa(i), five)
			if i%(keys/64) == 0 && passed(l, "locked", five, 1) != 0 {
				t.Fatalf("after %d keys: the locked account passed, want it refused", i)
			}
		}
		if got := heap() - before; got > 32<<20 {
			t.Errorf("heap: grew by %d bytes, want at most 32 MiB", got)
		}

		c.Add(10 * time.Minute)
		for i := range 10_000 { // each shard finds out with the first request that it gets
			l.Allow(strconv.Itoa(i), five)
		}
		if got := heap() - before; got > 8<<20 {
			t.Errorf("heap after the flood: grown by %d bytes, want at most 8 MiB", got)
		}
		if got := passed(l, "locked", five, 9); got != 5 {
			t.Errorf("locked account, ten minutes later: passed: got %d, want 5", got)
		}
	})
}

// heap returns the bytes in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestManyKeysAreRemembered(t *testing.T) {
	l, _ := newLimiter(0)
	for i := range 50_000 {
		passed(l, strconv.Itoa(i), five, 3)
	}
	for i := range 50_000 {
		if got := passed(l, strconv.Itoa(i), five, 9); got != 2 {
			t.Fatalf("key %d after 3 of 5: passed: got %d, want 2", i, got)
		}
	}
}

func TestFullBucketsGoFirst(t *testing.T) {
	l, c := newLimiter(512)
	hour := limit.Rule{Burst: 5, Every: time.Hour}
	for i := range 16 {
		passed(l, "guessed "+strconv.Itoa(i), hour, 3)
	}
	for i := range 10_000 {
		l.Allow("once "+strconv.Itoa(i), limit.Rule{Burst: 5, Every: time.Millisecond})
		c.Add(time.Millisecond)
	}
	for i := range 16 {
		if got := passed(l, "guessed "+strconv.Itoa(i), hour, 9); got != 2 {
			t.Errorf("key %d after 3 of 5: passed: got %d, want 2", i, got)
		}
	}
}

func TestOnlyLockedKeys(t *testing.T) {
	l, c := newLimiter(512)
	once := limit.Rule{Burst: 1, Every: time.Hour}
	var locked []string
	for i := range 5000 {
		key := strconv.Itoa(i)
		ok, wait := l.Allow(key, once)
		if ok {
			locked = append(locked, key)
		} else if wait != time.Hour {
			t.Fatalf("no room for key %d: retry after: got %v, want 1h", i, wait)
		}
	}
	if len(locked) != 512 {
		t.Errorf("locked: got %d keys, want as many as there is room for: 512", len(locked))
	}
	for _, key := range locked {
		if ok, _ := l.Allow(key, once); ok {
			t.Errorf("key %s passed while locked", key)
		}
	}
	c.Add(time.Hour)
	if got := passed(l, "new", once, 1) + passed(l, locked[0], once, 1); got != 2 {
		t.Errorf("an hour later: passed: got %d, want 2", got)
	}
}

func TestClockSteps(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, -time.Millisecond, -1000 * time.Hour} {
		t.Run("CLK-2 back by "+(-step).String(), func(t *testing.T) {
			l, c := newLimiter(0)
			passed(l, "locked", five, 5)
			passed(l, "guessed", five, 3)
			c.Add(step)
			if got := passed(l, "locked", five, 1); got != 0 {
				t.Errorf("locked: passed: got %d, want 0", got)
			}
			if got := passed(l, "guessed", five, 9); got != 2 {
				t.Errorf("guessed: passed: got %d, want 2", got)
			}
			c.Add(time.Minute)
			if got := passed(l, "locked", five, 9); got != 1 {
				t.Errorf("locked, a minute later: passed: got %d, want 1", got)
			}
		})
	}
	t.Run("CLK-2 forth and back by an hour", func(t *testing.T) {
		l, c := newLimiter(0)
		passed(l, "x", five, 5)
		c.Add(time.Hour)
		if got := passed(l, "x", five, 9); got != 5 {
			t.Errorf("forth: passed: got %d, want 5", got)
		}
		c.Add(-time.Hour)
		if got := passed(l, "x", five, 9); got != 0 {
			t.Errorf("back: passed: got %d, want 0", got)
		}
		c.Add(time.Minute)
		if got := passed(l, "x", five, 9); got != 1 {
			t.Errorf("back, a minute later: passed: got %d, want 1", got)
		}
	})
}

func TestAddrKey(t *testing.T) {
	for _, c := range []struct{ name, addr, want string }{
		{"IPv4", "192.0.2.7", "192.0.2.7"},
		{"IPv4 in IPv6", "::ffff:192.0.2.7", "192.0.2.7"},
		{"IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"same /64", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
		{"next /64", "2001:db8:1:3::1", "2001:db8:1:3::/64"},
		{"zone", "fe80::1%eth0", "fe80::/64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := limit.AddrKey(netip.MustParseAddr(c.addr)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got, want := limit.AddrKey(netip.Addr{}), "invalid IP"; got != want {
		t.Errorf("no address: got %q, want %q", got, want)
	}
}

func BenchmarkAllow(b *testing.B) {
	l := limit.New(limit.Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Allow("login:address:192.0.2.7", limit.Rule{Burst: 20, Every: 3 * time.Second})
		}
	})
}

// BenchmarkFlood meets each key once: run it with -benchtime 10000000x.
func BenchmarkFlood(b *testing.B) {
	l, before, i := limit.New(limit.Options{}), heap(), 0
	for b.Loop() {
		l.Allow(strconv.Itoa(i), five)
		i++
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB")
	runtime.KeepAlive(l)
}
