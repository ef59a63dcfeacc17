// Package api is the server's HTTP contract. One record a route documents it and guards it: what the OpenAPI document
// says is what is enforced, by the same library that the server's users put before their own routes.
package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/rs/cors"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/store"
)

// API serves the routes. All fields but AllowedOrigins, TrustedProxies and Cookies are set.
type API struct {
	Issuer         string // public URL, without a slash at its end
	Audience       string
	Audiences      []string
	Version        string // of the program
	AllowedOrigins []string
	TrustedProxies []netip.Prefix
	Cookies        bool // browsers keep Secure cookies of this server
	Accounts       *account.Service
	Store          store.Store
	Ring           *keyring.Ring
	Guard          *jotgate.Guard
	Logger         *slog.Logger

	huma    huma.API
	leaving atomic.Bool
}

// Handler registers every route and returns what serves them. An operation that declares no need is an error.
func (a *API) Handler() (http.Handler, error) {
	useProblems()
	mux := http.NewServeMux()
	a.huma = humago.New(mux, a.config())
	a.huma.UseMiddleware(a.enforce)
	a.registerPublic()
	a.registerMe()
	a.registerUsers()
	a.registerRoles()
	if err := undeclared(a.huma.OpenAPI()); err != nil {
		return nil, err
	}
	if err := a.registerDocument(mux); err != nil {
		return nil, err
	}
	h := plain(routed(mux))
	return a.identified(a.headed(a.cors(h))), nil
}

// Leave makes readiness say no, so that a load balancer sends nobody more; requests go on being answered.
func (a *API) Leave() { a.leaving.Store(true) }

func (a *API) config() huma.Config {
	c := huma.DefaultConfig("Jotgate", a.Version)
	c.Info.Description = "Sign-up, log-in and JWT-protected routes. Log in, press Authorize and paste the access token."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Servers = []*huma.Server{{URL: "/", Description: "This server"}}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access_token of a log-in."},
		"cookie": {
			Type: "apiKey", In: "cookie", Name: jar.Location().Cookie,
			Description: "From a log-in with `cookies`. POST, PUT, PATCH and DELETE then need the header X-CSRF-Token.",
		},
		"refresh_cookie": {
			Type: "apiKey", In: "cookie", Name: jar.RefreshLocation().Cookie,
			Description: "From a log-in with `cookies`. It needs the header X-CSRF-Token.",
		},
	}
	c.Tags = []*huma.Tag{
		{Name: "log-in", Description: "From nothing to an access token, and out again"},
		{Name: "me", Description: "One's own account and sessions"},
		{Name: "users", Description: "Other people's accounts"},
		{Name: "roles", Description: "Named sets of permissions"},
		{Name: "discovery", Description: "What verifiers and load balancers read"},
	}
	c.Formats, c.Transformers = formats(), []huma.Transformer{write}
	c.CreateHooks = nil // no $schema links in answers: they are ours to the byte
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	return c
}

// cors answers browsers of the allowed origins: exact, by Bearer alone, so no credentials.
func (a *API) cors(next http.Handler) http.Handler {
	if len(a.AllowedOrigins) == 0 {
		return next
	}
	return cors.New(cors.Options{
		AllowedOrigins: a.AllowedOrigins,
		AllowedMethods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		AllowedHeaders: []string{"Authorization", "Content-Type"},
		ExposedHeaders: []string{"WWW-Authenticate", "Retry-After", "X-Request-Id"},
		MaxAge:         600,
	}).Handler(next)
}
