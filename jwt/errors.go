package jwt

import (
	"errors"
	"fmt"
	"time"
)

// Why a token is refused. Every error of Parse, Verify, ParseClaims and Policy.Check wraps at least one of these, or
// ErrKey or ErrPolicy where the program is at fault; an error that lists several faults wraps all of theirs. No error text
// contains the token, a claim's secret or a key.
var (
	ErrMalformed   = errors.New("malformed token")       // not a strict compact JWS, or header or claims break a rule of form
	ErrAlgorithm   = errors.New("algorithm not allowed") // unknown, or not the one that the key is bound to
	ErrUnknownKey  = errors.New("unknown key")           // no configured key has this kid
	ErrSignature   = errors.New("signature does not match")
	ErrExpired     = errors.New("token expired")
	ErrNotYetValid = errors.New("token not yet valid") // nbf or iat lies in the future
	ErrIssuer      = errors.New("issuer not accepted")
	ErrAudience    = errors.New("audience not accepted")
	ErrType        = errors.New("token type not accepted") // header typ
	ErrMissing     = errors.New("required claim missing")
	ErrRevoked     = errors.New("token revoked") // only of those who look it up: this package never does
)

// ErrPolicy means that a [Policy] cannot be applied: the program is at fault, not the token.
var ErrPolicy = errors.New("policy cannot be applied")

// ErrKey wraps every reason why key material cannot be used: too short, wrong curve, not on the curve, private where
// public is wanted.
var ErrKey = errors.New("unusable key")

// ExpiredError says when a token expired. errors.Is(err, ErrExpired) holds for it.
type ExpiredError struct {
	At time.Time // exp, without leeway
}

// Error tells the time in UTC.
func (e *ExpiredError) Error() string {
	return fmt.Sprintf("%v at %s", ErrExpired, e.At.UTC().Format(time.RFC3339))
}

// Unwrap makes errors.Is(err, ErrExpired) true.
func (e *ExpiredError) Unwrap() error { return ErrExpired }
