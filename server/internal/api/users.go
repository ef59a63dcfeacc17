package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

var errAbove = errors.New("more than the caller holds")

// pageIn asks for a page.
type pageIn struct {
	After string `query:"after" maxLength:"64" doc:"The member next of the page before"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (p pageIn) page() store.Page { return store.Page{After: p.After, Limit: p.Limit} }

// next is the cursor of the page after, "" at the end.
func next[T any](rows []T, limit int, id func(T) string) string {
	if len(rows) < limit {
		return ""
	}
	return id(rows[len(rows)-1])
}

type userPage struct {
	Users []User `json:"users"`
	Next  string `json:"next,omitempty" doc:"Send it as after; absent on the last page"`
}

type newUserIn struct {
	Body struct {
		Username string   `json:"username,omitempty" maxLength:"64"`
		Email    string   `json:"email,omitempty" maxLength:"254"`
		Password string   `json:"password" maxLength:"1024"`
		Roles    []string `json:"roles,omitempty" maxItems:"16" doc:"Default: the default role"`
	}
}

type patchUserIn struct {
	IDPath
	Body struct {
		Username *string `json:"username,omitempty" maxLength:"64"`
		Email    *string `json:"email,omitempty" maxLength:"254"`
		Disabled *bool   `json:"disabled,omitempty" doc:"true ends every session at once"`
	}
}

type userRolePath struct {
	IDPath
	Role string `path:"role" maxLength:"64"`
}

type invite struct {
	Invite    string    `json:"invite" doc:"Good for one sign-up"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Event is one row of the audit log.
type Event struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Action    string    `json:"action" example:"user.login"`
	Result    string    `json:"result" enum:"ok,fail"`
	Actor     string    `json:"actor,omitempty"`
	Target    string    `json:"target,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	IP        string    `json:"ip,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
}

type eventPage struct {
	Events []Event `json:"events"`
	Next   string  `json:"next,omitempty"`
}

func (a *API) registerUsers() {
	tags := []string{"users"}
	read, write := may("users:read"), may("users:write")
	add(a, read, huma.Operation{OperationID: "users", Method: http.MethodGet, Path: "/v1/users", Tags: tags, Summary: "List users"}, a.users)
	add(a, write, huma.Operation{
		OperationID: "create-user", Method: http.MethodPost, Path: "/v1/users", Tags: tags, DefaultStatus: 201,
		Summary: "Make a user", Errors: []int{404, 409},
	}, a.createUser)
	add(a, read, huma.Operation{OperationID: "user", Method: http.MethodGet, Path: "/v1/users/{id}", Tags: tags, Summary: "Read a user", Errors: []int{404}}, a.user)
	add(a, write, huma.Operation{
		OperationID: "patch-user", Method: http.MethodPatch, Path: "/v1/users/{id}", Tags: tags,
		Summary: "Rename, disable or enable a user", Errors: []int{404, 409},
	}, a.patchUser)
	add(a, write, huma.Operation{
		OperationID: "delete-user", Method: http.MethodDelete, Path: "/v1/users/{id}", Tags: tags, DefaultStatus: 204, Summary: "Delete a user", Errors: []int{404, 409},
	}, a.deleteUser)
	add(a, write, huma.Operation{
		OperationID: "grant-role", Method: http.MethodPut, Path: "/v1/users/{id}/roles/{role}", Tags: tags,
		Summary: "Grant a role", Description: "Nobody grants more than they hold.", Errors: []int{404, 422},
	}, a.grantRole)
	add(a, write, huma.Operation{
		OperationID: "revoke-role", Method: http.MethodDelete, Path: "/v1/users/{id}/roles/{role}", Tags: tags, Summary: "Take a role away", Errors: []int{404, 409},
	}, a.revokeRole)
	add(a, read, huma.Operation{OperationID: "user-sessions", Method: http.MethodGet, Path: "/v1/users/{id}/sessions", Tags: tags, Summary: "A user's log-ins", Errors: []int{404}}, a.userSessions)
	add(a, write, huma.Operation{
		OperationID: "end-user-sessions", Method: http.MethodDelete, Path: "/v1/users/{id}/sessions", Tags: tags, DefaultStatus: 204, Summary: "Log a user out everywhere", Errors: []int{404},
	}, a.endUserSessions)
	add(a, write, huma.Operation{
		OperationID: "invite", Method: http.MethodPost, Path: "/v1/invites", Tags: tags, DefaultStatus: 201,
		Summary: "Invite somebody", Description: "Where `signup` is `invite`; good for an hour.",
	}, a.invite)
	add(a, may("audit:read"), huma.Operation{OperationID: "audit", Method: http.MethodGet, Path: "/v1/audit", Tags: tags, Summary: "What happened, newest first"}, a.audit)
}

func (a *API) users(ctx context.Context, in *pageIn) (*out[userPage], error) {
	rows, err := a.Store.Users(ctx, in.page())
	if err != nil {
		return nil, err
	}
	page := userPage{Users: make([]User, 0, len(rows)), Next: next(rows, in.Limit, func(u store.User) string { return u.ID })}
	for _, u := range rows {
		page.Users = append(page.Users, userOf(u))
	}
	return &out[userPage]{page}, nil
}

