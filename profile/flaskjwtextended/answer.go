package flaskjwtextended

import (
	"errors"
	"net/http"
	"strings"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/profile/internal/pyjwt"
)

const codeVerification = "claims_verification_failed"

// VerificationFailed is what Rule.Also returns where token_verification_loader returned False: 400.
func VerificationFailed() *jotgate.Refusal {
	return &jotgate.Refusal{Status: http.StatusBadRequest, Code: codeVerification, Detail: "User claims verification failed"}
}

func (s Settings) answer(r *jotgate.Refusal) jotgate.Answer {
	status, text := s.words(r)
	body, _ := pyjwt.JSON(pyjwt.Object{{Name: s.ErrorMessageKey, Value: text}}, pyjwt.Compact) // a text always marshals
	h := http.Header{}
	r.Header(h)
	h.Del("WWW-Authenticate")
	h.Set("Content-Type", "application/json")
	return jotgate.Answer{Status: status, Header: h, Body: body}
}

func (s Settings) words(r *jotgate.Refusal) (int, string) {
	switch r.Code {
	case jotgate.CodeMissing:
		return 401, s.missing(r.Missing())
	case jotgate.CodeCSRF:
		return csrfWords(r)
	case jotgate.CodeExpired:
		return 401, "Token has expired"
	case jotgate.CodeRevoked, jotgate.CodePermissions:
		return 401, "Token has been revoked"
	case jotgate.CodeStaleLogin:
		return 401, "Fresh token required"
	case jotgate.CodeNoUser:
		return 401, "Error loading the user " + s.user(r)
	case jotgate.CodeInvalid:
		return s.invalid(r)
	}
	return r.Status, r.Detail
}

func (s Settings) invalid(r *jotgate.Refusal) (int, string) {
	var form *jotgate.FormError
	var kind *jotgate.KindError
	switch {
	case errors.As(r, &kind) && kind.Want == jotgate.KindRefresh:
		return 422, "Only refresh tokens are allowed"
	case errors.As(r, &kind):
		return 422, "Only non-refresh tokens are allowed"
	case errors.As(r, &form):
		return s.form(form)
	}
	if text := pyjwt.Text(r.Unwrap()); text != pyjwt.Expired {
		return 422, text
	}
	return 401, "Token has expired"
}

func (s Settings) form(f *jotgate.FormError) (int, string) {
	place, name, _ := strings.Cut(f.Location, " ")
	switch {
	case place == "header" && f.Fault == jotgate.FaultTwice:
		return 401, s.absent(jotgate.FormError{Location: f.Location, Fault: jotgate.FaultScheme})
	case place == "header":
		return 422, "Bad " + s.HeaderName + " header. " + s.expected()
	case f.Fault == jotgate.FaultPrefix:
		return 422, "Invalid value for query parameter '" + name + "'. Expected the value to start with '" + s.QueryStringValuePrefix + "'"
	case place == "body":
		return 401, s.absent(*f)
	}
	return 422, "Invalid " + place
}

func (s Settings) expected() string {
	scheme := s.HeaderType + " "
	if s.BareHeader {
		scheme = ""
	}
	return "Expected '" + s.HeaderName + ": " + scheme + "<JWT>'"
}

// missing lists where no token was found, and why.
func (s Settings) missing(list []jotgate.FormError) string {
	names := map[string]string{"header": "headers", "cookie": "cookies", "query": "query_string", "body": "json"}
	var places, reasons []string
	for _, f := range list {
		place, _, _ := strings.Cut(f.Location, " ")
		places, reasons = append(places, pyjwt.Or(names[place], place)), append(reasons, s.absent(f))
	}
	switch last := len(places) - 1; last {
	case -1:
		return "Missing JWT"
	case 0:
		return reasons[0]
	default:
		return "Missing JWT in " + strings.Join(places[:last], ", ") + " or " + places[last] + " (" + strings.Join(reasons, "; ") + ")"
	}
}

func (s Settings) absent(f jotgate.FormError) string {
	switch place, name, _ := strings.Cut(f.Location, " "); {
	case place == "header" && f.Fault == jotgate.FaultScheme:
		return "Missing '" + s.HeaderType + "' type in '" + s.HeaderName + "' header. " + s.expected()
	case place == "header":
		return "Missing " + s.HeaderName + " Header"
	case place == "cookie":
		return `Missing cookie "` + name + `"`
	case place == "query":
		return "Missing '" + name + "' query paramater" // the library's spelling
	case f.Fault == jotgate.FaultNotJSON:
		return "Invalid content-type. Must be application/json."
	case place == "body":
		return `Missing "` + name + `" key in json data.`
	}
	return "Missing " + f.Location
}

func csrfWords(r *jotgate.Refusal) (int, string) {
	switch {
	case errors.Is(r, jotgate.ErrCSRFClaim):
		return 422, "Missing claim: csrf"
	case errors.Is(r, jotgate.ErrCSRFMissing):
		return 401, "Missing CSRF token"
	}
	return 401, "CSRF double submit tokens do not match"
}

// user names whom nobody could load.
func (s Settings) user(r *jotgate.Refusal) string {
	claims, _ := r.Claims()
	var all pyjwt.Claims
	_ = claims.Decode(&all) // was read before: no user without a verified token
	name, _ := all.Name(s.IdentityClaim)
	return name
}
