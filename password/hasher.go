package password

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"
)

// ErrBusy says that as many callers as may wait are waiting already. It is meant to become 503 with Retry-After.
var ErrBusy = errors.New("too many passwords are being hashed")

// Hasher hashes and verifies, but never more than a fixed number of passwords at the same time, so that a flood of
// log-ins can take neither all memory nor all processors. Its methods may be called from many goroutines. They return
// ErrBusy at once when the queue is full, and the context's error when the context ends while they wait; once hashing
// has begun they return only when it has ended.
//
// After five quiet seconds a Hasher collects garbage and gives free memory back to the system.
type Hasher struct {
	params  Params
	places  chan struct{} // taken while waiting or hashing
	permits chan struct{} // taken while hashing
	rest    *time.Timer
}

// restAfter is long enough that the garbage collections it causes are few, however log-ins are spread.
const restAfter = 5 * time.Second

// NewHasher makes a Hasher that works on at most parallel passwords (0: one for each processor that Go uses) while at most
// queue callers wait (0: 16 for each that works; negative: none). It panics when p is out of bounds.
func NewHasher(p Params, parallel, queue int) *Hasher {
	p = p.orDefault()
	if err := p.check(); err != nil {
		panic("password.NewHasher: " + err.Error())
	}
	if parallel < 1 {
		parallel = runtime.GOMAXPROCS(0)
	}
	queue = max(0, cmp.Or(queue, 16*parallel))
	h := &Hasher{params: p, places: make(chan struct{}, parallel+queue), permits: make(chan struct{}, parallel)}
	h.rest = time.AfterFunc(restAfter, h.giveBack)
	return h
}

// Hash is Params.Hash within the bounds of h.
func (h *Hasher) Hash(ctx context.Context, password string) (phc string, err error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return h.params.Hash(password)
}

// Verify is the function Verify within the bounds of h. With an unusable hash it takes as long as with a good one.
func (h *Hasher) Verify(ctx context.Context, password, phc string) (ok bool, err error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	ok, err = Verify(password, phc)
	if err != nil {
		h.params.burn(password)
	}
	return ok, err
}

// VerifyNone takes as long as Verify does with a hash of h's own making, and waits in the same queue. Call it where there
// is no user, so that the time of the answer does not tell.
func (h *Hasher) VerifyNone(ctx context.Context, password string) error {
	if err := h.enter(ctx); err != nil {
		return err
	}
	defer h.leave()
	h.params.burn(password)
	return nil
}

// burn costs what Verify costs.
func (p Params) burn(password string) {
	if len(password) <= MaxBytes {
		p.derive(password, make([]byte, saltBytes), keyBytes)
	}
}

func (h *Hasher) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case h.places <- struct{}{}:
	default:
		return ErrBusy
	}
	select {
	case h.permits <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-h.places
		return ctx.Err()
	}
}

func (h *Hasher) leave() {
	<-h.permits
	<-h.places
	h.rest.Reset(restAfter)
}

// giveBack runs when no password was hashed for a while. Each hash leaves a dead block of h.params.Memory on the heap, and
// the runtime of an idle process would keep the last ones for minutes.
func (h *Hasher) giveBack() {
	if len(h.places) == 0 {
		debug.FreeOSMemory()
	}
}
