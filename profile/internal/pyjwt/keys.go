// Package pyjwt is what the profiles of Python libraries share: their JSON to the byte, their keys and cookies, and the
// words of PyJWT for what is wrong with a token. None of these texts holds a part of the token.
package pyjwt

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jotgate/jotgate/jwt"
)

// Keys are what such a program was configured with: a secret for HS*, PEM for all other algorithms.
type Keys struct {
	Algorithm       string // "": HS256
	Secret          string
	Private, Public string // the public key is derived where only the private one is given
	Insecure        bool   // takes secrets that can be guessed
}

// Make returns the key that signs, the zero Key where there is only a public one, and the set that verifies.
func (k Keys) Make() (jwt.Key, *jwt.KeySet, error) {
	sign, verify, err := k.pair()
	if err != nil {
		return jwt.Key{}, nil, err
	}
	set, err := jwt.NewKeySet(verify)
	return sign, set, err
}

func (k Keys) pair() (sign, verify jwt.Key, err error) {
	if k.Algorithm == "" {
		k.Algorithm = jwt.HS256
	}
	if strings.HasPrefix(k.Algorithm, "HS") {
		sign, err = k.hmac()
		return sign, sign, err
	}
	if k.Private != "" {
		if sign, err = jwt.ParsePEM(k.Algorithm, "", []byte(k.Private)); err != nil {
			return sign, verify, fmt.Errorf("private key: %w", err)
		}
		if !sign.CanSign() {
			return sign, verify, errors.New("private key: the text holds a public one")
		}
		verify = sign.Public()
	}
	if k.Public != "" {
		if verify, err = jwt.ParsePEM(k.Algorithm, "", []byte(k.Public)); err != nil {
			return sign, verify, fmt.Errorf("public key: %w", err)
		}
		verify = verify.Public()
	}
	if verify.IsZero() {
		return sign, verify, fmt.Errorf("%s needs a private or a public key in PEM", k.Algorithm)
	}
	return sign, verify, nil
}

func (k Keys) hmac() (jwt.Key, error) {
	key, err := jwt.NewKey(k.Algorithm, "", []byte(k.Secret))
	if k.Insecure {
		key, err = jwt.NewInsecureKey(k.Algorithm, "", []byte(k.Secret))
	}
	if err != nil {
		return jwt.Key{}, fmt.Errorf("secret key: %w", err)
	}
	return key, nil
}

// Signer writes tokens.
type Signer struct {
	Key    jwt.Key
	Sorted bool // the header is sorted by name, as PyJWT 2 does; PyJWT 1 has typ first
}

// Sign signs claims, a struct or map that encoding/json writes as an object, in the order in which it does. The members
// of headers are added to the header, or replace those of the same name.
func (s Signer) Sign(claims, headers any) (string, error) {
	if s.Key.IsZero() {
		return "", errors.New("there is no key to sign with")
	}
	header := Object{{"typ", "JWT"}, {"alg", s.Key.Algorithm()}}
	if err := header.Update(headers); err != nil {
		return "", fmt.Errorf("headers: %w", err)
	}
	if s.Sorted {
		header.Sort()
	}
	var payload Object
	if err := payload.Update(claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	head, err := JSON(header, Compact)
	if err != nil {
		return "", fmt.Errorf("headers: %w", err)
	}
	body, err := JSON(payload, Compact)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return jwt.SignSpelled(s.Key, string(head), body, false)
}

// UUID returns a random one (RFC 9562 §5.4): 122 bits.
func UUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
