package jotgate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Refusal is the error of Guard.Check. Status, Code, Detail and Challenge are for the stranger who sent the request:
// they say what to do next and nothing that helps to forge. Error and Unwrap are for the log: they say all.
type Refusal struct {
	Status     int           // 401, 403, 503
	Code       string        // stable word, see the constants
	Detail     string        // one sentence
	Challenge  string        // WWW-Authenticate, for 401 and 403
	RetryAfter time.Duration // for 503
	cause      error
	claims     *jwt.Claims
	places     []Location
	request    Carrier
	at         *Location
}

// Codes of refusals.
const (
	CodeMissing         = "token_missing"             // 401: no bearer token in the request
	CodeInvalid         = "token_invalid"             // 401: malformed, not ours, not for this API: the log says which
	CodeExpired         = "token_expired"             // 401: refresh
	CodeRevoked         = "token_revoked"             // 401: log in again
	CodePermissions     = "permissions_changed"       // 401: refresh, there is no need to log in
	CodeStaleLogin      = "reauthentication_required" // 401: prove the password again (RFC 9470)
	CodeForbidden       = "forbidden"                 // 403: verified, and not allowed here
	CodeCSRF            = "csrf"                      // 403: a cookie came without proof that its own pages sent it
	CodeNoUser          = "user_unknown"              // 401: the token is good and its user is gone
	CodeUsersDown       = "users_unavailable"         // 503
	CodeKeysDown        = "keys_unavailable"          // 503
	CodeRevocationsDown = "revocations_unavailable"   // 503
)

func (r *Refusal) Error() string {
	if r.cause == nil {
		return r.Code
	}
	return r.Code + ": " + r.cause.Error()
}

// Unwrap returns the cause, which wraps one of the errors of package jwt where a token was at fault.
func (r *Refusal) Unwrap() error { return r.cause }

// Claims returns the claims of a token whose signature was proved and that is refused nevertheless: expired, revoked, of
// another kind. False where nothing is proved. They are for Config.Answer and logs, and allow nothing.
func (r *Refusal) Claims() (jwt.Claims, bool) {
	if r.claims == nil {
		return jwt.Claims{}, false
	}
	c := *r.claims // which the cache may hold for other requests
	c.Audience, c.Roles, c.Permissions = slices.Clone(c.Audience), slices.Clone(c.Roles), slices.Clone(c.Permissions)
	return c, true
}

// Location names where the token stood that is refused, as Identity.Location does; "" where there was none.
func (r *Refusal) Location() string {
	if r.at == nil {
		return ""
	}
	return r.at.String()
}

// Missing says for each location that was searched why there is no token, in their order, where CodeMissing refuses a
// request: what Location.Demand would say, or FaultAbsent.
func (r *Refusal) Missing() []FormError {
	var list []FormError
	for _, l := range r.places {
		why := FormError{l.String(), FaultAbsent}
		if l.Demand = true; l.Find == nil {
			_, err := l.find(r.request)
			var fault *FormError
			if errors.As(err, &fault) {
				why = *fault
			}
		}
		list = append(list, why)
	}
	return list
}

// Answer is a refusal as it goes over the wire.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Answer returns the refusal as an RFC 9457 problem.
func (r *Refusal) Answer() Answer {
	body, _ := json.Marshal(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}{http.StatusText(r.Status), r.Status, r.Code, r.Detail}) // texts and a number always marshal
	h := http.Header{"Content-Type": {"application/problem+json"}}
	r.Header(h)
	return Answer{r.Status, h, append(body, '\n')}
}

// Write sends the answer.
func (a Answer) Write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client is gone: nobody is left to tell
}

// Write answers the request with the refusal as an RFC 9457 problem.
func (r *Refusal) Write(w http.ResponseWriter) { r.Answer().Write(w) }

// Answer returns what to answer an error with, by Config.Answer: one of Check, or, where a handler verifies a token
// itself, one of package jwt or token. Any other error is a failure of ours.
func (g *Guard) Answer(err error) Answer {
	var r *Refusal
	switch {
	case errors.As(err, &r):
	case errors.Is(err, jwt.ErrRevoked):
		r = g.refuse.unauthorized(CodeRevoked, detailRevoked, err)
	case tokenAtFault(err):
		r = g.refuse.token(err)
	default:
		r = unavailable("internal_error", err)
	}
	if g.config.Answer != nil {
		return g.config.Answer(r)
	}
	return r.Answer()
}

// Header sets the headers of the answer: WWW-Authenticate, Retry-After, Cache-Control.
func (r *Refusal) Header(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if r.Challenge != "" {
		h.Set("WWW-Authenticate", r.Challenge)
	}
	if r.RetryAfter > 0 {
		h.Set("Retry-After", fmt.Sprint(int64((r.RetryAfter+time.Second-1)/time.Second)))
	}
}

