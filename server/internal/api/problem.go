package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Problem is the one shape of every error (RFC 9457).
type Problem struct {
	Title     string  `json:"title" doc:"The status in words"`
	Status    int     `json:"status"`
	Code      string  `json:"code" doc:"A stable word to branch on"`
	Detail    string  `json:"detail" doc:"What to do about it"`
	Reason    string  `json:"reason,omitempty" doc:"With code invalid_grant: why the refresh token is refused" enum:"reused,expired,ended,unknown"`
	RequestID string  `json:"request_id" doc:"Stands in the server's log beside the cause"`
	Errors    []Fault `json:"errors,omitempty" doc:"One entry a field"`

	header http.Header
}

// Fault is one broken rule of one field. The value is not repeated: it may be a password.
type Fault struct {
	Pointer string `json:"pointer" doc:"Where in the body (RFC 6901), or the name of the parameter"`
	Code    string `json:"code,omitempty"`
	Detail  string `json:"detail"`
}

func (p *Problem) Error() string             { return p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) ContentType(string) string { return "application/problem+json" }

var (
	errUndeclared = errors.New("operation without a need")
	errTwoTokens  = errors.New("a token in the header and another in the body")
	errLeaving    = errors.New("shutting down")
	errNotFound   = &Problem{Status: 404, Code: "not_found", Detail: "There is nothing here. The routes are listed at /docs."}
)

// useProblems makes huma speak Problem and tell `Username` from `username`, which two readers would read in two ways.
// These are variables of its package, the same for every API of the process.
var useProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return problemOf(status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := problemOf(status, msg, errs)
		finish(ctx.Context(), p, errs)
		for k, v := range p.header {
			ctx.SetHeader(k, v[0])
		}
		return p
	}
})

// writeError answers from a middleware of huma.
func writeError(ctx huma.Context, api huma.API, err error) {
	_ = huma.WriteErr(api, ctx, http.StatusInternalServerError, "", err) // the client is gone: nobody to tell
}

// write answers from outside huma.
func (p Problem) write(w http.ResponseWriter, r *http.Request) {
	finish(r.Context(), &p, nil)
	for k, v := range p.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// finish adds the request's id, and logs what is a fault of ours.
func finish(ctx context.Context, p *Problem, errs []error) {
	p.Title = http.StatusText(p.Status)
	req := requestOf(ctx)
	p.RequestID = req.client.RequestID
	if p.Status >= 500 && p.Code != codeLeaving && req.log != nil {
		req.log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("code", p.Code), slog.Any("err", errors.Join(errs...)))
	}
}

// problemOf is the one function that turns errors into HTTP.
func problemOf(status int, msg string, errs []error) *Problem {
	if status >= 500 || status == 0 {
		for _, err := range errs {
			if p := domain(err); p != nil {
				return p
			}
		}
		return &Problem{Status: 500, Code: "internal_error", Detail: "Something failed on our side. The request id leads to the cause in the log."}
	}
	p := &Problem{Status: status, Code: codeOf(status), Detail: sentence(msg)}
	if status == 413 {
		p.Detail = fmt.Sprintf("The body is larger than %d bytes.", maxBody)
	}
	for _, err := range errs {
		p.add(err)
	}
	return p
}

