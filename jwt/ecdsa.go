package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"hash"
)

// ecKey is the material of ES256, ES384 and ES512 (RFC 7518 §3.4).
type ecKey struct {
	function crypto.Hash
	curve    string // as a JWK names it
	size     int    // of a coordinate and of half a signature, in bytes
	open     *ecdsa.PublicKey
	private  *ecdsa.PrivateKey // nil in a public key
}

func newECPublic(a *algorithm, public *ecdsa.PublicKey) (*ecKey, error) {
	if public == nil || public.Curve == nil || public.X == nil || public.Y == nil {
		return nil, errors.New("the key is nil")
	}
	if public.Curve != a.curve {
		return nil, fmt.Errorf("want curve %s, got %s", a.curve.Params().Name, public.Curve.Params().Name)
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, err
	}
	return ecPublic(a, point)
}

// ecPublic takes an uncompressed point (SEC 1 §2.3.3) and refuses one that is not on the curve.
func ecPublic(a *algorithm, point []byte) (*ecKey, error) {
	public, err := ecdsa.ParseUncompressedPublicKey(a.curve, point)
	if err != nil {
		return nil, fmt.Errorf("not a point of %s", a.curve.Params().Name)
	}
	size := (a.curve.Params().BitSize + 7) / 8
	return &ecKey{function: a.hash, curve: a.curve.Params().Name, size: size, open: public}, nil
}

func newECPrivate(a *algorithm, private *ecdsa.PrivateKey) (*ecKey, error) {
	if private == nil || private.D == nil {
		return nil, errors.New("the key is nil")
	}
	k, err := newECPublic(a, &private.PublicKey)
	if err != nil {
		return nil, err
	}
	d, err := private.Bytes()
	if err != nil {
		return nil, err
	}
	return k.withPrivate(d)
}

// withPrivate adds the private part, a number of the curve's width that must belong to the public part.
func (k *ecKey) withPrivate(d []byte) (*ecKey, error) {
	private, err := ecdsa.ParseRawPrivateKey(k.open.Curve, d)
	if err != nil {
		return nil, fmt.Errorf("not a private key of %s", k.curve)
	}
	if !private.PublicKey.Equal(k.open) {
		return nil, errors.New("private and public part do not belong together")
	}
	k.private = private
	return k, nil
}

func (k *ecKey) hash() hash.Hash { return k.function.New() }
func (k *ecKey) canSign() bool   { return k.private != nil }

func (k *ecKey) public() material {
	public := *k
	public.private = nil
	return &public
}

// verify takes r‖s of fixed width only; crypto/ecdsa refuses numbers outside 1 … n-1. Once the input is hashed, its
// memory serves for the signature in the form that crypto/ecdsa reads.
func (k *ecKey) verify(w *work) bool {
	if len(w.sig) != 2*k.size {
		return false
	}
	sum := w.digest()
	w.input = appendDER(w.input[:0], w.sig[:k.size], w.sig[k.size:])
	return ecdsa.VerifyASN1(k.open, sum, w.input)
}

func (k *ecKey) sign(w *work) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, k.private, w.digest())
	if err != nil {
		return nil, err
	}
	w.sig = append(w.sig[:0], make([]byte, 2*k.size)...)
	r.FillBytes(w.sig[:k.size])
	s.FillBytes(w.sig[k.size:])
	return w.sig, nil
}

// appendDER appends SEQUENCE { r INTEGER, s INTEGER } (RFC 3279 §2.2.3).
func appendDER(dst, r, s []byte) []byte {
	r, s = trimZeros(r), trimZeros(s)
	n := integerSize(r) + integerSize(s)
	dst = append(dst, 0x30)
	if n > 127 { // P-521: at most 2 × 69 bytes, so one length byte is enough
		dst = append(dst, 0x81)
	}
	return appendInteger(appendInteger(append(dst, byte(n)), r), s)
}

// trimZeros drops leading zeros but keeps one digit.
func trimZeros(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func integerSize(b []byte) int { return 2 + len(b) + int(b[0]>>7) }

func appendInteger(dst, b []byte) []byte {
	dst = append(dst, 0x02, byte(integerSize(b)-2))
	if b[0] > 127 { // a sign bit would make it negative
		dst = append(dst, 0)
	}
	return append(dst, b...)
}

func (k *ecKey) jwk(private bool) []param {
	point, _ := k.open.Bytes() // the point was on the curve when the key was made
	x, y := point[1:1+k.size], point[1+k.size:]
	list := []param{{"crv", k.curve}, {"x", encoded(x)}, {"y", encoded(y)}}
	if private {
		d, _ := k.private.Bytes()
		list = append(list, param{"d", encoded(d)})
	}
	return list
}
