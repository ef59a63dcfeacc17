package crash_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// tally is what came of a crash, or of several.
type tally struct {
	acknowledged [kinds]int
	lost         [kinds]int
	open         int      // operations under way when the server died
	faults       []string // every loss and every anomaly, in words
	anomalies    int
}

func (a *tally) add(b tally) {
	for k := range kinds {
		a.acknowledged[k] += b.acknowledged[k]
		a.lost[k] += b.lost[k]
	}
	a.open += b.open
	a.anomalies += b.anomalies
	a.faults = append(a.faults, b.faults...)
}

func (a *tally) loss(k kind, format string, args ...any) {
	a.lost[k]++
	a.faults = append(a.faults, fmt.Sprintf("lost %v: "+format, append([]any{k}, args...)...))
}

func (a *tally) anomaly(format string, args ...any) {
	a.anomalies++
	a.faults = append(a.faults, "anomaly: "+fmt.Sprintf(format, args...))
}

// replay holds every ledger against the server as it came back.
func (w *world) replay(t *testing.T) tally {
	t.Helper()
	tallies := make([]tally, len(w.writers))
	w.together(t, func(each *writer) error {
		each.client = w.site.client()
		return each.replay(&tallies[each.place])
	})
	var sum tally
	for i, each := range w.writers {
		sum.add(tallies[i])
		w.remember(each)
	}
	return sum
}

// remember keeps what must be true after every later crash too.
func (w *world) remember(each *writer) {
	for _, deed := range each.signUps {
		if deed.acknowledged {
			w.joined = append(w.joined, deed.name)
		}
	}
	for _, deed := range each.logOuts {
		if deed.acknowledged {
			w.left = append(w.left, deed.id)
		}
	}
}

// replay returns an error when the server cannot be asked.
func (w *writer) replay(sum *tally) error {
	for _, text := range w.surprises {
		sum.anomaly("%s", text)
	}
	for _, deed := range w.signUps {
		if err := w.checkSignUp(sum, deed); err != nil {
			return err
		}
	}
	if err := w.checkChanges(sum); err != nil {
		return err
	}
	for _, deed := range w.logOuts {
		if err := w.checkLogOut(sum, deed); err != nil {
			return err
		}
	}
	for _, s := range w.used {
		if err := w.checkRotations(sum, s); err != nil {
			return err
		}
	}
	w.sessions = slices.DeleteFunc(w.sessions, func(s *session) bool { return slices.Contains(w.used, s) })
	return nil
}

// count notes one operation.
func (a *tally) count(k kind, acknowledged bool) {
	if acknowledged {
		a.acknowledged[k]++
	} else {
		a.open++
	}
}

// passes tells whether the password is the user's.
func (w *writer) passes(name, password string) (bool, error) {
	a, err := w.client.call("POST", "/v1/login", "", body{"username": name, "password": password})
	return a.status == http.StatusOK, expect(a, err, http.StatusOK, http.StatusUnauthorized)
}

// expect is an error for any answer but these.
func expect(a answer, err error, statuses ...int) error {
	if err == nil && !slices.Contains(statuses, a.status) {
		err = fmt.Errorf("got %d %s, want one of %v", a.status, a.Code, statuses)
	}
	return err
}

func (w *writer) checkSignUp(sum *tally, deed *joined) error {
	sum.count(signUp, deed.acknowledged)
	there, err := w.passes(deed.name, deed.password)
	if err == nil && deed.acknowledged && !there {
		sum.loss(signUp, "%s cannot log in", deed.name)
	}
	return err
}

// checkChanges walks one user's passwords: all but the newest are dead, and so are the sessions that each change ended.
func (w *writer) checkChanges(sum *tally) error {
	for i, deed := range w.changes {
		sum.count(changePassword, deed.acknowledged)
		old, err := w.passes(w.name, deed.from)
		if err != nil {
			return err
		}
		dead, alive, err := w.state(deed.other)
		if err != nil {
			return err
		}
		last := i == len(w.changes)-1
		now := !old
		if last {
			if now, err = w.passes(w.name, deed.to); err != nil {
				return err
			}
		}
		switch {
		case deed.acknowledged && (old || !now || !dead):
			sum.loss(changePassword, "of %s: old password works %v, new works %v, other session dead %v", w.name, old, now, dead)
		case !deed.acknowledged && (old == now || now && !dead || old && !alive):
			sum.anomaly("half a password change of %s: old password works %v, new works %v, other session dead %v, alive %v", w.name, old, now, dead, alive)
		}
		if last && now {
			w.password = deed.to
		}
	}
	return nil
}

// state tells whether both tokens of a session are dead, and whether both work; neither is half a log-out. It spends
// the refresh token.
func (w *writer) state(s *session) (dead, alive bool, err error) {
	me, err := w.client.call("GET", "/v1/me", s.access, nil)
	if err := expect(me, err, http.StatusOK, http.StatusUnauthorized); err != nil {
		return false, false, err
	}
	again, err := w.refresh(s.refresh)
	if err != nil {
		return false, false, err
	}
	access, refresh := me.status == http.StatusOK, again.status == http.StatusOK
	return !access && !refresh, access && refresh, nil
}

func (w *writer) refresh(token string) (answer, error) {
	a, err := w.client.call("POST", "/v1/refresh", "", body{"refresh_token": token})
	return a, expect(a, err, http.StatusOK, http.StatusBadRequest)
}

func (w *writer) checkLogOut(sum *tally, deed *left) error {
	sum.count(logOut, deed.acknowledged)
	sum.acknowledged[rotate] += deed.rotations // what can no longer be asked: the audit is
	dead, alive, err := w.state(deed.session)
	switch {
	case err != nil:
		return err
	case deed.acknowledged && !dead:
		sum.loss(logOut, "a token of session %s works", deed.id)
	case !deed.acknowledged && dead == alive:
		sum.anomaly("half a log-out of session %s", deed.id)
	}
	return nil
}

// checkRotations presents the newest acknowledged refresh token, which must work whether or not the rotation that was
// under way happened (the grace is long). Then its predecessor is two steps old, and a thief's.
func (w *writer) checkRotations(sum *tally, s *session) error {
	if s.ended {
		return nil
	}
	sum.acknowledged[rotate] += s.rotations
	if s.asked {
		sum.open++
	}
	me, err := w.client.call("GET", "/v1/me", s.access, nil)
	if err := expect(me, err, http.StatusOK, http.StatusUnauthorized); err != nil {
		return err
	}
	next, err := w.refresh(s.refresh)
	if err != nil {
		return err
	}
	if me.status != http.StatusOK || next.status != http.StatusOK {
		sum.loss(rotate, "of session %s: its newest access token answers %d, its newest refresh token %d %s", s.id, me.status, next.status, next.Reason)
		return nil
	}
	if s.before == "" {
		return nil
	}
	old, err := w.refresh(s.before)
	if err == nil && old.Reason != "reused" {
		sum.anomaly("session %s: a refresh token two rotations old answers %d %q, want 400 reused", s.id, old.status, old.Reason)
	}
	return err
}
