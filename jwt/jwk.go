package jwt

import (
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// maxJWK bounds one JWK in bytes.
const maxJWK = 64 << 10

// errOtherKind marks keys that are not broken but not for us: encryption keys, unknown types, curves and algorithms. A
// set may hold them; they are passed over.
var errOtherKind = errors.New("not a signature key that is supported")

func encoded(b []byte) string { return string(encode(nil, b)) }

// ParseJWK reads a public, private or symmetric key (RFC 7517, RFC 7518 §6, RFC 8037). Without alg the algorithm is
// RS256 for RSA, HS256 for oct, and that of the curve for the others; it is fixed from then on. use and key_ops, where
// present, must agree and allow just what the key will do: a public key verify, a private one sign, a secret both.
// Parameters that are not known are ignored; those that are must be exact, without leading zeros, and private and public
// parts must belong together. Every error wraps [ErrKey].
func ParseJWK(data []byte) (Key, error) {
	if len(data) > maxJWK {
		return Key{}, fmt.Errorf("%w: JWK of %d bytes: want at most %d", ErrKey, len(data), maxJWK)
	}
	return parseJWK(string(data))
}

func parseJWK(s string) (Key, error) {
	f, err := readJWK(s)
	if err != nil {
		return Key{}, fmt.Errorf("%w: JWK: %w", ErrKey, err)
	}
	return f.key()
}

func (f fields) key() (Key, error) {
	a, err := f.algorithm()
	if err != nil {
		return Key{}, fmt.Errorf("%w: JWK: %w", ErrKey, err)
	}
	m, err := f.material(a)
	if err == nil {
		err = f.fits(m)
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: JWK for %s: %w", ErrKey, a.name, err)
	}
	return newKey(a, f.text["kid"], m)
}

// fields are the parameters of a JWK that mean something here.
type fields struct {
	text map[string]string
	ops  []string // nil when absent
}

func readJWK(s string) (fields, error) {
	f := fields{text: make(map[string]string)}
	z := scanner{s: s}
	for z.next() {
		switch z.name {
		case "kty", "use", "alg", "kid", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "k":
			f.text[z.name] = z.text()
		case "key_ops":
			f.ops = z.texts([]string{})
		case "oth":
			z.fail("an RSA key of two primes")
		default:
			z.skip()
		}
	}
	return f, z.err
}

// algorithm finds the one algorithm that the key is for.
func (f fields) algorithm() (*algorithm, error) {
	if err := f.purpose(); err != nil {
		return nil, err
	}
	inferred, err := f.infer()
	if err != nil {
		return nil, err
	}
	name, ok := f.text["alg"]
	if !ok {
		return inferred, nil
	}
	a := algorithmNamed(name)
	if a == nil {
		return nil, fmt.Errorf("%w: alg %.20q", errOtherKind, name)
	}
	if a.kty != inferred.kty || a.curve != inferred.curve {
		return nil, fmt.Errorf("alg %s does not fit kty %s %s", name, f.text["kty"], f.text["crv"])
	}
	return a, nil
}

// purpose passes over keys that are not for signatures, and refuses those that contradict themselves: RFC 7517 §4.3 bars
// an operation named twice and a use that says otherwise, and advises against unrelated operations.
func (f fields) purpose() error {
	use, hasUse := f.text["use"]
	others := slices.DeleteFunc(slices.Clone(f.ops), func(op string) bool { return op == "sign" || op == "verify" })
	signs := len(others) < len(f.ops)
	switch {
	case len(slices.Compact(slices.Sorted(slices.Values(f.ops)))) < len(f.ops):
		return errors.New("key_ops names an operation twice")
	case signs && len(others) > 0:
		return errors.New("key_ops mixes signatures with other operations")
	case hasUse && f.ops != nil && signs != (use == "sig"):
		return errors.New("use and key_ops contradict each other")
	case hasUse && use != "sig", f.ops != nil && !signs:
		return fmt.Errorf("%w: use %.20q, key_ops %.20q", errOtherKind, use, f.ops)
	}
	return nil
}

// fits refuses parameters that are not spelled as we would write the key, and key_ops that allow less than its use.
func (f fields) fits(m material) error {
	for _, p := range m.jwk(m.canSign()) {
		if s, ok := f.text[p.name]; ok && s != p.value {
			return fmt.Errorf("%s: want what belongs to the other parameters, in its shortest spelling", p.name)
		}
	}
	signs, verifies := m.canSign(), !m.canSign() || m.public() == nil // a private key verifies through its public part
	if f.ops != nil && (signs && !slices.Contains(f.ops, "sign") || verifies && !slices.Contains(f.ops, "verify")) {
		return fmt.Errorf("key_ops %q do not allow what the key is for", f.ops)
	}
	return nil
}

// infer chooses the algorithm by type and curve.
func (f fields) infer() (*algorithm, error) {
	kty, crv := f.text["kty"], f.text["crv"]
	if kty == "" || crv == "" && (kty == "EC" || kty == "OKP") {
		return nil, errors.New("kty or crv is missing")
	}
	name := map[string]string{"oct": HS256, "RSA": RS256}[kty]
	if kty == "EC" || kty == "OKP" {
		name = map[string]string{"EC P-256": ES256, "EC P-384": ES384, "EC P-521": ES512, "OKP Ed25519": EdDSA}[kty+" "+crv]
	}
	if name == "" {
		return nil, fmt.Errorf("%w: kty %.20q crv %.20q", errOtherKind, kty, crv)
	}
	return algorithmNamed(name), nil
}

func (f fields) material(a *algorithm) (material, error) {
	switch a.kty {
	case "oct":
		return f.secret(a)
	case "RSA":
		return f.rsa(a)
	case "EC":
		return f.ec(a)
	}
	return f.ed()
}

// bytes decodes a parameter that must be there.
func (f fields) bytes(name string) ([]byte, error) {
	s, ok := f.text[name]
	if !ok {
		return nil, fmt.Errorf("%s is missing", name)
	}
	b, ok := decode(nil, s)
	if !ok {
		return nil, fmt.Errorf("%s: want unpadded base64url", name)
	}
	return b, nil
}

// sized decodes a parameter of fixed width.
func (f fields) sized(name string, want int) ([]byte, error) {
	b, err := f.bytes(name)
	if err == nil && len(b) != want {
		err = fmt.Errorf("%s: want %d bytes, got %d", name, want, len(b))
	}
	return b, err
}

// integers decodes numbers (Base64urlUInt, RFC 7518 §2).
func (f fields) integers(names ...string) ([]*big.Int, error) {
	list := make([]*big.Int, len(names))
	for i, name := range names {
		b, err := f.bytes(name)
		if err != nil {
			return nil, err
		}
		list[i] = new(big.Int).SetBytes(b)
	}
	return list, nil
}

func (f fields) has(name string) bool {
	_, ok := f.text[name]
	return ok
}

func (f fields) secret(a *algorithm) (material, error) {
	k, err := f.bytes("k")
	if err != nil {
		return nil, err
	}
	return newSecret(a, k)
}

func (f fields) ec(a *algorithm) (material, error) {
	size := (a.curve.Params().BitSize + 7) / 8
	x, err := f.sized("x", size)
	if err != nil {
		return nil, err
	}
	y, err := f.sized("y", size)
	if err != nil {
		return nil, err
	}
	k, err := ecPublic(a, slices.Concat([]byte{4}, x, y)) // 4: uncompressed (SEC 1 §2.3.3)
	if err != nil || !f.has("d") {
		return k, err
	}
	d, err := f.sized("d", size)
	if err != nil {
		return nil, err
	}
	return k.withPrivate(d)
}

func (f fields) ed() (material, error) {
	x, err := f.bytes("x")
	if err != nil {
		return nil, err
	}
	k, err := newEdPublic(x)
	if err != nil || !f.has("d") {
		return k, err
	}
	d, err := f.bytes("d")
	if err != nil {
		return nil, err
	}
	return k.withPrivate(d)
}

func (f fields) rsa(a *algorithm) (material, error) {
	open, err := f.integers("n", "e")
	if err != nil {
		return nil, err
	}
	if open[1].BitLen() > 31 {
		return nil, errors.New("e: want at most 31 bits")
	}
	k, err := newRSAPublic(a, &rsa.PublicKey{N: open[0], E: int(open[1].Int64())})
	if err != nil {
		return nil, err
	}
	if !f.has("d") {
		if slices.ContainsFunc([]string{"p", "q", "dp", "dq", "qi"}, f.has) {
			return nil, errors.New("private parameters without d")
		}
		return k, nil
	}
	private, err := f.integers("d", "p", "q")
	if err != nil {
		return nil, err
	}
	return k.withPrivate(private[0], private[1], private[2])
}

// PublicJWK returns the public part as a JWK with kid, use and alg. A secret has none and is never published: error.
func (k Key) PublicJWK() ([]byte, error) {
	if k.Symmetric() || k.IsZero() {
		return nil, fmt.Errorf("%w: %v has no public part", ErrKey, k)
	}
	return k.appendJWK(nil, false), nil
}

// PrivateJWK returns the whole key as a JWK, for storage under encryption.
func (k Key) PrivateJWK() ([]byte, error) {
	if !k.CanSign() {
		return nil, fmt.Errorf("%w: %v has no private part", ErrKey, k)
	}
	return k.appendJWK(nil, true), nil
}

func (k Key) appendJWK(dst []byte, private bool) []byte {
	list := []param{{"kty", k.k.alg.kty}, {"kid", k.ID()}, {"use", "sig"}, {"alg", k.Algorithm()}}
	return append(dst, object(append(list, k.k.jwk(private)...))...)
}

// Thumbprint returns the SHA-256 thumbprint (RFC 7638) in base64url: the name of the key material, whatever its kid.
func (k Key) Thumbprint() (string, error) {
	if k.IsZero() {
		return "", fmt.Errorf("%w: no key", ErrKey)
	}
	list := append(k.k.jwk(k.Symmetric()), param{"kty", k.k.alg.kty})
	slices.SortFunc(list, func(a, b param) int { return strings.Compare(a.name, b.name) })
	sum := sha256.Sum256(object(list))
	return encoded(sum[:]), nil
}
