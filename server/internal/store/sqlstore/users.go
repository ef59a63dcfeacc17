package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

const userColumns = `u.id, u.username, u.username_key, u.email, u.email_key, u.email_verified, u.password_hash, u.version, u.disabled, u.created_at, u.updated_at`

// scanUser scans userColumns, and into more what follows them.
func scanUser(r *sql.Rows, u *store.User, more ...any) error {
	var verified, disabled, created, updated int64
	err := r.Scan(append([]any{&u.ID, &u.Username, &u.UsernameKey, &u.Email, &u.EmailKey, &verified, &u.PasswordHash,
		&u.Version, &disabled, &created, &updated}, more...)...)
	u.EmailVerified, u.Disabled = verified != 0, disabled != 0
	u.CreatedAt, u.UpdatedAt = at(created), at(updated)
	return err
}

// Who a lookup is for. The second condition lets the unique index answer, which leaves out empty keys.
const (
	byID       = `u.id = $1`
	byUsername = `u.username_key = $1 AND u.username_key <> ''`
	byEmail    = `u.email_key = $1 AND u.email_key <> ''`
)

// access reads a user with all that goes into an access token. It is one statement and so one moment: a token never
// carries an old permission under a new version.
func (t *tx) access(where, arg string) (store.Access, error) {
	a := store.Access{User: store.User{Roles: []string{}}, Permissions: []string{}}
	found := false
	err := t.each(func(r *sql.Rows) error {
		found = true
		var role, permissions sql.NullString
		if err := scanUser(r, &a.User, &a.Policy, &role, &permissions); err != nil || !role.Valid {
			return err
		}
		words, err := unlist(permissions.String)
		a.Roles = append(a.Roles, role.String)
		a.Permissions = append(a.Permissions, words...)
		return err
	}, `
		SELECT `+userColumns+`, m.number, r.name, r.permissions
		FROM users u
		JOIN meta m ON m.name = 'policy'
		LEFT JOIN user_roles ur ON ur.user_id = u.id
		LEFT JOIN roles r ON r.name = ur.role
		WHERE `+where+`
		ORDER BY ur.role`, arg)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Access{}, err
	}
	slices.Sort(a.Permissions)
	a.Permissions = slices.Compact(a.Permissions)
	return a, nil
}

// lockUser makes other deeds on this user wait until this one ends.
func (t *tx) lockUser(id string) error {
	n, err := t.exec(`UPDATE users SET version = version WHERE id = $1`, id)
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// lockAdmins makes other deeds on who is an admin wait until this one ends.
func (t *tx) lockAdmins() error {
	_, err := t.exec(`UPDATE meta SET number = number WHERE name = 'admins'`)
	return err
}

// keepsAdmin returns ErrLastAdmin if u is the last enabled admin. The admins are locked.
func (t *tx) keepsAdmin(u store.User) error {
	if u.Disabled || !slices.Contains(u.Roles, store.RoleAdmin) {
		return nil
	}
	var others int64
	err := t.one([]any{&others}, `
		SELECT count(*) FROM user_roles ur JOIN users u ON u.id = ur.user_id
		WHERE ur.role = $1 AND u.disabled = 0 AND u.id <> $2`, store.RoleAdmin, u.ID)
	if err == nil && others == 0 {
		return store.ErrLastAdmin
	}
	return err
}

// closeSetup notes that there is an admin, or was one.
func (t *tx) closeSetup() error {
	_, err := t.exec(`UPDATE meta SET number = 1, bytes = NULL WHERE name = 'admins'`)
	return err
}

// CreateUser stores a user with its roles, and spends the code that allows it.
func (s *Store) CreateUser(ctx context.Context, u store.NewUser, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		if err := t.admit(u); err != nil {
			return err
		}
		if err := t.insertUser(u.User); err != nil {
			return err
		}
		for _, role := range slices.Sorted(slices.Values(u.Roles)) {
			if _, err := t.exec(`INSERT INTO user_roles (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING`, u.ID, role); err != nil {
				return dangling(err)
			}
		}
		return t.audit(e)
	})
}

// admit checks and spends what a new user brings along.
func (t *tx) admit(u store.NewUser) error {
	if u.Setup != nil {
		if err := t.spendSetup(u.Setup); err != nil {
			return err
		}
	}
	if slices.Contains(u.Roles, store.RoleAdmin) {
		if err := t.closeSetup(); err != nil {
			return err
		}
	}
	if u.Invite == nil {
		return nil
	}
	n, err := t.exec(`DELETE FROM invites WHERE hash = $1 AND expires_at > $2`, u.Invite, ms(t.now))
	if err == nil && n == 0 {
		return store.ErrCode
	}
	return err
}

func (t *tx) spendSetup(hash []byte) error {
	var done int64
	var current []byte
	if err := t.lockAdmins(); err != nil {
		return err
	}
	if err := t.one([]any{&done, &current}, `SELECT number, bytes FROM meta WHERE name = 'admins'`); err != nil {
		return err
	}
	if done != 0 {
		return store.ErrSetupDone
	}
	if len(current) == 0 || !bytes.Equal(current, hash) { // both are hashes: nothing is learnt from how long this takes
		return store.ErrCode
	}
	_, err := t.exec(`UPDATE meta SET bytes = NULL WHERE name = 'admins'`)
	return err
}

