// Package flaskjwtextended makes a guard that speaks the dialect of Flask-JWT-Extended 4: tokens that it issued verify, and
// clients get the statuses and bodies that they know.
//
//	settings := flaskjwtextended.Settings{SecretKey: secret}
//	config, err := flaskjwtextended.Config(settings)
//	guard, err := jotgate.New(config)                                          // Need(jotgate.Rule{Fresh: true}) is fresh=True
//	issuer, err := flaskjwtextended.NewIssuer(settings)
//	access, err := issuer.Access(flaskjwtextended.Token{Identity: "u1", Fresh: true}) // after log-in
//	mux.Handle("POST /refresh", guard.Need(flaskjwtextended.RefreshRule(settings))(again))
//
// The settings are those of the library without JWT_, in Go's spelling: JWT_SECRET_KEY is SecretKey. Its decorators are
// fields of jotgate.Config and jotgate.Rule:
//
//	optional, fresh, refresh=True        Rule.Optional, Rule.Fresh, RefreshRule    verify_type=False   Rule.Kind KindAny
//	token_in_blocklist_loader            Config.Revocations                        locations=          Rule.Locations
//	token_verification_loader            Rule.Also, with VerificationFailed        user_lookup_loader  jotgate.Users
//	expired_token_loader and its like    Config.Answer, with Refusal.Claims        get_jwt_request_location   Identity.Location
//
// # What differs
//
//   - A key verifies one algorithm, so there are no JWT_DECODE_ALGORITHMS: an attacker would choose among them.
//   - A token of a third type passes rules of KindAny alone, and not every rule but refresh.
//   - exp is required unless InsecureOptionalExpiry is set.
//   - Headers that hold two tokens or more than one space, cookies planted twice, and tokens with padding or bytes that are
//     not base64url are refused. A JSON body without an object is 401, never a failed request.
//   - skip_revocation_check is a second guard without Revocations, and the context of templates is what jotgate.From returns.
//   - CSRF tokens are read from the header and not from forms (JWT_CSRF_CHECK_FORM).
//   - A token that names a kid needs a key of that kid: set Config.Keys.
//   - Secrets that can be guessed need InsecureWeakKey. Without it, change the secret: all tokens end, once.
//   - Cookies are only as safe as the settings: set CookieSecure and CookieSameSite.
//   - What the library has no words for (503, 403) comes in its shape. Bodies end without a line end.
package flaskjwtextended

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Never is the lifetime of a token without expiry, False in the library. It needs InsecureOptionalExpiry.
const Never time.Duration = -1

