// Package simplejwt makes a guard that speaks the dialect of djangorestframework-simplejwt 5: tokens that it issued verify,
// and clients get the statuses, headers and bodies that they know.
//
//	settings := simplejwt.Settings{SigningKey: secret}
//	config, err := simplejwt.Config(settings)
//	guard, err := jotgate.New(config)
//	issuer, err := simplejwt.NewIssuer(settings)
//	refresh, err := issuer.Refresh(user.ID, map[string]any{"name": user.Name}) // after log-in
//	mux.Handle("POST /api/token/refresh/", guard.Need(simplejwt.RefreshRule())(again)) // with issuer.Access of the identity
//	mux.Handle("POST /api/token/verify/", guard.Need(simplejwt.VerifyRule())(ok))      // whose body is {}
//
// An Identity has the claim user_id as its subject. The blacklist is jotgate.Config.Revocations; users are loaded and
// looked at through jotgate.Users and Rule.Also, for which there are [UserInactive] and [PasswordChanged].
//
//	SIGNING_KEY, VERIFYING_KEY       SigningKey, VerifyingKey   USER_ID_CLAIM, TOKEN_TYPE_CLAIM   UserIDClaim, TokenTypeClaim
//	ALGORITHM, AUDIENCE, ISSUER      Algorithm, Audience …      ACCESS_TOKEN_LIFETIME             AccessTokenLifetime
//	LEEWAY                           Leeway                     REFRESH_TOKEN_LIFETIME            RefreshTokenLifetime
//	AUTH_HEADER_TYPES                AuthHeaderTypes            JWK_URL                           jotgate.Config.Keys, package jwks
//
// # What differs
//
//   - Access tokens can be revoked like refresh tokens, and the verify view looks revoked tokens up.
//   - Sliding tokens are not offered: one token that is access and refresh in one cannot be single-use. Nor is
//     CHECK_REVOKE_TOKEN, which puts a hash of the password's hash into the token: end the user's sessions instead.
//   - AUTH_TOKEN_CLASSES is Rule.Kind, for each route. A token needs a type even where any will do.
//   - JTI_CLAIM stays jti, and the header Authorization.
//   - Headers that hold two tokens or more than one space, and tokens with padding or bytes that are not base64url are
//     refused.
//   - Secrets that can be guessed need InsecureWeakKey. Without it, change the secret: all tokens end, once.
//   - What the library has no words for (503) comes in its shape. Texts are in English.
package simplejwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Settings of simplejwt. Zero fields have its defaults.
type Settings struct {
	SigningKey           string        // a secret for HS*, a private key in PEM for all other algorithms
	VerifyingKey         string        // a public key in PEM
	Algorithm            string        // "": HS256
	Audience             []string      // written, and one of them wanted; nil: not checked
	Issuer               string        // written and wanted; "": not checked
	Leeway               time.Duration // at most a minute; 0: none
	AuthHeaderTypes      []string      // compared with case; nil: Bearer
	UserIDClaim          string        // "": user_id
	TokenTypeClaim       string        // "": token_type
	AccessTokenLifetime  time.Duration // 0: 5 minutes
	RefreshTokenLifetime time.Duration // 0: a day

	// InsecureWeakKey accepts a secret that is short or published. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	s.UserIDClaim, s.TokenTypeClaim = pyjwt.Or(s.UserIDClaim, "user_id"), pyjwt.Or(s.TokenTypeClaim, "token_type")
	s.AccessTokenLifetime = pyjwt.Or(s.AccessTokenLifetime, 5*time.Minute)
	s.RefreshTokenLifetime = pyjwt.Or(s.RefreshTokenLifetime, 24*time.Hour)
	if len(s.AuthHeaderTypes) == 0 {
		s.AuthHeaderTypes = []string{"Bearer"}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

func (s Settings) keys() (jwt.Key, *jwt.KeySet, error) {
	sign, set, err := pyjwt.Keys{
		Algorithm: s.Algorithm, Secret: s.SigningKey, Private: s.SigningKey, Public: s.VerifyingKey, Insecure: s.InsecureWeakKey,
	}.Make()
	if err != nil {
		return sign, set, fmt.Errorf("simplejwt: %w", err)
	}
	return sign, set, nil
}

// Config returns what to make the guard from. It is yours to change.
func Config(s Settings) (jotgate.Config, error) {
	_, keys, err := s.keys()
	if err != nil {
		return jotgate.Config{}, err
	}
	s = s.filled()
	c := jotgate.Config{
		Keys: keys, Leeway: pyjwt.Or(s.Leeway, -1), Now: s.Now, Types: []string{"JWT"},
		Parse: pyjwt.Parse, Read: s.read, Foreign: pyjwt.Foreign("csrf"), Answer: s.answer,
		Locations: []jotgate.Location{{Header: "Authorization", Schemes: s.AuthHeaderTypes, ExactScheme: true}},
		Issuer:    s.Issuer, InsecureSkipIssuer: s.Issuer == "", InsecureSkipAudience: len(s.Audience) == 0,
	}
	if len(s.Audience) > 0 {
		c.Audience, c.Audiences = s.Audience[0], slices.Clone(s.Audience[1:])
	}
	return c, nil
}

// RefreshRule is what the refresh view asks for: a refresh token in the member refresh of a JSON body.
func RefreshRule() jotgate.Rule {
	return jotgate.Rule{Kind: jotgate.KindRefresh, Locations: []jotgate.Location{{Body: "refresh"}}}
}

func (s Settings) read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	missing := func(text string) error { return &pyjwt.Fault{Text: text, Err: jwt.ErrMissing} }
	t := jotgate.Traits{TokenID: c.ID, Roles: claims.Texts("roles"), Kind: jotgate.KindAny}
	subject, named := claims.Name(s.UserIDClaim)
	t.Subject = subject
	_, typed := claims[s.TokenTypeClaim]
	switch {
	case c.ID == "":
		return t, missing("Token has no id")
	case !typed:
		return t, missing("Token has no type")
	case !named:
		return t, missing(noUser)
	case claims.Is(s.TokenTypeClaim, "access"):
		t.Kind = jotgate.KindAccess
	case claims.Is(s.TokenTypeClaim, "refresh"):
		t.Kind = jotgate.KindRefresh
	}
	return t, nil
}

const noUser = "Token contained no recognizable user identification"

// VerifyRule is what the verify view asks for: a token of any kind in the member token of a JSON body.
func VerifyRule() jotgate.Rule {
	return jotgate.Rule{Kind: jotgate.KindAny, Locations: []jotgate.Location{{Body: "token"}}}
}

// UserInactive is what Rule.Also returns for a user who may not log in.
func UserInactive() *jotgate.Refusal {
	return &jotgate.Refusal{Status: http.StatusUnauthorized, Code: "user_inactive", Detail: "User is inactive"}
}

// PasswordChanged is what Rule.Also returns for a token from before the user's password changed.
func PasswordChanged() *jotgate.Refusal {
	return &jotgate.Refusal{Status: http.StatusUnauthorized, Code: "password_changed", Detail: "The user's password has been changed."}
}

// NoActiveAccount is what to answer, through Guard.Answer, a log-in with a wrong pair, an unknown or an inactive user:
// always the same.
func NoActiveAccount() *jotgate.Refusal {
	return &jotgate.Refusal{Status: http.StatusUnauthorized, Code: "no_active_account", Detail: "No active account found with the given credentials"}
}

func (s Settings) answer(r *jotgate.Refusal) jotgate.Answer {
	status, object := r.Status, words(r)
	if field, fault := fieldFault(r); field != "" {
		status, object = http.StatusBadRequest, pyjwt.Object{{Name: field, Value: []string{fault}}}
	}
	body, _ := pyjwt.JSON(object, pyjwt.Unicode) // texts always marshal
	h := http.Header{}
	r.Header(h)
	h.Set("Content-Type", "application/json")
	if h.Del("WWW-Authenticate"); status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", s.AuthHeaderTypes[0]+` realm="api"`)
	}
	return jotgate.Answer{Status: status, Header: h, Body: body}
}

