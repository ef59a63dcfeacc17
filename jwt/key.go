package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"hash"
	"log/slog"
	"sync"
)

// Key signs or verifies under exactly one algorithm. It is an immutable value that may be copied and used by many
// goroutines; the zero Key signs and verifies nothing. Printing and logging a Key never shows its private part.
type Key struct{ k *key }

type key struct {
	alg *algorithm
	id  string
	material
	forms []form
	pool  sync.Pool // of *work
}

// material is what one kind of key can do over the input of w. It is always a pointer, behind which package fmt does not
// look when it prints something that holds a Key.
type material interface {
	verify(w *work) bool
	sign(w *work) ([]byte, error)
	hash() hash.Hash // new; nil when the input is not hashed beforehand
	canSign() bool
	public() material         // without the private part; nil when nothing is left
	jwk(private bool) []param // the parameters of its kind
}

// work is the memory of one signature. It is borrowed from the key, so that a verification allocates nothing for it, and
// an HMAC is keyed once and not for each token.
type work struct {
	hash  hash.Hash
	input []byte
	sum   []byte
	sig   []byte
}

// digest hashes the input.
func (w *work) digest() []byte {
	w.hash.Reset()
	w.hash.Write(w.input)
	w.sum = w.hash.Sum(w.sum[:0])
	return w.sum
}

func newKey(alg *algorithm, kid string, m material) (Key, error) {
	if !printable(kid) {
		return Key{}, fmt.Errorf("%w: kid: want at most %d characters of printable ASCII", ErrKey, maxName)
	}
	k := &key{alg: alg, id: kid, material: m, forms: formsOf(alg, kid)}
	k.pool.New = func() any { return &work{hash: m.hash()} }
	return Key{k}, nil
}

// NewKey binds key material to an algorithm: a []byte of at least the hash's length for HS*, an RSA key of 2048 to 8192
// bits for RS* and PS*, an ECDSA key on the algorithm's curve for ES*, an ed25519 key for EdDSA; public or private, as
// the pointers (RSA, ECDSA) and values (Ed25519) that the standard library uses. The kid may be empty. The material is
// copied.
//
// RSA exponents below 65537 are refused by policy, e = 3 too, as are moduli with the fingerprint of CVE-2017-15361
// (ROCA), and Ed25519 keys of small order. Secrets are refused that are the text of another key, published samples or
// made of their words, sequences, or repetitions of less than the hash's length. Every error wraps [ErrKey].
func NewKey(alg, kid string, material any) (Key, error) {
	a := algorithmNamed(alg)
	if a == nil {
		return Key{}, fmt.Errorf("%w: algorithm %q: want one of %q", ErrKey, alg, Algorithms())
	}
	m, err := newMaterial(a, material)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %s: %w", ErrKey, alg, err)
	}
	return newKey(a, kid, m)
}

func newMaterial(a *algorithm, material any) (material, error) {
	switch m := material.(type) {
	case []byte:
		if a.kty == "oct" {
			return newSecret(a, m)
		}
	case *rsa.PublicKey:
		if a.kty == "RSA" {
			return newRSAPublic(a, m)
		}
	case *rsa.PrivateKey:
		if a.kty == "RSA" {
			return newRSAPrivate(a, m)
		}
	case *ecdsa.PublicKey:
		if a.kty == "EC" {
			return newECPublic(a, m)
		}
	case *ecdsa.PrivateKey:
		if a.kty == "EC" {
			return newECPrivate(a, m)
		}
	case ed25519.PublicKey:
		if a.kty == "OKP" {
			return newEdPublic(m)
		}
	case ed25519.PrivateKey:
		if a.kty == "OKP" {
			return newEdPrivate(m)
		}
	}
	return nil, fmt.Errorf("want %s, got %T", wanted[a.kty], material)
}

// wanted says by key type what NewKey takes.
var wanted = map[string]string{
	"oct": "a secret as []byte",
	"RSA": "*rsa.PublicKey or *rsa.PrivateKey",
	"EC":  "*ecdsa.PublicKey or *ecdsa.PrivateKey",
	"OKP": "ed25519.PublicKey or ed25519.PrivateKey",
}

