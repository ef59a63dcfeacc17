package password

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/text/unicode/norm"
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

// LogIn verifies a password as it was typed and returns what to store instead of a hash that NeedsUpgrade ("": it may
// stay). Store it only where the old hash still stands, and never fail a log-in for it.
//
// Nobody need normalise the password. Its form NFC is tried first, and then, where that is another, what was typed: other
// frameworks hash the bytes that they get. What is to be stored is of the form NFC.
func (h *Hasher) LogIn(ctx context.Context, typed, stored string) (ok bool, better string, err error) {
	if err := h.enter(ctx); err != nil {
		return false, "", err
	}
	defer h.leave()
	tries := spellings(typed)
	for i, password := range tries {
		ok, err = h.verify(password, stored)
		if ok && (i > 0 || NeedsUpgrade(stored, h.params)) {
			better, _ = h.params.Hash(tries[0]) // fails for one that NFC makes too long: the old hash stays
		}
		if ok {
			break
		}
	}
	return ok, better, err
}

// spellings are what may have been hashed of a password: its form NFC and, if that is another, the password as it is.
func spellings(password string) []string {
	if nfc := norm.NFC.String(password); nfc != password {
		return []string{nfc, password}
	}
	return []string{password}
}

// Verify is the function Verify within the bounds of h. With an unusable hash it takes as long as with a good one.
func (h *Hasher) Verify(ctx context.Context, password, stored string) (ok bool, err error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	return h.verify(password, stored)
}

func (h *Hasher) verify(password, stored string) (ok bool, err error) {
	ok, err = Verify(password, stored)
	if err != nil {
		h.params.burn(password)
	}
	return ok, err
}

// VerifyNone takes as long as LogIn does with a wrong password and a hash of h's own making, and waits in the same queue.
// Call it where there is no user, so that the time of the answer does not tell.
func (h *Hasher) VerifyNone(ctx context.Context, typed string) error {
	if err := h.enter(ctx); err != nil {
		return err
	}
	defer h.leave()
	for _, password := range spellings(typed) {
		h.params.burn(password)
	}
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
