package jotgate

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Cookies sets and clears the cookies that carry tokens for browsers. The zero Cookies is the safe one: __Host- names,
// Secure, HttpOnly, SameSite=Lax. Browsers other than Safari, and curl, take Secure cookies from http://localhost too.
type Cookies struct {
	// Access, Refresh and CSRF are names. Empty: __Host-access, __Host-refresh, __Host-csrf.
	Access, Refresh, CSRF string
	// Path of all cookies. Empty: /, which __Host- names need.
	Path string
	// Domain of all cookies. Empty: this very host, which __Host- names need.
	Domain string
	// SameSite. Zero: Lax.
	SameSite http.SameSite
	// InsecureHTTP leaves Secure out: whoever sits on the wire reads the tokens. Names that begin with __ cannot be set so.
	InsecureHTTP bool
}

// maxCookie is what browsers keep of a cookie's name and value together (RFC 6265bis §5.6).
const maxCookie = 4096

func (c Cookies) filled() Cookies {
	or := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	or(&c.Access, "__Host-access")
	or(&c.Refresh, "__Host-refresh")
	or(&c.CSRF, "__Host-csrf")
	or(&c.Path, "/")
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	return c
}

// Check tells whether browsers would keep these cookies.
func (c Cookies) Check() error {
	c = c.filled()
	var faults []error
	if c.SameSite == http.SameSiteNoneMode && c.InsecureHTTP {
		faults = append(faults, errors.New("Cookies.SameSite: None needs Secure: drop InsecureHTTP"))
	}
	if c.SameSite < http.SameSiteDefaultMode || c.SameSite > http.SameSiteNoneMode {
		faults = append(faults, fmt.Errorf("Cookies.SameSite: %d is none of the constants of net/http", c.SameSite))
	}
	if c.Access == c.Refresh || c.Access == c.CSRF || c.Refresh == c.CSRF {
		faults = append(faults, fmt.Errorf("Cookies: want three names, got %q, %q and %q", c.Access, c.Refresh, c.CSRF))
	}
	for _, name := range []string{c.Access, c.Refresh, c.CSRF} {
		prefix := strings.ToLower(name) // browsers heed it in any case
		if strings.HasPrefix(prefix, "__") && c.InsecureHTTP {
			faults = append(faults, fmt.Errorf("cookie %s: the prefix needs Secure: choose another name, or drop InsecureHTTP", name))
		}
		if strings.HasPrefix(prefix, "__host-") && (c.Path != "/" || c.Domain != "") {
			faults = append(faults, fmt.Errorf("cookie %s: the prefix needs Path / and no Domain", name))
		}
		if err := (&http.Cookie{Name: name, Value: "x", Path: c.Path, Domain: c.Domain}).Valid(); err != nil {
			faults = append(faults, fmt.Errorf("cookie %q: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

// Location is where a guard finds the access token of these cookies.
func (c Cookies) Location() Location { return Location{Cookie: c.filled().Access} }

// RefreshLocation is where a guard finds the refresh token of these cookies.
func (c Cookies) RefreshLocation() Location { return Location{Cookie: c.filled().Refresh} }

// SetAccess sets the access token, and its claim csrf in a cookie that the page's script can read, to send it in the
// header of CSRF. life 0: until the browser closes. csrf "": no second cookie. An error says what browsers would not keep;
// then call Clear.
func (c Cookies) SetAccess(w http.ResponseWriter, token, csrf string, life time.Duration) error {
	c = c.filled()
	if err := c.set(w, c.Access, token, life, true); err != nil || csrf == "" {
		return err
	}
	return c.set(w, c.CSRF, csrf, life, false)
}

// SetRefresh sets the refresh token.
func (c Cookies) SetRefresh(w http.ResponseWriter, token string, life time.Duration) error {
	c = c.filled()
	return c.set(w, c.Refresh, token, life, true)
}

// Clear makes the browser forget all three, with the attributes that they were set with.
func (c Cookies) Clear(w http.ResponseWriter) {
	c = c.filled()
	for _, name := range []string{c.Access, c.Refresh, c.CSRF} {
		cookie := c.cookie(name, "", name != c.CSRF)
		cookie.MaxAge = -1
		http.SetCookie(w, cookie)
	}
}

func (c Cookies) set(w http.ResponseWriter, name, value string, life time.Duration, hidden bool) error {
	if len(name)+len(value) > maxCookie {
		return fmt.Errorf("cookie %s: name and value have %d bytes, browsers keep %d: put less into the token", name, len(name)+len(value), maxCookie)
	}
	cookie := c.cookie(name, value, hidden)
	if cookie.MaxAge = int((life + time.Second - 1) / time.Second); life < 0 {
		cookie.MaxAge = -1
	}
	if err := cookie.Valid(); err != nil { // net/http would leave out what it does not like
		return fmt.Errorf("cookie %s: %w", name, err)
	}
	http.SetCookie(w, cookie)
	return nil
}

func (c Cookies) cookie(name, value string, hidden bool) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: c.Path, Domain: c.Domain,
		Secure: !c.InsecureHTTP, HttpOnly: hidden, SameSite: c.SameSite,
	}
}
