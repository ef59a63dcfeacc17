package crash_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// kind is one of the four operations that are acknowledged, lost and found.
type kind int

const (
	signUp kind = iota
	changePassword
	logOut
	rotate
	kinds
)

func (k kind) String() string {
	return [kinds]string{"sign-up", "password change", "log-out", "rotation"}[k]
}

// Sixteen writers. Hashing is slow by design, so those who hash are few: the others keep the database busy.
const (
	signers  = 3
	changers = 3
	rotators = 10
	stocked  = 4 // sessions of a rotator before each load
)

// world is a server with the writers that use it.
type world struct {
	site         *site
	writers      []*writer
	acknowledged [kinds]atomic.Int64
	named        atomic.Int64

	joined []string // names of all users whose sign-up was ever acknowledged
	left   []string // ids of all sessions whose log-out was ever acknowledged
}

// writer is one client and its ledger. Only it uses its account and its sessions, so it knows what must be.
type writer struct {
	world          *world
	place          int // among the writers
	client         client
	write          func(*writer) error // one step; an error ends the writer
	name, password string
	needs          int        // sessions at the start of a load
	sessions       []*session // the first is in use
	ledger
}

// ledger is what a writer did since the last start. The last operation of a writer may be unacknowledged: the server
// died over it. All before it are acknowledged.
type ledger struct {
	signUps   []*joined
	changes   []*changed
	logOuts   []*left
	used      []*session
	surprises []string // answers that nothing explains
}

// session holds the newest refresh token that was acknowledged, and the one before it.
type session struct {
	id, access, refresh, before string
	rotations                   int  // acknowledged
	asked                       bool // the answer to one more is unknown
	ended                       bool // a log-out was sent
}

type joined struct {
	name, password string
	acknowledged   bool
}

// changed is a password change. It ends other, a session of the same user.
type changed struct {
	from, to     string
	other        *session
	acknowledged bool
}

type left struct {
	*session
	acknowledged bool
}

// newWorld starts the server and makes an account for every writer that needs one.
func newWorld(t *testing.T, s *site) *world {
	t.Helper()
	s.start(t)
	t.Cleanup(func() { s.end(t) })
	w := &world{site: s}
	for i := range signers + changers + rotators {
		each := &writer{world: w, place: i, write: (*writer).signUp}
		if i >= signers {
			each.name, each.password = w.newName(), w.newPassword()
			each.write, each.needs = (*writer).change, 1
		}
		if i >= signers+changers {
			each.write, each.needs = (*writer).rotateOrLogOut, stocked
		}
		w.writers = append(w.writers, each)
	}
	w.together(t, (*writer).settle)
	return w
}

func (w *world) newName() string { return fmt.Sprintf("user%d", w.named.Add(1)) }

func (w *world) newPassword() string { return fmt.Sprintf("plum tree %d tram", w.named.Add(1)) }

