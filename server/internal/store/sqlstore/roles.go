package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

const roleColumns = `name, permissions, created_at, updated_at`

func (t *tx) roles(query string, args ...any) ([]store.Role, error) {
	all := []store.Role{}
	err := t.each(func(r *sql.Rows) error {
		var role store.Role
		var permissions string
		var created, updated int64
		if err := r.Scan(&role.Name, &permissions, &created, &updated); err != nil {
			return err
		}
		words, err := unlist(permissions)
		role.Permissions, role.CreatedAt, role.UpdatedAt = words, at(created), at(updated)
		all = append(all, role)
		return err
	}, query, args...)
	return all, err
}

// Roles lists all roles by name.
func (s *Store) Roles(ctx context.Context) ([]store.Role, error) {
	return look(ctx, s, func(t *tx) ([]store.Role, error) {
		return t.roles(`SELECT ` + roleColumns + ` FROM roles ORDER BY name`)
	})
}

// CreateRole stores a new role.
func (s *Store) CreateRole(ctx context.Context, r store.Role, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		n, err := t.exec(`INSERT INTO roles (`+roleColumns+`) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			r.Name, list(r.Permissions), ms(r.CreatedAt), ms(r.UpdatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrRoleTaken
		}
		return t.audit(e)
	})
}

// RoleSets lists the different sets of roles of those who hold role.
func (s *Store) RoleSets(ctx context.Context, role string) ([][]string, error) {
	return look(ctx, s, func(t *tx) ([][]string, error) {
		var all [][]string
		err := t.each(func(r *sql.Rows) error {
			var names string
			err := r.Scan(&names)
			all = append(all, strings.Split(names, ","))
			return err
		}, `
			SELECT DISTINCT names FROM (
				SELECT string_agg(role, ',' ORDER BY role) AS names FROM user_roles
				WHERE user_id IN (SELECT user_id FROM user_roles WHERE role = $1) GROUP BY user_id) AS held
			ORDER BY names LIMIT 1000`, role)
		return all, err
	})
}

// policy returns the policy version.
func (t *tx) policy() (n int64, err error) {
	err = t.one([]any{&n}, `SELECT number FROM meta WHERE name = 'policy'`)
	return n, err
}

// lockPolicy makes other deeds on roles wait until this one ends, and returns the named role.
func (t *tx) lockPolicy(role string) (store.Role, error) {
	if _, err := t.exec(`UPDATE meta SET number = number WHERE name = 'policy'`); err != nil {
		return store.Role{}, err
	}
	found, err := t.roles(`SELECT `+roleColumns+` FROM roles WHERE name = $1`, role)
	if err != nil {
		return store.Role{}, err
	}
	if len(found) == 0 {
		return store.Role{}, store.ErrNotFound
	}
	return found[0], nil
}

// revokeRole raises the policy version: tokens that hold the role with an older one are dead.
func (t *tx) revokeRole(role string) error {
	var policy int64
	if err := t.one([]any{&policy}, `UPDATE meta SET number = number + 1 WHERE name = 'policy' RETURNING number`); err != nil {
		return err
	}
	return t.revoke(revocation.Role, role, policy, revocation.ReasonPermissions)
}

// SetPermissions replaces a role's permissions.
func (s *Store) SetPermissions(ctx context.Context, role string, permissions []string, e store.Event) (store.Role, error) {
	return do(ctx, s, func(t *tx) (store.Role, error) {
		r, err := t.lockPolicy(role)
		if err != nil || list(permissions) == list(r.Permissions) {
			return r, err
		}
		if role == store.RoleAdmin {
			return store.Role{}, store.ErrConflict
		}
		r.Permissions = slices.Compact(slices.Sorted(slices.Values(permissions)))
		r.UpdatedAt = at(ms(t.now))
		if _, err := t.exec(`UPDATE roles SET permissions = $2, updated_at = $3 WHERE name = $1`, role, list(permissions), ms(t.now)); err != nil {
			return store.Role{}, err
		}
		if err := t.revokeRole(role); err != nil {
			return store.Role{}, err
		}
		return r, t.audit(e)
	})
}

// DeleteRole takes the role from everybody and removes it.
func (s *Store) DeleteRole(ctx context.Context, role string, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		if role == store.RoleAdmin {
			return store.ErrConflict
		}
		if _, err := t.lockPolicy(role); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM roles WHERE name = $1`, role); err != nil { // user_roles follow
			return err
		}
		if err := t.revokeRole(role); err != nil {
			return err
		}
		return t.audit(e)
	})
}

// GrantRole gives a user a role.
func (s *Store) GrantRole(ctx context.Context, userID, role string, e store.Event) (store.User, error) {
	return do(ctx, s, func(t *tx) (store.User, error) {
		u, err := t.hold(userID, role == store.RoleAdmin)
		if err != nil {
			return store.User{}, err
		}
		n, err := t.exec(`INSERT INTO user_roles (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING`, userID, role)
		if err != nil || n == 0 {
			return u, dangling(err)
		}
		if role == store.RoleAdmin {
			if err := t.closeSetup(); err != nil {
				return store.User{}, err
			}
		}
		return t.rolesChanged(u, e)
	})
}

// RevokeRole takes a role from a user.
func (s *Store) RevokeRole(ctx context.Context, userID, role string, e store.Event) (store.User, error) {
	return do(ctx, s, func(t *tx) (store.User, error) {
		u, err := t.hold(userID, role == store.RoleAdmin)
		if err != nil {
			return store.User{}, err
		}
		if !slices.Contains(u.Roles, role) {
			var name string
			return u, t.one([]any{&name}, `SELECT name FROM roles WHERE name = $1`, role)
		}
		if role == store.RoleAdmin {
			if err := t.keepsAdmin(u); err != nil {
				return store.User{}, err
			}
		}
		if _, err := t.exec(`DELETE FROM user_roles WHERE user_id = $1 AND role = $2`, userID, role); err != nil {
			return store.User{}, err
		}
		return t.rolesChanged(u, e)
	})
}

// rolesChanged raises u's version, so that tokens with the old roles are dead, and returns u as it is after.
func (t *tx) rolesChanged(u store.User, e store.Event) (store.User, error) {
	if _, err := t.exec(`UPDATE users SET version = version + 1, updated_at = $2 WHERE id = $1`, u.ID, ms(t.now)); err != nil {
		return store.User{}, err
	}
	if err := t.revoke(revocation.User, u.ID, u.Version+1, revocation.ReasonPermissions); err != nil {
		return store.User{}, err
	}
	a, err := t.access(byID, u.ID)
	if err != nil {
		return store.User{}, err
	}
	return a.User, t.audit(e)
}
