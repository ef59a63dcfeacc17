package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// ErrHash is wrapped by every error about a stored hash: not a format that we know, corrupt, or out of bounds.
var ErrHash = errors.New("unusable password hash")

// prefix names the algorithm and its version 1.3, the only one that is read or written.
const prefix = "$argon2id$v=19$"

// hash is an argon2id hash whose parameters are within bounds.
type hash struct {
	params    Params
	salt, key []byte
}

// String writes the PHC string form: https://github.com/P-H-C/phc-string-format.
func (h hash) String() string {
	b64, p := base64.RawStdEncoding.EncodeToString, h.params
	return fmt.Sprintf(prefix+"m=%d,t=%d,p=%d$%s$%s", p.Memory, p.Time, p.Threads, b64(h.salt), b64(h.key))
}

func parse(phc string) (hash, error) {
	if len(phc) > 256 || !strings.HasPrefix(phc, prefix) {
		return hash{}, fmt.Errorf("%w: not argon2id 1.3", ErrHash)
	}
	h, err := scan(phc)
	// Only what we would write ourselves is read: this refuses every other spelling that the decoders let pass.
	if err != nil || h.String() != phc {
		return hash{}, fmt.Errorf("%w: corrupt", ErrHash)
	}
	if err := h.check(); err != nil {
		return hash{}, fmt.Errorf("%w: %w", ErrHash, err)
	}
	return h, nil
}

func scan(phc string) (h hash, err error) {
	var rest string
	p := &h.params
	_, err = fmt.Sscanf(phc, prefix+"m=%d,t=%d,p=%d$%s", &p.Memory, &p.Time, &p.Threads, &rest)
	if err != nil {
		return hash{}, err
	}
	salt, key, _ := strings.Cut(rest, "$")
	h.salt, err = base64.RawStdEncoding.DecodeString(salt)
	if err != nil {
		return hash{}, err
	}
	h.key, err = base64.RawStdEncoding.DecodeString(key)
	return h, err
}

// check wants, beside sane parameters, a salt of at least the 8 bytes of RFC 9106 §3.1 and a key too long to be guessed.
func (h hash) check() error {
	if len(h.salt) < 8 || len(h.key) < 16 {
		return fmt.Errorf("want a salt of 8 bytes and a key of 16, got %d and %d", len(h.salt), len(h.key))
	}
	return h.params.check()
}
