package jwt

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"slices"
)

// edKey is the material of EdDSA with Ed25519 (RFC 8037 §3.1).
type edKey struct {
	open    ed25519.PublicKey
	private ed25519.PrivateKey // nil in a public key
}

func newEdPublic(public []byte) (*edKey, error) {
	if len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("public key of %d bytes: want %d", len(public), ed25519.PublicKeySize)
	}
	if err := checkPoint(public); err != nil {
		return nil, err
	}
	return &edKey{open: bytes.Clone(public)}, nil
}

// checkPoint refuses what crypto/ed25519 verifies with although no honest key looks like it: a y that is not reduced,
// which would give one key two spellings; the eight points of small order, under which anyone can sign; and a y to which
// no x belongs. The points of small order have x = 0 or y = 0 or, where doubling them leads to y = 0, x² = -y².
func checkPoint(public []byte) error {
	b := bytes.Clone(public)
	b[len(b)-1] &= 0x7f // without the sign of x
	slices.Reverse(b)
	y := new(big.Int).SetBytes(b)
	u, v, sum := curveAt(y)
	switch {
	case y.Cmp(edPrime) >= 0:
		return errors.New("public key is not in its own spelling: y is not reduced")
	case u.Sign() == 0, y.Sign() == 0, sum.Sign() == 0:
		return errors.New("public key of small order, under which anyone can sign")
	case big.Jacobi(u.Mul(u, v), edPrime) < 0: // u/v is a square where u·v is one
		return errors.New("public key is not on the curve")
	}
	return nil
}

// edPrime is the order of the field of edwards25519 (RFC 8032 §5.1).
var edPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// curveAt solves the curve's equation -x² + y² = 1 - 121665/121666·x²y² for x² = u/v. The sum is v·(x² + y²).
func curveAt(y *big.Int) (u, v, sum *big.Int) {
	n, yy := big.NewInt(121666), new(big.Int).Mul(y, y)
	u = new(big.Int).Mul(n, new(big.Int).Sub(yy, big.NewInt(1)))
	v = new(big.Int).Sub(n, new(big.Int).Mul(big.NewInt(121665), yy))
	sum = new(big.Int).Add(u, new(big.Int).Mul(v, yy))
	for _, x := range []*big.Int{u, v, sum} {
		x.Mod(x, edPrime)
	}
	return u, v, sum
}

func newEdPrivate(private ed25519.PrivateKey) (*edKey, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("private key of %d bytes: want %d", len(private), ed25519.PrivateKeySize)
	}
	k, err := newEdPublic(private[ed25519.SeedSize:])
	if err != nil {
		return nil, err
	}
	return k.withPrivate(private.Seed())
}

// withPrivate adds the private part, which must belong to the public part.
func (k *edKey) withPrivate(seed []byte) (*edKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("private part of %d bytes: want %d", len(seed), ed25519.SeedSize)
	}
	k.private = ed25519.NewKeyFromSeed(seed)
	if !k.open.Equal(k.private.Public()) {
		return nil, errors.New("private and public part do not belong together")
	}
	return k, nil
}

func (*edKey) hash() hash.Hash    { return nil }
func (k *edKey) canSign() bool    { return k.private != nil }
func (k *edKey) public() material { return &edKey{open: k.open} }

func (k *edKey) verify(w *work) bool { return ed25519.Verify(k.open, w.input, w.sig) }

func (k *edKey) sign(w *work) ([]byte, error) { return ed25519.Sign(k.private, w.input), nil }

func (k *edKey) jwk(private bool) []param {
	list := []param{{"crv", "Ed25519"}, {"x", encoded(k.open)}}
	if private {
		list = append(list, param{"d", encoded(k.private.Seed())})
	}
	return list
}
