// Package fastapijwtauth makes a guard that speaks the dialect of fastapi-jwt-auth 0.5: tokens that it issued verify, and
// clients get the statuses and bodies that they know.
//
//	settings := fastapijwtauth.Settings{SecretKey: secret}
//	config, err := fastapijwtauth.Config(settings)
//	guard, err := jotgate.New(config)                                  // Need(jotgate.Rule{Fresh: true}) is fresh_jwt_required
//	issuer, err := fastapijwtauth.NewIssuer(settings)
//	access, err := issuer.Access(fastapijwtauth.Token{Subject: "joevu"}) // after log-in
//	refresh, err := issuer.Refresh(fastapijwtauth.Token{Subject: "joevu"})
//	mux.Handle("POST /refresh", guard.Need(fastapijwtauth.RefreshRule(settings))(again))
//
// The settings are those of the library without authjwt_, in Go's spelling: authjwt_secret_key is SecretKey. A denylist is
// jotgate.Config.Revocations, which is asked about every token.
//
// # What differs
//
//   - A key verifies one algorithm, so there are no decode_algorithms and no algorithm= for a single token: an attacker would
//     choose among them.
//   - A list of token kinds to look up in the denylist is not offered: all are. Nor can it be switched on and forgotten.
//   - The issuer is written into refresh tokens too. Older ones without it are accepted.
//   - A token without type is 422 and not a failed request; one of a third type passes rules of KindAny alone.
//   - Headers that hold more than one space, token or value, cookies planted twice, and tokens with padding or bytes that are
//     not base64url are refused.
//   - A token that names a kid needs a key of that kid: set Config.Keys.
//   - Secrets that can be guessed need InsecureWeakKey. Without it, change the secret: all tokens end, once.
//   - Cookies are only as safe as the settings: set CookieSecure and CookieSameSite.
//   - Tokens of WebSockets in the query are not read: see jotgate.Location.Subprotocol and jotgate.Tickets.
//   - What the library has no words for (503, 403) comes in its shape.
package fastapijwtauth

