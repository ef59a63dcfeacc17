package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Me is one's own account.
type Me struct {
	User
	Permissions []string `json:"permissions"`
}

// Session is one log-in.
type Session struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current,omitempty" doc:"The session of the token that asks"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at" doc:"Unless it is refreshed before"`
	UserAgent  string    `json:"user_agent,omitempty"`
	IP         string    `json:"ip,omitempty"`
}

type sessions struct {
	Sessions []Session `json:"sessions"`
}

// IDPath names an account or a session. Exported, because huma passes over embedded structs that are not.
type IDPath struct {
	ID string `path:"id" maxLength:"64"`
}

type passwordIn struct {
	Body struct {
		CurrentPassword string `json:"current_password" maxLength:"1024"`
		NewPassword     string `json:"new_password" maxLength:"1024"`
	}
}

type reauthIn struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

type patchMeIn struct {
	Body struct {
		CurrentPassword string  `json:"current_password" maxLength:"1024"`
		Username        *string `json:"username,omitempty" maxLength:"64"`
		Email           *string `json:"email,omitempty" maxLength:"254"`
	}
}

// accessOnly is a new access token for a session whose refresh token stays as it is.
type accessOnly struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type" example:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" example:"900"`
	SessionID   string `json:"session_id"`
}

func (a *API) registerMe() {
	tags := []string{"me"}
	add(a, authenticated, huma.Operation{OperationID: "me", Method: http.MethodGet, Path: "/v1/me", Tags: tags, Summary: "Who am I"}, a.me)
	add(a, authenticated, huma.Operation{
		OperationID: "rename", Method: http.MethodPatch, Path: "/v1/me", Tags: tags,
		Summary: "Change names", Description: "With the current password.", Errors: []int{403, 409},
	}, a.patchMe)
	add(a, fresh, huma.Operation{
		OperationID: "delete-me", Method: http.MethodDelete, Path: "/v1/me", Tags: tags, DefaultStatus: 204,
		Summary: "Delete one's account", Description: "Needs a log-in of the last five minutes.", Errors: []int{409},
	}, a.deleteMe)
	add(a, authenticated, huma.Operation{
		OperationID: "change-password", Method: http.MethodPut, Path: "/v1/me/password", Tags: tags, DefaultStatus: 204,
		Summary: "Change the password", Description: "All other sessions end; this one lives.", Errors: []int{403},
	}, a.changePassword)
	add(a, authenticated, huma.Operation{
		OperationID: "reauthenticate", Method: http.MethodPost, Path: "/v1/me/reauthenticate", Tags: tags,
		Summary: "Prove the password again", Description: "Answers an access token that counts as fresh for five minutes; into the cookie, where the old one came from there.", Errors: []int{403},
	}, a.reauthenticate)
	add(a, authenticated, huma.Operation{
		OperationID: "my-sessions", Method: http.MethodGet, Path: "/v1/me/sessions", Tags: tags, Summary: "One's log-ins",
	}, a.mySessions)
	add(a, authenticated, huma.Operation{
		OperationID: "end-my-sessions", Method: http.MethodDelete, Path: "/v1/me/sessions", Tags: tags, DefaultStatus: 204, Summary: "Log out everywhere",
	}, a.endMySessions)
	add(a, authenticated, huma.Operation{
		OperationID: "end-my-session", Method: http.MethodDelete, Path: "/v1/me/sessions/{id}", Tags: tags, DefaultStatus: 204,
		Summary: "End one log-in", Errors: []int{404},
	}, a.endMySession)
}

// who is the caller of a guarded operation.
func who(ctx context.Context) jotgate.Identity {
	id, _ := jotgate.From(ctx)
	return id
}

// gone turns the absence of the caller's own account into what it means for them.
func gone(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrEnded
	}
	return err
}

