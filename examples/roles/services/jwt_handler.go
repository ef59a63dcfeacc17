package services

import (
	"time"

	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// lifetime of a token. There is no refresh, so it is also how often a user logs in.
const lifetime = time.Hour

// JWTHandler makes tokens. Reading them is the guard's.
type JWTHandler struct{ issuer *pyjwtguard.Issuer }

// NewJWTHandler checks the settings.
func NewJWTHandler(s pyjwtguard.Settings) (JWTHandler, error) {
	issuer, err := pyjwtguard.NewIssuer(s)
	return JWTHandler{issuer}, err
}

// Generate returns a token that holds the user, and is good for an hour.
func (h JWTHandler) Generate(u User) (string, error) { return h.issuer.Issue(u, lifetime) }
