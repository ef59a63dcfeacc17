// Package pyjwtguard makes a guard that speaks the dialect of the hand-made auth guards of Flask tutorials: PyJWT, HS256,
// the user object itself as claims, roles in a list. Tokens that they issued verify, and clients get the bodies that they
// know.
//
//	settings := pyjwtguard.Settings{SecretKey: secret}
//	config, err := pyjwtguard.Config(settings)
//	guard, err := jotgate.New(config)
//	mux.Handle("GET /api/protected_route_admin", guard.RequireRole("admin")(page)) // @auth_guard('admin')
//	issuer, err := pyjwtguard.NewIssuer(settings)
//	token, err := issuer.Issue(user, time.Hour) // after log-in; no password in user: everyone can read a token
//
// # What differs
//
//   - A header without the word Bearer gets a sentence about it, and not the text of an IndexError.
//   - A token without roles, or with roles of another type, holds no role: 403, and not a failed request.
//   - exp is required unless InsecureOptionalExpiry is set.
//   - Headers that hold two tokens or more than one space, and tokens with padding or bytes that are not base64url are
//     refused.
//   - Secrets that can be guessed, published ones among them, need InsecureWeakKey. Without it, change the secret: all tokens
//     end, once.
//   - Tokens have no issuer, no audience and no id, so only the secret tells them from those of other programs, and single
//     tokens cannot be revoked.
//   - What such guards have no words for (503) comes in their shape. Bodies end without a line end.
package pyjwtguard

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Settings of such a guard.
type Settings struct {
	SecretKey    string        // SECRET_KEY; required
	SubjectClaim string        // whose the token is; "": email
	Leeway       time.Duration // at most a minute; 0: none, as in PyJWT

	// InsecureOptionalExpiry accepts tokens without exp, which live for ever, and issues them for a lifetime of 0.
	InsecureOptionalExpiry bool
	// InsecureWeakKey accepts a secret that is short or published. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	s.SubjectClaim = pyjwt.Or(s.SubjectClaim, "email")
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

func (s Settings) keys() (jwt.Key, *jwt.KeySet, error) {
	key, set, err := pyjwt.Keys{Secret: s.SecretKey, Insecure: s.InsecureWeakKey}.Make()
	if err != nil {
		return jwt.Key{}, nil, fmt.Errorf("pyjwtguard: %w", err)
	}
	return key, set, nil
}

// Config returns what to make the guard from. It is yours to change.
func Config(s Settings) (jotgate.Config, error) {
	_, keys, err := s.keys()
	if err != nil {
		return jotgate.Config{}, err
	}
	s = s.filled()
	return jotgate.Config{
		Keys: keys, Leeway: pyjwt.Or(s.Leeway, -1), Now: s.Now, Types: []string{"JWT"},
		Parse: pyjwt.Parse, Read: s.read, Foreign: pyjwt.Foreign("csrf"), Answer: answer,
		Locations:          []jotgate.Location{{Header: "Authorization", ExactScheme: true, Demand: true}},
		InsecureSkipIssuer: true, InsecureSkipAudience: true, // read refuses any audience
		InsecureOptionalExpiry: s.InsecureOptionalExpiry,
	}, nil
}

func (s Settings) read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	subject, _ := claims.Name(s.SubjectClaim)
	return jotgate.Traits{Subject: subject, TokenID: c.ID, Roles: claims.Texts("roles")}, pyjwt.Unaddressed(c)
}

func answer(r *jotgate.Refusal) jotgate.Answer {
	body, _ := pyjwt.JSON(pyjwt.Object{ // a text and a number always marshal
		{Name: "message", Value: words(r)}, {Name: "status", Value: r.Status},
	}, pyjwt.Compact)
	h := http.Header{}
	r.Header(h)
	h.Del("WWW-Authenticate")
	h.Set("Content-Type", "application/json")
	return jotgate.Answer{Status: r.Status, Header: h, Body: body}
}

func words(r *jotgate.Refusal) string {
	var form *jotgate.FormError
	switch {
	case r.Code == jotgate.CodeMissing:
		return "Missing access token"
	case r.Code == jotgate.CodeForbidden:
		return "Authorization required."
	case errors.As(r, &form):
		return "Invalid access token: want the header Authorization: Bearer <token>"
	case r.Code == jotgate.CodeInvalid, r.Code == jotgate.CodeExpired:
		return "Invalid access token: " + pyjwt.Text(r.Unwrap())
	}
	return r.Detail
}

// Issuer issues tokens as such a program does with PyJWT 2.
type Issuer struct {
	s      Settings
	signer pyjwt.Signer
}

// NewIssuer checks the settings.
func NewIssuer(s Settings) (*Issuer, error) {
	key, _, err := s.keys()
	if err != nil {
		return nil, err
	}
	return &Issuer{s.filled(), pyjwt.Signer{Key: key, Sorted: true}}, nil
}

// Issue returns a token that holds user, a struct or map that encoding/json writes as an object, in the order in which it
// does, and exp: life from now, in seconds with a fraction. A life of 0 adds no exp and needs InsecureOptionalExpiry.
func (i *Issuer) Issue(user any, life time.Duration) (string, error) {
	if life < 0 || life == 0 && !i.s.InsecureOptionalExpiry {
		return "", pyjwt.ErrNever
	}
	var claims pyjwt.Object
	if err := claims.Update(user); err != nil {
		return "", fmt.Errorf("user: %w", err)
	}
	if life > 0 {
		claims.Set("exp", pyjwt.Timestamp(i.s.Now().Add(life)))
	}
	return i.signer.Sign(claims, nil)
}