import (
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

// Never is the lifetime of a token without expiry, False in the library. It needs InsecureOptionalExpiry.
const Never time.Duration = -1

// Settings of fastapi-jwt-auth. Zero fields have its defaults.
type Settings struct {
	TokenLocation         []string      // "headers", "cookies" or both, headers first; nil: headers
	SecretKey             string        // for HS*
	PrivateKey, PublicKey string        // PEM, for all other algorithms
	Algorithm             string        // "": HS256
	DecodeLeeway          time.Duration // at most a minute; 0: none
	EncodeIssuer          string
	DecodeIssuer          string
	DecodeAudience        []string      // one of them must be in the token; nil: there must be none
	HeaderName            string        // "": Authorization
	HeaderType            string        // compared with case; "": Bearer
	BareHeader            bool          // header_type None: the header holds the token alone
	AccessTokenExpires    time.Duration // 0: 15 minutes
	RefreshTokenExpires   time.Duration // 0: 30 days

	AccessCookieKey, RefreshCookieKey         string // "": access_token_cookie, refresh_token_cookie
	AccessCookiePath, RefreshCookiePath       string // "": /
	CookieMaxAge                              int    // seconds; 0: until the browser closes
	CookieDomain                              string
	CookieSecure                              bool
	CookieSameSite                            http.SameSite // zero: not said
	AccessCSRFCookieKey, RefreshCSRFCookieKey string        // "": csrf_access_token, csrf_refresh_token
	AccessCSRFCookiePath                      string        // "": /
	RefreshCSRFCookiePath                     string        // "": /
	AccessCSRFHeader, RefreshCSRFHeader       string        // "": X-CSRF-Token
	CSRFMethods                               []string      // nil: POST, PUT, PATCH, DELETE

	// InsecureOptionalExpiry accepts tokens that live for ever, and issues them where Never is asked for.
	InsecureOptionalExpiry bool
	// InsecureSkipCSRF is cookie_csrf_protect False: every page that a user visits can act as the user.
	InsecureSkipCSRF bool
	// InsecureWeakKey accepts a secret that is short or published. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	for field, value := range map[*string]string{
		&s.HeaderName: "Authorization", &s.HeaderType: "Bearer",
		&s.AccessCookieKey: "access_token_cookie", &s.RefreshCookieKey: "refresh_token_cookie",
		&s.AccessCSRFCookieKey: "csrf_access_token", &s.RefreshCSRFCookieKey: "csrf_refresh_token",
		&s.AccessCSRFHeader: "X-CSRF-Token", &s.RefreshCSRFHeader: "X-CSRF-Token",
	} {
		*field = pyjwt.Or(*field, value)
	}
	s.AccessTokenExpires = pyjwt.Or(s.AccessTokenExpires, 15*time.Minute)
	s.RefreshTokenExpires = pyjwt.Or(s.RefreshTokenExpires, 30*24*time.Hour)
	if s.TokenLocation == nil {
		s.TokenLocation = []string{"headers"}
	}
	if s.CSRFMethods == nil {
		s.CSRFMethods = []string{"POST", "PUT", "PATCH", "DELETE"}
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	return s
}

func (s Settings) keys() (jwt.Key, *jwt.KeySet, error) {
	sign, set, err := pyjwt.Keys{
		Algorithm: s.Algorithm, Secret: s.SecretKey, Private: s.PrivateKey, Public: s.PublicKey, Insecure: s.InsecureWeakKey,
	}.Make()
	if err != nil {
		return sign, set, fmt.Errorf("fastapijwtauth: %w", err)
	}
	if s.TokenLocation != nil && len(s.TokenLocation) == 0 {
		return sign, set, errors.New("fastapijwtauth: TokenLocation: empty; leave it nil for headers")
	}
	for _, place := range s.TokenLocation {
		if place != "headers" && place != "cookies" {
			return sign, set, fmt.Errorf("fastapijwtauth: TokenLocation: %q; want headers or cookies", place)
		}
	}
	i := Issuer{s: s.filled()}
	if err := errors.Join(i.accessCookies().Check(), i.refreshCookies().Check(), pyjwt.CheckMethods(s.CSRFMethods)); err != nil {
		return sign, set, fmt.Errorf("fastapijwtauth: %w", err)
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
		Keys: keys, Leeway: pyjwt.Or(s.DecodeLeeway, -1), Now: s.Now, Types: []string{"JWT"}, FirstWins: true,
		Parse: pyjwt.Parse, Read: s.read, Foreign: pyjwt.Foreign("sub"), Answer: s.answer, Locations: s.locations(false),
		InsecureSkipIssuer:     true, // read asks for it in access tokens
		InsecureSkipAudience:   len(s.DecodeAudience) == 0,
		InsecureOptionalExpiry: s.InsecureOptionalExpiry,
	}
	if len(s.DecodeAudience) > 0 {
		c.Audience, c.Audiences = s.DecodeAudience[0], slices.Clone(s.DecodeAudience[1:])
	}
	return c, nil
}

// RefreshRule is jwt_refresh_token_required.
func RefreshRule(s Settings) jotgate.Rule {
	return jotgate.Rule{Kind: jotgate.KindRefresh, Locations: s.filled().locations(true)}
}

func (s Settings) locations(refresh bool) (list []jotgate.Location) {
	cookie, header := s.AccessCookieKey, s.AccessCSRFHeader
	if refresh {
		cookie, header = s.RefreshCookieKey, s.RefreshCSRFHeader
	}
	if slices.Contains(s.TokenLocation, "headers") {
		schemes := []string{s.HeaderType}
		if s.BareHeader {
			schemes = []string{""}
		}
		list = append(list, jotgate.Location{Header: http.CanonicalHeaderKey(s.HeaderName), Schemes: schemes, ExactScheme: true, Demand: true})
	}
	if slices.Contains(s.TokenLocation, "cookies") {
		list = append(list, jotgate.Location{Cookie: cookie, CSRF: jotgate.CSRF{
			Header: header, Safe: pyjwt.Safe(s.CSRFMethods), InsecureSkip: s.InsecureSkipCSRF, InsecureSkipOrigin: true,
		}})
	}
	return list
}

func (s Settings) read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	t := jotgate.Traits{TokenID: c.ID, Roles: claims.Texts("roles"), Kind: jotgate.KindAny}
	t.Subject, _ = claims.Name("sub")
	switch {
	case !c.Has("type"):
		return t, &pyjwt.Fault{Text: "Missing claim: type", Err: fmt.Errorf("%w: type", jwt.ErrMissing)}
	case claims.Is("type", "access"):
		t.Kind = jotgate.KindAccess
	case claims.Is("type", "refresh"):
		t.Kind = jotgate.KindRefresh
	}
	if string(claims["fresh"]) == "true" {
		t.FreshUntil = pyjwt.Always()
	}
	if len(s.DecodeAudience) == 0 {
		err = pyjwt.Unaddressed(c)
	}
	return t, errors.Join(s.issuer(c, t.Kind), err)
}

