package main

import (
	"github.com/golang-jwt/jwt/v5"
)

type golangClaims struct {
	jwt.RegisteredClaims
	Kind        string   `json:"type"`
	Permissions []string `json:"permissions"`
}

func golangJWT() library {
	return library{versioned("github.com/golang-jwt/jwt/v5"), golangVerifier, golangSigner}
}

func golangVerifier(k key) (func(token) (string, error), error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{k.alg}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	find := func(*jwt.Token) (any, error) { return k.public, nil }
	return func(t token) (string, error) {
		var c golangClaims
		if _, err := parser.ParseWithClaims(t.text, &c, find); err != nil {
			return "", err
		}
		return c.Subject, fits(c.Kind, c.Permissions)
	}, nil
}

func golangSigner(k key) (func() (string, error), error) {
	method := jwt.GetSigningMethod(k.alg)
	from, to := period()
	c := &golangClaims{jwt.RegisteredClaims{
		Issuer: issuer, Subject: subject, Audience: jwt.ClaimStrings{audience}, ID: newID(),
		ExpiresAt: jwt.NewNumericDate(to), NotBefore: jwt.NewNumericDate(from), IssuedAt: jwt.NewNumericDate(from),
	}, kind, granted}
	return func() (string, error) { return jwt.NewWithClaims(method, c).SignedString(k.private) }, nil
}
