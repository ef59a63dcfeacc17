package jwt

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"hash"
	"math/big"
)

// rsaKey is the material of RS* and PS* (RFC 7518 §3.3, §3.5).
type rsaKey struct {
	function crypto.Hash
	pss      bool
	open     *rsa.PublicKey
	private  *rsa.PrivateKey // nil in a public key
}

func newRSAPublic(a *algorithm, public *rsa.PublicKey) (*rsaKey, error) {
	if public == nil || public.N == nil {
		return nil, errors.New("the key is nil")
	}
	if err := checkRSA(public); err != nil {
		return nil, err
	}
	open := &rsa.PublicKey{N: new(big.Int).Set(public.N), E: public.E}
	return &rsaKey{function: a.hash, pss: a.pss, open: open}, nil
}

// checkRSA holds a public key to RFC 7518 §3.3 (2048 bits) and to what crypto/rsa can use. The upper bound keeps one
// verification cheap when keys come over the network.
func checkRSA(public *rsa.PublicKey) error {
	if bits := public.N.BitLen(); bits < 2048 || bits > 8192 {
		return fmt.Errorf("RSA modulus: want 2048 to 8192 bits, got %d", bits)
	}
	if public.N.Sign() < 0 || public.N.Bit(0) == 0 {
		return errors.New("RSA modulus: want an odd number")
	}
	if public.E < 65537 || public.E&1 == 0 || public.E > 1<<31-1 {
		return fmt.Errorf("RSA exponent: want an odd number from 65537 to 2^31-1, got %d", public.E)
	}
	if weakModulus(public.N) {
		return errors.New("RSA modulus: made by the faulty generator of CVE-2017-15361 (ROCA); make a new key")
	}
	return nil
}

// weakModulus recognises the moduli of CVE-2017-15361: modulo each small prime they are powers of 65537. Another modulus
// passes for one about once in 2^27 times.
func weakModulus(n *big.Int) bool {
	for p := uint64(3); p <= 167; p += 2 {
		prime := new(big.Int).SetUint64(p)
		if prime.ProbablyPrime(0) && !isPower(65537, new(big.Int).Mod(n, prime).Uint64(), p) {
			return false
		}
	}
	return true
}

// isPower tells whether x is a power of base modulo p.
func isPower(base, x, p uint64) bool {
	for y := uint64(1); ; {
		if y == x {
			return true
		}
		if y = y * base % p; y == 1 {
			return false
		}
	}
}

func newRSAPrivate(a *algorithm, private *rsa.PrivateKey) (*rsaKey, error) {
	if private == nil || private.D == nil || len(private.Primes) != 2 || private.Primes[0] == nil || private.Primes[1] == nil {
		return nil, errors.New("RSA private key: want n, e, d and two primes")
	}
	k, err := newRSAPublic(a, &private.PublicKey)
	if err != nil {
		return nil, err
	}
	return k.withPrivate(private.D, private.Primes[0], private.Primes[1])
}

// withPrivate adds the private part, which must belong to the public part.
func (k *rsaKey) withPrivate(d, p, q *big.Int) (*rsaKey, error) {
	for _, n := range []*big.Int{d, p, q} { // before any arithmetic, whose cost grows with the size
		if n.Sign() <= 0 || n.Cmp(k.open.N) >= 0 {
			return nil, errors.New("RSA private key: want d and primes between 0 and n")
		}
	}
	copied := func(n *big.Int) *big.Int { return new(big.Int).Set(n) }
	private := &rsa.PrivateKey{PublicKey: *k.open, D: copied(d), Primes: []*big.Int{copied(p), copied(q)}}
	private.Precompute()
	if err := private.Validate(); err != nil {
		return nil, fmt.Errorf("RSA private key: %w", err)
	}
	k.private = private
	return k, nil
}

func (k *rsaKey) hash() hash.Hash { return k.function.New() }
func (k *rsaKey) canSign() bool   { return k.private != nil }

func (k *rsaKey) public() material {
	public := *k
	public.private = nil
	return &public
}

// pssOptions fixes the salt to the hash's length (RFC 7518 §3.5).
func (k *rsaKey) pssOptions() *rsa.PSSOptions {
	return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: k.function}
}

func (k *rsaKey) verify(w *work) bool {
	if k.pss {
		return rsa.VerifyPSS(k.open, k.function, w.digest(), w.sig, k.pssOptions()) == nil
	}
	return rsa.VerifyPKCS1v15(k.open, k.function, w.digest(), w.sig) == nil
}

func (k *rsaKey) sign(w *work) ([]byte, error) {
	if k.pss {
		return rsa.SignPSS(rand.Reader, k.private, k.function, w.digest(), k.pssOptions())
	}
	return rsa.SignPKCS1v15(nil, k.private, k.function, w.digest())
}

func (k *rsaKey) jwk(private bool) []param {
	e := big.NewInt(int64(k.open.E))
	list := []param{{"e", encoded(e.Bytes())}, {"n", encoded(k.open.N.Bytes())}}
	if !private {
		return list
	}
	x := k.private
	return append(list, param{"d", encoded(x.D.Bytes())},
		param{"p", encoded(x.Primes[0].Bytes())}, param{"q", encoded(x.Primes[1].Bytes())},
		param{"dp", encoded(x.Precomputed.Dp.Bytes())}, param{"dq", encoded(x.Precomputed.Dq.Bytes())},
		param{"qi", encoded(x.Precomputed.Qinv.Bytes())})
}
