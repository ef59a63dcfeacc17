package flaskjwtextended

import (
	"fmt"
	"net/http"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Token is what the library's create_access_token and create_refresh_token take.
type Token struct {
	Identity any           // a text; with AnySubject or another IdentityClaim a whole number too
	Fresh    bool          // the user has just proved the password
	FreshFor time.Duration // the same, and for so long; 0: for the token's whole life
	Expires  time.Duration // expires_delta; 0: as in the settings; Never
	Claims   any           // additional_claims: a struct or map whose members are added, or replace those of the same name
	Headers  any           // additional_headers: the same for the header
}

// Issuer issues tokens as Flask-JWT-Extended does with PyJWT 2.
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
		return nil, fmt.Errorf("flaskjwtextended: %s needs PrivateKey to sign", s.Algorithm)
	}
	return &Issuer{s.filled(), pyjwt.Signer{Key: key, Sorted: true}}, nil
}

// Access returns an access token.
func (i *Issuer) Access(t Token) (string, error) {
	return i.issue(t, "access", i.s.AccessTokenExpires)
}

// Refresh returns a refresh token. It is never fresh.
func (i *Issuer) Refresh(t Token) (string, error) {
	t.Fresh, t.FreshFor = false, 0
	return i.issue(t, "refresh", i.s.RefreshTokenExpires)
}

func (i *Issuer) issue(t Token, kind string, life time.Duration) (string, error) {
	if err := i.checkIdentity(t.Identity); err != nil {
		return "", err
	}
	if life = pyjwt.Or(t.Expires, life); life < 0 && !i.s.InsecureOptionalExpiry {
		return "", pyjwt.ErrNever
	}
	now := i.s.Now()
	claims := pyjwt.Object{{Name: "fresh", Value: t.Fresh}}
	if t.FreshFor > 0 {
		claims.Set("fresh", pyjwt.Timestamp(now.Add(t.FreshFor)))
	}
	claims.Set("iat", now.Unix())
	claims.Set("jti", pyjwt.UUID())
	claims.Set("type", kind)
	claims.Set(i.s.IdentityClaim, t.Identity)
	i.further(&claims, now, life)
	if err := claims.Update(t.Claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return i.signer.Sign(claims, t.Headers)
}

// further adds the claims that depend on the settings.
func (i *Issuer) further(claims *pyjwt.Object, now time.Time, life time.Duration) {
	if !i.s.OmitNotBefore {
		claims.Set("nbf", now.Unix())
	}
	if !i.s.InsecureSkipCSRF {
		claims.Set("csrf", pyjwt.UUID())
	}
	switch len(i.s.EncodeAudience) {
	case 0:
	case 1:
		claims.Set("aud", i.s.EncodeAudience[0])
	default:
		claims.Set("aud", i.s.EncodeAudience)
	}
	if i.s.EncodeIssuer != "" {
		claims.Set("iss", i.s.EncodeIssuer)
	}
	if life > 0 {
		claims.Set("exp", now.Add(life).Unix())
	}
}

// checkIdentity refuses at once what the guard would refuse on use.
func (i *Issuer) checkIdentity(v any) error {
	if _, text := v.(string); !text && i.s.IdentityClaim == "sub" && !i.s.AnySubject {
		return fmt.Errorf("identity: want a text, got %T; AnySubject takes numbers too", v)
	}
	return pyjwt.CheckName(v)
}

// Encode signs claims of your own, a struct or map that encoding/json writes as an object, in the order in which it does.
func (i *Issuer) Encode(claims any) (string, error) { return i.signer.Sign(claims, nil) }

// SetAccessCookies sets a token of this issuer, and its CSRF token where there is one.
func (i *Issuer) SetAccessCookies(w http.ResponseWriter, token string) error {
	return i.set(w, i.accessCookies(), token)
}

// SetRefreshCookies is the same for a refresh token.
func (i *Issuer) SetRefreshCookies(w http.ResponseWriter, token string) error {
	return i.set(w, i.refreshCookies(), token)
}

func (i *Issuer) set(w http.ResponseWriter, c pyjwt.Cookies, token string) error {
	csrf, err := i.CSRF(token)
	if err != nil {
		return err
	}
	return c.Set(w, token, csrf)
}

// CSRF is get_csrf_token: the claim csrf of a token of this issuer.
func (i *Issuer) CSRF(token string) (string, error) {
	v, err := jwt.Verify(token, i.signer.Key)
	if err != nil {
		return "", err
	}
	claims, err := jwt.ParseClaimsExcept(v.Payload(), pyjwt.Foreign("sub")...)
	return claims.CSRF, err
}

// UnsetAccessCookies makes the browser forget the access token.
func (i *Issuer) UnsetAccessCookies(w http.ResponseWriter) { i.accessCookies().Unset(w) }

// UnsetRefreshCookies makes the browser forget the refresh token.
func (i *Issuer) UnsetRefreshCookies(w http.ResponseWriter) { i.refreshCookies().Unset(w) }

// UnsetCookies makes the browser forget both: unset_jwt_cookies.
func (i *Issuer) UnsetCookies(w http.ResponseWriter) {
	i.UnsetAccessCookies(w)
	i.UnsetRefreshCookies(w)
}

func (i *Issuer) accessCookies() pyjwt.Cookies {
	return i.cookies(i.s.AccessCookieName, i.s.AccessCookiePath, i.s.AccessCSRFCookieName, i.s.AccessCSRFCookiePath)
}

func (i *Issuer) refreshCookies() pyjwt.Cookies {
	return i.cookies(i.s.RefreshCookieName, i.s.RefreshCookiePath, i.s.RefreshCSRFCookieName, i.s.RefreshCSRFCookiePath)
}

func (i *Issuer) cookies(name, path, csrf, csrfPath string) pyjwt.Cookies {
	c := pyjwt.Cookies{
		Token: name, TokenPath: path, CSRF: csrf, CSRFPath: csrfPath, Domain: i.s.CookieDomain,
		Secure: i.s.CookieSecure, SameSite: i.s.CookieSameSite,
	}
	if i.s.PersistentCookie {
		c.MaxAge = 31540000
	}
	if i.s.InsecureSkipCSRF || i.s.OmitCSRFCookies {
		c.CSRF = ""
	}
	return c
}
