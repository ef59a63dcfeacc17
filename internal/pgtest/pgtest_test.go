package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate/internal/pgtest"
)

func connect(t *testing.T, url string) (*pgx.Conn, error) {
	c, err := pgx.Connect(t.Context(), url)
	if err == nil {
		t.Cleanup(func() { c.Close(t.Context()) })
	}
	return c, err
}

func TestStopAndStart(t *testing.T) {
	c := pgtest.StartPrivate(t, "fsync=on")
	one, two := c.Database(t), c.Database(t)
	if one == two {
		t.Fatalf("two databases have one URL: %s", one)
	}
	conn, err := connect(t, one)
	if err != nil {
		t.Fatal(err)
	}
	var fsync string
	if err := conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Errorf("fsync: got %q, %v, want on: settings of the test come last", fsync, err)
	}
	c.Stop(t)
	if _, err := connect(t, one); err == nil {
		t.Error("stopped: got a connection, want an error")
	}
	c.Start(t)
	if _, err := connect(t, one); err != nil {
		t.Errorf("started again: got %v, want a connection to the same address", err)
	}
}
