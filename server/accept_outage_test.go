package server_test

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/internal/pgtest"
)

// wire is a TCP line to a database that can go silent: connections stay, and nothing comes through.
type wire struct {
	listener net.Listener
	to       string
	flow     sync.RWMutex // held for writing while silent
}

// layWire returns a wire and the database's URL through it.
func layWire(t *testing.T, store string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, to: u.Host}
	go w.serve()
	t.Cleanup(func() { l.Close() })
	u.Host, u.User = l.Addr().String(), url.UserPassword("postgres", "canary") // any password will do, and none may be seen
	return w, u.String()
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil {
			near.Close()
			continue
		}
		go w.carry(near, far)
		go w.carry(far, near)
	}
}

func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.flow.RLock()
		_, werr := to.Write(buffer[:n])
		w.flow.RUnlock()
		if err != nil || werr != nil {
			return
		}
	}
}

// TestDatabaseGone stops the database under a running server, starts it, and cuts the line to it.
func TestDatabaseGone(t *testing.T) {
	cluster := pgtest.StartPrivate(t)
	s := profile(t)
	var line *wire
	line, s.Store = layWire(t, cluster.Database(t))
	n := startWith(t, s, newClock(), 0)
	admin := n.admin()
	n.signUp("ann")
	o := outage{n, n.logIn("ann"), admin}

	t.Run("J09 J10 the database is stopped", func(t *testing.T) {
		cluster.Stop(t)
		o.on(t).check(time.Second)
		cluster.Start(t)
		o.on(t).recovers()
	})
	t.Run("J09 J10 the database is silent", func(t *testing.T) {
		line.flow.Lock()
		o.on(t).check(2 * time.Second) // a busy machine may add to the server's 0.9 s
		line.flow.Unlock()
		o.on(t).recovers()
	})
}

type outage struct {
	*node
	user, admin tokens
}

func (o outage) on(t *testing.T) outage { return outage{o.node.on(t), o.user, o.admin} }

// check asks everything at once.
func (o outage) check(patience time.Duration) {
	o.t.Helper()
	user, admin := o.user.Access, o.admin.Access
	requests := []*http.Request{
		o.request("POST", "/v1/login", "", body{"username": "ann", "password": pass}),
		o.request("POST", "/v1/login", "", body{"username": "nobody", "password": pass}),
		o.request("POST", "/v1/signup", "", body{"username": "bea", "password": pass}),
		o.request("POST", "/v1/refresh", "", body{"refresh_token": o.user.Refresh}),
		o.request("POST", "/v1/logout", user, nil), // what is not ended must not be said to be
		o.request("POST", "/v1/setup", "", body{"code": "x", "username": "x", "password": pass}),
		o.request("GET", "/setup", "", nil),
		o.request("GET", "/readyz", "", nil),
		o.request("GET", "/v1/me", user, nil),
		o.request("PUT", "/v1/me/password", user, body{"current_password": pass, "new_password": pass + "2"}),
		o.request("POST", "/v1/me/reauthenticate", user, body{"password": pass}),
		o.request("DELETE", "/v1/me/sessions", user, nil),
		o.request("GET", "/v1/users", admin, nil),
		o.request("GET", "/v1/audit", admin, nil),
		o.request("POST", "/v1/roles", admin, body{"name": "late", "permissions": []string{"a:b"}}),
	}
	took := make([]time.Duration, len(requests))
	parallel(len(requests), func(i int) {
		r, start := requests[i], time.Now()
		a := o.send(r)
		took[i] = time.Since(start)
		if code := into[problem](o.t, a).Code; a.Status != 503 || code != "database_unavailable" || a.Header.Get("Retry-After") != "1" {
			o.t.Errorf("%s %s: got %d %s, Retry-After %q; want 503 database_unavailable, after 1 s", r.Method, r.URL.Path, a.Status, code, a.Header.Get("Retry-After"))
		}
	})
	if got := slices.Min(took); got > time.Second {
		o.t.Errorf("the quickest answer took %v, want at most 1s", got)
	}
	if got := slices.Max(took); got > patience {
		o.t.Errorf("the slowest answer took %v, want at most %v", got, patience)
	}
	o.want(200, "GET", "/healthz", "", nil)
	o.want(200, "GET", "/.well-known/jwks.json", "", nil)
	o.wants(o.call("GET", "/v1/me", "nonsense", nil), 401, "token_invalid")
	o.wants(o.call("GET", "/v1/users", user, nil), 403, "forbidden")
}

// recovers wants the server to be ready again by itself, and nothing that was refused to have happened.
func (o outage) recovers() {
	o.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for o.call("GET", "/readyz", "", nil).Status != 200 {
		if time.Now().After(deadline) {
			o.t.Fatal("not ready five seconds after the database is")
		}
		time.Sleep(20 * time.Millisecond)
	}
	o.want(200, "GET", "/v1/me", o.user.Access, nil)
	o.logIn("ann")
	o.wants(o.call("POST", "/v1/login", "", body{"username": "bea", "password": pass}), 401, "invalid_credentials")
	o.refreshed(o.user.Refresh) // within the grace the same again: the session did not move
	_, ids := o.sessions(o.user.Access)
	if !slices.Contains(ids, o.user.SessionID) {
		o.t.Errorf("sessions: got %v, want %s among them", ids, o.user.SessionID)
	}
}