// fieldFault is what a view says of a body without a token, and "" where there is one, or none was to be in a body.
func fieldFault(r *jotgate.Refusal) (field, fault string) {
	var form *jotgate.FormError
	if places := r.Missing(); len(places) == 1 {
		form = &places[0]
	} else if !errors.As(r, &form) {
		return "", ""
	}
	name, inBody := strings.CutPrefix(form.Location, "body ")
	switch {
	case !inBody:
		return "", ""
	case form.Fault == jotgate.FaultMember:
		return name, "Not a valid string."
	case form.Fault == jotgate.FaultTwice:
		return name, "Given twice."
	}
	return name, "This field is required."
}

func words(r *jotgate.Refusal) pyjwt.Object {
	body := func(detail, code string) pyjwt.Object {
		if code == "" {
			return pyjwt.Object{{Name: "detail", Value: detail}}
		}
		return pyjwt.Object{{Name: "detail", Value: detail}, {Name: "code", Value: code}}
	}
	var form *jotgate.FormError
	switch {
	case r.Code == jotgate.CodeMissing:
		return body("Authentication credentials were not provided.", "")
	case r.Code == jotgate.CodeForbidden:
		return body("You do not have permission to perform this action.", "")
	case r.Code == jotgate.CodeNoUser:
		return body("User not found", "user_not_found")
	case r.Code == jotgate.CodeRevoked, r.Code == jotgate.CodePermissions:
		return body("Token is blacklisted", "token_not_valid")
	case r.Code != jotgate.CodeInvalid && r.Code != jotgate.CodeExpired:
		return body(r.Detail, r.Code)
	case errors.As(r, &form) && strings.HasPrefix(form.Location, "header "):
		return body("Authorization header must contain two space-delimited values", "bad_authorization_header")
	case tokenText(r) == noUser, strings.HasPrefix(r.Location(), "body "): // views try one type of token
		return body(tokenText(r), "token_not_valid")
	}
	return append(body("Given token not valid for any token type", "token_not_valid"), pyjwt.Member{Name: "messages", Value: []pyjwt.Object{{
		{Name: "token_class", Value: "AccessToken"}, {Name: "token_type", Value: "access"}, {Name: "message", Value: tokenText(r)},
	}}})
}

