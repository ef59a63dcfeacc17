package crash_test

import (
	"database/sql"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// wholes are what makes a deed whole, each as a query for the rows that break it, which SQLite and PostgreSQL both read,
// and as a statement that makes such a row.
var wholes = []struct{ name, query, breaks string }{
	{
		"a user without a password",
		`SELECT id FROM users WHERE password_hash NOT LIKE '$argon2id$%'`,
		`UPDATE users SET password_hash = '' WHERE id = (SELECT max(id) FROM users)`,
	},
	{
		"a user without the default role",
		`SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM user_roles WHERE role = 'user')`,
		`DELETE FROM user_roles WHERE user_id = (SELECT max(id) FROM users)`,
	},
	{
		"a user without the audit row of the sign-up",
		`SELECT id FROM users WHERE id NOT IN (SELECT target FROM audit WHERE action = 'user.signup')`,
		`DELETE FROM audit WHERE id = (SELECT max(id) FROM audit WHERE action = 'user.signup')`,
	},
	{
		"the audit row of a sign-up without the user",
		`SELECT target FROM audit WHERE action = 'user.signup' AND target NOT IN (SELECT id FROM users)`,
		`DELETE FROM users WHERE id = (SELECT max(id) FROM users)`,
	},
	{
		"a role of no user",
		`SELECT user_id FROM user_roles WHERE user_id NOT IN (SELECT id FROM users)`,
		`DELETE FROM users WHERE id = (SELECT max(id) FROM users)`,
	},
	{
		"a session without a user",
		`SELECT id FROM sessions WHERE user_id NOT IN (SELECT id FROM users)`,
		`DELETE FROM users WHERE id = (SELECT max(user_id) FROM sessions)`,
	},
	{
		"a session without the audit row of the log-in",
		`SELECT id FROM sessions WHERE id NOT IN (SELECT target FROM audit WHERE action = 'user.login' AND result = 'ok')`,
		`DELETE FROM audit WHERE id = (SELECT max(id) FROM audit WHERE action = 'user.login')`,
	},
	{
		"the audit row of a log-in without the session",
		`SELECT target FROM audit WHERE action = 'user.login' AND result = 'ok' AND target NOT IN (SELECT id FROM sessions)`,
		`DELETE FROM sessions WHERE id = (SELECT max(id) FROM sessions)`,
	},
	{
		"more or fewer rotations than audit rows of them",
		`SELECT s.id FROM sessions s
			LEFT JOIN (SELECT target, count(*) AS n FROM audit WHERE action = 'session.refresh' GROUP BY target) a ON a.target = s.id
			WHERE s.counter <> 1 + coalesce(a.n, 0)`,
		`DELETE FROM audit WHERE id = (SELECT max(id) FROM audit WHERE action = 'session.refresh')`,
	},
	{
		"an ended session without its revocation",
		`SELECT id FROM sessions WHERE ended_at <> 0 AND id NOT IN (SELECT value FROM revocations WHERE kind = 'session')`,
		`DELETE FROM revocations WHERE id = (SELECT max(id) FROM revocations)`,
	},
	{
		"the revocation of a live session",
		`SELECT value FROM revocations WHERE kind = 'session' AND value NOT IN (SELECT id FROM sessions WHERE ended_at <> 0)`,
		`UPDATE sessions SET ended_at = 0 WHERE id = (SELECT max(id) FROM sessions WHERE ended_at <> 0)`,
	},
	{
		"a log-out without its audit row",
		`SELECT id FROM sessions WHERE end_reason = 'logout' AND id NOT IN (SELECT target FROM audit WHERE action = 'session.logout')`,
		`DELETE FROM audit WHERE id = (SELECT max(id) FROM audit WHERE action = 'session.logout')`,
	},
	{
		"the audit row of a log-out without the log-out",
		`SELECT target FROM audit WHERE action = 'session.logout' AND target NOT IN (SELECT id FROM sessions WHERE end_reason = 'logout')`,
		`UPDATE sessions SET end_reason = '' WHERE id = (SELECT max(id) FROM sessions WHERE end_reason = 'logout')`,
	},
	{
		"a password change without its audit row",
		`SELECT id FROM sessions WHERE end_reason = 'password_changed' AND user_id NOT IN (SELECT target FROM audit WHERE action = 'user.password')`,
		`DELETE FROM audit WHERE action = 'user.password'`,
	},
}

// halves reads the database past the server and names every deed that is not whole.
func halves(t *testing.T, driver, source string) (found []string) {
	t.Helper()
	for _, w := range wholes {
		for _, id := range column(t, driver, source, w.query) {
			found = append(found, w.name+": "+id)
		}
	}
	return found
}

func column(t *testing.T, driver, source, query string) (all []string) {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// forgotten looks for what earlier crashes had left: later ones must not take it.
func (w *world) forgotten(t *testing.T, sum *tally) {
	t.Helper()
	names := column(t, w.site.driver, w.site.source, `SELECT username FROM users`)
	for _, name := range missing(w.joined, names) {
		sum.loss(signUp, "%s is gone", name)
	}
	ended := column(t, w.site.driver, w.site.source, `SELECT id FROM sessions WHERE ended_at <> 0`)
	for _, id := range missing(w.left, ended) {
		sum.loss(logOut, "session %s lives again", id)
	}
}

func missing(want, got []string) []string {
	slices.Sort(got)
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool {
		_, found := slices.BinarySearch(got, s)
		return found
	})
}
