package storetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jotgate/jotgate/server/internal/store"
)

// The model is what the contract says about sessions, in memory and without concurrency. Random walks compare it with the
// store after every step; a failure names the seed and the step.
var model = []leg{{"random walks of sessions", func(k *kit) {
	for seed := range uint64(max(4, k.can.Rounds/10)) {
		w := &walk{kit: k, seed: seed, rand: rand.New(rand.NewPCG(seed, 0)), user: k.user(fmt.Sprint("u", seed))}
		w.hash = w.user.PasswordHash
		for w.step = range 40 {
			w.next()
		}
		if k.Failed() {
			return
		}
	}
}}}

type walk struct {
	*kit
	seed     uint64
	step     int
	rand     *rand.Rand
	user     store.User
	hash     string
	disabled bool
	sessions []*modelSession
	did      string
}

type modelSession struct {
	store.Session
	ended bool
}

func (w *walk) now() time.Time { return kept(w.clock.Now()) }

func (m *modelSession) live(now time.Time) bool { return !m.ended && now.Before(m.IdleExpiresAt) }

// endable tells whether a token of the session may live.
func (m *modelSession) endable(now time.Time) bool {
	return !m.ended && now.Before(m.IdleExpiresAt.Add(tokenLife+slack))
}

func (w *walk) next() {
	steps := []func(){w.wait, w.start, w.rotate, w.rotate, w.rotate, w.end, w.endOthers, w.password, w.able, w.reauthenticate}
	if len(w.sessions) == 0 {
		steps = []func(){w.start}
	}
	steps[w.rand.IntN(len(steps))]()
	w.compare()
}

func (w *walk) any() *modelSession { return w.sessions[w.rand.IntN(len(w.sessions))] }

func (w *walk) fail(format string, args ...any) {
	w.Errorf("seed %d step %d, %s: %s", w.seed, w.step, w.did, fmt.Sprintf(format, args...))
}

func (w *walk) expect(got, want error) {
	if ignore(got, want) != nil || (got == nil) != (want == nil) {
		w.fail("got error %v, want %v", got, want)
	}
}

func (w *walk) wait() {
	d := []time.Duration{time.Millisecond, grace - time.Millisecond, grace, idle / 2, idle}[w.rand.IntN(5)]
	w.did = "wait " + d.String()
	w.clock.add(d)
}

func (w *walk) start() {
	w.did = "start"
	hash := []string{w.hash, w.hash, w.hash, "wrong"}[w.rand.IntN(4)]
	s := w.newSession(w.user)
	_, err := w.StartSession(w.Context(), s, hash, w.event("user.login"))
	switch {
	case hash != w.hash:
		w.expect(err, store.ErrConflict)
	case w.disabled:
		w.expect(err, store.ErrDisabled)
	default:
		w.expect(err, nil)
		s.IdleExpiresAt, s.ExpiresAt, s.AuthTime = kept(s.IdleExpiresAt), kept(s.ExpiresAt), kept(s.AuthTime)
		w.sessions = append(w.sessions, &modelSession{Session: s})
	}
}

func (w *walk) rotate() {
	m := w.any()
	r := w.rotation(m.Session, m.Counter+[]int64{0, 0, 0, -1, -1, -2, 1}[w.rand.IntN(7)], []time.Duration{0, grace}[w.rand.IntN(2)])
	w.did = fmt.Sprintf("rotate with %d of %d, grace %v", r.Counter, m.Counter, r.Grace)
	want := w.rotated(m, r)
	got, err := w.RotateSession(w.Context(), r, w.event("session.refresh"))
	w.expect(err, want)
	if err == nil && (got.Counter != m.Counter || !got.IdleExpiresAt.Equal(m.IdleExpiresAt)) {
		w.fail("got counter %d, idle until %v, repeated %t; want %d, %v", got.Counter, got.IdleExpiresAt, got.Repeated, m.Counter, m.IdleExpiresAt)
	}
}

