package jotgate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Location is one place in a request where a token may stand. Exactly one of Header, Cookie, Query, Body, Subprotocol
// and Find is set.
type Location struct {
	// Header is the name of a header, such as Authorization.
	Header string
	// Schemes are the words before the token in Header, compared without case (RFC 9110 §11.1). Nil: Bearer. One that is
	// empty: the bare token.
	Schemes []string
	// ExactScheme compares Schemes with case, as some older libraries did.
	ExactScheme bool

	// Cookie is the name of a cookie. Unsafe methods then need proof against cross-site request forgery: see CSRF.
	Cookie string
	// CSRF says what proof. The zero CSRF is the safe one.
	CSRF CSRF

	// Query is the name of a parameter. Addresses end in logs, histories and Referer: only for clients that can do nothing
	// else.
	Query string
	// Prefix stands before the token in Query.
	Prefix string

	// Body is the name of a member of a JSON object of at most 64 KiB in the body, which the handler can still read. In any
	// other body there is no token.
	Body string

	// Subprotocol is the word before the token in Sec-WebSocket-Protocol, for browsers, which cannot set headers on a
	// WebSocket: `bearer, <token>`. The handler answers with that word as its protocol, never with the token.
	Subprotocol string

	// Demand makes a fault of what otherwise is absence: another scheme in Header, another content type or form for Body.
	Demand bool

	// Find looks anywhere else: "" for nothing found. An error that is a *Refusal is the answer, any other is 401: a store
	// that cannot be asked returns &Refusal{Status: 503, …}, or its clients would log in again for nothing. What the browser
	// sends by itself, as cookies and the client's certificate, is the business of Cookie and no place for Find: it asks for
	// no proof against forgery. Name is what it is called in logs and by Identity.Location.
	Find func(Carrier) (string, error)
	Name string
}

// FormError says that something stands where a token may stand, and that it is not one.
type FormError struct {
	Location string // as String spells it
	Fault    string
}

func (e *FormError) Error() string { return e.Location + ": " + e.Fault }

// Faults of FormError where clients of older libraries expect words of their own for each.
const (
	FaultAbsent   = "nothing there"
	FaultNoToken  = "no token after the scheme"
	FaultSpaces   = "more than one token after the scheme"
	FaultScheme   = "another scheme than expected"
	FaultTwice    = "more than one token"
	FaultNotJSON  = "the content type is not JSON"
	FaultBody     = "the body is no JSON object"
	FaultMember   = "the member of the body is no text"
	FaultPrefix   = "no prefix before the token"
	FaultTicket   = "the ticket is spent, unknown or too old"
	FaultConflict = "another token than elsewhere in the request"
)

// String names the location: "header Authorization", "cookie __Host-access".
func (l Location) String() string {
	switch {
	case l.Header != "":
		return "header " + l.Header
	case l.Cookie != "":
		return "cookie " + l.Cookie
	case l.Query != "":
		return "query " + l.Query
	case l.Body != "":
		return "body " + l.Body
	case l.Subprotocol != "":
		return "subprotocol " + l.Subprotocol
	}
	return l.Name
}

// wanted says what a client without a token should send.
func (l *Location) wanted() string {
	if l.Header == "" {
		return "it in " + l.String()
	}
	scheme := l.schemes()[0]
	if scheme != "" {
		scheme += " "
	}
	return l.Header + ": " + scheme + "TOKEN"
}

func (l *Location) schemes() []string {
	if len(l.Schemes) == 0 {
		return bearerScheme
	}
	return l.Schemes
}

