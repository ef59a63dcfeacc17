package password

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// The bounds of what a row may cost: within each, one hash takes about as long as argon2id within its own, which took three
// seconds of one processor where it was measured.
const (
	maxBcryptCost   = 16
	maxPBKDF2Rounds = 5_000_000
	maxScryptMemory = maxMemory << 10     // bytes
	maxScryptWork   = 2 * maxScryptMemory // lane after lane

	// bcryptBytes is all that bcrypt looks at.
	bcryptBytes = 72
)

// forms are what other frameworks write. The expressions are strict, so that one hash has one spelling; what stands in
// their groups is read by name.
var forms = []struct {
	text *regexp.Regexp
	read func(fields) (stored, error)
}{
	// bcrypt, and what Django puts before it
	{regexp.MustCompile(`^(?P<django>bcrypt(_sha256)?\$)?(?P<text>\$2[aby]\$(?P<n>[0-9]{2})\$[./A-Za-z0-9]{53})$`), readBcrypt},
	// Werkzeug
	{regexp.MustCompile(`^pbkdf2:(?P<digest>\w+)(:(?P<n>[1-9][0-9]{0,8}))?\$(?P<salt>[^$]+)\$(?P<hex>[0-9a-f]+)$`), readPBKDF2},
	{regexp.MustCompile(`^scrypt:(?P<n>[1-9][0-9]{0,8}):(?P<r>[1-9][0-9]?):(?P<p>[1-9][0-9]?)\$(?P<salt>[^$]+)\$(?P<hex>[0-9a-f]{128})$`), readScrypt},
	// Django
	{regexp.MustCompile(`^pbkdf2_(?P<digest>\w+)\$(?P<n>[1-9][0-9]{0,8})\$(?P<salt>[^$]+)\$(?P<b64>[A-Za-z0-9+/]+=*)$`), readPBKDF2},
	{regexp.MustCompile(`^scrypt\$(?P<n>[1-9][0-9]{0,8})\$(?P<salt>[^$]+)\$(?P<r>[1-9][0-9]?)\$(?P<p>[1-9][0-9]?)\$(?P<b64>[A-Za-z0-9+/]{86}==)$`), readScrypt},
}

func readForeign(text string) (stored, error) {
	for _, f := range forms {
		m := f.text.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		h, err := f.read(func(name string) string {
			if i := f.text.SubexpIndex(name); i >= 0 {
				return m[i]
			}
			return ""
		})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHash, err)
		}
		return h, nil
	}
	return nil, refuse(text)
}

// fields returns what stands in the group of a name, and "" where there is none.
type fields func(name string) string

// number is 0 where there is none. The expressions let no number be too large for an int.
func (f fields) number(name string) int {
	n, _ := strconv.Atoi(f(name))
	return n
}

func (f fields) key() ([]byte, error) {
	if h := f("hex"); h != "" {
		return hex.DecodeString(h)
	}
	return base64.StdEncoding.Strict().DecodeString(f("b64"))
}

// exact tells passwords that only themselves match: bcrypt takes "x" and "x\x00x" for the same, HMAC, and so PBKDF2 and
// scrypt, "x" and "x\x00".
func exact(password string) bool { return !strings.Contains(password, "\x00") }

// bcryptHash is a hash as x/crypto reads it.
type bcryptHash struct {
	text   string
	sha256 bool // of the password's SHA-256 in hexadecimal digits
}

func readBcrypt(f fields) (stored, error) {
	if n := f.number("n"); n < bcrypt.MinCost || n > maxBcryptCost {
		return nil, fmt.Errorf("bcrypt: cost: want %d to %d, got %d", bcrypt.MinCost, maxBcryptCost, n)
	}
	return bcryptHash{f("text"), f("django") == "bcrypt_sha256$"}, nil
}

// matches refuses what is too long after the work, so that the time does not tell.
func (h bcryptHash) matches(password string) bool {
	if h.sha256 {
		sum := sha256.Sum256([]byte(password))
		password = hex.EncodeToString(sum[:])
	}
	err := bcrypt.CompareHashAndPassword([]byte(h.text), []byte(password))
	return err == nil && len(password) <= bcryptBytes && exact(password)
}

type pbkdf2Hash struct {
	digest func() hash.Hash
	rounds []int // any of these
	salt   string
	key    []byte
}

// werkzeugRounds are what Werkzeug has taken for pbkdf2:sha256$… without a number: since 0.9, 0.12, 0.15, 2.0, 2.3 and
// 3.1 (DEFAULT_PBKDF2_ITERATIONS in its security.py). It writes the number itself, so this is a hash that was put together
// by other hands, and which version read it nobody knows.
var werkzeugRounds = []int{1_000, 50_000, 150_000, 260_000, 600_000, 1_000_000}

func readPBKDF2(f fields) (stored, error) {
	digest := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[f("digest")]
	if digest == nil {
		return nil, fmt.Errorf("PBKDF2: digest: want sha1, sha256 or sha512")
	}
	rounds := werkzeugRounds
	if f("n") != "" {
		rounds = []int{f.number("n")}
	}
	if rounds[0] > maxPBKDF2Rounds {
		return nil, fmt.Errorf("PBKDF2: iterations: want at most %d, got %d", maxPBKDF2Rounds, rounds[0])
	}
	key, err := f.key()
	if size := digest().Size(); err != nil || len(key) != size {
		return nil, fmt.Errorf("PBKDF2: key: want %d bytes", size)
	}
	return pbkdf2Hash{digest, rounds, f("salt"), key}, nil
}

func (h pbkdf2Hash) matches(password string) bool {
	for _, n := range h.rounds {
		key, err := pbkdf2.Key(h.digest, password, []byte(h.salt), n, len(h.key))
		if err == nil && subtle.ConstantTimeCompare(key, h.key) == 1 {
			return exact(password)
		}
	}
	return false
}

type scryptHash struct {
	n, r, p int
	salt    string
	key     []byte
}

func readScrypt(f fields) (stored, error) {
	n, r, p := f.number("n"), f.number("r"), f.number("p")
	memory := 128 * int64(n) * int64(r) // RFC 7914 §2
	switch {
	case n < 2 || n&(n-1) != 0:
		return nil, fmt.Errorf("scrypt: N: want a power of two, got %d", n)
	case memory > maxScryptMemory:
		return nil, fmt.Errorf("scrypt: memory: want at most %d bytes, got %d", maxScryptMemory, memory)
	case memory*int64(p) > maxScryptWork:
		return nil, fmt.Errorf("scrypt: p: want at most %d, got %d", maxScryptWork/memory, p)
	}
	key, err := f.key()
	if err != nil {
		return nil, fmt.Errorf("scrypt: corrupt key")
	}
	return scryptHash{n, r, p, f("salt"), key}, nil
}

func (h scryptHash) matches(password string) bool {
	key, err := scrypt.Key([]byte(password), []byte(h.salt), h.n, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1 && exact(password)
}
