package jwt

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"hash"
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
	return &edKey{open: bytes.Clone(public)}, nil
}

func newEdPrivate(private ed25519.PrivateKey) (*edKey, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("private key of %d bytes: want %d", len(private), ed25519.PrivateKeySize)
	}
	k, _ := newEdPublic(private[ed25519.SeedSize:]) // the length was just checked
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