// tokenText tells no more than the library: what PyJWT says stays in the log.
func tokenText(r *jotgate.Refusal) string {
	var kind *jotgate.KindError
	if errors.As(r, &kind) {
		return "Token has wrong type"
	}
	switch text := pyjwt.Text(r.Unwrap()); text {
	case pyjwt.Expired:
		return "Token is expired"
	case "Token has no id", "Token has no type", noUser:
		return text
	case `Token is missing the "exp" claim`:
		return "Token has no 'exp' claim"
	}
	return "Token is invalid"
}

// Issuer issues tokens as simplejwt does with PyJWT 2.
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
	if !key.CanSign() {
		return nil, fmt.Errorf("simplejwt: %s needs SigningKey to sign", s.Algorithm)
	}
	return &Issuer{s.filled(), pyjwt.Signer{Key: key, Sorted: true}}, nil
}

// Refresh returns a refresh token for a user, with further claims: a struct or map that encoding/json writes as an object,
// or nil.
func (i *Issuer) Refresh(user string, claims any) (string, error) {
	if user == "" {
		return "", errors.New("user: empty")
	}
	o := i.begin("refresh", i.s.RefreshTokenLifetime)
	o.Set(i.s.UserIDClaim, user)
	if err := o.Update(claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return i.sign(o)
}

// Access returns an access token for the identity of a refresh token that a guard let through. It has the claims of the
// refresh token, save its type, exp, iat and jti, and lives from now.
func (i *Issuer) Access(id jotgate.Identity) (string, error) {
	if id.IsZero() || id.Kind() != jotgate.KindRefresh {
		return "", &jotgate.KindError{Want: jotgate.KindRefresh, Got: id.Kind()}
	}
	var text json.RawMessage
	var from pyjwt.Object
	if err := id.Decode(&text); err != nil {
		return "", err
	}
	if err := from.Update(text); err != nil {
		return "", err
	}
	o := i.begin("access", i.s.AccessTokenLifetime)
	for _, m := range from {
		if !slices.Contains([]string{i.s.TokenTypeClaim, "exp", "iat", "jti"}, m.Name) {
			o.Set(m.Name, m.Value)
		}
	}
	return i.sign(o)
}

func (i *Issuer) begin(kind string, life time.Duration) pyjwt.Object {
	now := i.s.Now()
	return pyjwt.Object{
		{Name: i.s.TokenTypeClaim, Value: kind}, {Name: "exp", Value: now.Add(life).Unix()}, {Name: "iat", Value: now.Unix()},
		{Name: "jti", Value: strings.ReplaceAll(pyjwt.UUID(), "-", "")},
	}
}

func (i *Issuer) sign(o pyjwt.Object) (string, error) {
	switch len(i.s.Audience) {
	case 0:
	case 1:
		o.Set("aud", i.s.Audience[0])
	default:
		o.Set("aud", i.s.Audience)
	}
	if i.s.Issuer != "" {
		o.Set("iss", i.s.Issuer)
	}
	return i.signer.Sign(o, nil)
}

// Encode signs claims of your own, a struct or map that encoding/json writes as an object, in the order in which it does.
func (i *Issuer) Encode(claims any) (string, error) { return i.signer.Sign(claims, nil) }
