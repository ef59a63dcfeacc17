package main

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate/profile/flama"
)

// User is who may sign in, and what for.
type User struct {
	Hash        string // of any kind that package password verifies
	Permissions []string
}

// knows takes as long for an id that nobody has as for a wrong password.
func (s Settings) knows(ctx context.Context, id, typed string) (bool, error) {
	if user, known := s.Users[id]; known {
		ok, _, err := s.Hasher.LogIn(ctx, typed, user.Hash) // a better hash is not kept: the service only reads its users
		return ok, err
	}
	return false, s.Hasher.VerifyNone(ctx, typed)
}

// lifetime of a token: the guide declares JWT_TOKEN_EXPIRATION and does not use it.
const lifetime = 300 * time.Second

type signIn struct {
	Body struct {
		ID       string `json:"id" format:"uuid" example:"497f6eca-6276-4993-bfeb-53cbbbba6f08"`
		Password string `json:"password" maxLength:"1024" example:"string"`
	}
}

type signedIn struct {
	Body struct {
		ID    string `json:"id" format:"uuid"`
		Token string `json:"token"`
	}
}

func registerAuth(api huma.API, s Settings, issuer *flama.Issuer) {
	huma.Post(api, "/auth/", func(ctx context.Context, in *signIn) (*signedIn, error) {
		ok, err := s.knows(ctx, in.Body.ID, in.Body.Password)
		if err != nil {
			return nil, huma.Error503ServiceUnavailable("Nobody can sign in now: try again", err) // most likely password.ErrBusy
		}
		if !ok {
			return nil, huma.Error401Unauthorized("Unauthorized")
		}
		out := new(signedIn)
		out.Body.ID = in.Body.ID
		out.Body.Token, err = issuer.Encode(map[string]any{
			"iss": "vortico", "exp": s.Tokens.Now().Add(lifetime).Unix(),
			"id": in.Body.ID, "permissions": s.Users[in.Body.ID].Permissions, // these go under data
		})
		return out, err
	}, says("Sign in"), everybody)
}