// together lets every writer do something that must succeed.
func (w *world) together(t *testing.T, do func(*writer) error) {
	t.Helper()
	var wait sync.WaitGroup
	errs := make([]error, len(w.writers))
	for i, each := range w.writers {
		wait.Go(func() { errs[i] = do(each) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// settle makes the writer's account.
func (w *writer) settle() error {
	w.client = w.world.site.client()
	if w.name == "" {
		return nil
	}
	return w.must(http.StatusCreated, "POST", "/v1/signup", "", body{"username": w.name, "password": w.password})
}

func (w *writer) must(status int, method, path, token string, in body) error {
	a, err := w.client.call(method, path, token, in)
	if err == nil && a.status != status {
		err = fmt.Errorf("%s %s: got %d %s, want %d", method, path, a.status, a.Code, status)
	}
	return err
}

// logIn returns a new session of the writer's user.
func (w *writer) logIn() (*session, error) {
	a, err := w.client.call("POST", "/v1/login", "", body{"username": w.name, "password": w.password})
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("log-in of %s: got %d %s, want 200", w.name, a.status, a.Code)
	}
	return &session{id: a.SessionID, access: a.AccessToken, refresh: a.RefreshToken}, nil
}

// stock gives everybody the sessions to begin with, and an empty ledger.
func (w *world) stock(t *testing.T) {
	t.Helper()
	for k := range w.acknowledged {
		w.acknowledged[k].Store(0)
	}
	w.together(t, func(each *writer) error {
		each.client, each.ledger = w.site.client(), ledger{}
		for len(each.sessions) < each.needs {
			s, err := each.logIn()
			if err != nil {
				return err
			}
			each.sessions = append(each.sessions, s)
		}
		return nil
	})
}

// load lets all writers write until kill has killed the server.
func (w *world) load(kill func()) {
	var wait sync.WaitGroup
	for _, each := range w.writers {
		wait.Go(func() {
			for each.write(each) == nil {
			}
		})
	}
	kill()
	wait.Wait()
}

// settled notes an answer: true is an acknowledgement, an error ends the writer. With 503, which the database of a busy
// machine may cause, nobody knows, as without an answer.
func (w *writer) settled(k kind, want int, a answer, err error) (bool, error) {
	if err == nil && a.status == http.StatusServiceUnavailable {
		err = errors.New(a.Code)
	}
	if err != nil {
		return false, err
	}
	if a.status != want {
		err = fmt.Errorf("%v: got %d %s, want %d", k, a.status, a.Code, want)
		w.surprises = append(w.surprises, err.Error())
		return false, err
	}
	w.world.acknowledged[k].Add(1)
	return true, nil
}

func (w *writer) signUp() (err error) {
	deed := &joined{name: w.world.newName(), password: w.world.newPassword()}
	w.signUps = append(w.signUps, deed)
	a, err := w.client.call("POST", "/v1/signup", "", body{"username": deed.name, "password": deed.password})
	deed.acknowledged, err = w.settled(signUp, http.StatusCreated, a, err)
	return err
}

func (w *writer) change() error {
	other, err := w.logIn()
	if err != nil {
		return err
	}
	deed := &changed{from: w.password, to: w.world.newPassword(), other: other}
	w.changes = append(w.changes, deed)
	a, err := w.client.call("PUT", "/v1/me/password", w.sessions[0].access, body{"current_password": deed.from, "new_password": deed.to})
	if deed.acknowledged, err = w.settled(changePassword, http.StatusNoContent, a, err); err == nil {
		w.password = deed.to
	}
	return err
}

// rotateOrLogOut mostly rotates. The last session is not given up before there is another.
func (w *writer) rotateOrLogOut() error {
	switch {
	case rand.IntN(20) > 0:
		return w.rotate(w.sessions[0])
	case len(w.sessions) > 1:
		return w.logOut()
	}
	s, err := w.logIn()
	if err == nil {
		w.sessions = append(w.sessions, s)
	}
	return err
}

func (w *writer) rotate(s *session) error {
	if s.before == "" {
		w.used = append(w.used, s)
	}
	s.asked = true
	a, err := w.client.call("POST", "/v1/refresh", "", body{"refresh_token": s.refresh})
	ok, err := w.settled(rotate, http.StatusOK, a, err)
	if ok {
		s.before, s.refresh, s.access = s.refresh, a.RefreshToken, a.AccessToken
		s.asked, s.rotations = false, s.rotations+1
	}
	return err
}

// logOut ends the session in use by one of its tokens.
func (w *writer) logOut() error {
	s := w.sessions[0]
	w.sessions = w.sessions[1:]
	s.ended = true
	deed := &left{session: s}
	w.logOuts = append(w.logOuts, deed)
	token, in := s.access, body(nil)
	if rand.IntN(2) == 0 {
		token, in = "", body{"refresh_token": s.refresh}
	}
	a, err := w.client.call("POST", "/v1/logout", token, in)
	deed.acknowledged, err = w.settled(logOut, http.StatusNoContent, a, err)
	return err
}

// counts returns how many operations of each kind were acknowledged in this load.
func (w *world) counts() (n [kinds]int64) {
	for k := range n {
		n[k] = w.acknowledged[k].Load()
	}
	return n
}

// everyKind waits until each kind was acknowledged more often than this.
func (w *world) everyKind(t *testing.T, than [kinds]int64) {
	t.Helper()
	more := func() bool {
		for k, n := range w.counts() {
			if n <= than[k] {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(time.Minute); !more(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("acknowledged within a minute: got %v of each kind, want more than %v", w.counts(), than)
			return
		}
	}
}
