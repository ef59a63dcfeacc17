package jotgate_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

// swapped is a key source whose set can be replaced, as one that is fetched is.
type swapped struct{ atomic.Pointer[jwt.KeySet] }

func (s *swapped) Key(ctx context.Context, iss, kid, alg string) (jwt.Key, error) {
	return s.Load().Key(ctx, iss, kid, alg)
}

// cachingGate is a gate whose clock and keys can be moved under a warm cache.
type cachingGate struct {
	gate
	now  time.Time
	keys *swapped
}

func newCachingGate(tb testing.TB) *cachingGate {
	c := &cachingGate{now: noon, keys: new(swapped)}
	c.gate = newGate(tb, func(config *jotgate.Config) {
		config.Now = func() time.Time { return c.now }
		config.Keys, config.Leeway = c.keys, -1
	})
	c.keys.Store(newKeySet(tb, c.key))
	return c
}

// A token in the cache is refused from the moment on from which it would be refused without one.
func TestCachedTokenEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*cachingGate)
		code   string
	}{
		"at exp":          {func(g *cachingGate) { g.now = noon.Add(15 * time.Minute) }, jotgate.CodeExpired},
		"key removed":     {func(g *cachingGate) { g.keys.Store(newKeySet(t, newKey(t, jwt.HS256, "k2"))) }, jotgate.CodeInvalid},
		"key replaced":    {func(g *cachingGate) { g.keys.Store(otherSecret(t, "k1")) }, jotgate.CodeInvalid},
		"session revoked": {func(g *cachingGate) { g.revoke(revocation.Session, "s1", 0) }, jotgate.CodeRevoked},
		"token revoked":   {func(g *cachingGate) { g.revoke(revocation.Token, "t1", 0) }, jotgate.CodeRevoked},
		"user revoked":    {func(g *cachingGate) { g.revoke(revocation.User, "u1", 4) }, jotgate.CodeRevoked},
		"role revoked":    {func(g *cachingGate) { g.revoke(revocation.Role, "user", 8) }, jotgate.CodeRevoked},
		"kid revoked":     {func(g *cachingGate) { g.revoke(revocation.SignKey, "k1", 0) }, jotgate.CodeRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			g := newCachingGate(t)
			raw := g.token(t)
			for range 3 {
				g.identity(t, raw, jotgate.Rule{})
			}
			tt.change(g)
			for range 2 {
				if r := g.refusal(t, raw, jotgate.Rule{}); r.Code != tt.code {
					t.Errorf("code: got %s, want %s", r.Code, tt.code)
				}
			}
		})
	}
}

func otherSecret(t *testing.T, kid string) *jwt.KeySet {
	t.Helper()
	k, err := jwt.NewKey(jwt.HS256, kid, []byte("another secret of 32 bytes: Zq81"))
	if err != nil {
		t.Fatal(err)
	}
	return newKeySet(t, k)
}

func (g gate) revoke(k revocation.Kind, value string, version int64) {
	g.dead.Add(revocation.Record{Kind: k, Key: revocation.KeyOf(k, issuer, value), Version: version, Reason: revocation.ReasonEnded})
}

func TestCachedTokenOutlivesOtherRevocations(t *testing.T) {
	g := newCachingGate(t)
	raw := g.token(t)
	for i := range 100 {
		g.identity(t, raw, jotgate.Rule{})
		g.revoke(revocation.Session, fmt.Sprint("other", i), 0)
	}
	g.identity(t, raw, jotgate.Rule{})
}

func TestCacheKeepsRulesApart(t *testing.T) {
	g := newCachingGate(t)
	raw := g.token(t)
	g.identity(t, raw, jotgate.Rule{Permissions: []string{"orders:read"}})
	if r := g.refusal(t, raw, jotgate.Rule{Permissions: []string{"orders:write"}}); r.Status != 403 {
		t.Errorf("another rule: got %d, want 403", r.Status)
	}
	g.now = noon.Add(5 * time.Minute)
	if r := g.refusal(t, raw, jotgate.Rule{MaxAge: 12 * time.Minute}); r.Code != jotgate.CodeStaleLogin {
		t.Errorf("a log-in that grew old in the cache: got %s, want %s", r.Code, jotgate.CodeStaleLogin)
	}
}

