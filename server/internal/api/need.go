package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jotgate/jotgate"
)

// need is what an operation asks of its caller. The zero need is none declared, which stops the start.
type need struct {
	name string // in the document, as x-jotgate-needs
	rule *jotgate.Rule
	// either says that the operation takes an access token too, and proves it itself.
	either bool
}

var (
	public        = need{name: "public"}
	authenticated = need{name: "authenticated", rule: &jotgate.Rule{}}
	fresh         = need{name: "fresh", rule: &jotgate.Rule{MaxAge: jotgate.FreshAge}}
	refresh       = need{name: "refresh"}               // a refresh token in the body or a cookie; the trip itself proves it
	logout        = need{name: "refresh", either: true} // that, or an access token, also an expired one
)

// may asks for a permission.
func may(permission string) need {
	return need{name: permission, rule: &jotgate.Rule{Permissions: []string{permission}}}
}

const (
	needKey   = "need"
	extension = "x-jotgate-needs"
)

// add registers one operation: the record that documents it is the record that guards it.
func add[I, O any](a *API, n need, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Metadata = map[string]any{needKey: n}
	op.Extensions = map[string]any{extension: n.name}
	op.Security = []map[string][]string{} // nil would inherit
	op.Errors = append(op.Errors, 429, 503)
	if hasBody[I]() {
		op.MaxBodyBytes = maxBody + 1 // huma refuses the body that reaches the number
		op.Errors = append(op.Errors, 400, 413, 415, 422)
	}
	if n.name == refresh.name {
		op.Security = []map[string][]string{{"refresh_cookie": {}}, {}}
	}
	if n.either {
		op.Security = append([]map[string][]string{{"bearer": {}}}, op.Security...)
	}
	if n.rule != nil {
		scopes := append([]string{}, n.rule.Permissions...) // a list even when empty
		op.Security = []map[string][]string{{"bearer": scopes}, {"cookie": scopes}}
		op.Errors = append(op.Errors, 401)
	}
	if n.rule != nil && (len(n.rule.Permissions) > 0 || op.Method != http.MethodGet) {
		op.Errors = append(op.Errors, 403)
	}
	huma.Register(a.huma, op, h)
}

func hasBody[I any]() bool {
	_, ok := reflect.TypeFor[I]().FieldByName("Body")
	return ok
}

// enforce guards every operation by its own record.
func (a *API) enforce(ctx huma.Context, next func(huma.Context)) {
	n, ok := ctx.Operation().Metadata[needKey].(need)
	if !ok {
		writeError(ctx, a.huma, errUndeclared)
		return
	}
	if n.rule == nil {
		next(ctx)
		return
	}
	r, _ := humago.Unwrap(ctx)
	id, err := a.Guard.CheckRequest(r, *n.rule)
	if err != nil {
		writeError(ctx, a.huma, err)
		return
	}
	next(huma.WithContext(ctx, jotgate.With(ctx.Context(), id)))
}

// undeclared names the first operation without a need.
func undeclared(doc *huma.OpenAPI) error {
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch, item.Head, item.Options, item.Trace} {
			if op == nil {
				continue
			}
			if n, ok := op.Metadata[needKey].(need); !ok || n.name == "" {
				return fmt.Errorf("operation %s %s declares no need: say public, authenticated, fresh, refresh or a permission", op.Method, path)
			}
		}
	}
	return nil
}