func (l Location) check() error {
	set := 0
	for _, is := range []bool{l.Header != "", l.Cookie != "", l.Query != "", l.Body != "", l.Subprotocol != "", l.Find != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("want exactly one of Header, Cookie, Query, Body, Subprotocol and Find, got %d", set)
	}
	if l.Find != nil && l.Name == "" {
		return errors.New("Find needs a Name")
	}
	for i, s := range l.Schemes {
		if s != "" && !tokenForm.MatchString(s) || s == "" && i < len(l.Schemes)-1 {
			return fmt.Errorf("Schemes: %q; want words, and the empty one last", l.Schemes)
		}
	}
	if l.Header == "" && len(l.Schemes) > 0 || l.Query == "" && l.Prefix != "" {
		return errors.New("Schemes belong to Header, Prefix to Query")
	}
	if l.Header != "" {
		return checkHeader(l.Header)
	}
	if l.Cookie != "" && !tokenForm.MatchString(l.Cookie) {
		return fmt.Errorf("cookie %q: no client can send that name", l.Cookie)
	}
	return l.CSRF.check()
}

// tokenForm is what names of headers, cookies and schemes are made of (RFC 9110 §5.6.2).
var tokenForm = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]+$")

func checkHeader(name string) error {
	switch canonical := http.CanonicalHeaderKey(name); {
	case !tokenForm.MatchString(name):
		return fmt.Errorf("header %q: no client can send that name", name)
	case name != canonical:
		return fmt.Errorf("header %q: want it as %q", name, canonical)
	case name == "Cookie":
		return errors.New("header Cookie: set Location.Cookie, which asks for proof against forgery")
	}
	return nil
}

func cloneLocations(list []Location) []Location {
	list = slices.Clone(list)
	for i := range list {
		l := &list[i]
		l.Schemes, l.CSRF.Origins, l.CSRF.Safe = slices.Clone(l.Schemes), slices.Clone(l.CSRF.Origins), slices.Clone(l.CSRF.Safe)
	}
	return list
}

func (l *Location) fault(f string) error { return &FormError{l.String(), f} }

// maxBody bounds the body that is read for a token.
const maxBody = 64 << 10

// Token returns the raw token at this place of a request, "" for none. Nothing about it is proved: it is for handlers that
// take another token than a guard's, as an opaque refresh token from a cookie.
func (l Location) Token(c Carrier) (string, error) { return l.find(c) }

// find returns the token at this place, "" for none.
func (l *Location) find(c Carrier) (string, error) {
	switch {
	case l.Header != "":
		return l.inHeader(c.Header(l.Header))
	case l.Cookie != "":
		return l.inCookies(c.Header("Cookie"))
	case l.Query != "":
		return l.inQuery(c.RawQuery())
	case l.Body != "":
		return l.inBody(c)
	case l.Subprotocol != "":
		return l.inSubprotocols(c.Header("Sec-Websocket-Protocol"))
	case l.Find != nil:
		return l.Find(c)
	}
	return "", unavailable("internal_error", errors.New("a Location that names no place, which Guard.Need would not have taken"))
}

var bearerScheme = []string{"Bearer"}

// inHeader reads a header (RFC 6750 §2.1). A list such as `Basic x, Bearer t`, which some proxies make, is read as such.
// What cannot be told apart is a fault: two headers, two tokens, none after the scheme, anything but one space between.
func (l *Location) inHeader(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", l.fault(FaultTwice)
	}
	if strings.Trim(values[0], ", \t") == "" {
		return "", nil
	}
	schemes := l.schemes()
	found, token := false, ""
	for entry := range strings.SplitSeq(values[0], ",") {
		rest, ok := l.afterScheme(strings.Trim(entry, " \t"), schemes)
		if !ok {
			continue
		}
		if found {
			return "", l.fault(FaultTwice)
		}
		found, token = true, rest
	}
	switch {
	case !found && l.Demand:
		return "", l.fault(FaultScheme)
	case found && token == "":
		return "", l.fault(FaultNoToken)
	case strings.IndexByte(token, ' ') >= 0 || strings.IndexByte(token, '\t') >= 0: // ContainsAny goes byte by byte
		return "", l.fault(FaultSpaces)
	}
	return token, nil
}

