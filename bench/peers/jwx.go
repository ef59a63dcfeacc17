package main

import (
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func jwx() library {
	return library{versioned("github.com/lestrrat-go/jwx/v3"), jwxVerifier, jwxSigner}
}

func jwxAlgorithm(k key) (jwa.SignatureAlgorithm, error) {
	alg, ok := jwa.LookupSignatureAlgorithm(k.alg)
	if !ok {
		return alg, fmt.Errorf("no algorithm %q", k.alg)
	}
	return alg, nil
}

func jwxVerifier(k key) (func(token) (string, error), error) {
	alg, err := jwxAlgorithm(k)
	if err != nil {
		return nil, err
	}
	options := []jwt.ParseOption{
		jwt.WithKey(alg, k.public), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithRequiredClaim(jwt.ExpirationKey),
		jwt.WithTypedClaim("permissions", []string{}),
	}
	return func(t token) (string, error) {
		v, err := jwt.Parse(t.bytes, options...)
		if err != nil {
			return "", err
		}
		var gotKind string
		var permissions []string
		if err := v.Get("type", &gotKind); err != nil {
			return "", err
		}
		if err := v.Get("permissions", &permissions); err != nil {
			return "", err
		}
		sub, _ := v.Subject()
		return sub, fits(gotKind, permissions)
	}, nil
}

func jwxSigner(k key) (func() (string, error), error) {
	alg, err := jwxAlgorithm(k)
	if err != nil {
		return nil, err
	}
	from, to := period()
	t, err := jwt.NewBuilder().Issuer(issuer).Subject(subject).Audience([]string{audience}).JwtID(newID()).
		Expiration(to).NotBefore(from).IssuedAt(from).Claim("type", kind).Claim("permissions", granted).Build()
	if err != nil {
		return nil, err
	}
	with := jwt.WithKey(alg, k.private)
	return func() (string, error) {
		signed, err := jwt.Sign(t, with)
		return string(signed), err
	}, nil
}
