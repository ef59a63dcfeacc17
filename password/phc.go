package password

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The algorithms and their version 1.3, the only one that is read. Of these, argon2id alone is written.
const (
	prefix        = "$argon2id$v=19$"
	prefixArgon2i = "$argon2i$v=19$"
)

// argon2id is a hash whose parameters are within bounds.
type argon2id struct {
	params    Params
	salt, key []byte
}

func (h argon2id) matches(password string) bool {
	key := h.params.derive(password, h.salt, len(h.key))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

// String writes the PHC string form: https://github.com/P-H-C/phc-string-format.
func (h argon2id) String() string {
	b64, p := base64.RawStdEncoding.EncodeToString, h.params
	return fmt.Sprintf(prefix+"m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Time, p.Threads, b64(h.salt), b64(h.key))
}

// argon2i is the older sister, of early passlib and PHP.
type argon2i struct{ argon2id }

func (h argon2i) matches(password string) bool {
	p := h.params
	key := argon2.Key([]byte(password), h.salt, p.Time, p.Memory, p.Threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

func readArgon2i(phc string) (stored, error) {
	h, err := read(prefix + strings.TrimPrefix(phc, prefixArgon2i))
	if err != nil {
		return nil, err
	}
	return argon2i{h}, nil
}

func readArgon2id(phc string) (stored, error) {
	h, err := read(phc)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// read reads a text that begins with prefix.
func read(phc string) (argon2id, error) {
	h, err := scan(phc)
	// Only what we would write ourselves is read: this refuses every other spelling that the decoders let pass.
	if err != nil || h.String() != phc {
		return argon2id{}, fmt.Errorf("%w: argon2: corrupt", ErrHash)
	}
	if err := h.check(); err != nil {
		return argon2id{}, fmt.Errorf("%w: argon2: %w", ErrHash, err)
	}
	return h, nil
}

func scan(phc string) (h argon2id, err error) {
	var rest string
	p := &h.params
	_, err = fmt.Sscanf(phc, prefix+"m=%d,t=%d,p=%d$%s", &p.Memory, &p.Time, &p.Threads, &rest)
	if err != nil {
		return argon2id{}, err
	}
	salt, key, _ := strings.Cut(rest, "$")
	h.salt, err = base64.RawStdEncoding.DecodeString(salt)
	if err != nil {
		return argon2id{}, err
	}
	h.key, err = base64.RawStdEncoding.DecodeString(key)
	return h, err
}

// check wants, beside sane parameters, a salt of at least the 8 bytes of RFC 9106 §3.1 and a key too long to be guessed.
func (h argon2id) check() error {
	if len(h.salt) < 8 || len(h.key) < 16 {
		return fmt.Errorf("want a salt of 8 bytes and a key of 16, got %d and %d", len(h.salt), len(h.key))
	}
	return h.params.check()
}
