// Package jotfiber guards routes of Fiber with jotgate. The request is read as it is, and not made one of net/http.
//
//	app.Get("/orders", jotfiber.Require(guard, "orders:read"), listOrders)
//	app.Get("/users/:id", jotfiber.Need(guard, jotgate.Rule{Owner: "id"}), getUser)
//
// The handler asks [From] who it is. What stands behind it and knows no Fiber asks jotgate.From(c.Context()).
package jotfiber

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/jotgate/jotgate"
)

type key struct{}

// Need returns a handler that lets a request pass under the rule to the next one and answers every other with the
// refusal, by the guard's Config.Answer. Parts of the path have the names that Fiber's route gives them, so a rule with
// Owner stands in the route itself, as app.Use knows no parts. It panics if the rule cannot be meant. The rule's slices
// must not change afterwards.
func Need(g *jotgate.Guard, rule jotgate.Rule) fiber.Handler {
	if err := rule.Check(); err != nil {
		panic("jotfiber: rule: " + err.Error())
	}
	return func(c fiber.Ctx) error {
		id, err := g.CheckCarrier(c.Context(), carrier{c}, rule)
		if err != nil {
			return send(c, g.Answer(err))
		}
		c.SetContext(jotgate.With(c.Context(), id)) // the nearest guard decides, also for nobody
		c.Locals(key{}, id)
		return c.Next()
	}
}

// Require is Need for all of these permissions. Without any it asks for an authenticated user.
func Require(g *jotgate.Guard, permissions ...string) fiber.Handler {
	return Need(g, jotgate.Rule{Permissions: permissions})
}

// From returns the identity of a request that Need let pass, and false for nobody.
func From(c fiber.Ctx) (jotgate.Identity, bool) {
	id, _ := c.Locals(key{}).(jotgate.Identity)
	return id, !id.IsZero()
}

func send(c fiber.Ctx, a jotgate.Answer) error {
	h := &c.Response().Header
	for name, values := range a.Header {
		h.Del(name)
		for _, v := range values {
			h.Add(name, v)
		}
	}
	if !drained(c.Request()) {
		c.RequestCtx().SetConnectionClose()
	}
	return c.Status(a.Status).Send(a.Body)
}

// maxDrain is how much of a refused body is read so that the connection can be used again, as in net/http.
const maxDrain = 256 << 10

// drained tells whether nothing is left of the body. What is left of a stream fasthttp takes for the next request of the
// connection: whoever is refused could smuggle one past the proxy in front.
func drained(r *fasthttp.Request) bool {
	if !r.IsBodyStream() {
		return true
	}
	_, err := io.CopyN(io.Discard, r.BodyStream(), maxDrain)
	return err == io.EOF
}

// carrier is a request of fasthttp. Fiber's texts are overwritten by the next request of the connection, and the guard
// remembers tokens, so everything that leaves here is a copy.
type carrier struct{ c fiber.Ctx }

var _ jotgate.Carrier = carrier{}

func (r carrier) Method() string           { return r.c.Method() }
func (r carrier) RawQuery() string         { return string(r.c.Request().URI().QueryString()) }
func (r carrier) Param(name string) string { return strings.Clone(r.c.Params(name)) }

func (r carrier) Header(name string) (values []string) {
	h := &r.c.Request().Header
	if !r.c.App().Server().DisableHeaderNamesNormalizing {
		for _, v := range h.PeekAll(name) {
			values = append(values, string(v))
		}
		return values
	}
	for k, v := range h.All() {
		if strings.EqualFold(string(k), name) {
			values = append(values, string(v))
		}
	}
	return values
}

var errLongBody = errors.New("body: too long, or of unknown length, to look for a token in it")

// Body leaves a stream alone that it could not put back: one whose length is not known to be within the limit.
func (r carrier) Body(limit int) ([]byte, error) {
	request := r.c.Request()
	if !request.IsBodyStream() {
		if b := request.Body(); len(b) <= limit {
			return bytes.Clone(b), nil
		}
		return nil, errLongBody
	}
	if n := request.Header.ContentLength(); n < 0 || n > limit {
		return nil, errLongBody
	}
	b, err := io.ReadAll(request.BodyStream())
	request.SetBodyStream(bytes.NewReader(b), len(b))
	return b, err
}