// NewInsecureKey makes an HMAC key of a secret of any length and quality except none. Whoever guesses the secret can
// sign any token: a token seen once lets him try millions of guesses a second, alone and unseen. It is here to read what
// an older system has signed until its last token has expired. The text of a public key is still refused.
func NewInsecureKey(alg, kid string, material []byte) (Key, error) {
	a := algorithmNamed(alg)
	if a == nil || a.kty != "oct" {
		return Key{}, fmt.Errorf("%w: algorithm %q: want HS256, HS384 or HS512", ErrKey, alg)
	}
	m, err := newInsecureSecret(a, material)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %s: %w", ErrKey, alg, err)
	}
	return newKey(a, kid, m)
}

// GenerateKey makes a new private key: 3072 bits for RSA, the hash's length for HMAC. An empty kid becomes the key's
// thumbprint.
func GenerateKey(alg, kid string) (Key, error) {
	a := algorithmNamed(alg)
	if a == nil {
		return Key{}, fmt.Errorf("%w: algorithm %q: want one of %q", ErrKey, alg, Algorithms())
	}
	fresh, err := generate(a)
	if err != nil {
		return Key{}, fmt.Errorf("generating a key for %s: %w", alg, err)
	}
	k, err := NewKey(alg, kid, fresh)
	if err != nil || kid != "" {
		return k, err
	}
	id, err := k.Thumbprint()
	if err != nil {
		return Key{}, err
	}
	return newKey(a, id, k.k.material)
}

func generate(a *algorithm) (any, error) {
	switch a.kty {
	case "oct":
		b := make([]byte, a.hash.Size())
		_, err := rand.Read(b)
		return b, err
	case "RSA":
		return rsa.GenerateKey(rand.Reader, 3072)
	case "EC":
		return ecdsa.GenerateKey(a.curve, rand.Reader)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return private, err
}

// ID returns the kid, which may be empty.
func (k Key) ID() string {
	if k.k == nil {
		return ""
	}
	return k.k.id
}

// Algorithm returns the name of the only algorithm that the key is used with.
func (k Key) Algorithm() string {
	if k.k == nil {
		return ""
	}
	return k.k.alg.name
}

// IsZero tells whether k is the zero Key.
func (k Key) IsZero() bool { return k.k == nil }

// CanSign tells whether k has a private part or is a secret.
func (k Key) CanSign() bool { return k.k != nil && k.k.canSign() }

// Symmetric tells whether k is a secret, with which everyone who can verify can also sign.
func (k Key) Symmetric() bool { return k.k != nil && k.k.alg.kty == "oct" }

// Public returns the key without its private part, the zero Key for a secret.
func (k Key) Public() Key {
	if !k.CanSign() {
		return k
	}
	open := k.k.public()
	if open == nil {
		return Key{}
	}
	public, _ := newKey(k.k.alg, k.k.id, open) // the kid was accepted before
	return public
}

// String returns algorithm and kid.
func (k Key) String() string {
	if k.k == nil {
		return "no key"
	}
	kind := "public"
	switch {
	case k.Symmetric():
		kind = "secret"
	case k.CanSign():
		kind = "private"
	}
	return fmt.Sprintf("%s %s key %q", k.Algorithm(), kind, k.ID())
}

// GoString is String, so that %#v shows no more.
func (k Key) GoString() string { return "jwt.Key(" + k.String() + ")" }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// accepts tells whether the key may verify a token whose header names alg.
func (k Key) accepts(alg string) bool { return k.k != nil && k.k.alg.accepts(alg) }

func (k *key) borrow(input string) *work {
	w := k.pool.Get().(*work)
	w.input = append(w.input[:0], input...)
	return w
}

// verifies tells whether sig is a signature of input.
func (k *key) verifies(input, sig string) bool {
	w := k.borrow(input)
	defer k.pool.Put(w)
	w.sig = append(w.sig[:0], sig...)
	return k.verify(w)
}

// maxName bounds kid and typ.
const maxName = 128

// printable tells whether s is short printable ASCII, which no log, header or terminal can misread.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= maxName
}
