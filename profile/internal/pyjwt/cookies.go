package pyjwt

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Cookies carry one token, and its claim csrf for the page's script.
type Cookies struct {
	Token, CSRF         string // names; CSRF empty: no such cookie
	TokenPath, CSRFPath string
	Domain              string
	Secure              bool
	SameSite            http.SameSite // zero: not said
	MaxAge              int           // seconds; 0: until the browser closes
}

// Check tells whether browsers would keep them.
func (c Cookies) Check() error {
	if c.SameSite < 0 || c.SameSite > http.SameSiteNoneMode || c.SameSite == http.SameSiteNoneMode && !c.Secure {
		return fmt.Errorf("CookieSameSite: %d; want a constant of net/http, and None together with CookieSecure", c.SameSite)
	}
	if c.MaxAge < 0 {
		return fmt.Errorf("CookieMaxAge: want 0 or more seconds, got %d", c.MaxAge)
	}
	list := []*http.Cookie{c.cookie(c.Token, c.TokenPath, "x", true)}
	if c.CSRF != "" {
		list = append(list, c.cookie(c.CSRF, c.CSRFPath, "x", false))
	}
	for _, cookie := range list {
		if err := cookie.Valid(); err != nil {
			return fmt.Errorf("cookie %q: %w", cookie.Name, err)
		}
		if !keepsPromise(cookie) {
			return fmt.Errorf("cookie %q: the prefix needs CookieSecure, and __Host- no domain and the path /", cookie.Name)
		}
	}
	return nil
}

// keepsPromise tells whether a cookie is what the prefix of its name, in whatever case, says of it (RFC 6265bis §4.1.3).
func keepsPromise(c *http.Cookie) bool {
	name := strings.ToLower(c.Name)
	switch {
	case strings.HasPrefix(name, "__host-"):
		return c.Secure && c.Path == "/" && c.Domain == ""
	case strings.HasPrefix(name, "__secure-"):
		return c.Secure
	}
	return true
}

// maxCookie is what browsers keep of a cookie's name and value together (RFC 6265bis §5.6).
const maxCookie = 4096

// Set sets them, unless browsers would drop the token.
func (c Cookies) Set(w http.ResponseWriter, token, csrf string) error {
	if n := len(c.Token) + len(token); n > maxCookie {
		return fmt.Errorf("cookie %s: name and value have %d bytes, browsers keep %d: put less into the token", c.Token, n, maxCookie)
	}
	http.SetCookie(w, c.cookie(c.Token, c.TokenPath, token, true))
	if c.CSRF != "" && csrf != "" {
		http.SetCookie(w, c.cookie(c.CSRF, c.CSRFPath, csrf, false))
	}
	return nil
}

// Unset makes the browser forget them.
func (c Cookies) Unset(w http.ResponseWriter) {
	c.MaxAge = 0
	list := []*http.Cookie{c.cookie(c.Token, c.TokenPath, "", true)}
	if c.CSRF != "" {
		list = append(list, c.cookie(c.CSRF, c.CSRFPath, "", false))
	}
	for _, cookie := range list {
		cookie.Expires = time.Unix(0, 0)
		http.SetCookie(w, cookie)
	}
}

func (c Cookies) cookie(name, path, value string, hidden bool) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: Or(path, "/"), Domain: c.Domain, MaxAge: c.MaxAge,
		Secure: c.Secure, SameSite: c.SameSite, HttpOnly: hidden,
	}
}
