// Package jothuma guards the operations of Huma with jotgate, by what their documentation says: the scopes of an
// operation's Security are the permissions that it needs.
//
//	jothuma.Use(api, guard, "bearer") // before the first operation
//	huma.Get(api, "/orders", listOrders, jothuma.Require("orders:read"))
//	huma.Register(api, huma.Operation{
//		Method: "POST", Path: "/orders", Security: []map[string][]string{{"bearer": {"orders:write"}}},
//	}, order)
//
// The handler asks jotgate.From(ctx) who it is.
package jothuma

import (
	"fmt"
	"maps"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
)

// Use guards every operation that is registered from now on, and names the scheme in the document, as a bearer token
// where the document has none of that name yet. An operation needs what Need says of it, or else its Security, or else
// that of the whole document:
//
//	[]                                          everybody may come
//	[{"bearer": ["orders:read"]}]               all of these permissions; none: an authenticated user
//	[{"bearer": ["a:b"]}, {"bearer": ["c:d"]}]  one of these
//	[{"bearer": []}, {}]                        nobody may come too, and a token that is sent must be good
//
// Where nothing says it, or Security says something else, registering the operation panics; one that is hidden from the
// document is then refused with 503. Use panics when there are operations already, as Huma would leave them unguarded.
func Use(api huma.API, g *jotgate.Guard, scheme string) {
	doc := api.OpenAPI()
	if len(doc.Paths) > 0 {
		panic("jothuma: Use comes before the first operation, for those that are there stay unguarded")
	}
	if doc.Components.SecuritySchemes == nil {
		doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{}
	}
	if doc.Components.SecuritySchemes[scheme] == nil {
		doc.Components.SecuritySchemes[scheme] = &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: "JWT"}
	}
	gate := &gate{guard: g, scheme: scheme, doc: doc}
	doc.OnAddOperation = append(doc.OnAddOperation, gate.document)
	api.UseMiddleware(gate.pass)
}

// metadata is the name of an operation's rule in its Metadata.
const metadata = "jotgate"

// Need says what an operation needs, where Security has no words for it: owners, roles, age of the log-in. Security then
// tells the permissions, and nobody needs to write it. It panics if the rule cannot be meant. The rule's slices must not
// change afterwards.
func Need(rule jotgate.Rule) func(*huma.Operation) {
	if err := rule.Check(); err != nil {
		panic("jothuma: rule: " + err.Error())
	}
	return func(op *huma.Operation) {
		op.Metadata = maps.Clone(op.Metadata)
		if op.Metadata == nil {
			op.Metadata = map[string]any{}
		}
		op.Metadata[metadata] = rule
	}
}

// Require is Need for all of these permissions. Without any it asks for an authenticated user.
func Require(permissions ...string) func(*huma.Operation) {
	return Need(jotgate.Rule{Permissions: permissions})
}

type gate struct {
	guard  *jotgate.Guard
	scheme string
	doc    *huma.OpenAPI
	needs  sync.Map // *huma.Operation → need
}

// need is what an operation needs, as it is read once.
type need struct {
	public bool
	rule   jotgate.Rule
	err    error
}

// document writes the rule into the operation's Security.
func (g *gate) document(_ *huma.OpenAPI, op *huma.Operation) {
	n := g.read(op)
	if n.err != nil {
		panic(fmt.Sprintf("jothuma: %s %s: %v", op.Method, op.Path, n.err))
	}
	if _, own := op.Metadata[metadata]; own {
		op.Security = security(g.scheme, n.rule)
	}
}

func (g *gate) pass(ctx huma.Context, next func(huma.Context)) {
	value, ok := g.needs.Load(ctx.Operation())
	if !ok {
		value, _ = g.needs.LoadOrStore(ctx.Operation(), g.read(ctx.Operation()))
	}
	n := value.(need)
	switch {
	case n.err != nil:
		send(ctx, g.guard.Answer(n.err))
	case n.public:
		next(ctx)
	default:
		g.check(ctx, n.rule, next)
	}
}

func (g *gate) check(ctx huma.Context, rule jotgate.Rule, next func(huma.Context)) {
	request := &carrier{ctx: ctx}
	id, err := g.guard.CheckCarrier(ctx.Context(), request, rule)
	if err != nil {
		send(ctx, g.guard.Answer(err))
		return
	}
	if request.body != nil {
		ctx = replay{ctx, request.body}
	}
	next(huma.WithContext(ctx, jotgate.With(ctx.Context(), id)))
}