// rotated is what the contract says about r.
func (w *walk) rotated(m *modelSession, r store.Rotation) error {
	now := w.now()
	switch {
	case w.disabled:
		return store.ErrDisabled
	case m.ended:
		return store.ErrEnded
	case !m.live(now):
		return store.ErrExpired
	case r.Counter == m.Counter:
		m.Counter++
		m.PrevUntil = now.Add(r.Grace)
		if m.IdleExpiresAt = now.Add(r.Idle); m.IdleExpiresAt.After(m.ExpiresAt) {
			m.IdleExpiresAt = m.ExpiresAt
		}
		return nil
	case r.Counter == m.Counter-1 && now.Before(m.PrevUntil):
		return nil
	}
	m.ended = true
	if r.Counter > m.Counter {
		return store.ErrEnded
	}
	return store.ErrReused
}

func (w *walk) end() {
	m := w.any()
	w.did = "end one"
	w.ends(store.Select{User: w.user.ID, ID: m.ID}, func(o *modelSession) bool { return o == m })
}

func (w *walk) endOthers() {
	m := w.any()
	w.did = "end the others"
	w.ends(store.Select{User: w.user.ID, Except: m.ID}, func(o *modelSession) bool { return o != m })
}

func (w *walk) ends(sel store.Select, selected func(*modelSession) bool) {
	n, err := w.EndSessions(w.Context(), sel, "x", w.event("session.end"))
	w.expect(err, nil)
	if want := w.kill(selected); n != want {
		w.fail("ended %d, want %d", n, want)
	}
}

func (w *walk) kill(selected func(*modelSession) bool) (n int) {
	for _, m := range w.sessions {
		if selected(m) && m.endable(w.now()) {
			m.ended = true
			n++
		}
	}
	return n
}

func (w *walk) password() {
	w.did = "new password"
	m, old := w.any(), []string{w.hash, w.hash, "wrong"}[w.rand.IntN(3)]
	hash := fmt.Sprint("hash ", w.step)
	err := w.SetPassword(w.Context(), w.user.ID, old, hash, m.ID, w.event("user.password"))
	if old != w.hash {
		w.expect(err, store.ErrConflict)
		return
	}
	w.expect(err, nil)
	w.hash = hash
	w.kill(func(o *modelSession) bool { return o != m })
}

func (w *walk) able() {
	disable := !w.disabled && w.rand.IntN(2) == 0
	w.did = fmt.Sprint("disable ", disable)
	_, err := w.PatchUser(w.Context(), w.user.ID, store.UserPatch{Disabled: &disable}, w.event("user.update"))
	w.expect(err, nil)
	w.disabled = disable
	for _, m := range w.sessions {
		m.ended = m.ended || disable
	}
}

func (w *walk) reauthenticate() {
	w.did = "reauthenticate"
	m := w.any()
	_, _, err := w.Reauthenticate(w.Context(), m.ID, w.hash, w.clock.Now(), w.event("user.reauthenticate"))
	switch {
	case w.disabled:
		w.expect(err, store.ErrDisabled)
	case !m.live(w.now()):
		w.expect(err, store.ErrEnded)
	default:
		w.expect(err, nil)
		m.AuthTime = w.now()
	}
}

// compare reads everything back.
func (w *walk) compare() {
	listed, err := w.Sessions(w.Context(), w.user.ID, w.clock.Now())
	w.expect(err, nil)
	live := map[string]bool{}
	for _, s := range listed {
		live[s.ID] = true
	}
	for _, m := range w.sessions {
		s, err := w.Session(w.Context(), m.ID)
		w.expect(err, nil)
		if live[m.ID] != m.live(w.now()) || s.Counter != m.Counter || s.EndedAt.IsZero() == m.ended || !s.AuthTime.Equal(m.AuthTime) || !s.IdleExpiresAt.Equal(m.IdleExpiresAt) {
			w.fail("session: got %+v (listed %t), want %+v", s, live[m.ID], *m)
		}
	}
}
