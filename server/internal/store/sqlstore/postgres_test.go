package sqlstore_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jotgate/jotgate/internal/pgtest"
	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

var postgresOnly = map[string]func(t *testing.T, d database){
	"hangs":                           hangs,
	"commit unknown":                  commitUnknown,
	"conflicts are retried":           conflictsAreRetried,
	"synchronous commit":              synchronousCommit,
	"a claim outlives its connection": claimOutlivesConnection,
}

// soon checks that a call fails as unavailable, and within the second that a caller may be kept waiting; what more it
// takes here is this machine's.
func soon(t *testing.T, what string, call func() error) {
	t.Helper()
	start := time.Now()
	err := call()
	took := time.Since(start)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%s: got %v, want %v", what, err, store.ErrUnavailable)
	}
	if took > 3*time.Second {
		t.Errorf("%s: took %v, want about 1 s at most", what, took)
	}
	t.Logf("%s: %v", what, took.Round(time.Millisecond))
}

// eventually waits for a state that comes by itself.
func eventually(t *testing.T, what string, call func() error) {
	t.Helper()
	start := time.Now()
	var err error
	for time.Since(start) < 20*time.Second {
		if err = call(); err == nil {
			t.Logf("%s: after %v", what, time.Since(start).Round(time.Millisecond))
			return
		}
	}
	t.Errorf("%s: still %v", what, err)
}

func TestDatabaseGone(t *testing.T) {
	c := pgtest.StartPrivate(t)
	s := open(t, c.Database(t))
	if err := s.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	create := func() error { return s.CreateUser(t.Context(), newUser(newID()), event()) }
	read := func() error { _, err := s.Users(t.Context(), store.Page{}); return err }
	ping := func() error { return s.Ping(t.Context()) }
	if err := errors.Join(create(), read(), ping()); err != nil {
		t.Fatal(err)
	}
	c.Stop(t)
	for range 3 { // the pool's old connections, and new ones
		soon(t, "DBO-1 J10 a deed", create)
		soon(t, "DBO-1 J10 a reading", read)
		soon(t, "DBO-1 J10 Ping", ping)
	}
	c.Start(t)
	eventually(t, "DBO-2 a deed", create)
	eventually(t, "DBO-2 a reading", read)
	eventually(t, "DBO-2 Ping, with the claim", ping)
}

func hangs(t *testing.T, d database) {
	p := newProxy(t, d.dsn)
	s := open(t, p.url)
	create := func() error { return s.CreateUser(t.Context(), newUser(newID()), event()) }
	p.hang.Store(true)
	var wg sync.WaitGroup
	for range 40 { // more than there are connections
		wg.Go(func() { soon(t, "DBO-3 a deed", create) })
	}
	wg.Wait()
	p.hang.Store(false)
	eventually(t, "DBO-2 a deed", create)
}

// F-05: the connection breaks after COMMIT was sent and before its answer.
func commitUnknown(t *testing.T, d database) {
	p := newProxy(t, d.dsn)
	s := open(t, p.url)
	n := newUser("ann")
	if err := s.CreateUser(t.Context(), n, event()); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	session := store.Session{ID: newID(), UserID: n.ID, CreatedAt: now, IdleExpiresAt: now.Add(time.Hour), ExpiresAt: now.Add(time.Hour)}
	if _, err := s.StartSession(t.Context(), session, "h", event()); err != nil {
		t.Fatal(err)
	}
	rotate := func(counter int64) (store.Rotated, error) {
		return s.RotateSession(t.Context(), store.Rotation{SessionID: session.ID, Counter: counter, Now: now, Grace: time.Minute, Idle: time.Hour}, event())
	}
	for counter := range int64(10) {
		p.cutAtCommit.Store(true)
		if _, err := rotate(counter + 1); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("DBO-5 cut at COMMIT: got %v, want %v", err, store.ErrUnavailable)
		}
		got, err := rotate(counter + 1)
		if err != nil || got.Counter != counter+2 {
			t.Fatalf("REF-11 the retry: got counter %d, %v, want %d", got.Counter, err, counter+2)
		}
	}
	events, err := s.Events(t.Context(), store.Page{})
	if err != nil || len(events) != 2+10 {
		t.Errorf("audit rows: got %d, %v, want one for each rotation: nothing was done twice", len(events), err)
	}
}

// proxy stands between a store and PostgreSQL and does what networks do.
type proxy struct {
	url         string
	hang        atomic.Bool // nothing passes either way
	cutAtCommit atomic.Bool // once: the next COMMIT passes, its answer does not
}

func newProxy(t *testing.T, target string) *proxy {
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p, address := new(proxy), u.Host
	u.Host = l.Addr().String()
	p.url = u.String()
	go func() {
		for {
			front, err := l.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", address)
			if err != nil {
				front.Close()
				continue
			}
			var cut atomic.Bool
			go p.pass(back, front, func(b []byte) {
				cut.CompareAndSwap(false, bytes.Contains(b, []byte("commit\x00")) && p.cutAtCommit.CompareAndSwap(true, false))
			})
			go p.pass(front, back, func([]byte) {
				if cut.Load() {
					front.Close()
				}
			})
		}
	}()
	return p
}

