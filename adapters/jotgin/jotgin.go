// Package jotgin guards routes of Gin with jotgate.
//
//	router.GET("/orders", jotgin.Require(guard, "orders:read"), listOrders)
//	router.GET("/users/:id", jotgin.Need(guard, jotgate.Rule{Owner: "id"}), getUser)
//
// The handler asks [From] who it is. What stands behind it and knows no Gin asks jotgate.From(c.Request.Context()).
package jotgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/jotgate/jotgate"
)

// Guard is a *jotgate.Guard, or a jotgate.Users: then its From(c.Request.Context()) is the user.
type Guard interface {
	Need(jotgate.Rule) func(http.Handler) http.Handler
}

// Need returns middleware that lets a request pass under the rule and answers every other with the refusal, by the
// guard's Config.Answer. Parts of the path have the names that Gin's route gives them. It panics if the rule cannot be
// meant.
func Need(g Guard, rule jotgate.Rule) gin.HandlerFunc {
	need := g.Need(rule)
	return func(c *gin.Context) {
		for _, part := range c.Params {
			c.Request.SetPathValue(part.Key, part.Value)
		}
		passed := false
		need(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c.Request, passed = r, true
		})).ServeHTTP(c.Writer, c.Request)
		if !passed {
			c.Abort()
		}
	}
}

// Require is Need for all of these permissions. Without any it asks for an authenticated user.
func Require(g Guard, permissions ...string) gin.HandlerFunc {
	return Need(g, jotgate.Rule{Permissions: permissions})
}

// From returns the identity of a request that Need let pass, and false for nobody.
func From(c *gin.Context) (jotgate.Identity, bool) {
	return jotgate.From(c.Request.Context())
}
