package password_test

import (
	"context"
	"errors"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/jotgate/jotgate/password"
)

func TestHasher(t *testing.T) {
	h, ctx := password.NewHasher(cheap, 0, 0), t.Context()
	phc, err := h.Hash(ctx, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := h.Verify(ctx, "correct horse", phc); !ok || err != nil {
		t.Errorf("right password: got %v, %v, want true", ok, err)
	}
	if ok, err := h.Verify(ctx, "wrong horse", phc); ok || err != nil {
		t.Errorf("wrong password: got %v, %v, want false", ok, err)
	}
	if ok, err := h.Verify(ctx, "correct horse", "garbage"); ok || !errors.Is(err, password.ErrHash) {
		t.Errorf("corrupt hash: got %v, %v, want ErrHash", ok, err)
	}
	if err := h.VerifyNone(ctx, "correct horse"); err != nil {
		t.Errorf("no user: got %v, want nil", err)
	}
}

// The time of an answer is made of hashing; that the same blocks are filled is what can be told without a clock.
func TestNoUserCostsWhatAUserCosts(t *testing.T) {
	h, ctx := password.NewHasher(password.Params{}, 1, 0), t.Context()
	row := mustHash(t, password.Params{}, "correct horse")
	for name, pw := range map[string]string{
		"usual": "wrong horse", "too long": strings.Repeat("x", 1025), "decomposed": decomposed,
		"too long once normalised": strings.Repeat("\u0958", 341), "too long before": strings.Repeat("e\u0301", 342),
	} {
		user := allocated(func() { h.LogIn(ctx, pw, row) })
		nobody := allocated(func() { h.VerifyNone(ctx, pw) })
		corrupt := allocated(func() { h.LogIn(ctx, pw, "garbage") })
		if max(user, nobody, corrupt)-min(user, nobody, corrupt) > 64<<10 {
			t.Errorf("%s: allocated: user %d, no user %d, corrupt hash %d: want the same but for 64 KiB", name, user, nobody, corrupt)
		}
	}
}

func TestHasherQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.NewHasher(cheap, 1, 1)
		occupy(t, h)
		ctx, cancel := context.WithCancel(t.Context())
		left, hashed := make(chan error, 1), make(chan error, 1)
		go func() { _, err := h.Hash(ctx, "x"); left <- err }()
		synctest.Wait()
		for name, err := range everyCall(h) {
			if !errors.Is(err, password.ErrBusy) {
				t.Errorf("%s with a full queue: got %v, want ErrBusy", name, err)
			}
		}

		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("waiter whose context ended: got %v, want %v", err, context.Canceled)
		}
		go func() { _, err := h.Hash(t.Context(), "x"); hashed <- err }()
		synctest.Wait()
		select {
		case err := <-hashed:
			t.Fatalf("second waiter while the permit is taken: got %v, want it to wait", err)
		default:
		}
		h.Vacate()
		if err := <-hashed; err != nil {
			t.Errorf("second waiter: got %v, want a hash", err)
		}
	})
}

func TestHasherWithoutQueue(t *testing.T) {
	h := password.NewHasher(cheap, 2, -1)
	occupy(t, h)
	occupy(t, h)
	if err := h.VerifyNone(t.Context(), "x"); !errors.Is(err, password.ErrBusy) {
		t.Errorf("third of two: got %v, want ErrBusy", err)
	}
	h.Vacate()
	if err := h.VerifyNone(t.Context(), "x"); err != nil {
		t.Errorf("after one left: got %v, want nil", err)
	}
}

func TestHasherContextEndedBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := password.NewHasher(cheap, 1, 0)
	for range 20 { // a select would choose the free permit half of the times
		if _, err := h.Hash(ctx, "x"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want %v", err, context.Canceled)
		}
	}
}

// begun is a context that tells when hashing is about to begin.
type begun struct {
	context.Context
	tell func()
}

func (b begun) Done() <-chan struct{} { b.tell(); return b.Context.Done() }

func TestHasherHoldsThePermitToTheEnd(t *testing.T) {
	h := password.NewHasher(password.Params{}, 1, -1)
	for range 10 { // a try in which hashing ended before we looked says nothing
		ctx, cancel := context.WithCancel(t.Context())
		begins, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			h.Hash(begun{ctx, sync.OnceFunc(func() { close(begins) })}, "x")
		}()
		<-begins
		cancel()
		err := h.Occupy(t.Context())
		select {
		case <-ended:
			if err == nil {
				h.Vacate()
			}
			continue
		default:
		}
		if !errors.Is(err, password.ErrBusy) {
			t.Errorf("while a cancelled call still hashes: got %v, want ErrBusy", err)
		}
		<-ended
		return
	}
	t.Error("a cancelled call returned at once ten times: want it to stay until hashing has ended")
}

func TestHasherGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.NewHasher(password.Params{}, 1, 0)
		h.VerifyNone(t.Context(), "x")
		before := held()
		time.Sleep(6 * time.Second) // of the bubble's clock
		synctest.Wait()
		if after := held(); before-after < 16<<20 {
			t.Errorf("memory held of the system: got %d bytes before and %d after rest, want at least 16 MiB less", before, after)
		}
	})
}

func held() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64()) - int64(s[1].Value.Uint64())
}

func TestNewHasherPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("parameters out of bounds: got no panic, want one")
		}
	}()
	password.NewHasher(password.Params{Time: 11}, 0, 0)
}

func occupy(t *testing.T, h *password.Hasher) {
	t.Helper()
	if err := h.Occupy(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func everyCall(h *password.Hasher) map[string]error {
	ctx := context.Background()
	_, hashErr := h.Hash(ctx, "x")
	_, verifyErr := h.Verify(ctx, "x", "garbage")
	_, _, logInErr := h.LogIn(ctx, "x", "garbage")
	return map[string]error{"Hash": hashErr, "Verify": verifyErr, "LogIn": logInErr, "VerifyNone": h.VerifyNone(ctx, "x")}
}

// The two benchmarks side by side say what a Hasher costs beside bare argon2id at the same concurrency.
func BenchmarkArgon2id(b *testing.B) {
	p, pw, salt := password.Default(), []byte("correct horse battery"), make([]byte, 16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			argon2.IDKey(pw, salt, p.Time, p.Memory, p.Threads, 32)
		}
	})
}

func BenchmarkHasherVerify(b *testing.B) {
	h := password.NewHasher(password.Params{}, 0, 0)
	row := mustHash(b, password.Params{}, "correct horse battery")
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, err := h.Verify(b.Context(), "correct horse battery", row); !ok || err != nil {
				b.Errorf("got %v, %v, want true", ok, err)
			}
		}
	})
}