func (s Settings) issuer(c jwt.Claims, k jotgate.Kind) error {
	switch {
	case s.DecodeIssuer == "" || c.Issuer == s.DecodeIssuer || k == jotgate.KindRefresh && c.Issuer == "":
		return nil
	case c.Issuer == "":
		return pyjwt.Missing("iss")
	}
	return &pyjwt.Fault{Text: "Invalid issuer", Err: fmt.Errorf("%w: want %q, got %q", jwt.ErrIssuer, s.DecodeIssuer, c.Issuer)}
}

func (s Settings) answer(r *jotgate.Refusal) jotgate.Answer {
	status, detail := s.words(r)
	body, _ := pyjwt.JSON(pyjwt.Object{{Name: "detail", Value: detail}}, pyjwt.Unicode) // a text always marshals
	h := http.Header{}
	r.Header(h)
	h.Del("WWW-Authenticate")
	h.Set("Content-Type", "application/json")
	return jotgate.Answer{Status: status, Header: h, Body: body}
}

func (s Settings) words(r *jotgate.Refusal) (int, string) {
	var form *jotgate.FormError
	var kind *jotgate.KindError
	switch {
	case r.Code == jotgate.CodeMissing:
		return 401, s.missing(r)
	case r.Code == jotgate.CodeCSRF:
		return csrfWords(r)
	case r.Code == jotgate.CodeRevoked, r.Code == jotgate.CodePermissions:
		return 401, "Token has been revoked"
	case r.Code == jotgate.CodeStaleLogin:
		return 401, "Fresh token required"
	case r.Code != jotgate.CodeInvalid && r.Code != jotgate.CodeExpired:
		return r.Status, r.Detail
	case errors.As(r, &kind):
		return 422, "Only " + kind.Want.String() + " tokens are allowed"
	case errors.As(r, &form):
		return 422, s.formText(form)
	}
	return 422, pyjwt.Text(r.Unwrap())
}

func (s Settings) missing(r *jotgate.Refusal) string {
	text := "Missing " + s.HeaderName + " Header"
	for _, place := range r.Missing() {
		if name, ok := strings.CutPrefix(place.Location, "cookie "); ok {
			text = "Missing cookie " + name
		}
	}
	return text
}

func (s Settings) formText(f *jotgate.FormError) string {
	switch {
	case !strings.HasPrefix(f.Location, "header "):
		return "Invalid cookie"
	case s.BareHeader:
		return "Bad " + s.HeaderName + " header. Expected value '<JWT>'"
	}
	return "Bad " + s.HeaderName + " header. Expected value '" + s.HeaderType + " <JWT>'"
}

func csrfWords(r *jotgate.Refusal) (int, string) {
	switch {
	case errors.Is(r, jotgate.ErrCSRFClaim):
		return 422, "Missing claim: csrf"
	case errors.Is(r, jotgate.ErrCSRFMissing):
		return 401, "Missing CSRF Token"
	}
	return 401, "CSRF double submit tokens do not match"
}