func (a *API) me(ctx context.Context, _ *struct{}) (*out[Me], error) {
	u, err := a.Store.User(ctx, who(ctx).Subject())
	if err != nil {
		return nil, gone(err)
	}
	if u.Permissions == nil {
		u.Permissions = []string{}
	}
	return &out[Me]{Me{userOf(u.User), u.Permissions}}, nil
}

func (a *API) patchMe(ctx context.Context, in *patchMeIn) (*out[User], error) {
	b := in.Body
	u, err := a.Accounts.Rename(ctx, who(ctx).Subject(), who(ctx).SessionID(), b.CurrentPassword, account.Rename{Username: b.Username, Email: b.Email}, clientOf(ctx))
	if err != nil {
		return nil, gone(err)
	}
	return &out[User]{userOf(u)}, nil
}

func (a *API) deleteMe(ctx context.Context, _ *struct{}) (*struct{}, error) {
	id := who(ctx).Subject()
	return nil, forgetOwn(ctx, gone(a.Store.DeleteUser(ctx, id, a.Accounts.Event(clientOf(ctx), "user.delete", id, id))))
}

func (a *API) changePassword(ctx context.Context, in *passwordIn) (*struct{}, error) {
	id := who(ctx)
	err := a.Accounts.ChangePassword(ctx, id.Subject(), id.SessionID(), in.Body.CurrentPassword, in.Body.NewPassword, clientOf(ctx))
	return nil, gone(err)
}

func (a *API) reauthenticate(ctx context.Context, in *reauthIn) (*out[either[accessOnly, InCookies]], error) {
	id, client := who(ctx), clientOf(ctx)
	client.Cookies = byCookie(ctx)
	t, err := a.Accounts.Reauthenticate(ctx, id.Subject(), id.SessionID(), in.Body.Password, client)
	if err != nil {
		return nil, gone(err)
	}
	if client.Cookies {
		kept, err := keep(ctx, t)
		if err != nil {
			return nil, err
		}
		return &out[either[accessOnly, InCookies]]{either[accessOnly, InCookies]{kept}}, nil
	}
	all := tokensOf(t)
	return &out[either[accessOnly, InCookies]]{either[accessOnly, InCookies]{accessOnly{all.AccessToken, all.TokenType, all.ExpiresIn, all.SessionID}}}, nil
}

func (a *API) mySessions(ctx context.Context, _ *struct{}) (*out[sessions], error) {
	return a.sessionsOf(ctx, who(ctx).Subject())
}

func (a *API) sessionsOf(ctx context.Context, userID string) (*out[sessions], error) {
	rows, err := a.Store.Sessions(ctx, userID, a.Accounts.Now())
	if err != nil {
		return nil, err
	}
	list := sessions{Sessions: make([]Session, 0, len(rows))}
	for _, s := range rows {
		list.Sessions = append(list.Sessions, Session{
			ID: s.ID, Current: s.ID == who(ctx).SessionID(), CreatedAt: s.CreatedAt.UTC(), LastUsedAt: s.LastUsedAt.UTC(),
			ExpiresAt: s.IdleExpiresAt.UTC(), UserAgent: s.UserAgent, IP: s.IP,
		})
	}
	return &out[sessions]{list}, nil
}

func (a *API) endMySessions(ctx context.Context, in *struct {
	Keep string `query:"keep" enum:"current" doc:"current: all others"`
}) (*struct{}, error) {
	id, keep := who(ctx), ""
	if in.Keep != "" {
		keep = id.SessionID()
	}
	_, err := a.Accounts.EndSessions(ctx, id.Subject(), id.Subject(), keep, clientOf(ctx))
	if keep == "" {
		err = forgetOwn(ctx, err)
	}
	return nil, err
}

func (a *API) endMySession(ctx context.Context, in *IDPath) (*struct{}, error) {
	id := who(ctx)
	err := a.Accounts.EndSession(ctx, id.Subject(), id.Subject(), in.ID, clientOf(ctx))
	if in.ID == id.SessionID() {
		err = forgetOwn(ctx, err)
	}
	return nil, err
}
