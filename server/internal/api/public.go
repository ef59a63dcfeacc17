package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/web"
)

// User is an account as its owner and admins see it.
type User struct {
	ID        string    `json:"id" example:"01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11"`
	Username  string    `json:"username,omitempty" example:"ann"`
	Email     string    `json:"email,omitempty" example:"ann@example.com"`
	Roles     []string  `json:"roles"`
	Disabled  bool      `json:"disabled,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

func userOf(u store.User) User {
	if u.Roles == nil {
		u.Roles = []string{}
	}
	return User{u.ID, u.Username, u.Email, u.Roles, u.Disabled, u.CreatedAt.UTC()}
}

// Tokens is the answer to log-in and refresh.
type Tokens struct {
	AccessToken      string `json:"access_token" doc:"JWT (RFC 9068): send it as Authorization: Bearer"`
	TokenType        string `json:"token_type" example:"Bearer"`
	ExpiresIn        int64  `json:"expires_in" doc:"Seconds that the access token lives" example:"900"`
	RefreshToken     string `json:"refresh_token" doc:"Good for one refresh"`
	RefreshExpiresIn int64  `json:"refresh_expires_in" doc:"Seconds until the session ends unless it is refreshed" example:"2592000"`
	SessionID        string `json:"session_id"`
}

func tokensOf(t account.Tokens) Tokens {
	return Tokens{
		AccessToken: t.Access, TokenType: "Bearer", ExpiresIn: int64(t.AccessExpires / time.Second),
		RefreshToken: t.Refresh, RefreshExpiresIn: int64(t.RefreshUntil.Round(time.Second) / time.Second), SessionID: t.SessionID,
	}
}

// out wraps an answer's body for huma.
type out[T any] struct{ Body T }

type userBody struct {
	User User `json:"user"`
}

type setupIn struct {
	Body struct {
		Code     string `json:"code" maxLength:"64" doc:"Printed at each start until an admin exists, and in admin-code in the data folder"`
		Username string `json:"username" maxLength:"64" example:"admin"`
		Password string `json:"password" maxLength:"1024"`
	}
}

type signupIn struct {
	Body struct {
		Username string `json:"username,omitempty" maxLength:"64" example:"ann"`
		Email    string `json:"email,omitempty" maxLength:"254" example:"ann@example.com"`
		Password string `json:"password" maxLength:"1024" example:"correct horse battery"`
		Invite   string `json:"invite,omitempty" maxLength:"64" doc:"Where sign-up is by invite"`
	}
}

type loginIn struct {
	Cookies bool `query:"cookies" doc:"Put the tokens into cookies, for pages of this server's own origin"`
	Body    struct {
		Username string `json:"username" maxLength:"254" doc:"User name or e-mail address" example:"ann"`
		Password string `json:"password" maxLength:"1024" example:"correct horse battery"`
		Resource string `json:"resource,omitempty" maxLength:"256" doc:"One of the server's audiences (RFC 8707)"`
	}
}

type refreshIn struct {
	Body *struct {
		RefreshToken *string `json:"refresh_token,omitempty" maxLength:"8192" doc:"Left out where it comes in a cookie"`
	}
}

type logoutIn struct {
	Body *struct {
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"8192" doc:"Instead of an access token in the header or of cookies"`
	}
}

func (a *API) registerPublic() {
	const tag = "log-in"
	add(a, public, huma.Operation{
		OperationID: "setup", Method: http.MethodPost, Path: "/v1/setup", Tags: []string{tag}, DefaultStatus: 201,
		Summary: "Make the first admin", Description: "Once, with the set-up code.", Errors: []int{403, 404, 409},
	}, a.setup)
	add(a, public, huma.Operation{
		OperationID: "signup", Method: http.MethodPost, Path: "/v1/signup", Tags: []string{tag}, DefaultStatus: 201,
		Summary: "Sign up", Errors: []int{403, 409},
	}, a.signup)
	add(a, public, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/v1/login", Tags: []string{tag},
		Summary: "Log in", Description: "With `cookies`, the tokens go into cookies that no script can read, and the answer says what the page needs to know.",
		Errors: []int{401, 403},
	}, a.login)
	add(a, refresh, huma.Operation{
		OperationID: "refresh", Method: http.MethodPost, Path: "/v1/refresh", Tags: []string{tag},
		Summary: "Refresh", Description: "A refresh token is good for one call; a repeated call within the grace gives the same successor. " +
			"An older token ends the session: 400 invalid_grant with a reason. From a cookie, it needs X-CSRF-Token, and the answer comes in cookies again.",
		Errors: []int{401, 403},
	}, a.refresh)
	add(a, logout, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/v1/logout", Tags: []string{tag}, DefaultStatus: 204,
		Summary:     "Log out",
		Description: "Ends the session of the access token in the header (an expired one too) or of the refresh token in the body or, with X-CSRF-Token, in the cookie. All its tokens die.",
		Errors:      []int{401, 403},
	}, a.logout)
	a.registerDiscovery()
}

