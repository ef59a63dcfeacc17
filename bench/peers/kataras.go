package main

import "github.com/kataras/jwt"

type katarasClaims struct {
	Kind        string   `json:"type"`
	Permissions []string `json:"permissions"`
}

func kataras() library {
	return library{versioned("github.com/kataras/jwt"), katarasVerifier, katarasSigner}
}

var katarasAlgorithms = map[string]jwt.Alg{"HS256": jwt.HS256, "ES256": jwt.ES256, "EdDSA": jwt.EdDSA, "RS256": jwt.RS256}

func katarasVerifier(k key) (func(token) (string, error), error) {
	alg := katarasAlgorithms[k.alg]
	expected := jwt.Expected{Issuer: issuer, Audience: jwt.Audience{audience}}
	return func(t token) (string, error) {
		v, err := jwt.Verify(alg, k.public, t.bytes, expected)
		if err != nil {
			return "", err
		}
		var c katarasClaims
		if err := v.Claims(&c); err != nil {
			return "", err
		}
		return v.StandardClaims.Subject, fits(c.Kind, c.Permissions)
	}, nil
}

func katarasSigner(k key) (func() (string, error), error) {
	alg := katarasAlgorithms[k.alg]
	from, to := period()
	c := &struct {
		jwt.Claims
		katarasClaims
	}{jwt.Claims{
		Issuer: issuer, Subject: subject, Audience: jwt.Audience{audience}, ID: newID(),
		Expiry: to.Unix(), NotBefore: from.Unix(), IssuedAt: from.Unix(),
	}, katarasClaims{kind, granted}}
	return func() (string, error) {
		t, err := jwt.Sign(alg, k.private, c)
		return string(t), err
	}, nil
}