func (a *API) createUser(ctx context.Context, in *newUserIn) (*out[User], error) {
	b := in.Body
	roles := b.Roles
	if len(roles) == 0 {
		roles = a.Accounts.DefaultRoles()
	}
	if err := a.known(ctx, b.Roles); err != nil {
		return nil, err
	}
	if err := a.mayGrant(ctx, roles); err != nil {
		return nil, err
	}
	if err := a.fits(ctx, "roles", roles, nil); err != nil {
		return nil, err
	}
	u, err := a.Accounts.CreateUser(ctx, who(ctx).Subject(), account.Registration{Username: b.Username, Email: b.Email, Password: b.Password}, roles, clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return &out[User]{userOf(u)}, nil
}

func (a *API) user(ctx context.Context, in *IDPath) (*out[User], error) {
	u, err := a.Store.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &out[User]{userOf(u.User)}, nil
}

func (a *API) patchUser(ctx context.Context, in *patchUserIn) (*out[User], error) {
	if b := in.Body; b.Username == nil && b.Email == nil && b.Disabled == nil {
		return nil, &account.FieldError{Field: "username", Code: "nothing_to_change", Detail: "Want at least one of username, email and disabled."}
	}
	if err := a.notAbove(ctx, in.ID); err != nil {
		return nil, err
	}
	patch, err := account.Patch(account.Rename{Username: in.Body.Username, Email: in.Body.Email})
	if err != nil {
		return nil, err
	}
	patch.Disabled = in.Body.Disabled
	u, err := a.Store.PatchUser(ctx, in.ID, patch, a.event(ctx, patchAction(in.Body.Disabled), in.ID))
	if err != nil {
		return nil, err
	}
	return &out[User]{userOf(u)}, nil
}

func patchAction(disabled *bool) string {
	switch {
	case disabled == nil:
		return "user.update"
	case *disabled:
		return "user.disable"
	}
	return "user.enable"
}

func (a *API) deleteUser(ctx context.Context, in *IDPath) (*struct{}, error) {
	if err := a.notAbove(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, a.Store.DeleteUser(ctx, in.ID, a.event(ctx, "user.delete", in.ID))
}

func (a *API) grantRole(ctx context.Context, in *userRolePath) (*out[User], error) {
	if err := a.mayGrant(ctx, []string{in.Role}); err != nil {
		return nil, err
	}
	user, err := a.Store.User(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.fits(ctx, "role", append(user.Roles, in.Role), nil); err != nil {
		return nil, err
	}
	return a.changed(a.Store.GrantRole(ctx, in.ID, in.Role, a.roleEvent(ctx, "role.grant", in)))
}

func (a *API) revokeRole(ctx context.Context, in *userRolePath) (*out[User], error) {
	if err := a.mayGrant(ctx, []string{in.Role}); err != nil {
		return nil, err
	}
	return a.changed(a.Store.RevokeRole(ctx, in.ID, in.Role, a.roleEvent(ctx, "role.revoke", in)))
}

func (a *API) changed(u store.User, err error) (*out[User], error) {
	if err != nil {
		return nil, err
	}
	return &out[User]{userOf(u)}, nil
}

func (a *API) userSessions(ctx context.Context, in *IDPath) (*out[sessions], error) {
	if _, err := a.Store.User(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.sessionsOf(ctx, in.ID)
}

func (a *API) endUserSessions(ctx context.Context, in *IDPath) (*struct{}, error) {
	if err := a.notAbove(ctx, in.ID); err != nil {
		return nil, err
	}
	_, err := a.Accounts.EndSessions(ctx, who(ctx).Subject(), in.ID, "", clientOf(ctx))
	return nil, err
}

func (a *API) invite(ctx context.Context, _ *struct{}) (*out[invite], error) {
	if err := a.mayGrant(ctx, a.Accounts.DefaultRoles()); err != nil {
		return nil, err
	}
	code, until, err := a.Accounts.Invite(ctx, who(ctx).Subject(), clientOf(ctx))
	if err != nil {
		return nil, err
	}
	return &out[invite]{invite{code, until.UTC()}}, nil
}

func (a *API) audit(ctx context.Context, in *pageIn) (*out[eventPage], error) {
	rows, err := a.Store.Events(ctx, in.page())
	if err != nil {
		return nil, err
	}
	page := eventPage{Events: make([]Event, 0, len(rows)), Next: next(rows, in.Limit, func(e store.Event) string { return e.ID })}
	for _, e := range rows {
		page.Events = append(page.Events, Event{e.ID, e.At.UTC(), e.Action, e.Result, e.Actor, e.Target, e.Detail, e.IP, e.UserAgent, e.RequestID})
	}
	return &out[eventPage]{page}, nil
}

func (a *API) event(ctx context.Context, action, target string) store.Event {
	return a.Accounts.Event(clientOf(ctx), action, who(ctx).Subject(), target)
}

func (a *API) roleEvent(ctx context.Context, action string, in *userRolePath) store.Event {
	e := a.event(ctx, action, in.ID)
	e.Detail = in.Role
	return e
}

// notAbove refuses to touch an account that may do what the caller may not.
func (a *API) notAbove(ctx context.Context, userID string) error {
	u, err := a.Store.User(ctx, userID)
	if err != nil {
		return err
	}
	if slices.Contains(u.Roles, store.RoleAdmin) && !who(ctx).HasRole(store.RoleAdmin) {
		return errAbove
	}
	return covers(who(ctx), u.Permissions)
}

// covers tells whether the caller holds all of these permissions. An admin does, whatever they look like: the
// permission *:* alone would not cover one of three parts.
func covers(id jotgate.Identity, permissions []string) error {
	for _, p := range permissions {
		if !id.Can(p) && !id.HasRole(store.RoleAdmin) {
			return errAbove
		}
	}
	return nil
}