// Tokens whose ends are the same share a place in the cache; the whole token decides.
func TestCacheComparesTheWholeToken(t *testing.T) {
	g := newCachingGate(t)
	raw := g.token(t)
	g.identity(t, raw, jotgate.Rule{})
	for i := range len(raw) - 30 {
		forged := []byte(raw)
		if forged[i]++; forged[i] == raw[i] || string(forged) == raw {
			continue
		}
		g.refusal(t, string(forged), jotgate.Rule{})
	}
}

// audited is a set that its owner asks something more beside: what it embeds has methods that know nothing of it.
type audited struct {
	*revocation.Set
	banned atomic.Bool
}

func (a *audited) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	if a.banned.Load() {
		return jwt.Verdict{Dead: true, Reason: "banned"}, nil
	}
	return a.Set.Check(ctx, t)
}

func TestCacheAsksTheCheckThatIsSet(t *testing.T) {
	dead := &audited{Set: revocation.NewSet()}
	g := newGate(t, func(c *jotgate.Config) { c.Revocations = dead })
	raw := g.token(t)
	g.identity(t, raw, jotgate.Rule{})
	dead.banned.Store(true)
	if r := g.refusal(t, raw, jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
		t.Errorf("banned: got %s, want %s", r.Code, jotgate.CodeRevoked)
	}
	dead.Add(sessionOf("https://elsewhere.example")) // whatever the number is
	if r := g.refusal(t, raw, jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
		t.Errorf("banned, and another record: got %s, want %s", r.Code, jotgate.CodeRevoked)
	}
}

// uncounted hides that a set counts its changes.
type uncounted struct{ set *revocation.Set }

func (u uncounted) Check(ctx context.Context, t jwt.Ref) (jwt.Verdict, error) {
	return u.set.Check(ctx, t)
}

// failing are revocations that cannot be asked any more.
type failing struct{ broken atomic.Bool }

func (f *failing) Check(context.Context, jwt.Ref) (jwt.Verdict, error) {
	if f.broken.Load() {
		return jwt.Verdict{}, errors.New("down")
	}
	return jwt.Verdict{}, nil
}

func TestCacheAsksRevocationsThatDoNotCount(t *testing.T) {
	set, down := revocation.NewSet(), new(failing)
	g := newGate(t, func(c *jotgate.Config) { c.Revocations = uncounted{set} })
	raw := g.token(t)
	g.identity(t, raw, jotgate.Rule{})
	set.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, "s1"), Reason: "logout"})
	if r := g.refusal(t, raw, jotgate.Rule{}); r.Code != jotgate.CodeRevoked {
		t.Errorf("code: got %s, want %s", r.Code, jotgate.CodeRevoked)
	}
	h := newGate(t, func(c *jotgate.Config) { c.Revocations = down })
	raw = h.token(t)
	h.identity(t, raw, jotgate.Rule{})
	down.broken.Store(true)
	if r := h.refusal(t, raw, jotgate.Rule{}); r.Status != 503 {
		t.Errorf("revocations that fail under a warm cache: got %d, want 503", r.Status)
	}
}

// Once Add has returned, nobody passes: also not through a cache that is being filled at that very moment.
func TestCacheRaceOfRevocation(t *testing.T) {
	g := newGate(t)
	for round := range 300 {
		sid := fmt.Sprint("s", round)
		raw := g.token(t, func(c *jwt.Claims) { c.SessionID = sid })
		var added atomic.Bool
		var barrier, done sync.WaitGroup
		barrier.Add(1)
		for range 4 {
			done.Go(func() {
				barrier.Wait()
				for range 20 {
					before := added.Load()
					if _, err := g.Check(context.Background(), raw, jotgate.Rule{}); before && err == nil {
						t.Error("a revoked token passed")
					}
				}
			})
		}
		done.Go(func() {
			barrier.Wait()
			g.dead.Add(revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, issuer, sid), Reason: "logout"})
			added.Store(true)
		})
		barrier.Done()
		done.Wait()
	}
}

