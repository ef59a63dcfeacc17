package jwt

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"errors"
	"fmt"
	"hash"
)

// secret is the material of HS256, HS384 and HS512 (RFC 7518 §3.2).
type secret struct {
	function crypto.Hash
	bytes    []byte
}

// newSecret refuses short secrets and those that a guesser finds, with one error for all of these.
func newSecret(a *algorithm, b []byte) (material, error) {
	const remedy = "make one with: openssl rand -base64 64"
	if want := a.hash.Size(); len(b) < want {
		return nil, fmt.Errorf("secret of %d bytes: want at least %d; %s", len(b), want, remedy)
	}
	if guessable(b, a.hash.Size()) {
		return nil, errors.New("secret can be guessed: it is published, made of well-known words, repeats itself or hardly varies; " + remedy)
	}
	return newInsecureSecret(a, b)
}

func newInsecureSecret(a *algorithm, b []byte) (material, error) {
	if len(b) == 0 {
		return nil, errors.New("secret is empty")
	}
	if isKeyText(b) {
		return nil, errors.New("the secret is the text of a key of another kind, which may be public: " +
			"use ParsePEM or ParseJWK with its own algorithm, or a random secret")
	}
	return &secret{a.hash, bytes.Clone(b)}, nil
}

func (s *secret) hash() hash.Hash              { return hmac.New(s.function.New, s.bytes) }
func (*secret) canSign() bool                  { return true }
func (*secret) public() material               { return nil }
func (s *secret) verify(w *work) bool          { return hmac.Equal(w.digest(), w.sig) }
func (s *secret) sign(w *work) ([]byte, error) { return w.digest(), nil }

func (s *secret) jwk(private bool) []param {
	if !private {
		return nil
	}
	return []param{{"k", encoded(s.bytes)}}
}
