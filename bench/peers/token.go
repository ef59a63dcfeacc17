package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// What tokens carry and who measures wants to see.
const (
	issuer   = "https://id.example.com"
	audience = "https://api.example.com"
	subject  = "0192d8f4-7c1e-7b9a-9d2e-0c8c2b1f6a55"
	kind     = "access"
	needed   = "orders:read"
)

var granted = []string{needed, "orders:write", "customers:read"}

// token is a token in the forms that libraries take.
type token struct {
	text  string
	bytes []byte
}

func newToken(text string) token { return token{text, []byte(text)} }

// key is key material; private and public are both a []byte for HS256.
type key struct {
	alg             string
	private, public any
}

func newKey(alg string) (key, error) {
	switch alg {
	case jwt.HS256:
		secret := make([]byte, 32)
		rand.Read(secret)
		return key{alg, secret, secret}, nil
	case jwt.ES256:
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return key{}, err
		}
		return key{alg, k, &k.PublicKey}, nil
	case jwt.EdDSA:
		public, private, err := ed25519.GenerateKey(rand.Reader)
		return key{alg, private, public}, err
	case jwt.RS256:
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return key{}, err
		}
		return key{alg, k, &k.PublicKey}, nil
	}
	return key{}, fmt.Errorf("no key for %q", alg)
}

// issue returns a token of the usual size, an hour from its end.
func issue(k key, change ...func(*jwt.Claims)) (string, error) {
	own, err := jwt.NewKey(k.alg, "", k.private)
	if err != nil {
		return "", err
	}
	c := usualClaims()
	for _, f := range change {
		f(&c)
	}
	return jwt.SignClaims(own, jwt.Header{Type: "JWT"}, c)
}

func usualClaims() jwt.Claims {
	now := time.Now().Truncate(time.Second)
	return jwt.Claims{
		Issuer: issuer, Subject: subject, Audience: []string{audience}, ID: newID(),
		ExpiresAt: now.Add(time.Hour), NotBefore: now, IssuedAt: now,
		Permissions: granted, Extra: map[string]any{"type": kind},
	}
}

// newID is random text of a usual length.
func newID() string {
	return rand.Text() + "-" + rand.Text()[:9]
}

// fits is what is asked of every token beside its registered claims, from typed claims.
func fits(gotKind string, permissions []string) error {
	if gotKind != kind {
		return fmt.Errorf("type: want %q, got %q", kind, gotKind)
	}
	if !slices.Contains(permissions, needed) {
		return errors.New("permissions: want " + needed)
	}
	return nil
}
