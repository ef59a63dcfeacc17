package sqlstore

import "context"

// OnWriter runs a statement, a PRAGMA say, on the connection that writes a SQLite database, between two batches.
func (s *Store) OnWriter(ctx context.Context, query string) (result string, err error) {
	w := s.engine.(*lite).writer
	err = w.write(ctx, func(ctx context.Context, _ runner) error {
		return w.conn.QueryRowContext(ctx, query).Scan(&result)
	})
	return result, err
}

// Waiting is how many deeds wait for the writer.
func (s *Store) Waiting() int { return len(s.engine.(*lite).writer.queue) }
