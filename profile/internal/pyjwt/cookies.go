package pyjwt

import (
	"net/http"
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

// Set sets them.
func (c Cookies) Set(w http.ResponseWriter, token, csrf string) {
	http.SetCookie(w, c.cookie(c.Token, c.TokenPath, token, true))
	if c.CSRF != "" && csrf != "" {
		http.SetCookie(w, c.cookie(c.CSRF, c.CSRFPath, csrf, false))
	}
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