// TestShutdown: a load balancer that heeds /readyz sees no failed request, and a request that the server has begun to
// read is answered.
func TestShutdown(t *testing.T) {
	t.Run("SHD-1 no request fails", func(t *testing.T) {
		n := startDraining(t)
		names := []string{"ann", "bea", "cem", "dan"}
		var sessions []tokens
		for _, name := range names {
			n.signUp(name)
			sessions = append(sessions, n.logIn(name))
		}
		begun := n.begin(8)
		b := &balancer{node: n.node, statuses: map[int]int{}}
		b.run(sessions, func() { // with requests under way
			n.cancel()
			b.awaitNotReady()
			close(n.drained)
		})
		client.CloseIdleConnections() // those that were never used would be waited for
		n.awaitClosed()
		for i, conn := range begun {
			if got := conn.finish(t); got != http.StatusOK {
				t.Errorf("request %d that was begun before: got %d, want 200", i, got)
			}
		}
		if err := <-n.served; err != nil {
			t.Errorf("Serve: got %v, want nil", err)
		}
		if !maps.Equal(b.statuses, map[int]int{200: b.sent}) || b.sent < 100 {
			t.Errorf("through the balancer: got %v of %d, want 200 alone, of at least 100", b.statuses, b.sent)
		}
	})
}

// draining is a server whose shutdown the test leads.
type draining struct {
	*node
	addr    string
	cancel  context.CancelFunc
	drained chan struct{} // closed: the balancer has had its time
	served  chan error
}

func startDraining(t *testing.T) draining {
	t.Helper()
	n := start(t, profile(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := draining{addr: l.Addr().String(), drained: make(chan struct{}), served: make(chan error, 1)}
	d.node = n.on(t)
	d.URL = "http://" + d.addr
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(context.Background())
	t.Cleanup(d.cancel)
	go func() { d.served <- n.Serve(ctx, l, func() time.Duration { <-d.drained; return 0 }) }()
	return d
}

// awaitClosed returns when nobody new is let in.
func (d draining) awaitClosed() {
	for {
		conn, err := net.Dial("tcp", d.addr)
		if err != nil {
			return
		}
		conn.Close()
	}
}

// halfway is a request of which the server has the head.
type halfway struct {
	net.Conn
	rest string
}

// begin sends the heads of that many log-ins. That they are under way shows in the answer to Expect: 100-continue, which
// comes when the handler reads.
func (d draining) begin(count int) (list []halfway) {
	d.t.Helper()
	d.signUp("slow")
	sent := text(body{"username": "slow", "password": pass})
	for range count {
		conn, err := net.Dial("tcp", d.addr)
		if err != nil {
			d.t.Fatal(err)
		}
		d.t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, "POST /v1/login HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: "+strconv.Itoa(len(sent))+"\r\n\r\n")
		head := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
		if _, err := io.ReadFull(conn, head); err != nil || !strings.Contains(string(head), " 100 ") {
			d.t.Fatalf("got %q, %v; want 100 Continue", head, err)
		}
		list = append(list, halfway{conn, sent})
	}
	return list
}

// finish sends the rest and returns the status of the answer.
func (h halfway) finish(t *testing.T) int {
	t.Helper()
	if _, err := io.WriteString(h, h.rest); err != nil {
		t.Error(err)
		return 0
	}
	res, err := http.ReadResponse(bufio.NewReader(h), nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// balancer sends requests as long as the server says that it is ready, and never tries twice.
type balancer struct {
	*node
	flight   sync.RWMutex // held for reading by a request on its way
	out      bool
	mu       sync.Mutex
	sent     int
	statuses map[int]int
}

// run keeps a worker busy for each session until the server is out; shutdown is called with all of them at work.
func (b *balancer) run(sessions []tokens, shutdown func()) {
	var working, warm sync.WaitGroup
	for _, tok := range sessions {
		warm.Add(1)
		working.Go(func() {
			for i := 0; b.forward(&tok); i++ {
				if i == 25 {
					warm.Done()
				}
			}
		})
	}
	warm.Wait()
	shutdown()
	working.Wait()
}

// forward sends a reading and a writing request; false when the server is out.
func (b *balancer) forward(tok *tokens) bool {
	b.flight.RLock()
	defer b.flight.RUnlock()
	if b.out {
		return false
	}
	a := b.refresh(tok.Refresh)
	*tok = into[tokens](b.t, a)
	read := b.me(tok.Access)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent += 2
	b.statuses[a.Status]++
	b.statuses[read]++
	return true
}

// awaitNotReady takes the server out when it says so.
func (b *balancer) awaitNotReady() {
	a := answer{Status: http.StatusOK}
	for deadline := time.Now().Add(10 * time.Second); a.Status == http.StatusOK && time.Now().Before(deadline); {
		a = b.call("GET", "/readyz", "", nil)
	}
	b.wants(a, 503, "shutting_down")
	b.flight.Lock()
	defer b.flight.Unlock()
	b.out = true
}
