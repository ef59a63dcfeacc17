package jotgate_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"testing"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/revocation"
)

var ordersRead = jotgate.Rule{Permissions: []string{"orders:read"}}

// usual returns a guard for keys of alg, with records of every kind among the revoked, and a token of usual size.
func usual(tb testing.TB, alg string) (gate, string) {
	tb.Helper()
	key := newKey(tb, alg, "2026-01")
	g := newGate(tb, func(c *jotgate.Config) {
		c.Issuer, c.Audience, c.Logger = "https://id.example.com", "https://api.example.com", discard
		c.Keys = newKeySet(tb, key)
		c.CacheBytes = -1 // the signature is what is measured
	})
	g.key = key
	for k := revocation.Token; k <= revocation.SignKey; k++ {
		g.dead.Add(revocation.Record{Kind: k, Key: revocation.KeyOf(k, "https://id.example.com", "gone"), Version: 9})
	}
	return g, g.token(tb, func(c *jwt.Claims) {
		c.Issuer, c.Audience = "https://id.example.com", []string{"https://api.example.com"}
		c.Subject, c.SessionID, c.ID = "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55", "0192d8f4-7c1e-7b9a-9d2e-1c8c2b1f6a55", "0192d8f4-7c1e-7b9a-9d2e-2c8c2b1f6a55"
		c.Permissions = []string{"orders:read", "orders:write", "customers:read"}
	})
}

// raced tells whether the race detector is on. Under it sync.Pool drops a part of what it is given, and what is built
// anew counts as allocations.
func raced() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// ownAllocs is what one Check allocates beside the signature: the decoded token, the texts of its lists, the identity.
const ownAllocs = 3

func TestCheckAllocates(t *testing.T) {
	limit := float64(ownAllocs)
	if raced() {
		limit += 8
	}
	for alg, signature := range map[string]float64{jwt.HS256: 0, jwt.ES256: ecdsaAllocs(t)} {
		g, raw := usual(t, alg)
		got := testing.AllocsPerRun(200, func() {
			if _, err := g.Check(context.Background(), raw, ordersRead); err != nil {
				t.Fatal(err)
			}
		})
		if got > limit+signature {
			t.Errorf("%s: want at most %v allocations beside the %v of the signature, got %v in all", alg, limit, signature, got)
		}
	}
}

// ecdsaAllocs is what crypto/ecdsa alone allocates to verify.
func ecdsaAllocs(t *testing.T) float64 {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]byte, 32)
	sig, err := k.Sign(rand.Reader, sum, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return testing.AllocsPerRun(100, func() {
		if !ecdsa.VerifyASN1(&k.PublicKey, sum, sig) {
			t.Fatal("signature refused")
		}
	})
}

func TestPermitsAllocatesNothing(t *testing.T) {
	held := []string{"a:b", "customers:read", "orders:*"}
	if got := testing.AllocsPerRun(100, func() {
		if !jotgate.Permits(held, "orders:read") || jotgate.Permits(held, "a:b:c") {
			t.Fatal("wrong answer")
		}
	}); got != 0 {
		t.Errorf("want 0 allocations, got %v", got)
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, alg := range []string{jwt.HS256, jwt.ES256} {
		g, raw := usual(b, alg)
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Check(context.Background(), raw, ordersRead); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRequire(b *testing.B) {
	g, raw := usual(b, jwt.HS256)
	h := g.Require("orders:read")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, w := httptest.NewRequest(http.MethodGet, "/orders", nil), httptest.NewRecorder()
	r.Header.Set("Authorization", "Bearer "+raw)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
	if w.Code != 200 {
		b.Fatal(w.Body)
	}
}

func BenchmarkPermits(b *testing.B) {
	held := []string{"customers:read", "customers:write", "orders:*"}
	for b.Loop() {
		jotgate.Permits(held, "orders:read")
	}
}