func (t *tx) insertUser(u store.User) error {
	_, err := t.exec(`
		INSERT INTO users (id, username, username_key, email, email_key, email_verified, password_hash, version, disabled, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey, bit(u.EmailVerified), u.PasswordHash,
		max(u.Version, 1), bit(u.Disabled), ms(u.CreatedAt), ms(u.UpdatedAt))
	return taken(err)
}

// User returns the account with this id.
func (s *Store) User(ctx context.Context, id string) (store.Access, error) {
	return look(ctx, s, func(t *tx) (store.Access, error) { return t.access(byID, id) })
}

// UserByLogin returns the account whose folded username or e-mail is key. A username has no @ and an e-mail has one.
func (s *Store) UserByLogin(ctx context.Context, key string) (store.Access, error) {
	where := byUsername
	if strings.Contains(key, "@") {
		where = byEmail
	}
	return look(ctx, s, func(t *tx) (store.Access, error) { return t.access(where, key) })
}

// Users lists accounts.
func (s *Store) Users(ctx context.Context, p store.Page) ([]store.User, error) {
	return look(ctx, s, func(t *tx) ([]store.User, error) {
		all := []store.User{}
		err := t.each(func(r *sql.Rows) error {
			u := store.User{Roles: []string{}}
			var role sql.NullString
			if err := scanUser(r, &u, &role); err != nil {
				return err
			}
			if n := len(all); n == 0 || all[n-1].ID != u.ID {
				all = append(all, u)
			}
			if last := &all[len(all)-1]; role.Valid {
				last.Roles = append(last.Roles, role.String)
			}
			return nil
		}, `
			SELECT `+userColumns+`, ur.role
			FROM (SELECT * FROM users WHERE id > $1 ORDER BY id LIMIT $2) u
			LEFT JOIN user_roles ur ON ur.user_id = u.id
			ORDER BY u.id, ur.role`, p.After, limit(p))
		return all, err
	})
}

// limit is how many rows a page may have.
func limit(p store.Page) int {
	if p.Limit <= 0 {
		return store.MaxPage
	}
	return min(p.Limit, store.MaxPage)
}

// PatchUser changes what p does not leave nil.
func (s *Store) PatchUser(ctx context.Context, id string, p store.UserPatch, e store.Event) (store.User, error) {
	return do(ctx, s, func(t *tx) (store.User, error) {
		disable := p.Disabled != nil && *p.Disabled
		u, err := t.hold(id, disable)
		if err != nil {
			return store.User{}, err
		}
		if disable = disable && !u.Disabled; disable {
			if err := t.disable(&u); err != nil {
				return store.User{}, err
			}
		}
		patch(&u, p)
		u.UpdatedAt = at(ms(t.now))
		if err := t.updateUser(u); err != nil {
			return store.User{}, err
		}
		return u, t.audit(e)
	})
}

// hold locks a user, before it who is an admin where that is at stake, and returns the user.
func (t *tx) hold(id string, admins bool) (store.User, error) {
	if admins {
		if err := t.lockAdmins(); err != nil {
			return store.User{}, err
		}
	}
	if err := t.lockUser(id); err != nil {
		return store.User{}, err
	}
	a, err := t.access(byID, id)
	return a.User, err
}

// disable ends all that u may do; the caller stores u.
func (t *tx) disable(u *store.User) error {
	if err := t.keepsAdmin(*u); err != nil {
		return err
	}
	u.Version++
	_, err := t.exec(`UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE user_id = $3 AND ended_at = 0`,
		ms(t.now), revocation.ReasonDisabled, u.ID)
	if err != nil {
		return err
	}
	return t.revoke(revocation.User, u.ID, u.Version, revocation.ReasonDisabled)
}

func patch(u *store.User, p store.UserPatch) {
	email := u.Email + "\n" + u.EmailKey
	for _, c := range []struct {
		to   *string
		from *string
	}{{&u.Username, p.Username}, {&u.UsernameKey, p.UsernameKey}, {&u.Email, p.Email}, {&u.EmailKey, p.EmailKey}} {
		if c.from != nil {
			*c.to = *c.from
		}
	}
	if u.Email+"\n"+u.EmailKey != email {
		u.EmailVerified = false
	}
	if p.Disabled != nil {
		u.Disabled = *p.Disabled
	}
}

func (t *tx) updateUser(u store.User) error {
	_, err := t.exec(`
		UPDATE users SET username = $2, username_key = $3, email = $4, email_key = $5, email_verified = $6, version = $7, disabled = $8, updated_at = $9
		WHERE id = $1`,
		u.ID, u.Username, u.UsernameKey, u.Email, u.EmailKey, bit(u.EmailVerified), u.Version, bit(u.Disabled), ms(u.UpdatedAt))
	return taken(err)
}

// DeleteUser removes the account. Its sessions stay, ended and without what they knew about a person, until Sweep.
func (s *Store) DeleteUser(ctx context.Context, id string, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		u, err := t.hold(id, true)
		if err != nil {
			return err
		}
		if err := t.keepsAdmin(u); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE sessions SET user_agent = '', ip = '' WHERE user_id = $1`, id); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE user_id = $3 AND ended_at = 0`,
			ms(t.now), revocation.ReasonDeleted, id); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM users WHERE id = $1`, id); err != nil {
			return err
		}
		if err := t.revoke(revocation.User, id, u.Version+1, revocation.ReasonDeleted); err != nil {
			return err
		}
		return t.audit(e)
	})
}
