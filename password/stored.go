package password

import (
	"errors"
	"fmt"
	"strings"
)

// ErrHash is wrapped by every error about a stored hash: not a format that we know, corrupt, or out of bounds.
var ErrHash = errors.New("unusable password hash")

// stored is a hash as a store holds it, within bounds: what it costs to match is known to be bearable.
type stored interface {
	// matches compares in constant time.
	matches(password string) bool
}

// longestStored is more than any of the formats takes with a salt that someone would use.
const longestStored = 256

func parse(text string) (stored, error) {
	if len(text) > longestStored {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrHash, longestStored)
	}
	if strings.HasPrefix(text, "argon2$argon2") { // Django puts the name of its hasher before
		text = strings.TrimPrefix(text, "argon2")
	}
	switch {
	case strings.HasPrefix(text, prefix):
		return readArgon2id(text)
	case strings.HasPrefix(text, prefixArgon2i):
		return readArgon2i(text)
	}
	return readForeign(text)
}

// refusals say why a text is no hash that can be used, by what it begins with. None repeats what comes after: that may be
// the password itself.
var refusals = []struct{ prefix, why string }{
	{"$argon2", "argon2 that is neither argon2id nor argon2i, or not of version 1.3"},
	{"$2", "bcrypt: want $2a$, $2b$ or $2y$, two digits of cost, and 53 characters"},
	{"bcrypt", "bcrypt in a form that is not Django's"},
	{"pbkdf2", "PBKDF2 in a form that is neither Werkzeug's nor Django's, or far out of bounds"},
	{"scrypt", "scrypt in a form that is neither Werkzeug's nor Django's, or far out of bounds"},
	{"plain$", "a password that was never hashed; its user needs a new one"},
	{"md5$", fast}, {"sha1$", fast}, {"sha224$", fast}, {"sha256$", fast}, {"sha384$", fast}, {"sha512$", fast},
}

const fast = "a fast hash that is guessed by the billion; its user needs a new password"

func refuse(text string) error {
	for _, r := range refusals {
		if strings.HasPrefix(text, r.prefix) {
			return fmt.Errorf("%w: %s", ErrHash, r.why)
		}
	}
	return fmt.Errorf("%w: no form that is known", ErrHash)
}
