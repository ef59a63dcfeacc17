package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/profile/flama"
)

const title, description, version = "JWT protected API", "JWT Authentication with Flama ?", "1.0.0"

func newApp(s Settings) (http.Handler, error) {
	config, err := flama.Config(s.Tokens)
	if err != nil {
		return nil, err
	}
	guard, err := jotgate.New(config)
	if err != nil {
		return nil, err
	}
	issuer, err := flama.NewIssuer(s.Tokens)
	if err != nil {
		return nil, err
	}
	irises := &models{flowers: s.Flowers}
	if _, err := irises.train(); err != nil {
		return nil, err
	}
	useFlamaErrors()
	mux := http.NewServeMux()
	api := huma.NewAPI(document(), exact{humago.NewAdapter(mux, "")})
	jothuma.Use(api, guard, "bearer")
	registerInfo(api)
	registerAuth(api, s, issuer)
	registerModels(api, irises)
	registerDocs(mux)
	return mux, nil
}

// document is what /docs/ shows before there are operations.
func document() huma.Config {
	c := huma.DefaultConfig(title, version)
	c.Info.Description = description
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"bearer": {
		Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "The token that POST /auth/ answers. GET takes it from the cookie access_token too.",
	}}
	json := huma.Format{Marshal: compact, Unmarshal: huma.DefaultJSONFormat.Unmarshal}
	c.Formats = map[string]huma.Format{"application/json": json, "json": json}
	c.CreateHooks = nil // they would add $schema to the answers
	c.DocsPath, c.SchemasPath = "", ""
	c.OnAddOperation = append(c.OnAddOperation, func(_ *huma.OpenAPI, op *huma.Operation) {
		delete(op.Responses, "422") // Flama has 400
	})
	return c
}

// exact keeps a path that ends with a slash from standing for all paths below it, as it does in a ServeMux.
type exact struct{ huma.Adapter }

func (e exact) Handle(op *huma.Operation, handler func(huma.Context)) {
	own := *op
	if strings.HasSuffix(own.Path, "/") {
		own.Path += "{$}"
	}
	e.Adapter.Handle(&own, handler)
}

type infoOutput struct {
	Body struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Public      bool   `json:"public"`
	}
}

func registerInfo(api huma.API) {
	huma.Get(api, "/public/info/", info(true), says("What everybody may know"), everybody)
	huma.Get(api, "/private/info/", info(false), says("What not everybody may know"), jothuma.Require("my-permission-name"))
}

func info(public bool) func(context.Context, *struct{}) (*infoOutput, error) {
	out := new(infoOutput)
	out.Body.Title, out.Body.Description, out.Body.Public = title, description, public
	return func(context.Context, *struct{}) (*infoOutput, error) { return out, nil }
}

// everybody lets those come who have no token.
func everybody(op *huma.Operation) { op.Security = []map[string][]string{} }

func says(summary string) func(*huma.Operation) {
	return func(op *huma.Operation) { op.Summary = summary }
}

// Caller is who asks. A handler that has it in its input gets the identity of the verified token, as Flama injects its JWT.
type Caller struct{ jotgate.Identity }

// Resolve is called by Huma.
func (c *Caller) Resolve(ctx huma.Context) []error {
	var ok bool
	if c.Identity, ok = jotgate.From(ctx.Context()); !ok {
		return []error{huma.Error401Unauthorized("Unauthorized")}
	}
	return nil
}