// refuse builds refusals for one realm.
type refuse struct{ realm string }

// challenge writes RFC 6750 §3: no error code when no token was sent.
func (f refuse) challenge(code, detail string, more ...string) string {
	var params []string
	if f.realm != "" {
		params = append(params, "realm="+quote(f.realm))
	}
	if code != "" {
		params = append(params, "error="+quote(code))
	}
	if detail != "" {
		params = append(params, "error_description="+quote(detail))
	}
	params = append(params, more...)
	if len(params) == 0 {
		return "Bearer"
	}
	return "Bearer " + strings.Join(params, ", ")
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func (f refuse) unauthorized(code, detail string, cause error) *Refusal {
	return &Refusal{
		Status: http.StatusUnauthorized, Code: code, Detail: detail,
		Challenge: f.challenge("invalid_token", detail), cause: cause,
	}
}

func (f refuse) missing(k Kind, places []Location) *Refusal {
	var names []string
	for i := range places {
		names = append(names, places[i].wanted())
	}
	return &Refusal{
		Status: http.StatusUnauthorized, Code: CodeMissing,
		Detail:    "This route needs " + k.a() + ": send " + strings.Join(names, ", or ") + ".",
		Challenge: f.challenge("", ""),
	}
}

// token says why a token did not verify. Only "expired" is told to the stranger, who holds a token that was good once:
// it is told after the signature was proved, and its client can act on it.
func (f refuse) token(cause error) *Refusal {
	if errors.Is(cause, jwt.ErrKey) || errors.Is(cause, jwt.ErrPolicy) { // the KeySource or the clock is at fault
		return unavailable(CodeKeysDown, cause)
	}
	if onlyExpired(cause) {
		return f.unauthorized(CodeExpired, "The access token has expired: refresh it.", cause)
	}
	return f.unauthorized(CodeInvalid, "The access token is not valid here.", cause)
}

func onlyExpired(err error) bool { return errors.Is(err, jwt.ErrExpired) && !hasFault(err) }

func tokenAtFault(err error) bool { return errors.Is(err, jwt.ErrExpired) || hasFault(err) }

// hasFault tells whether the token has a fault besides its age.
func hasFault(err error) bool {
	for _, fault := range []error{
		jwt.ErrMalformed, jwt.ErrAlgorithm, jwt.ErrUnknownKey, jwt.ErrSignature, jwt.ErrNotYetValid,
		jwt.ErrIssuer, jwt.ErrAudience, jwt.ErrType, jwt.ErrMissing,
	} {
		if errors.Is(err, fault) {
			return true
		}
	}
	return false
}

const detailRevoked = "The access token has been revoked: log in again."

// reasonPermissions is revocation.ReasonPermissions; the guard knows no set, only verdicts.
const reasonPermissions = "permissions_changed"

func (f refuse) dead(v jwt.Verdict) *Refusal {
	cause := fmt.Errorf("%w: %s", jwt.ErrRevoked, v.Reason)
	if v.Reason == reasonPermissions {
		return f.unauthorized(CodePermissions, "What this user may do has changed: refresh the access token.", cause)
	}
	return f.unauthorized(CodeRevoked, detailRevoked, cause)
}

func (f refuse) staleLogin(maxAge time.Duration) *Refusal {
	const detail = "This needs a recent log-in: prove the password again."
	return &Refusal{
		Status: http.StatusUnauthorized, Code: CodeStaleLogin, Detail: detail,
		Challenge: f.challenge("insufficient_user_authentication", detail, fmt.Sprintf(`max_age="%d"`, int64(maxAge/time.Second))),
		cause:     fmt.Errorf("log-in older than %v", maxAge),
	}
}

// csrf tells a page's author which header to send; a page of another origin learns nothing that it could send.
func (f refuse) csrf(header string, cause error) *Refusal {
	return &Refusal{
		Status: http.StatusForbidden, Code: CodeCSRF,
		Detail: "A request with the token in a cookie must come from a page of this origin and carry the token's claim csrf in the header " + header + ".",
		cause:  cause,
	}
}

func (f refuse) forbidden(lacks string) *Refusal {
	const detail = "The access token does not allow this."
	return &Refusal{
		Status: http.StatusForbidden, Code: CodeForbidden, Detail: detail,
		Challenge: f.challenge("insufficient_scope", detail),
		cause:     errors.New("lacks " + lacks),
	}
}

func unavailable(code string, cause error) *Refusal {
	return &Refusal{
		Status: http.StatusServiceUnavailable, Code: code, RetryAfter: time.Second,
		Detail: "The access token cannot be checked right now: try again.", cause: cause,
	}
}
