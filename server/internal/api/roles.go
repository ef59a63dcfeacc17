package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

var (
	errProtected   = errors.New("role is protected")
	errDefaultRole = errors.New("role is the default role")
)

// Access tokens carry roles and permissions, and must fit into a header wherever they go.
const (
	maxRoleBytes = 1 << 10 // one role's permissions as JSON
	maxUserBytes = 2 << 10 // a user's roles and permissions as JSON: a token of less than 4 KiB
)

// Role is a named set of permissions.
type Role struct {
	Name        string    `json:"name" example:"editor"`
	Permissions []string  `json:"permissions" example:"[\"articles:read\",\"articles:write\"]"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func roleOf(r store.Role) Role {
	if r.Permissions == nil {
		r.Permissions = []string{}
	}
	return Role{r.Name, r.Permissions, r.CreatedAt.UTC(), r.UpdatedAt.UTC()}
}

type roleList struct {
	Roles []Role `json:"roles"`
}

// RolePath names a role. Exported, because huma passes over embedded structs that are not.
type RolePath struct {
	Role string `path:"role" maxLength:"64"`
}

type newRoleIn struct {
	Body struct {
		Name        string   `json:"name" minLength:"1" maxLength:"64" pattern:"^[A-Za-z0-9_.-]+$" patternDescription:"letters, digits, _, - and ." example:"editor"`
		Permissions []string `json:"permissions" maxItems:"100" example:"[\"articles:read\",\"articles:write\"]"`
	}
}

type permissionsIn struct {
	RolePath
	Body struct {
		Permissions []string `json:"permissions" maxItems:"100"`
	}
}

func (a *API) registerRoles() {
	tags := []string{"roles"}
	write := may("roles:write")
	add(a, may("roles:read"), huma.Operation{OperationID: "roles", Method: http.MethodGet, Path: "/v1/roles", Tags: tags, Summary: "List roles"}, a.roles)
	add(a, write, huma.Operation{
		OperationID: "create-role", Method: http.MethodPost, Path: "/v1/roles", Tags: tags, DefaultStatus: 201, Summary: "Make a role", Errors: []int{409},
	}, a.createRole)
	add(a, write, huma.Operation{
		OperationID: "edit-role", Method: http.MethodPatch, Path: "/v1/roles/{role}", Tags: tags, Errors: []int{404, 409},
		Summary: "Replace a role's permissions", Description: "Access tokens that carry the role die; a refresh brings the new permissions.",
	}, a.editRole)
	add(a, write, huma.Operation{
		OperationID: "delete-role", Method: http.MethodDelete, Path: "/v1/roles/{role}", Tags: tags, DefaultStatus: 204,
		Summary: "Delete a role", Description: "Everybody loses it.", Errors: []int{404, 409},
	}, a.deleteRole)
}

func (a *API) roles(ctx context.Context, _ *struct{}) (*out[roleList], error) {
	rows, err := a.Store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	list := roleList{Roles: make([]Role, 0, len(rows))}
	for _, r := range rows {
		list.Roles = append(list.Roles, roleOf(r))
	}
	return &out[roleList]{list}, nil
}

func (a *API) createRole(ctx context.Context, in *newRoleIn) (*out[Role], error) {
	permissions, err := a.settable(ctx, in.Body.Permissions)
	if err != nil {
		return nil, err
	}
	now := a.Accounts.Now().UTC().Truncate(time.Millisecond)
	r := store.Role{Name: in.Body.Name, Permissions: permissions, CreatedAt: now, UpdatedAt: now}
	if err := a.Store.CreateRole(ctx, r, a.event(ctx, "role.create", r.Name)); err != nil {
		return nil, err
	}
	return &out[Role]{roleOf(r)}, nil
}

func (a *API) editRole(ctx context.Context, in *permissionsIn) (*out[Role], error) {
	permissions, err := a.settable(ctx, in.Body.Permissions)
	if err != nil {
		return nil, err
	}
	if err := a.editable(ctx, in.Role); err != nil {
		return nil, err
	}
	if err := a.fitsHolders(ctx, in.Role, permissions); err != nil {
		return nil, err
	}
	r, err := a.Store.SetPermissions(ctx, in.Role, permissions, a.event(ctx, "role.update", in.Role))
	if err != nil {
		return nil, err
	}
	return &out[Role]{roleOf(r)}, nil
}

func (a *API) deleteRole(ctx context.Context, in *RolePath) (*struct{}, error) {
	if in.Role == a.Accounts.Config.DefaultRole {
		return nil, errDefaultRole
	}
	if err := a.editable(ctx, in.Role); err != nil {
		return nil, err
	}
	return nil, a.Store.DeleteRole(ctx, in.Role, a.event(ctx, "role.delete", in.Role))
}

// settable sorts the permissions for a role and refuses what is malformed, too much for a token, or more than the
// caller holds.
func (a *API) settable(ctx context.Context, permissions []string) ([]string, error) {
	for i, p := range permissions {
		if err := jotgate.CheckPermission(p); err != nil {
			return nil, &account.FieldError{Field: fmt.Sprintf("permissions/%d", i), Code: "permission_invalid", Detail: err.Error()}
		}
	}
	permissions = slices.Clone(permissions)
	slices.Sort(permissions)
	permissions = slices.Compact(permissions)
	if size := jsonSize(permissions); size > maxRoleBytes {
		return nil, tooLarge("permissions", size, maxRoleBytes)
	}
	return permissions, covers(who(ctx), permissions)
}

// editable refuses to change the role admin, and roles that allow more than the caller may.
func (a *API) editable(ctx context.Context, name string) error {
	role, err := a.role(ctx, name)
	if err != nil {
		return err
	}
	if name == store.RoleAdmin {
		return errProtected
	}
	return covers(who(ctx), role.Permissions)
}

func (a *API) role(ctx context.Context, name string) (store.Role, error) {
	rows, err := a.Store.Roles(ctx)
	if err != nil {
		return store.Role{}, err
	}
	for _, r := range rows {
		if r.Name == name {
			return r, nil
		}
	}
	return store.Role{}, store.ErrNotFound
}

// known tells whether these roles exist, of a body that lists them.
func (a *API) known(ctx context.Context, roles []string) error {
	for i, name := range roles {
		_, err := a.role(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			return &account.FieldError{Field: fmt.Sprintf("roles/%d", i), Code: "role_unknown", Detail: "There is no such role; GET /v1/roles lists them."}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mayGrant tells whether the caller holds everything that these roles allow. Only an admin makes an admin: the role may
// do more than its permission *:* says.
func (a *API) mayGrant(ctx context.Context, roles []string) error {
	for _, name := range roles {
		if name == store.RoleAdmin && !who(ctx).HasRole(store.RoleAdmin) {
			return errAbove
		}
		role, err := a.role(ctx, name)
		if err != nil {
			return err
		}
		if err := covers(who(ctx), role.Permissions); err != nil {
			return err
		}
	}
	return nil
}

// fits tells whether the token of somebody with these roles has room for them; changed holds permissions that are not in
// the store yet.
func (a *API) fits(ctx context.Context, field string, names []string, changed map[string][]string) error {
	roles, err := a.Store.Roles(ctx)
	if err != nil {
		return err
	}
	var permissions []string
	for _, r := range roles {
		if new, ok := changed[r.Name]; ok {
			r.Permissions = new
		}
		if slices.Contains(names, r.Name) {
			permissions = append(permissions, r.Permissions...)
		}
	}
	slices.Sort(permissions)
	if size := jsonSize(names) + jsonSize(slices.Compact(permissions)); size > maxUserBytes {
		return tooLarge(field, size, maxUserBytes)
	}
	return nil
}

// fitsHolders tells whether everybody who holds a role has room for what it is going to allow.
func (a *API) fitsHolders(ctx context.Context, role string, permissions []string) error {
	sets, err := a.Store.RoleSets(ctx, role)
	if err != nil {
		return err
	}
	for _, names := range sets {
		if err := a.fits(ctx, "permissions", names, map[string][]string{role: permissions}); err != nil {
			return err
		}
	}
	return nil
}

func jsonSize(list []string) int {
	b, _ := json.Marshal(list) // strings always marshal
	return len(b)
}

func tooLarge(field string, size, limit int) error {
	return &account.FieldError{
		Field: field, Code: "token_too_large",
		Detail: fmt.Sprintf("Access tokens would carry %d bytes of roles and permissions; at most %d. Use a wildcard such as orders:* or fewer roles.", size, limit),
	}
}
