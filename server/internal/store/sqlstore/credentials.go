package sqlstore

import (
	"context"
	"time"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
)

// SetPassword replaces the hash if it still is old, and ends every session of the user but keep.
func (s *Store) SetPassword(ctx context.Context, id, old, hash, keep string, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND password_hash = $2`, id, old, hash, ms(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			if err := t.lockUser(id); err != nil {
				return err
			}
			return store.ErrConflict
		}
		if _, _, err := t.end(store.Select{User: id, Except: keep}, revocation.ReasonPassword); err != nil {
			return err
		}
		return t.audit(e)
	})
}

// UpgradeHash replaces old by hash for the same password.
func (s *Store) UpgradeHash(ctx context.Context, id, old, hash string) error {
	return s.act(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, id, old, hash)
		return err
	})
}

// CreateInvite stores the hash of a code that CreateUser may spend once before until.
func (s *Store) CreateInvite(ctx context.Context, hash []byte, until time.Time, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO invites (hash, expires_at) VALUES ($1, $2)`, hash, ms(until)); err != nil {
			return err
		}
		return t.audit(e)
	})
}

// OpenSetup makes hash the only valid set-up code.
func (s *Store) OpenSetup(ctx context.Context, hash []byte) error {
	return s.act(ctx, func(t *tx) error {
		n, err := t.exec(`UPDATE meta SET bytes = $1 WHERE name = 'admins' AND number = 0`, hash)
		if err == nil && n == 0 {
			return store.ErrSetupDone
		}
		return err
	})
}

// SetupDone tells whether set-up is closed for ever.
func (s *Store) SetupDone(ctx context.Context) (bool, error) {
	return look(ctx, s, func(t *tx) (bool, error) {
		var n int64
		err := t.one([]any{&n}, `SELECT number FROM meta WHERE name = 'admins'`)
		return n != 0, err
	})
}
