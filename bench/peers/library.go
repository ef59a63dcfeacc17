package main

import "time"

// library is one that verifies and signs tokens.
type library struct {
	name string
	// verifier returns what takes the whole way: form, signature, exp, nbf, iat, iss, aud, the kind of the token and a
	// permission, from typed claims. It returns the subject.
	verifier func(k key) (func(token) (string, error), error)
	// signer returns what signs claims that were made before.
	signer func(k key) (func() (string, error), error)
}

func peerLibraries() []library {
	return []library{golangJWT(), cristalhq(), kataras(), jwx(), goJose()}
}

// period are the times of the claims to be signed.
func period() (from, to time.Time) {
	now := time.Now().Truncate(time.Second)
	return now, now.Add(time.Hour)
}
