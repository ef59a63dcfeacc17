// Package pgtest gives a test a PostgreSQL of its own: a private cluster in a temporary folder on a free port, under a
// second old, or the server that TEST_POSTGRES_URL names.
package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running PostgreSQL.
type Cluster struct {
	url url.URL // of its database "postgres"
	bin string  // "" when the server is not ours
	dir string
}

// Start returns a cluster that ends with the test; settings are lines of postgresql.conf. When TEST_POSTGRES_URL is set
// that server is used as it is. Where there is neither, the test is skipped.
//
// The cluster does not flush to disk, for speed: a test about durability passes "fsync=on".
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	if s := os.Getenv("TEST_POSTGRES_URL"); s != "" {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal("TEST_POSTGRES_URL is not a URL") // the error would quote the password
		}
		return &Cluster{url: *u}
	}
	return StartPrivate(t, settings...)
}

// StartPrivate is Start for tests that stop the server: TEST_POSTGRES_URL does not count.
func StartPrivate(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	bin := binaries()
	if bin == "" {
		t.Skip("skipped: install postgresql or set TEST_POSTGRES_URL")
	}
	c := &Cluster{bin: bin, dir: folder(t)}
	c.url = url.URL{Scheme: "postgres", User: url.User("postgres"), Host: freeAddress(t), Path: "/postgres", RawQuery: "sslmode=disable"}
	c.run(t, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	c.configure(t, settings)
	c.Start(t)
	t.Cleanup(func() { c.Stop(t) })
	return c
}

// binaries returns the folder of pg_ctl, newest version first, or "".
func binaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl") // the pattern is sound
	if len(found) > 0 {
		return filepath.Dir(slices.Max(found))
	}
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// folder is not t.TempDir: PostgreSQL does not run as root, and another user may not enter what the test owns.
func folder(t testing.TB) string {
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := giveAway(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) configure(t testing.TB, settings []string) {
	lines := append([]string{
		"listen_addresses = '127.0.0.1'",
		"port = " + c.url.Port(),
		"unix_socket_directories = ''",
		"max_connections = 200",
		"fsync = off",
		"full_page_writes = off",
	}, settings...)
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// Start starts a private cluster that was stopped, on the same address, and waits until it answers.
func (c *Cluster) Start(t testing.TB) {
	t.Helper()
	c.run(t, "pg_ctl", "-D", c.data(), "-l", filepath.Join(c.dir, "log"), "-w", "-t", "60", "start")
}

// Stop stops a private cluster at once, as a crash would; a stopped one stays stopped.
func (c *Cluster) Stop(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(c.data(), "postmaster.pid")); err == nil {
		c.run(t, "pg_ctl", "-D", c.data(), "-m", "immediate", "-w", "-t", "60", "stop")
	}
}

func (c *Cluster) run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = asPostgres()
	out, err := os.Create(filepath.Join(c.dir, name+".out")) // a pipe would stay open in the server that pg_ctl leaves behind
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		t.Fatalf("%s on %s: %v\n%s%s", name, runtime.GOOS, err, said, log)
	}
}

// Database makes an empty database and returns its URL. It goes with the test.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := "jotgate_test_" + strings.ToLower(rand.Text())
	c.exec(t, "CREATE DATABASE "+name)
	if c.bin == "" {
		t.Cleanup(func() { c.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	}
	u := c.url
	u.Path = "/" + name
	return u.String()
}

func (c *Cluster) exec(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t.Context has ended when clean-up begins
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url.String())
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", statement, err))
	}
}