// Settings of Flask-JWT-Extended. Zero fields have its defaults.
type Settings struct {
	TokenLocation         []string      // of "headers", "cookies", "query_string", "json", in the order of search; nil: headers
	SecretKey             string        // for HS*
	PrivateKey, PublicKey string        // PEM, for all other algorithms
	Algorithm             string        // "": HS256
	DecodeLeeway          time.Duration // at most a minute; 0: none
	EncodeIssuer          string
	DecodeIssuer          string // "": not checked
	EncodeAudience        []string
	DecodeAudience        []string      // one of them must be in the token; nil: not checked
	AccessTokenExpires    time.Duration // 0: 15 minutes
	RefreshTokenExpires   time.Duration // 0: 30 days
	IdentityClaim         string        // "": sub
	AnySubject            bool          // JWT_VERIFY_SUB False: sub may be a number
	OmitNotBefore         bool          // JWT_ENCODE_NBF False
	ErrorMessageKey       string        // "": msg

	HeaderName              string // "": Authorization
	HeaderType              string // compared with case; "": Bearer
	BareHeader              bool   // JWT_HEADER_TYPE '': the header holds the token alone
	QueryStringName         string // "": jwt
	QueryStringValuePrefix  string
	JSONKey, RefreshJSONKey string   // "": access_token, refresh_token
	CSRFMethods             []string // nil: POST, PUT, PATCH, DELETE
	AccessCSRFHeaderName    string   // "": X-CSRF-TOKEN
	RefreshCSRFHeaderName   string   // "": X-CSRF-TOKEN
	AccessCookieName        string   // "": access_token_cookie
	RefreshCookieName       string   // "": refresh_token_cookie
	AccessCSRFCookieName    string   // "": csrf_access_token
	RefreshCSRFCookieName   string   // "": csrf_refresh_token
	AccessCookiePath        string   // "": /
	RefreshCookiePath       string   // "": /
	AccessCSRFCookiePath    string   // "": /
	RefreshCSRFCookiePath   string   // "": /
	CookieDomain            string
	CookieSecure            bool
	CookieSameSite          http.SameSite // zero: not said
	PersistentCookie        bool          // JWT_SESSION_COOKIE False: cookies last a year
	OmitCSRFCookies         bool          // JWT_CSRF_IN_COOKIES False

	// InsecureOptionalExpiry accepts tokens that live for ever, and issues them where Never is asked for.
	InsecureOptionalExpiry bool
	// InsecureSkipCSRF is JWT_COOKIE_CSRF_PROTECT False: every page that a user visits can act as the user.
	InsecureSkipCSRF bool
	// InsecureWeakKey accepts a secret that is short or published. Who guesses it is any user.
	InsecureWeakKey bool

	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

func (s Settings) filled() Settings {
	for field, value := range map[*string]string{
		&s.HeaderName: "Authorization", &s.HeaderType: "Bearer", &s.QueryStringName: "jwt",
		&s.JSONKey: "access_token", &s.RefreshJSONKey: "refresh_token",
		&s.AccessCSRFHeaderName: "X-CSRF-TOKEN", &s.RefreshCSRFHeaderName: "X-CSRF-TOKEN",
		&s.AccessCookieName: "access_token_cookie", &s.RefreshCookieName: "refresh_token_cookie",
		&s.AccessCSRFCookieName: "csrf_access_token", &s.RefreshCSRFCookieName: "csrf_refresh_token",
		&s.IdentityClaim: "sub", &s.ErrorMessageKey: "msg",
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
		return sign, set, fmt.Errorf("flaskjwtextended: %w", err)
	}
	if s.TokenLocation != nil && len(s.TokenLocation) == 0 {
		return sign, set, errors.New("flaskjwtextended: TokenLocation: empty; leave it nil for headers")
	}
	for _, place := range s.TokenLocation {
		if _, ok := s.location(place, false); !ok {
			return sign, set, fmt.Errorf("flaskjwtextended: TokenLocation: %q; want headers, cookies, query_string or json", place)
		}
	}
	i := Issuer{s: s.filled()}
	if err := errors.Join(i.accessCookies().Check(), i.refreshCookies().Check(), pyjwt.CheckMethods(s.CSRFMethods)); err != nil {
		return sign, set, fmt.Errorf("flaskjwtextended: %w", err)
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
		Parse: pyjwt.Parse, Read: s.read, Foreign: s.foreign(), Answer: s.answer, Locations: s.locations(false),
		Issuer: s.DecodeIssuer, InsecureSkipIssuer: s.DecodeIssuer == "", InsecureSkipAudience: len(s.DecodeAudience) == 0,
		InsecureOptionalExpiry: s.InsecureOptionalExpiry, PassOptions: true,
	}
	if len(s.DecodeAudience) > 0 {
		c.Audience, c.Audiences = s.DecodeAudience[0], slices.Clone(s.DecodeAudience[1:])
	}
	return c, nil
}

func (s Settings) foreign() []string {
	if s.AnySubject {
		return pyjwt.Foreign("sub")
	}
	return pyjwt.Foreign()
}

// RefreshRule is jwt_required(refresh=True).
func RefreshRule(s Settings) jotgate.Rule {
	return jotgate.Rule{Kind: jotgate.KindRefresh, Locations: s.filled().locations(true)}
}

// Locations are the places by their names in the library, for jotgate.Rule.Locations: jwt_required(locations=…).
func Locations(s Settings, refresh bool, names ...string) ([]jotgate.Location, error) {
	s.TokenLocation = names
	if _, _, err := s.keys(); err != nil {
		return nil, err
	}
	return s.filled().locations(refresh), nil
}

func (s Settings) locations(refresh bool) []jotgate.Location {
	list := make([]jotgate.Location, len(s.TokenLocation))
	for i, place := range s.TokenLocation {
		list[i], _ = s.location(place, refresh) // keys has checked the names
	}
	return list
}

func (s Settings) location(place string, refresh bool) (jotgate.Location, bool) {
	cookie, csrf, member := s.AccessCookieName, s.AccessCSRFHeaderName, s.JSONKey
	if refresh {
		cookie, csrf, member = s.RefreshCookieName, s.RefreshCSRFHeaderName, s.RefreshJSONKey
	}
	switch place {
	case "headers":
		schemes := []string{s.HeaderType}
		if s.BareHeader {
			schemes = []string{""}
		}
		return jotgate.Location{Header: http.CanonicalHeaderKey(s.HeaderName), Schemes: schemes, ExactScheme: true}, true
	case "cookies":
		return jotgate.Location{Cookie: cookie, CSRF: jotgate.CSRF{
			Header: csrf, Safe: pyjwt.Safe(s.CSRFMethods), InsecureSkip: s.InsecureSkipCSRF, InsecureSkipOrigin: true,
		}}, true
	case "query_string":
		return jotgate.Location{Query: s.QueryStringName, Prefix: s.QueryStringValuePrefix}, true
	case "json":
		return jotgate.Location{Body: member}, true
	}
	return jotgate.Location{}, false
}

func (s Settings) read(h jwt.Header, c jwt.Claims) (jotgate.Traits, error) {
	claims, err := pyjwt.Read(h, c)
	if err != nil {
		return jotgate.Traits{}, err
	}
	if _, ok := claims[s.IdentityClaim]; !ok {
		return jotgate.Traits{}, &pyjwt.Fault{Text: "Missing claim: " + s.IdentityClaim, Err: fmt.Errorf("%w: %s", jwt.ErrMissing, s.IdentityClaim)}
	}
	t := jotgate.Traits{TokenID: c.ID, Roles: claims.Texts("roles"), Kind: jotgate.KindAny, FreshUntil: freshUntil(claims)}
	t.Subject, _ = claims.Name(s.IdentityClaim)
	switch _, typed := claims["type"]; {
	case !typed, claims.Is("type", "access"):
		t.Kind = jotgate.KindAccess
	case claims.Is("type", "refresh"):
		t.Kind = jotgate.KindRefresh
	}
	return t, nil
}

// freshUntil reads what is true, or the time until which the token is fresh.
func freshUntil(claims pyjwt.Claims) time.Time {
	if string(claims["fresh"]) == "true" {
		return pyjwt.Always()
	}
	if seconds, ok := claims.Number("fresh"); ok {
		return time.UnixMicro(int64(seconds * 1e6))
	}
	return time.Time{}
}
