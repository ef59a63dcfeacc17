// Package password turns passwords into hashes that may be stored, verifies them, and says which passwords are too weak
// to be taken.
//
// A new password goes Policy.Normalize → Policy.Check → Hasher.Hash → the store; a log-in goes Policy.Normalize →
// Hasher.Verify, or Hasher.VerifyNone where no such user exists, so that both take the same time:
//
//	policy := password.Policy{Words: []string{"example"}}
//	hasher := password.NewHasher(password.Params{}, 0, 0)
//
//	pw := policy.Normalize(typed)
//	if err := policy.Check(pw, username); err != nil { … }     // *PolicyError: 422
//	phc, err := hasher.Hash(ctx, pw)                           // ErrBusy: 503 with Retry-After
//
// What it promises: hashes are argon2id in PHC form with a random salt of 128 bits; a password is compared whole, as it
// is, in constant time; one of more than MaxBytes is refused before it is hashed; a stored hash cannot make the process
// spend more than 256 MiB; no error holds a password or a hash. Hashes that one version wrote, all later ones verify.
package password

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// MaxBytes is the length, in bytes, of the longest password that is hashed.
const MaxBytes = 1024

// Params is what one argon2id hash costs. A zero field means its value in Default; less is for tests.
type Params struct {
	Memory  uint32 // KiB, at most 256 MiB
	Time    uint32 // passes over the memory, at most 10
	Threads uint8  // lanes, at most 16
}

// Default is the cost that the OWASP Password Storage Cheat Sheet names first for one lane: 19 MiB, two passes.
func Default() Params { return Params{Memory: 19 << 10, Time: 2, Threads: 1} }

// The bounds hold for stored parameters too, so that a hostile row of the store cannot exhaust the machine.
const (
	maxMemory  = 256 << 10
	maxTime    = 10
	maxThreads = 16
	saltBytes  = 16
	keyBytes   = 32
)

// Hash hashes a password with a new salt and returns the PHC string. It fails with a *PolicyError when the password has
// more than MaxBytes, and when p is out of bounds.
func (p Params) Hash(password string) (string, error) {
	if len(password) > MaxBytes {
		return "", &PolicyError{Code: TooLong, Max: MaxBytes}
	}
	p = p.orDefault()
	if err := p.check(); err != nil {
		return "", fmt.Errorf("argon2id: %w", err)
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	return hash{p, salt, p.derive(password, salt, keyBytes)}.String(), nil
}

// Verify reports whether phc is a hash of password. An error, which wraps ErrHash, says that phc cannot be used: the
// log-in has failed like any other, and someone should look at the store. A password of more than MaxBytes matches
// nothing.
func Verify(password, phc string) (ok bool, err error) {
	h, err := parse(phc)
	if err != nil || len(password) > MaxBytes {
		return false, err
	}
	key := h.params.derive(password, h.salt, len(h.key))
	return subtle.ConstantTimeCompare(key, h.key) == 1, nil
}

// NeedsUpgrade reports whether phc is weaker than what p.Hash makes, or cannot be read, and should be replaced at the
// next successful log-in. Lanes do not count: they change who does the work, not how much it is.
func NeedsUpgrade(phc string, p Params) bool {
	h, err := parse(phc)
	p = p.orDefault()
	return err != nil || h.params.Memory < p.Memory || h.params.Time < p.Time || len(h.salt) < saltBytes || len(h.key) < keyBytes
}

func (p Params) orDefault() Params {
	d := Default()
	return Params{cmp.Or(p.Memory, d.Memory), cmp.Or(p.Time, d.Time), cmp.Or(p.Threads, d.Threads)}
}

// check holds p against our upper bounds and the lower ones of RFC 9106 §3.1.
func (p Params) check() error {
	switch {
	case p.Time < 1 || p.Time > maxTime:
		return fmt.Errorf("passes: want 1 to %d, got %d", maxTime, p.Time)
	case p.Threads < 1 || p.Threads > maxThreads:
		return fmt.Errorf("lanes: want 1 to %d, got %d", maxThreads, p.Threads)
	case p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory:
		return fmt.Errorf("memory: want %d to %d KiB, got %d", 8*uint32(p.Threads), maxMemory, p.Memory)
	}
	return nil
}

func (p Params) derive(password string, salt []byte, size int) []byte {
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, uint32(size))
}