// afterScheme returns what follows one of the schemes, and false for another scheme.
func (l *Location) afterScheme(entry string, schemes []string) (string, bool) {
	word, rest := cutSpace(entry)
	for _, s := range schemes {
		switch {
		case s == "" && entry != "":
			return entry, true
		case s != "" && (word == s || !l.ExactScheme && strings.EqualFold(word, s)):
			return strings.TrimPrefix(rest, " "), true
		}
	}
	return "", false
}

// cutSpace cuts s before its first space or tab, so that a scheme is known by whatever ends it.
func cutSpace(s string) (before, after string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// inCookies refuses two cookies of the name with different values: one of them was planted, from a sibling host or by
// an older path, and which one counts would be an accident of their order.
func (l *Location) inCookies(headers []string) (string, error) {
	token, found := "", false
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			// Only what RFC 6265 calls space is cut off: a browser lets anybody set a cookie whose name begins with another
			// kind of it, and the prefix __Host- would protect nothing.
			name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
			if strings.TrimRight(name, " \t") != l.Cookie {
				continue
			}
			value = strings.Trim(value, `"`)
			if found && value != token {
				return "", l.fault(FaultTwice)
			}
			token, found = value, true
		}
	}
	return token, nil
}

func (l *Location) inQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	values, _ := url.ParseQuery(raw) // what cannot be read is not there
	list := values[l.Query]
	if len(list) == 0 {
		return "", nil
	}
	if len(slices.Compact(list)) > 1 {
		return "", l.fault(FaultTwice)
	}
	token, ok := strings.CutPrefix(list[0], l.Prefix)
	if !ok {
		return "", l.fault(FaultPrefix)
	}
	return token, nil
}

func (l *Location) inBody(c Carrier) (string, error) {
	kind := ""
	if values := c.Header("Content-Type"); len(values) > 0 {
		kind, _, _ = mime.ParseMediaType(values[0])
	}
	if kind != "application/json" {
		if l.Demand {
			return "", l.fault(FaultNotJSON)
		}
		return "", nil
	}
	b, err := c.Body(maxBody)
	if len(bytes.TrimSpace(b)) == 0 {
		return "", nil
	}
	if err != nil || !json.Valid(b) || bytes.TrimSpace(b)[0] != '{' {
		if l.Demand {
			return "", l.fault(FaultBody)
		}
		return "", nil
	}
	return l.inObject(b)
}

// inObject reads a member of a valid object. encoding/json would take the last of two, a handler perhaps the first.
func (l *Location) inObject(b []byte) (token string, err error) {
	d, found := json.NewDecoder(bytes.NewReader(b)), false
	for _, err = d.Token(); err == nil && d.More(); {
		name, _ := d.Token()
		var value json.RawMessage
		if err = d.Decode(&value); err != nil || name != l.Body {
			continue
		}
		if found {
			return "", l.fault(FaultTwice)
		}
		if found = true; json.Unmarshal(value, &token) != nil {
			return "", l.fault(FaultMember)
		}
	}
	return token, err
}

// inSubprotocols reads `bearer, <token>` from the offers of a WebSocket client.
func (l *Location) inSubprotocols(headers []string) (string, error) {
	token, next := "", false
	for offer := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		offer = strings.Trim(offer, " \t")
		if next {
			if token != "" {
				return "", l.fault(FaultTwice)
			}
			token = offer
		}
		next = strings.EqualFold(offer, l.Subprotocol)
	}
	return token, nil
}

// locate finds the token of a request and where it stood. Without FirstWins all locations are looked at, and different
// tokens in two of them are refused: there is no silent choice of identity.
func (g *Guard) locate(c Carrier, locations []Location) (token string, at *Location, err error) {
	for i := range locations {
		found, err := locations[i].find(c)
		if err != nil {
			return "", &locations[i], err
		}
		switch {
		case found == "":
		case at == nil:
			token, at = found, &locations[i]
			if g.config.FirstWins {
				return token, at, nil
			}
		case found != token:
			return "", at, locations[i].fault(FaultConflict)
		}
	}
	return token, at, nil
}