func (p *proxy) pass(to, from net.Conn, look func([]byte)) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		look(b[:n])
		if p.hang.Load() {
			io.Copy(io.Discard, from) // this connection is lost, though nobody is told
			return
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func conflictsAreRetried(t *testing.T, d database) {
	s := open(t, d.dsn)
	conflicts(t, d.raw)
	for _, code := range []string{"40001", "40P01"} {
		execute(t, d.raw, `ALTER SEQUENCE tries RESTART; UPDATE conflict SET code = '`+code+`', times = 3`)
		before := newID()
		if err := s.CreateUser(t.Context(), newUser(code, "user"), event()); err != nil {
			t.Errorf("DBO-4 %s three times: got %v, want success", code, err)
		}
		if events, err := s.Events(t.Context(), store.Page{}); err != nil || len(events) == 0 || events[0].ID < before || len(events) > 1 && events[1].ID > before {
			t.Errorf("%s: audit rows: got %+v, %v, want one more", code, events, err)
		}
		execute(t, d.raw, `ALTER SEQUENCE tries RESTART; UPDATE conflict SET times = 1000`)
		if err := s.Append(t.Context(), event()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s for ever: got %v, want %v", code, err, store.ErrUnavailable)
		}
		var tries int
		if err := d.raw.QueryRow(`SELECT last_value FROM tries`).Scan(&tries); err != nil || tries < 2 || tries > 10 {
			t.Errorf("%s for ever: got %d tries, %v, want a few", code, tries, err)
		}
	}
}

// conflicts makes so many audit rows fail as PostgreSQL does when it undoes a transaction for its neighbours' sake.
func conflicts(t *testing.T, db *sql.DB) {
	t.Helper()
	execute(t, db, `CREATE SEQUENCE tries`) // nextval is not undone
	execute(t, db, `CREATE TABLE conflict (code, times) AS VALUES ('', 0)`)
	execute(t, db, `CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE c conflict; BEGIN
		SELECT * INTO c FROM conflict;
		IF nextval('tries') <= c.times THEN RAISE EXCEPTION 'neighbours' USING ERRCODE = c.code; END IF;
		RETURN NEW; END $$`)
	execute(t, db, `CREATE TRIGGER conflict BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION conflict()`)
}

func synchronousCommit(t *testing.T, d database) {
	open(t, d.dsn).Close()
	execute(t, d.raw, `CREATE TABLE witness (said TEXT)`)
	execute(t, d.raw, `CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO witness VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$`)
	execute(t, d.raw, `CREATE TRIGGER witness BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION witness()`)
	for setting, want := range map[string]string{"off": "on", "local": "on", "on": "on", "remote_apply": "remote_apply"} {
		execute(t, d.raw, `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = `+setting+`'; END $$`)
		s := open(t, d.dsn) // a database's settings are for new connections
		if err := s.Append(t.Context(), event()); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := d.raw.QueryRow(`DELETE FROM witness RETURNING said`).Scan(&got); err != nil || got != want {
			t.Errorf("CRA-4 the server's default is %s: a deed ran with %q, %v, want %q", setting, got, err, want)
		}
	}
}

// takeover waits in line for the claim, ends the connection that holds it, and has it when it returns.
func takeover(t *testing.T, d database) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		_, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(4906213, hashtext(current_schema()))`)
		got <- err
	}()
	eventually(t, "another waits for the claim", func() error {
		var waits bool
		err := d.raw.QueryRow(`SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 4906213 AND NOT granted`).Scan(&waits)
		if err == nil && !waits {
			err = errors.New("not yet")
		}
		return err
	})
	execute(t, d.raw, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4906213 AND granted`)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	return func() { conn.Close(t.Context()) }
}

func claimOutlivesConnection(t *testing.T, d database) {
	var told sync.Map
	s, err := sqlstore.Open(t.Context(), d.dsn, store.Options{Revoked: func(records []revocation.Record) {
		for _, r := range records {
			told.Store(r.Key, true)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other := open(t, d.dsn)
	if err := s.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	release := takeover(t, d)
	eventually(t, "a server without its claim refuses everything", func() error {
		_, err := s.Roles(t.Context())
		if !errors.Is(s.Ping(t.Context()), store.ErrUnavailable) || !errors.Is(s.Append(t.Context(), event()), store.ErrUnavailable) || !errors.Is(err, store.ErrUnavailable) {
			return errors.New("still answers")
		}
		return nil
	})
	if err := other.CreateRole(t.Context(), store.Role{Name: "gone"}, event()); err != nil {
		t.Fatal(err)
	}
	if err := other.DeleteRole(t.Context(), "gone", event()); err != nil {
		t.Fatal(err)
	}
	release()
	defer func() {
		if _, ok := told.Load(revocation.KeyOf(revocation.Role, "", "gone")); !ok {
			t.Error("what another server revoked meanwhile: not told before the claim counted again")
		}
	}()
	eventually(t, "the claim is taken again", func() error {
		var held int
		if err := d.raw.QueryRow(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4906213 AND granted`).Scan(&held); err != nil || held != 1 {
			return errors.New("nobody holds it")
		}
		return s.Ping(t.Context())
	})
	third, err := sqlstore.Open(t.Context(), d.dsn, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if err := third.Claim(t.Context()); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second server: got %v, want a refusal", err)
	}
}
