package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/jotgate/jotgate/server/internal/pgtest"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
	"github.com/jotgate/jotgate/server/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Open {
		return opener(t, "sqlite:"+filepath.Join(t.TempDir(), "jotgate.db"))
	}, storetest.Can{Nodes: 3, Rounds: 200})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	c := pgtest.Start(t)
	storetest.Run(t, func(t *testing.T) storetest.Open {
		return opener(t, patient(c.Database(t)))
	}, storetest.Can{Nodes: 3, Rounds: 200})
}

// patient is a URL for tests of what is answered, not of how soon: this machine may be busy.
func patient(url string) string { return url + "&statement_timeout=30s" }

func opener(t *testing.T, dsn string) storetest.Open {
	return func(o store.Options) (store.Store, error) { return sqlstore.Open(t.Context(), dsn, o) }
}
