// Package password turns passwords into hashes that may be stored, verifies them, and says which passwords are too weak
// to be taken.
//
// A new password goes Policy.Normalize → Policy.Check → Hasher.Hash → the store; a log-in goes Hasher.LogIn → the store,
// where there is a better hash for it, or Hasher.VerifyNone where no such user exists, so that both take the same time:
//
//	policy := password.Policy{Words: []string{"example"}}
//	hasher := password.NewHasher(password.Params{}, 0, 0)
//
//	pw := policy.Normalize(typed)
//	if err := policy.Check(pw, username); err != nil { … }     // *PolicyError: 422
//	phc, err := hasher.Hash(ctx, pw)                           // ErrBusy: 503 with Retry-After
//
//	ok, better, err := hasher.LogIn(ctx, typed, user.Hash)
//	if ok && better != "" { … }                                // UPDATE … SET hash = better WHERE hash = user.Hash
//
// What it promises: hashes are argon2id in PHC form with a random salt of 128 bits; a password is compared whole, as it
// is, in constant time; one of more than MaxBytes is refused before it is hashed; a stored hash cannot make the process
// spend more than 256 MiB, or much more than three seconds; no error holds a password or a hash. Hashes that one version
// wrote, all later ones verify.
//
// # Hashes of other frameworks
//
// Users who come from elsewhere bring their hashes. They are verified as they are, and LogIn replaces each when its owner
// first comes back:
//
//	$argon2id$v=19$… $argon2i$v=19$…          argon2 1.3 of any program, up to 256 MiB, 10 passes, 16 lanes
//	$2a$ $2b$ $2y$                            bcrypt up to cost 16: python-bcrypt, Flask-Bcrypt, passlib, PHP
//	pbkdf2:sha256:600000$…                    Werkzeug, also sha1 and sha512, up to 5,000,000 iterations;
//	pbkdf2:sha256$…                           without a number: each default that Werkzeug ever had
//	scrypt:32768:8:1$…                        Werkzeug, up to 256 MiB of memory, and 512 MiB in all lanes
//	pbkdf2_sha256$… scrypt$… bcrypt_sha256$…  Django, within the same bounds; also pbkdf2_sha1$, bcrypt$ and argon2$
//
// Everything else is ErrHash, with words that say what it is: argon2d, bcrypt's $2$ and $2x$, whose faults
// nobody should repeat, and Werkzeug's plain$, md5$, sha1$ and their like. Those users need a new password.
//
// Against hashes of bcrypt, a password of more than 72 bytes matches nothing: bcrypt sees no further, and Flask-Bcrypt and
// older python-bcrypt took every password with the same beginning. Its owner needs a new one too. (bcrypt_sha256 of Django
// has no such limit. Flask-Bcrypt's BCRYPT_HANDLE_LONG_PASSWORDS is not known from a hash, and not read.) Against bcrypt,
// PBKDF2 and scrypt a password with a NUL matches nothing, for there it is the same as another one.
//
// A wrong password takes as long as its user's hash, and VerifyNone as long as argon2id: as long as there are hashes of
// other frameworks, the time of a refusal tells for which names there is one. Who minds gives the users who have not come
// back after a while no hash at all, and lets them reset their password.
package password

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"strings"

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
	return argon2id{p, salt, p.derive(password, salt, keyBytes)}.String(), nil
}

// Verify reports whether stored is a hash of exactly this password. An error, which wraps ErrHash, says that stored cannot
// be used: the log-in has failed like any other, and someone should look at the store. A password of more than MaxBytes
// matches nothing.
func Verify(password, stored string) (ok bool, err error) {
	h, err := parse(stored)
	if err != nil || len(password) > MaxBytes {
		return false, err
	}
	return h.matches(password), nil
}

// NeedsUpgrade reports whether stored is weaker than what p.Hash makes, in another form, or cannot be read, and should be
// replaced at the next successful log-in. Lanes do not count: they change who does the work, not how much it is.
func NeedsUpgrade(stored string, p Params) bool {
	h, err := parse(stored)
	own, ok := h.(argon2id)
	if err != nil || !ok || !strings.HasPrefix(stored, prefix) {
		return true
	}
	p = p.orDefault()
	return own.params.Memory < p.Memory || own.params.Time < p.Time || len(own.salt) < saltBytes || len(own.key) < keyBytes
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
