package jotgate

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CSRF says how an unsafe request that carries its token in a cookie proves that a page of the right origin sent it. A
// cross-site request is refused by what the browser says (Sec-Fetch-Site, Origin), and the claim csrf of the token must
// stand in a header, which a page of another origin can neither read nor send.
type CSRF struct {
	// Header carries the claim csrf. Empty: X-CSRF-Token.
	Header string
	// Origins are other origins whose pages may send requests, such as https://app.example.com.
	Origins []string
	// Safe are the methods that need no proof. Empty: GET, HEAD, OPTIONS, TRACE (RFC 9110 §9.2.1).
	Safe []string
	// InsecureSkip accepts unsafe requests from anywhere: every page that a user visits can then act as the user.
	InsecureSkip bool
	// InsecureSkipOrigin leaves the header as the only proof, as older libraries do.
	InsecureSkipOrigin bool
}

// Why a request with a token in a cookie is refused. Refusals of CodeCSRF wrap one of them.
var (
	ErrCSRFOrigin  = errors.New("the request comes from a page of another origin")
	ErrCSRFMissing = errors.New("the header with the CSRF token is missing")
	ErrCSRFWrong   = errors.New("the header with the CSRF token does not match the token's claim csrf")
	ErrCSRFClaim   = errors.New("the token has no claim csrf, so no cookie may carry it")
)

const defaultCSRFHeader = "X-Csrf-Token"

func (c CSRF) header() string {
	if c.Header == "" {
		return defaultCSRFHeader
	}
	return http.CanonicalHeaderKey(c.Header)
}

func (c CSRF) check() error {
	if c.Header != "" {
		if err := checkHeader(c.header()); err != nil {
			return fmt.Errorf("CSRF.Header: %w", err)
		}
	}
	for _, o := range c.Origins {
		if !wholeOrigin(o) {
			return fmt.Errorf("CSRF.Origins: %q; want a whole origin as browsers write it, such as https://app.example.com", o)
		}
	}
	for _, m := range c.Safe {
		if m != strings.ToUpper(m) || m == "" {
			return fmt.Errorf("CSRF.Safe: method %q; want it in capitals", m)
		}
	}
	return nil
}

// wholeOrigin tells whether a browser could send this: lower case, no default port, no path.
func wholeOrigin(o string) bool {
	u, err := url.Parse(o)
	if err != nil || u.Host == "" || o != u.Scheme+"://"+strings.ToLower(u.Host) {
		return false
	}
	return u.Port() != map[string]string{"https": "443", "http": "80"}[u.Scheme] || u.Port() == ""
}

func (c CSRF) safe(method string) bool {
	if len(c.Safe) > 0 {
		return slices.Contains(c.Safe, method)
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// Check returns nil when a request may act whose cookie belongs to a session with this claim csrf, and a *Refusal when it
// may not. Guards ask it by themselves; it is for handlers that read another cookie, as one with an opaque refresh token.
func (c CSRF) Check(r Carrier, claim string) error {
	if err := c.prove(r, claim); err != nil {
		return refuse{}.csrf(c.header(), err)
	}
	return nil
}

// prove returns nil when a request with this token in a cookie may act.
func (c CSRF) prove(r Carrier, claim string) error {
	if c.InsecureSkip {
		return nil
	}
	if c.safe(r.Method()) {
		if upgrades(r) && !c.SameOrigin(r) { // a WebSocket can act, and no page can set a header on it
			return ErrCSRFOrigin
		}
		return nil
	}
	if !c.InsecureSkipOrigin && !c.SameOrigin(r) {
		return ErrCSRFOrigin
	}
	values := r.Header(c.header())
	switch {
	case claim == "":
		return ErrCSRFClaim
	case len(values) != 1 || values[0] == "":
		return ErrCSRFMissing
	case subtle.ConstantTimeCompare([]byte(values[0]), []byte(claim)) != 1:
		return ErrCSRFWrong
	}
	return nil
}

func upgrades(r Carrier) bool {
	return strings.Contains(strings.ToLower(strings.Join(r.Header("Upgrade"), ",")), "websocket")
}

// SameOrigin judges what the browser says of where a request comes from. A client that says nothing is no browser, and
// is left to the header's proof. A log-in that sets cookies asks this alone: its user has no claim csrf yet.
func (c CSRF) SameOrigin(r Carrier) bool {
	if len(r.Header("Origin")) > 1 || len(r.Header("Sec-Fetch-Site")) > 1 {
		return false
	}
	origin := first(r.Header("Origin"))
	if origin != "" && slices.Contains(c.Origins, origin) {
		return true
	}
	switch first(r.Header("Sec-Fetch-Site")) {
	case "same-origin", "none":
		return true
	case "":
		return origin == "" || ownOrigin(origin, first(r.Header("Host")))
	}
	return false
}

// ownOrigin tells whether an origin is that of host. Plain http counts for this machine alone: elsewhere it is the page
// of whoever sits on the wire.
func ownOrigin(origin, host string) bool {
	if host == "" {
		return false
	}
	u, err := url.Parse(origin)
	return origin == "https://"+host || origin == "http://"+host && err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