// The cache is bounded in bytes, whatever is put in: usual tokens that come again among the revoked, tokens of many short
// texts, and tokens that are pieces of something larger.
func TestCacheBytes(t *testing.T) {
	const budget = 4 << 20
	many := make([]string, 300)
	for i := range many {
		many[i] = "p" + string(rune('a'+i%26))
	}
	for name, tt := range map[string]struct {
		tokens int
		change func(*jwt.Claims)
		around int
	}{
		"usual":            {20_000, func(*jwt.Claims) {}, 0},
		"many permissions": {4_000, func(c *jwt.Claims) { c.Permissions = many }, 0},
		"in a long header": {8_000, func(*jwt.Claims) {}, 16 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			if raced() {
				tt.tokens /= 2
			}
			g := newGate(t, func(c *jotgate.Config) { c.CacheBytes = budget })
			before := heap()
			for i := range tt.tokens {
				raw := g.token(t, func(c *jwt.Claims) { c.ID = fmt.Sprint("token", i); tt.change(c) })
				raw = (raw + strings.Repeat("-", tt.around))[:len(raw)]
				g.identity(t, raw, jotgate.Rule{})
				g.revoke(revocation.Session, "other", 0)
				g.identity(t, raw, jotgate.Rule{})
			}
			if grown := heap() - before; grown > budget*9/8 || grown < budget/2 {
				t.Errorf("heap after %d tokens: grew by %d bytes, want about %d", tt.tokens, grown, budget)
			}
			runtime.KeepAlive(g)
		})
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestCachedCheckAllocatesNothing(t *testing.T) {
	g, raw := usual(t, jwt.ES256)
	g.Guard = newGuard(t, g.config(t))
	if got := testing.AllocsPerRun(100, func() {
		if _, err := g.Check(context.Background(), raw, ordersRead); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("a token in the cache: got %v allocations, want 0", got)
	}
}

// config is that of usual, with its cache.
func (g gate) config(tb testing.TB) jotgate.Config {
	return jotgate.Config{
		Issuer: "https://id.example.com", Audience: "https://api.example.com", Keys: newKeySet(tb, g.key),
		Revocations: g.dead, Now: func() time.Time { return noon }, Logger: discard, CacheBytes: 128 << 20,
	}
}

// warm returns a guard that remembers n usual tokens, and what each takes.
func warm(b *testing.B, n int) (gate, []string, float64) {
	g, _ := usual(b, jwt.HS256)
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = sign(b, g.key, jwt.Header{Type: "at+jwt"}, jwt.Claims{
			Issuer: "https://id.example.com", Subject: "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55", Audience: []string{"https://api.example.com"},
			ExpiresAt: noon.Add(time.Hour), NotBefore: noon, IssuedAt: noon, ID: fmt.Sprintf("0192d8f4-7c1e-7b9a-9d2e-%012d", i),
			Permissions: []string{"orders:read", "orders:write", "customers:read"}, Extra: map[string]any{"type": "access"},
		})
	}
	g.Guard = newGuard(b, g.config(b))
	before := heap()
	for _, raw := range tokens {
		g.identity(b, raw, jotgate.Rule{})
	}
	return g, tokens, float64(heap()-before) / float64(n)
}

// hit measures hits of tokens that draw picks. churn says how often a record enters that concerns nobody here: after so many hits, 0 for never.
func hit(b *testing.B, g gate, tokens []string, rule jotgate.Rule, draw func() int, churn int) {
	order := make([]int, 1<<18)
	for i := range order {
		order[i] = draw()
	}
	r := revocation.Record{Kind: revocation.Session, Key: revocation.KeyOf(revocation.Session, "x", "y"), Reason: "logout"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if churn > 0 && i%churn == 0 {
			g.dead.Add(r)
		}
		if _, err := g.Check(context.Background(), tokens[order[i%len(order)]], rule); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCache measures hits with the clock standing still. Without another name the rule is the zero one; all kinds of
// records are there, and the set is quiet.
func BenchmarkCache(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	thousand := func() int { return random.IntN(1000) }
	g, tokens, _ := warm(b, 1000)
	for name, churn := range map[string]int{"quiet": 0, "churning=64": 64, "churning=1": 1} {
		b.Run("1000 hot/"+name, func(b *testing.B) { hit(b, g, tokens, jotgate.Rule{}, thousand, churn) })
	}
	b.Run("1000 hot/permission", func(b *testing.B) { hit(b, g, tokens, ordersRead, thousand, 0) })
	g, tokens, each := warm(b, 1<<16)
	zipf := rand.NewZipf(random, 1.1, 1, 1<<16-1)
	b.Run("64k zipf", func(b *testing.B) {
		hit(b, g, tokens, jotgate.Rule{}, func() int { return int(zipf.Uint64()) }, 0)
		b.ReportMetric(each, "B/entry")
	})
	b.Run("64k zipf/permission", func(b *testing.B) { hit(b, g, tokens, ordersRead, func() int { return int(zipf.Uint64()) }, 0) })
}
