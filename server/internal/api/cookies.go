package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
)

// Cookies and their proof against forgery have the library's safe defaults. They serve pages of the server's own host.
var (
	jar   jotgate.Cookies
	proof jotgate.CSRF
)

var (
	errNoHTTPS       = errors.New("cookies over plain http")
	errOtherOrigin   = errors.New("a log-in with cookies from a page of another origin")
	errForeignCookie = &account.FieldError{Field: "resource", Code: "resource_unknown", Detail: "Cookies are for this server's own routes: log in without `cookies`, or without `resource`."}
	errLargeCookie   = errors.New("a token larger than a cookie")
)

// Locations are where an access token may stand.
func Locations(cookies bool) []jotgate.Location {
	list := []jotgate.Location{{Header: "Authorization"}}
	if cookies {
		list = append(list, jar.Location())
	}
	return list
}

// InCookies is the answer to log-in and refresh where the tokens are in cookies that no script can read.
type InCookies struct {
	CSRFToken        string `json:"csrf_token" doc:"Send it as X-CSRF-Token with POST, PUT, PATCH and DELETE. Stands in the cookie __Host-csrf too"`
	ExpiresIn        int64  `json:"expires_in" doc:"Seconds until the access token must be refreshed" example:"900"`
	RefreshExpiresIn int64  `json:"refresh_expires_in" doc:"Seconds until the session ends unless it is refreshed" example:"2592000"`
	SessionID        string `json:"session_id"`
}

// either is an answer of one of two forms.
type either[A, B any] struct{ v any }

func (e either[A, B]) MarshalJSON() ([]byte, error) { return json.Marshal(e.v) }

func (either[A, B]) Schema(r huma.Registry) *huma.Schema {
	a, b := reflect.TypeFor[A](), reflect.TypeFor[B]()
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(a, true, a.Name()), r.Schema(b, true, b.Name())}}
}

// mayKeep returns an error when a log-in may not set cookies: browsers would drop them, or it is not a page of ours that
// asks, which would log its visitor in as somebody else.
func (a *API) mayKeep(ctx context.Context) error {
	switch {
	case !a.Cookies:
		return errNoHTTPS
	case !proof.SameOrigin(jotgate.Carry(requestOf(ctx).http)):
		return errOtherOrigin
	}
	return nil
}

// byCookie tells whether the caller's access token came in a cookie.
func byCookie(ctx context.Context) bool { return who(ctx).Location() == jar.Location().String() }

// keep sets the access token as a cookie. All cookies live as long as the session: a page whose access token is too old
// then hears that it has expired, and not that there is none.
func keep(ctx context.Context, t account.Tokens) (InCookies, error) {
	if err := jar.SetAccess(requestOf(ctx).answer, t.Access, t.CSRF, t.RefreshUntil); err != nil {
		return InCookies{}, errors.Join(errLargeCookie, err)
	}
	all := tokensOf(t)
	return InCookies{t.CSRF, all.ExpiresIn, all.RefreshExpiresIn, all.SessionID}, nil
}

// loggedIn answers with the tokens, in cookies for those who keep them there.
func loggedIn(ctx context.Context, t account.Tokens) (*out[either[Tokens, InCookies]], error) {
	if t.CSRF == "" {
		return &out[either[Tokens, InCookies]]{either[Tokens, InCookies]{tokensOf(t)}}, nil
	}
	kept, err := keep(ctx, t)
	if err == nil {
		err = jar.SetRefresh(requestOf(ctx).answer, t.Refresh, t.RefreshUntil)
	}
	if err != nil {
		forget(ctx) // the token before this one is spent
		return nil, err
	}
	return &out[either[Tokens, InCookies]]{either[Tokens, InCookies]{kept}}, nil
}

// refreshCookie returns the refresh token of a page that proves itself as one of ours, and "" for no cookie.
func (a *API) refreshCookie(ctx context.Context) (string, error) {
	if !a.Cookies {
		return "", nil
	}
	request := jotgate.Carry(requestOf(ctx).http)
	token, err := jar.RefreshLocation().Token(request)
	if err != nil || token == "" {
		return "", err
	}
	csrf, err := a.Accounts.CSRFOf(token)
	if err != nil && proof.SameOrigin(request) {
		return token, nil // no session is behind it that could be harmed: the trip refuses it
	}
	if err := proof.Check(request, csrf); err != nil {
		a.Logger.LogAttrs(ctx, slog.LevelInfo, "request refused", slog.Int("status", http.StatusForbidden), slog.String("reason", err.Error()))
		return "", err
	}
	return token, nil
}

// forget clears the cookies of a session that is over.
func forget(ctx context.Context) { jar.Clear(requestOf(ctx).answer) }

// forgetRefused clears cookies that no log-in is behind any more, and returns err. Those of a server that cannot answer
// now, and those that came with a forged request or stayed away from it (SameSite), are left.
func forgetRefused(ctx context.Context, err error) error {
	var grant *account.GrantError
	over := errors.As(err, &grant) || errors.Is(err, account.ErrToken)
	if over && proof.SameOrigin(jotgate.Carry(requestOf(ctx).http)) {
		forget(ctx)
	}
	return err
}

// forgetOwn is forgetRefused for a caller who has ended their own session.
func forgetOwn(ctx context.Context, err error) error {
	if err == nil && byCookie(ctx) {
		forget(ctx)
	}
	return err
}
