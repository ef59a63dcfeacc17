package sqlstore

import (
	"context"
	"database/sql"

	"github.com/jotgate/jotgate/server/internal/store"
)

// Keys lists all keys, oldest first.
func (s *Store) Keys(ctx context.Context) ([]store.Key, error) {
	return look(ctx, s, func(t *tx) ([]store.Key, error) {
		all := []store.Key{}
		err := t.each(func(r *sql.Rows) error {
			var k store.Key
			var created, retired int64
			err := r.Scan(&k.ID, &k.Algorithm, &k.State, &k.Sealed, &created, &retired)
			k.CreatedAt, k.RetiredAt = at(created), at(retired)
			all = append(all, k)
			return err
		}, `SELECT id, algorithm, state, sealed, created_at, retired_at FROM keys ORDER BY created_at, id`)
		return all, err
	})
}

// ActivateKey makes k the active key. An index lets no two keys be active, so concurrent callers cannot both succeed.
func (s *Store) ActivateKey(ctx context.Context, k store.Key, replaces string, e store.Event) error {
	return s.act(ctx, func(t *tx) error {
		if replaces != "" {
			n, err := t.exec(`UPDATE keys SET state = $1, retired_at = $2 WHERE id = $3 AND state = $4`,
				store.KeyRetired, ms(t.now), replaces, store.KeyActive)
			if err != nil {
				return err
			}
			if n == 0 {
				return store.ErrKeyExists
			}
		}
		n, err := t.exec(`INSERT INTO keys (id, algorithm, state, sealed, created_at, retired_at) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING`,
			k.ID, k.Algorithm, store.KeyActive, k.Sealed, ms(k.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return store.ErrKeyExists
		}
		return t.audit(e)
	})
}
