package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"time"

	"github.com/cristalhq/jwt/v5"
)

type cristalClaims struct {
	jwt.RegisteredClaims
	Kind        string   `json:"type"`
	Permissions []string `json:"permissions"`
}

func cristalhq() library {
	return library{versioned("github.com/cristalhq/jwt/v5"), cristalVerifier, cristalSigner}
}

func cristalVerifier(k key) (func(token) (string, error), error) {
	verifier, err := cristalKey(k)
	if err != nil {
		return nil, err
	}
	return func(t token) (string, error) {
		var c cristalClaims
		if err := jwt.ParseClaims(t.bytes, verifier, &c); err != nil {
			return "", err
		}
		if c.ExpiresAt == nil || !c.IsValidAt(time.Now()) || !c.IsIssuer(issuer) || !c.IsForAudience(audience) {
			return "", errors.New("claims refused")
		}
		return c.Subject, fits(c.Kind, c.Permissions)
	}, nil
}

func cristalKey(k key) (jwt.Verifier, error) {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		return jwt.NewVerifierES(jwt.ES256, public)
	case ed25519.PublicKey:
		return jwt.NewVerifierEdDSA(public)
	case *rsa.PublicKey:
		return jwt.NewVerifierRS(jwt.RS256, public)
	}
	return jwt.NewVerifierHS(jwt.HS256, k.public.([]byte))
}

func cristalSigner(k key) (func() (string, error), error) {
	signer, err := cristalPrivateKey(k)
	if err != nil {
		return nil, err
	}
	builder := jwt.NewBuilder(signer)
	from, to := period()
	c := &cristalClaims{jwt.RegisteredClaims{
		Issuer: issuer, Subject: subject, Audience: jwt.Audience{audience}, ID: newID(),
		ExpiresAt: jwt.NewNumericDate(to), NotBefore: jwt.NewNumericDate(from), IssuedAt: jwt.NewNumericDate(from),
	}, kind, granted}
	return func() (string, error) {
		t, err := builder.Build(c)
		if err != nil {
			return "", err
		}
		return t.String(), nil
	}, nil
}

func cristalPrivateKey(k key) (jwt.Signer, error) {
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		return jwt.NewSignerES(jwt.ES256, private)
	case ed25519.PrivateKey:
		return jwt.NewSignerEdDSA(private)
	case *rsa.PrivateKey:
		return jwt.NewSignerRS(jwt.RS256, private)
	}
	return jwt.NewSignerHS(jwt.HS256, k.private.([]byte))
}
