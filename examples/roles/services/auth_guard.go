// Package services is what the routes rest on: who may come in, whose password is right, and the tokens between the two.
package services

import (
	"github.com/gin-gonic/gin"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotgin"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// AuthGuard lets requests pass that carry a good token, and holds all of the roles that it is told.
type AuthGuard func(roles ...string) gin.HandlerFunc

// NewAuthGuard makes the guard: what the decorator auth_guard(role) was.
func NewAuthGuard(s pyjwtguard.Settings) (AuthGuard, error) {
	config, err := pyjwtguard.Config(s)
	if err != nil {
		return nil, err
	}
	guard, err := jotgate.New(config)
	if err != nil {
		return nil, err
	}
	return func(roles ...string) gin.HandlerFunc {
		return jotgin.Need(guard, jotgate.Rule{Roles: roles})
	}, nil
}
