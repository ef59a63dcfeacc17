// Package jotecho guards routes of Echo with jotgate.
//
//	e.GET("/orders", listOrders, jotecho.Require(guard, "orders:read"))
//	e.GET("/users/:id", getUser, jotecho.Need(guard, jotgate.Rule{Owner: "id"}))
//
// The handler asks [From] who it is. What stands behind it and knows no Echo asks jotgate.From(c.Request().Context()).
package jotecho

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"github.com/jotgate/jotgate"
)

// Guard is a *jotgate.Guard, or a jotgate.Users: then its From(c.Request().Context()) is the user.
type Guard interface {
	Need(jotgate.Rule) func(http.Handler) http.Handler
}

// Need returns middleware that lets a request pass under the rule and answers every other with the refusal, by the
// guard's Config.Answer. Parts of the path have the names that Echo's route gives them. It panics if the rule cannot be
// meant.
func Need(g Guard, rule jotgate.Rule) echo.MiddlewareFunc {
	need := g.Need(rule)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) (err error) {
			for _, part := range c.PathValues() {
				c.Request().SetPathValue(part.Name, part.Value)
			}
			need(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				c.SetRequest(r)
				err = next(c)
			})).ServeHTTP(c.Response(), c.Request())
			return err
		}
	}
}

// Require is Need for all of these permissions. Without any it asks for an authenticated user.
func Require(g Guard, permissions ...string) echo.MiddlewareFunc {
	return Need(g, jotgate.Rule{Permissions: permissions})
}

// From returns the identity of a request that Need let pass, and false for nobody.
func From(c *echo.Context) (jotgate.Identity, bool) {
	return jotgate.From(c.Request().Context())
}