func codeOf(status int) string {
	switch status {
	case 400:
		return "malformed_request"
	case 413:
		return "body_too_large"
	case 415:
		return "unsupported_media_type"
	case 422:
		return "validation_failed"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

func sentence(msg string) string {
	if msg == "" || msg == "validation failed" {
		return "The request breaks a rule; errors says which."
	}
	return strings.ToUpper(msg[:1]) + msg[1:] + "."
}

// add keeps place and rule of a fault and drops the value. What has the wrong type or a wrong name was not meant for
// this route at all: that is 400; a value of the right type that breaks a rule is 422.
func (p *Problem) add(err error) {
	var d *huma.ErrorDetail
	if !errors.As(err, &d) {
		p.Errors = append(p.Errors, Fault{Detail: err.Error()})
		return
	}
	if p.Status == 422 && wrongType(d.Message) {
		p.Status, p.Code = 400, codeOf(400)
	}
	at := pointer(d.Location)
	var name string
	if n, _ := fmt.Sscanf(d.Message, validation.MsgExpectedRequiredProperty, &name); n == 1 {
		at += "/" + name // huma names the object that lacks it
	}
	p.Errors = append(p.Errors, Fault{Pointer: at, Detail: d.Message})
}

func wrongType(msg string) bool {
	switch msg {
	case validation.MsgExpectedString, validation.MsgExpectedObject, validation.MsgExpectedArray, validation.MsgExpectedBoolean,
		validation.MsgExpectedInteger, validation.MsgExpectedNumber, validation.MsgUnexpectedProperty:
		return true
	}
	return false
}

// pointer turns huma's "body.a[0].b" into /a/0/b, and "query.limit" into limit.
func pointer(location string) string {
	place, rest, _ := strings.Cut(location, ".")
	if place != "body" {
		return rest
	}
	if rest == "" {
		return ""
	}
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
}

// codeLeaving is no fault: load balancers ask until they have understood.
const codeLeaving = "shutting_down"

// statusGone is for the log alone: nobody is left to read it.
const statusGone = 499

// refusals are the errors that need a status, a code and a sentence and nothing more.
var refusals = []struct {
	err    error
	status int
	code   string
	detail string
}{
	{store.ErrNotFound, 404, "not_found", "There is no such thing, or it is not yours."},
	{store.ErrUsernameTaken, 409, "username_taken", "Somebody has this user name: choose another."},
	{store.ErrEmailTaken, 409, "email_taken", "An account with this e-mail address exists: log in."},
	{store.ErrRoleTaken, 409, "role_taken", "A role of this name exists."},
	{store.ErrLastAdmin, 409, "last_admin", "This would leave no admin: make another one first."},
	{store.ErrConflict, 409, "conflict", "It was changed meanwhile: read it again."},
	{store.ErrSetupDone, 404, "setup_done", "Set-up is over: an admin exists or existed."},
	{store.ErrCode, 403, "wrong_code", "This code is wrong, used or too old."},
	{store.ErrDisabled, 403, "user_disabled", "This account is disabled."},
	{store.ErrEnded, 401, jotgate.CodeRevoked, "The session has ended: log in again."},
	{store.ErrExpired, 401, jotgate.CodeRevoked, "The session has ended: log in again."},
	{account.ErrPassword, 403, "wrong_password", "The current password is wrong."},
	{account.ErrSignupClosed, 403, "signup_closed", "Sign-up is closed: an admin makes the accounts here."},
	{account.ErrInvite, 403, "invite_required", "Sign-up needs the code of an invite, in `invite`."},
	{errAbove, 403, "above_you", "This touches permissions that you do not hold yourself."},
	{errTwoTokens, 400, "two_tokens", "Send one token: the access token in the header, or the refresh token in the body."},
	{errNoHTTPS, 400, "cookies_need_https", "Browsers keep these cookies from https and from this machine only: let public_url be the https address, or log in without `cookies`."},
	{errOtherOrigin, 403, jotgate.CodeCSRF, "Cookies are for pages of this server's own origin: log in without `cookies`, and send the access token in Authorization."},
	{errLargeCookie, 422, "token_too_large", "Browsers drop cookies of this size: log in without `cookies`, or have roles taken away."},
	{errProtected, 409, "role_protected", "The role admin stays as it is."},
	{errDefaultRole, 409, "role_protected", "New users get this role: change the setting default_role first."},
}

// domain translates what the trips, the store and the guard return; nil for what nobody foresaw.
func domain(err error) *Problem {
	var (
		refusal *jotgate.Refusal
		limited *account.LimitedError
		grant   *account.GrantError
		form    *jotgate.FormError
		field   *account.FieldError
	)
	switch {
	case errors.As(err, &refusal):
		p := &Problem{Status: refusal.Status, Code: refusal.Code, Detail: refusal.Detail, header: http.Header{}}
		refusal.Header(p.header)
		return p
	case errors.As(err, &limited):
		return retry(429, "too_many_tries", "Too many tries: wait before the next one.", limited.After)
	case errors.As(err, &grant):
		return &Problem{Status: 400, Code: "invalid_grant", Reason: grant.Reason, Detail: "This refresh token is no longer good: log in again."}
	case errors.As(err, &field):
		return &Problem{
			Status: 422, Code: field.Code, Detail: field.Detail,
			Errors: []Fault{{Pointer: "/" + field.Field, Code: field.Code, Detail: field.Detail}},
		}
	case errors.Is(err, account.ErrCredentials):
		return unauthorized("invalid_credentials", "The name or the password is wrong.")
	case errors.Is(err, account.ErrToken), errors.As(err, &form):
		return unauthorized(jotgate.CodeInvalid, "Send an access token or a refresh token of this server.")
	case errors.Is(err, account.ErrBusy):
		return retry(503, "busy", "Too many log-ins at once: try again.", time.Second)
	case errors.Is(err, errLeaving):
		return retry(503, "shutting_down", "This server is shutting down.", time.Second)
	case errors.Is(err, context.Canceled):
		return &Problem{Status: statusGone, Code: "client_gone", Detail: "The client closed the connection."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return retry(503, "database_unavailable", "The server cannot reach its database right now: try again.", time.Second)
	}
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			if r.status == 401 {
				return unauthorized(r.code, r.detail)
			}
			return &Problem{Status: r.status, Code: r.code, Detail: r.detail}
		}
	}
	return nil
}

func unauthorized(code, detail string) *Problem {
	return &Problem{Status: 401, Code: code, Detail: detail, header: http.Header{"Www-Authenticate": {"Bearer"}}}
}

func retry(status int, code, detail string, after time.Duration) *Problem {
	seconds := int64((after + time.Second - 1) / time.Second)
	return &Problem{Status: status, Code: code, Detail: detail, header: http.Header{"Retry-After": {fmt.Sprint(max(1, seconds))}}}
}
