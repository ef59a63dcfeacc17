package fastapijwtauth

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

// Token is what the library's create_access_token and create_refresh_token take.
type Token struct {
	Subject  any           // a text or a whole number
	Fresh    bool          // access tokens only
	Expires  time.Duration // 0: as in the settings; Never
	Audience []string      // one is written as a text
	Claims   any           // user_claims: a struct or map whose members are added, or replace those of the same name
	Headers  any           // the same for the header
}

// Issuer issues tokens as fastapi-jwt-auth does.
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
		return nil, fmt.Errorf("fastapijwtauth: %s needs PrivateKey to sign", s.Algorithm)
	}
	return &Issuer{s.filled(), pyjwt.Signer{Key: key}}, nil
}

// Access returns an access token.
func (i *Issuer) Access(t Token) (string, error) {
	return i.issue(t, "access", i.s.AccessTokenExpires, pyjwt.Object{{Name: "fresh", Value: t.Fresh}})
}

// Refresh returns a refresh token.
func (i *Issuer) Refresh(t Token) (string, error) {
	return i.issue(t, "refresh", i.s.RefreshTokenExpires, nil)
}

func (i *Issuer) issue(t Token, kind string, life time.Duration, more pyjwt.Object) (string, error) {
	if err := pyjwt.CheckName(t.Subject); err != nil {
		return "", err
	}
	if life = pyjwt.Or(t.Expires, life); life < 0 && !i.s.InsecureOptionalExpiry {
		return "", pyjwt.ErrNever
	}
	now := i.s.Now()
	claims := pyjwt.Object{
		{Name: "sub", Value: t.Subject}, {Name: "iat", Value: now.Unix()}, {Name: "nbf", Value: now.Unix()},
		{Name: "jti", Value: pyjwt.UUID()},
	}
	if life > 0 {
		claims.Set("exp", now.Add(life).Unix())
	}
	if i.s.EncodeIssuer != "" {
		claims.Set("iss", i.s.EncodeIssuer)
	}
	switch len(t.Audience) {
	case 0:
	case 1:
		claims.Set("aud", t.Audience[0])
	default:
		claims.Set("aud", t.Audience)
	}
	claims.Set("type", kind)
	claims = append(claims, more...)
	if slices.Contains(i.s.TokenLocation, "cookies") && !i.s.InsecureSkipCSRF {
		claims.Set("csrf", pyjwt.UUID())
	}
	if err := claims.Update(t.Claims); err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return i.signer.Sign(claims, t.Headers)
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
	v, err := jwt.Verify(token, i.signer.Key)
	if err != nil {
		return err
	}
	claims, err := jwt.ParseClaimsExcept(v.Payload(), pyjwt.Foreign("sub")...)
	if err != nil {
		return err
	}
	return c.Set(w, token, claims.CSRF)
}

// UnsetCookies makes the browser forget both tokens.
func (i *Issuer) UnsetCookies(w http.ResponseWriter) {
	i.accessCookies().Unset(w)
	i.refreshCookies().Unset(w)
}

func (i *Issuer) accessCookies() pyjwt.Cookies {
	return i.cookies(i.s.AccessCookieKey, i.s.AccessCookiePath, i.s.AccessCSRFCookieKey, i.s.AccessCSRFCookiePath)
}

func (i *Issuer) refreshCookies() pyjwt.Cookies {
	return i.cookies(i.s.RefreshCookieKey, i.s.RefreshCookiePath, i.s.RefreshCSRFCookieKey, i.s.RefreshCSRFCookiePath)
}

func (i *Issuer) cookies(name, path, csrf, csrfPath string) pyjwt.Cookies {
	if i.s.InsecureSkipCSRF {
		csrf = ""
	}
	return pyjwt.Cookies{
		Token: name, TokenPath: path, CSRF: csrf, CSRFPath: csrfPath, Domain: i.s.CookieDomain,
		Secure: i.s.CookieSecure, SameSite: i.s.CookieSameSite, MaxAge: i.s.CookieMaxAge,
	}
}
