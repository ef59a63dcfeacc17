package main

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
)

// tokens are the routes of the tutorial.
type tokens struct {
	settings fastapijwtauth.Settings
	issuer   *fastapijwtauth.Issuer
	users    *users
	denylist denylist
}

// reply is an answer of 200 with a body.
type reply[T any] struct{ Body T }

type object map[string]string

func registerTokens(api huma.API, t tokens) {
	refresh := jothuma.Need(fastapijwtauth.RefreshRule(t.settings)) // Authorize.jwt_refresh_token_required()
	huma.Get(api, "/welcome", welcome, public)
	huma.Post(api, "/login", t.login, public)
	huma.Get(api, "/user", t.user, jothuma.Require()) // Authorize.jwt_required()
	huma.Post(api, "/refresh", t.refresh, refresh)
	huma.Delete(api, "/access-revoke", t.revoke("Access"), jothuma.Require())
	huma.Delete(api, "/refresh-revoke", t.revoke("Refresh"), refresh)
}

func public(op *huma.Operation) { op.Security = []map[string][]string{} }

func welcome(context.Context, *struct{}) (*reply[object], error) {
	return &reply[object]{object{"message": "Welcome to the Warehouse Management API"}}, nil
}

type credentials struct {
	Body struct {
		_        struct{} `additionalProperties:"true"`
		Username string   `json:"username" example:"joevu"`
		Password string   `json:"password" format:"password"`
	}
}

type pair struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token,omitempty"`
}

func (t tokens) login(ctx context.Context, in *credentials) (*reply[pair], error) {
	u, err := t.users.authenticate(ctx, in.Body.Username, in.Body.Password)
	if errors.Is(err, errCredentials) {
		return nil, huma.Error401Unauthorized("Bad username or password")
	}
	if err != nil {
		return nil, unavailable(err)
	}
	access, err := t.access(u)
	if err != nil {
		return nil, err
	}
	refresh, err := t.issuer.Refresh(fastapijwtauth.Token{Subject: u.Username})
	return &reply[pair]{pair{access, refresh}}, err
}

// access makes an access token with the roles that the user has now. Who has none gets the tutorial's claims, to the byte.
func (t tokens) access(u user) (string, error) {
	return t.issuer.Access(fastapijwtauth.Token{Subject: u.Username, Claims: struct {
		Roles []string `json:"roles,omitempty"`
	}{u.Roles}})
}

func (t tokens) refresh(ctx context.Context, _ *struct{}) (*reply[pair], error) {
	id, _ := jotgate.From(ctx)
	u, known := t.users.byName[id.Subject()]
	if !known {
		return nil, huma.Error401Unauthorized("The user of this token is gone")
	}
	access, err := t.access(u)
	return &reply[pair]{pair{Access: access}}, err
}

func (t tokens) user(ctx context.Context, _ *struct{}) (*reply[object], error) {
	id, _ := jotgate.From(ctx) // Authorize.get_jwt_subject()
	return &reply[object]{object{"user": id.Subject()}}, nil
}

// revoke kills the token that the request carries.
func (t tokens) revoke(kind string) func(context.Context, *struct{}) (*reply[object], error) {
	return func(ctx context.Context, _ *struct{}) (*reply[object], error) {
		id, _ := jotgate.From(ctx)
		if err := t.denylist.Add(ctx, id.TokenID(), id.ExpiresAt()); err != nil {
			return nil, unavailable(err)
		}
		return &reply[object]{object{"detail": kind + " token has been revoke"}}, nil
	}
}
