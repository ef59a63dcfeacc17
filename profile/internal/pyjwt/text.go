package pyjwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Fault is an error with the words that clients of the library know.
type Fault struct {
	Text string
	Err  error
}

func (f *Fault) Error() string { return f.Text + ": " + f.Err.Error() }

// Unwrap returns Err.
func (f *Fault) Unwrap() error { return f.Err }

// Texts of PyJWT.
const (
	Expired   = "Signature has expired"
	Signature = "Signature verification failed"
)

// Missing is the fault of a token without a claim.
func Missing(claim string) error {
	return &Fault{`Token is missing the "` + claim + `" claim`, fmt.Errorf("%w: %s", jwt.ErrMissing, claim)}
}

// Parse is jwt.Parse; its errors say in which segment the fault is, in PyJWT's words.
func Parse(raw string) (jwt.Unverified, error) {
	u, err := jwt.Parse(raw)
	if err != nil {
		return jwt.Unverified{}, &Fault{formText(raw, err), err}
	}
	return u, nil
}

func formText(raw string, err error) string {
	if len(raw) > jwt.MaxToken {
		return "Token is too long"
	}
	input, sig, _ := cutLast(raw)
	head, payload, two := strings.Cut(input, ".")
	if !two {
		return "Not enough segments"
	}
	header, ok := decode(head)
	if !ok {
		return "Invalid header padding"
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(header, &members) != nil || members == nil {
		return "Invalid header string: must be a json object"
	}
	if _, ok := decode(payload); !ok {
		return "Invalid payload padding"
	}
	if _, ok := decode(sig); !ok || sig == "" {
		return "Invalid crypto padding"
	}
	if _, ok := members["alg"]; !ok {
		return "Algorithm not specified"
	}
	if errors.Is(err, jwt.ErrAlgorithm) {
		return notAllowed
	}
	return "Invalid header string: a parameter that is not accepted"
}

const notAllowed = "The specified alg value is not allowed"

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

func decode(segment string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	return b, err == nil && !strings.ContainsAny(segment, "\r\n")
}

// Text says what PyJWT says of a token that was refused with err, an error of package jwt or a *Fault: of several faults
// the one that it meets first.
func Text(err error) string {
	var f *Fault
	switch {
	case err == nil:
		return "Invalid token"
	case errors.As(err, &f):
		return f.Text
	case errors.Is(err, jwt.ErrAlgorithm):
		return notAllowed
	case errors.Is(err, jwt.ErrSignature), errors.Is(err, jwt.ErrUnknownKey):
		return Signature
	case errors.Is(err, jwt.ErrMalformed):
		return claimText(strings.TrimPrefix(about(err, jwt.ErrMalformed), "claim "))
	}
	return policyText(err)
}

// about returns what package jwt writes behind the sentinel: there it names the claim.
func about(err error, sentinel error) string {
	for line := range strings.SplitSeq(err.Error(), "\n") { // of errors.Join; what a token says is quoted
		if rest, ok := strings.CutPrefix(line, sentinel.Error()+": "); ok {
			return rest
		}
	}
	return ""
}

// claimText speaks of a claim that is not of its type.
func claimText(about string) string {
	name, _, _ := strings.Cut(about, ":")
	switch name {
	case "exp":
		return "Expiration Time claim (exp) must be an integer."
	case "nbf":
		return "Not Before claim (nbf) must be an integer."
	case "iat":
		return "Issued At claim (iat) must be an integer."
	case "iss":
		return "Payload Issuer (iss) must be a string"
	case "aud":
		return "Invalid claim format in token"
	case "sub":
		return "Subject must be a string"
	case "jti":
		return "JWT ID must be a string"
	case "csrf":
		return "Missing claim: csrf"
	}
	return "Invalid payload string: must be a json object"
}

func policyText(err error) string {
	missing, early := about(err, jwt.ErrMissing), about(err, jwt.ErrNotYetValid)
	name, _, _ := strings.Cut(missing, ",")
	switch {
	case missing != "":
		return Missing(name).(*Fault).Text
	case strings.HasPrefix(early, "nbf") && !strings.Contains(err.Error(), "\n"+jwt.ErrNotYetValid.Error()+": iat"):
		return "The token is not yet valid (nbf)"
	case early != "":
		return "The token is not yet valid (iat)"
	case errors.Is(err, jwt.ErrExpired):
		return Expired
	case errors.Is(err, jwt.ErrIssuer):
		return absent(err, jwt.ErrIssuer, "iss", "Invalid issuer")
	case errors.Is(err, jwt.ErrAudience):
		return absent(err, jwt.ErrAudience, "aud", "Audience doesn't match")
	}
	return "Invalid token type"
}

func absent(err, sentinel error, claim, otherwise string) string {
	if strings.HasSuffix(about(err, sentinel), jwt.ErrMissing.Error()) {
		return Missing(claim).(*Fault).Text
	}
	return otherwise
}

// Foreign are the registered claims that these libraries leave to their users, and so may hold anything.
func Foreign(more ...string) []string {
	return append([]string{"client_id", "sid", "auth_time", "roles", "permissions", "ver", "pol"}, more...)
}

// Claims are the claims of a token by their exact names.
type Claims map[string]json.RawMessage

// Read returns the claims of a token of such a library, which has typ JWT: a token of another type that the same key
// signed is for something else.
func Read(h jwt.Header, c jwt.Claims) (Claims, error) {
	if !strings.EqualFold(h.Type, "JWT") {
		return nil, fmt.Errorf("%w: want JWT, got %q", jwt.ErrType, h.Type)
	}
	var m Claims
	return m, c.Decode(&m)
}

// Unaddressed refuses a token that names an audience, where none is expected.
func Unaddressed(c jwt.Claims) error {
	if len(c.Audience) == 0 {
		return nil
	}
	return &Fault{"Invalid audience", fmt.Errorf("%w: want none, got %q", jwt.ErrAudience, c.Audience)}
}

// Name returns the claim that tells whose the token is: a text, or a whole number as text. False for anything else.
func (c Claims) Name(claim string) (string, bool) {
	var text string
	var number int64
	switch raw := c[claim]; {
	case raw == nil || string(raw) == "null":
		return "", false
	case json.Unmarshal(raw, &text) == nil:
		return text, text != ""
	case json.Unmarshal(raw, &number) == nil:
		return fmt.Sprint(number), true
	}
	return "", false
}

// Texts returns a claim that is a list of texts, nil for any other.
func (c Claims) Texts(claim string) (list []string) {
	if json.Unmarshal(c[claim], &list) != nil {
		return nil
	}
	return list
}

// Number returns a claim that is a number, and false for any other.
func (c Claims) Number(claim string) (n float64, ok bool) {
	raw := c[claim]
	ok = raw != nil && string(raw) != "null" && json.Unmarshal(raw, &n) == nil
	return n, ok
}

// Is tells whether a claim is this text.
func (c Claims) Is(claim, text string) bool {
	var s string
	return json.Unmarshal(c[claim], &s) == nil && s == text
}

// Or returns value, or what stands in for it where it is empty.
func Or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// CheckName tells whether v may name a user in a token: a text or a whole number.
func CheckName(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, ok := (Claims{"v": b}).Name("v"); !ok {
		return fmt.Errorf("identity: want a text or a whole number, got %T", v)
	}
	return nil
}

// Always is when a token that counts as fresh for its whole life is fresh until.
func Always() time.Time { return time.Unix(1<<40, 0) }

// ErrNever refuses to issue a token without expiry.
var ErrNever = errors.New("a token without expiry needs InsecureOptionalExpiry")

var methods = []string{"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "POST", "PUT", "PATCH", "DELETE"}

// CheckMethods refuses a list that by a slip would leave methods unprotected: one of none, or with a name that none has.
func CheckMethods(unsafe []string) error {
	for _, u := range unsafe {
		if !slices.ContainsFunc(methods, func(m string) bool { return strings.EqualFold(m, u) }) {
			return fmt.Errorf("CSRFMethods: %q; want some of %q", u, methods)
		}
	}
	if unsafe != nil && len(unsafe) == 0 {
		return errors.New("CSRFMethods: empty; leave it nil for the default, or set InsecureSkipCSRF")
	}
	return nil
}

// Safe returns the methods that need no CSRF token where only these do.
func Safe(unsafe []string) (safe []string) {
	for _, m := range methods {
		if !slices.ContainsFunc(unsafe, func(u string) bool { return strings.EqualFold(u, m) }) {
			safe = append(safe, m)
		}
	}
	return safe
}
