// Package flaskjwt makes a guard that speaks the dialect of Flask-JWT 0.3: tokens that it issued verify, and clients get
// the statuses, headers and bodies that they know.
//
//	config, err := flaskjwt.Config(flaskjwt.Settings{SecretKey: secret})
//	config.Logger = logger // and whatever else a jotgate.Config has, Revocations for one
//	guard, err := jotgate.New(config)
//	issuer, err := flaskjwt.NewIssuer(flaskjwt.Settings{SecretKey: secret})
//	token, err := issuer.Issue(user.ID) // after log-in
//
// An Identity has the claim identity as its subject, a number as text. The settings are those of the library:
//
//	JWT_SECRET_KEY, SECRET_KEY   SecretKey        JWT_AUTH_HEADER_PREFIX   AuthHeaderPrefix
//	JWT_ALGORITHM                Algorithm        JWT_REQUIRED_CLAIMS      RequiredClaims
//	JWT_LEEWAY                   Leeway           JWT_DEFAULT_REALM        DefaultRealm
//	JWT_EXPIRATION_DELTA         ExpirationDelta  JSON_SORT_KEYS = False   KeepKeyOrder
//	JWT_NOT_BEFORE_DELTA         NotBeforeDelta   JWT_AUTH_URL_RULE and its like: the route is yours; see BadCredentials
//
// # What differs
//
//   - JWT_VERIFY_CLAIMS is not offered and exp is always required: a token that nobody verifies is worth nothing.
//   - jwt_required(realm) is a second guard with another DefaultRealm, and there is no jwt_headers_handler.
//   - A token is malformed that has spaces other than the one after the prefix, padding, or bytes that are not base64url.
//   - Secrets that can be guessed need InsecureWeakKey. Without it, change the secret: all tokens end, once.
//   - Tokens have no issuer, no audience and no id, so only the secret tells them from those of other programs, and single
//     tokens cannot be revoked, but for those to which Issuer.Encode gave a jti or a sid.
//   - An unknown user is 401 where [jotgate.Users] loads users, and never a failed request.
//   - What the library has no words for (503, 403) comes in its shape. Bodies end without a line end and are not indented.
package flaskjwt

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Settings of Flask-JWT. Zero fields have its defaults.
type Settings struct {
	SecretKey        string        // required
	Algorithm        string        // HS256, HS384 or HS512; "": HS256
	Leeway           time.Duration // at most a minute; 0: 10 seconds, negative: none
	AuthHeaderPrefix string        // compared without case; "": JWT
	ExpirationDelta  time.Duration // life of a token; 0: 5 minutes
	NotBeforeDelta   time.Duration // from its issue until it is valid; 0: at once
	RequiredClaims   []string      // nil: exp, iat, nbf
	DefaultRealm     string        // "": Login Required
	KeepKeyOrder     bool          // error bodies begin with status_code; otherwise their names are sorted

	// InsecureWeakKey accepts a secret that is short or published. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	s.Leeway = pyjwt.Or(s.Leeway, 10*time.Second)
	s.AuthHeaderPrefix = pyjwt.Or(s.AuthHeaderPrefix, "JWT")
	s.ExpirationDelta = pyjwt.Or(s.ExpirationDelta, 5*time.Minute)
	s.DefaultRealm = pyjwt.Or(s.DefaultRealm, "Login Required")
	if s.RequiredClaims == nil {
		s.RequiredClaims = []string{"exp", "iat", "nbf"}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

func (s Settings) keys() (jwt.Key, *jwt.KeySet, error) {
	if s.Algorithm != "" && !strings.HasPrefix(s.Algorithm, "HS") {
		return jwt.Key{}, nil, fmt.Errorf("Algorithm: %q; Flask-JWT has HS256, HS384 and HS512", s.Algorithm)
	}
	return pyjwt.Keys{Algorithm: s.Algorithm, Secret: s.SecretKey, Insecure: s.InsecureWeakKey}.Make()
}

// Config returns what to make the guard from. It is yours to change.
func Config(s Settings) (jotgate.Config, error) {
	_, keys, err := s.keys()
	if err != nil {
		return jotgate.Config{}, fmt.Errorf("flaskjwt: %w", err)
	}
	s = s.filled()
	return jotgate.Config{
		Keys: keys, Leeway: s.Leeway, Require: s.RequiredClaims, Now: s.Now, Types: []string{"JWT"},
		Parse: pyjwt.Parse, Read: read, Foreign: pyjwt.Foreign("sub"), Answer: s.answer,
		Locations:          []jotgate.Location{{Header: "Authorization", Schemes: []string{s.AuthHeaderPrefix}, Demand: true}},
		InsecureSkipIssuer: true, InsecureSkipAudience: true, // read refuses any audience
	}, nil
}

func read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	subject, ok := claims.Name("identity")
	if !ok {
		return jotgate.Traits{}, pyjwt.Missing("identity")
	}
	session, _ := claims.Name("sid")
	return jotgate.Traits{Subject: subject, SessionID: session, TokenID: c.ID}, pyjwt.Unaddressed(c)
}

const codeCredentials = "bad_credentials"

// BadCredentials is what to answer, through Guard.Answer, a log-in with a wrong pair, an unknown user or another body than
// the two members: always the same.
func BadCredentials() *jotgate.Refusal {
	return &jotgate.Refusal{Status: http.StatusUnauthorized, Code: codeCredentials, Detail: "Invalid credentials"}
}

func (s Settings) answer(r *jotgate.Refusal) jotgate.Answer {
	title, description := words(r)
	body := pyjwt.Object{{Name: "status_code", Value: r.Status}, {Name: "error", Value: title}, {Name: "description", Value: description}}
	if !s.KeepKeyOrder {
		body.Sort()
	}
	h := http.Header{}
	r.Header(h)
	h.Set("Content-Type", "application/json")
	if h.Del("WWW-Authenticate"); r.Code == jotgate.CodeMissing {
		h.Set("WWW-Authenticate", fmt.Sprintf("%s realm=%q", "JWT", s.DefaultRealm))
	}
	text, _ := pyjwt.JSON(body, pyjwt.Compact) // texts and a number always marshal
	return jotgate.Answer{Status: r.Status, Header: h, Body: text}
}

func words(r *jotgate.Refusal) (title, description string) {
	var form *jotgate.FormError
	switch {
	case r.Status != http.StatusUnauthorized:
		return http.StatusText(r.Status), r.Detail
	case r.Code == jotgate.CodeMissing:
		return "Authorization Required", "Request does not contain an access token"
	case r.Code == codeCredentials:
		return "Bad Request", r.Detail
	case r.Code == jotgate.CodeNoUser:
		return "Invalid JWT", "User does not exist"
	case errors.As(r, &form):
		return "Invalid JWT header", headerText(form.Fault)
	case r.Code == jotgate.CodeInvalid, r.Code == jotgate.CodeExpired:
		return "Invalid token", pyjwt.Text(r.Unwrap())
	}
	return "Invalid token", r.Detail
}

func headerText(fault string) string {
	switch fault {
	case jotgate.FaultScheme:
		return "Unsupported authorization type"
	case jotgate.FaultNoToken:
		return "Token missing"
	}
	return "Token contains spaces"
}

// Issuer issues tokens as Flask-JWT does.
type Issuer struct {
	s      Settings
	signer pyjwt.Signer
}

// NewIssuer checks the settings.
func NewIssuer(s Settings) (*Issuer, error) {
	key, _, err := s.keys()
	if err != nil {
		return nil, fmt.Errorf("flaskjwt: %w", err)
	}
	return &Issuer{s.filled(), pyjwt.Signer{Key: key}}, nil
}

// Issue returns a token for a user by id or name: a text or a whole number.
func (i *Issuer) Issue(identity any) (string, error) {
	if err := pyjwt.CheckName(identity); err != nil {
		return "", err
	}
	now := i.s.Now()
	return i.Encode(pyjwt.Object{
		{Name: "exp", Value: now.Add(i.s.ExpirationDelta).Unix()}, {Name: "iat", Value: now.Unix()},
		{Name: "nbf", Value: now.Add(i.s.NotBeforeDelta).Unix()}, {Name: "identity", Value: identity},
	})
}

// Encode signs claims of your own, a struct or map that encoding/json writes as an object, in the order in which it does.
// The required claims must be among them.
func (i *Issuer) Encode(claims any) (string, error) {
	var payload pyjwt.Object
	if err := payload.Update(claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	var missing []string
	for _, name := range i.s.RequiredClaims {
		if !payload.Has(name) {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		return "", fmt.Errorf("%w: %s", jwt.ErrMissing, strings.Join(missing, ", "))
	}
	return i.signer.Sign(payload, nil)
}
