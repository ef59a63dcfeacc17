package main

import (
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

type joseClaims struct {
	jwt.Claims
	Kind        string   `json:"type"`
	Permissions []string `json:"permissions"`
}

func goJose() library {
	return library{versioned("github.com/go-jose/go-jose/v4"), joseVerifier, joseSigner}
}

func joseVerifier(k key) (func(token) (string, error), error) {
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.alg)}
	expected := jwt.Expected{Issuer: issuer, AnyAudience: jwt.Audience{audience}}
	return func(t token) (string, error) {
		v, err := jwt.ParseSigned(t.text, algorithms)
		if err != nil {
			return "", err
		}
		var c joseClaims
		if err := v.Claims(k.public, &c); err != nil {
			return "", err
		}
		if c.Expiry == nil {
			return "", errors.New("no exp")
		}
		if err := c.ValidateWithLeeway(expected.WithTime(time.Now()), 0); err != nil {
			return "", err
		}
		return c.Subject, fits(c.Kind, c.Permissions)
	}, nil
}

func joseSigner(k key) (func() (string, error), error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.alg), Key: k.private}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	from, to := period()
	c := &joseClaims{jwt.Claims{
		Issuer: issuer, Subject: subject, Audience: jwt.Audience{audience}, ID: newID(),
		Expiry: jwt.NewNumericDate(to), NotBefore: jwt.NewNumericDate(from), IssuedAt: jwt.NewNumericDate(from),
	}, kind, granted}
	return func() (string, error) { return jwt.Signed(signer).Claims(c).Serialize() }, nil
}