func (a *API) setup(ctx context.Context, in *setupIn) (*out[userBody], error) {
	r := account.Registration{Username: in.Body.Username, Password: in.Body.Password}
	u, err := a.Accounts.FirstAdmin(ctx, in.Body.Code, r, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return &out[userBody]{userBody{userOf(u)}}, nil
}

func (a *API) signup(ctx context.Context, in *signupIn) (*out[userBody], error) {
	b := in.Body
	u, err := a.Accounts.SignUp(ctx, account.Registration{Username: b.Username, Email: b.Email, Password: b.Password, Invite: b.Invite}, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return &out[userBody]{userBody{userOf(u)}}, nil
}

func (a *API) login(ctx context.Context, in *loginIn) (*out[either[Tokens, InCookies]], error) {
	client := clientOf(ctx)
	if client.Cookies = in.Cookies; in.Cookies {
		if err := a.mayKeep(ctx); err != nil {
			return nil, err
		}
		if in.Body.Resource != "" && in.Body.Resource != a.Audience {
			return nil, errForeignCookie
		}
	}
	t, err := a.Accounts.LogIn(ctx, in.Body.Username, in.Body.Password, in.Body.Resource, client)
	if err != nil {
		return nil, err
	}
	return loggedIn(ctx, t)
}

func (a *API) refresh(ctx context.Context, in *refreshIn) (*out[either[Tokens, InCookies]], error) {
	if in.Body == nil || in.Body.RefreshToken == nil {
		return a.refreshByCookie(ctx)
	}
	t, err := a.Accounts.Rotate(ctx, *in.Body.RefreshToken, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return loggedIn(ctx, t)
}

func (a *API) refreshByCookie(ctx context.Context) (*out[either[Tokens, InCookies]], error) {
	token, err := a.refreshCookie(ctx)
	if err != nil {
		return nil, err
	}
	if token == "" {
		return nil, &account.FieldError{Field: "refresh_token", Code: "refresh_token_missing", Detail: "Want the refresh token, in the body or in its cookie."}
	}
	client := clientOf(ctx)
	client.Cookies = true
	t, err := a.Accounts.Rotate(ctx, token, client)
	if err != nil {
		return nil, forgetRefused(ctx, err)
	}
	return loggedIn(ctx, t)
}

func (a *API) logout(ctx context.Context, in *logoutIn) (*struct{}, error) {
	request := jotgate.Carry(requestOf(ctx).http)
	if _, err := a.Guard.Token(request); err != nil { // two of them, perhaps one in the header and another in the cookie
		return nil, err
	}
	token, err := jotgate.Location{Header: "Authorization"}.Token(request)
	if err != nil {
		return nil, err
	}
	if in.Body != nil && in.Body.RefreshToken != "" {
		if token != "" {
			return nil, errTwoTokens
		}
		token = in.Body.RefreshToken
	}
	if token == "" {
		return nil, a.logoutByCookie(ctx)
	}
	return nil, a.Accounts.LogOut(ctx, token, clientOf(ctx))
}

func (a *API) logoutByCookie(ctx context.Context) error {
	token, err := a.refreshCookie(ctx)
	if err != nil {
		return err
	}
	if err := a.Accounts.LogOut(ctx, token, clientOf(ctx)); err != nil {
		return forgetRefused(ctx, err)
	}
	forget(ctx)
	return nil
}

// raw is an answer of other bytes than a JSON body of ours.
type raw struct {
	Type   string `header:"Content-Type"`
	Cache  string `header:"Cache-Control"`
	ETag   string `header:"ETag"`
	Status int
	Body   []byte
}

type health struct {
	Status string `json:"status" example:"ok"`
}

// metadata is the RFC 8414 document, with members of our own for what that document has no name for.
type metadata struct {
	Issuer                 string   `json:"issuer"`
	JWKSURI                string   `json:"jwks_uri"`
	ServiceDocumentation   string   `json:"service_documentation"`
	ResponseTypesSupported []string `json:"response_types_supported" doc:"Empty: there is no authorization endpoint"`
	GrantTypesSupported    []string `json:"grant_types_supported" doc:"Empty: there is no token endpoint"`
	Audience               string   `json:"jotgate_audience" doc:"aud of access tokens"`
	Audiences              []string `json:"jotgate_audiences,omitempty" doc:"What a log-in may ask for as resource"`
	Algorithm              string   `json:"jotgate_algorithm" doc:"What access tokens are signed with"`
	LoginEndpoint          string   `json:"jotgate_login_endpoint"`
	RefreshEndpoint        string   `json:"jotgate_refresh_endpoint"`
}

func (a *API) registerDiscovery() {
	const tag = "discovery"
	add(a, public, huma.Operation{
		OperationID: "jwks", Method: http.MethodGet, Path: "/.well-known/jwks.json", Tags: []string{tag},
		Summary: "Keys that verify access tokens", Description: "JWK Set (RFC 7517).",
		Responses: map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/jwk-set+json": {Schema: &huma.Schema{Type: "object"}}}}},
	}, a.jwks)
	add(a, public, huma.Operation{
		OperationID: "metadata", Method: http.MethodGet, Path: "/.well-known/oauth-authorization-server", Tags: []string{tag},
		Summary: "Where things are", Description: "Authorization server metadata (RFC 8414).",
	}, a.metadata)
	add(a, public, huma.Operation{
		OperationID: "healthz", Method: http.MethodGet, Path: "/healthz", Tags: []string{tag}, Summary: "The process lives",
	}, func(context.Context, *struct{}) (*out[health], error) { return &out[health]{health{"ok"}}, nil })
	add(a, public, huma.Operation{
		OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{tag}, Summary: "Requests are welcome",
	}, a.ready)
}

// jwksMaxAge is how long verifiers may keep the key set without asking.
const jwksMaxAge = "public, max-age=300"

func (a *API) jwks(_ context.Context, in *struct {
	IfNoneMatch string `header:"If-None-Match" hidden:"true"`
}) (*raw, error) {
	set, err := a.Ring.JWKS()
	if err != nil {
		return nil, err
	}
	tag := etag(set)
	answer := &raw{Type: "application/jwk-set+json", Cache: jwksMaxAge, ETag: tag, Body: set, Status: 200}
	if in.IfNoneMatch == tag {
		answer.Status, answer.Body = 304, nil
	}
	return answer, nil
}

func (a *API) metadata(context.Context, *struct{}) (*out[metadata], error) {
	return &out[metadata]{metadata{
		Issuer: a.Issuer, JWKSURI: a.Issuer + "/.well-known/jwks.json", ServiceDocumentation: a.Issuer + "/docs",
		ResponseTypesSupported: []string{}, GrantTypesSupported: []string{},
		Audience: a.Audience, Audiences: a.Audiences, Algorithm: a.Ring.Algorithm(),
		LoginEndpoint: a.Issuer + "/v1/login", RefreshEndpoint: a.Issuer + "/v1/refresh",
	}}, nil
}

func (a *API) ready(ctx context.Context, _ *struct{}) (*out[health], error) {
	if a.leaving.Load() {
		return nil, errLeaving
	}
	if err := a.Store.Ping(ctx); err != nil {
		return nil, err
	}
	return &out[health]{health{"ready"}}, nil
}

// registerDocument serves the OpenAPI document and the pages.
func (a *API) registerDocument(mux *http.ServeMux) error {
	doc := a.huma.OpenAPI()
	asJSON, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	asYAML, err := doc.YAML()
	if err != nil {
		return err
	}
	mux.Handle("GET /openapi.json", static("application/openapi+json", asJSON))
	mux.Handle("GET /openapi.yaml", static("application/openapi+yaml", asYAML))
	docs := web.Docs("/openapi.json")
	for _, path := range []string{"/docs", "/docs/{$}", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"} {
		mux.Handle("GET "+path, docs)
	}
	mux.Handle("GET /setup", a.setupPage(web.Setup(), web.SetupDone()))
	return nil
}

func (a *API) setupPage(open, done http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isDone, err := a.Store.SetupDone(r.Context())
		switch {
		case err != nil:
			problemOf(500, "", []error{err}).write(w, r)
		case isDone:
			done.ServeHTTP(w, r)
		default:
			open.ServeHTTP(w, r)
		}
	})
}
