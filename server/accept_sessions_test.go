package server_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
	"github.com/jotgate/jotgate/server/internal/store"
)

// refreshed refreshes and wants success.
func (n *node) refreshed(token string) tokens {
	n.t.Helper()
	a := n.refresh(token)
	if a.Status != http.StatusOK {
		n.t.Errorf("refresh: got %d %s, want 200", a.Status, a.Body)
	}
	return into[tokens](n.t, a)
}

// cannotRefresh wants invalid_grant with this reason.
func (n *node) cannotRefresh(what, token, reason string) {
	n.t.Helper()
	a := n.refresh(token)
	if p := into[problem](n.t, a); a.Status != http.StatusBadRequest || p.Code != "invalid_grant" || p.Reason != reason {
		n.t.Errorf("%s: got %d %s %s, want 400 invalid_grant %s", what, a.Status, p.Code, p.Reason, reason)
	}
}

// alive wants both tokens to work, and returns the successors.
func (n *node) alive(what string, tok tokens) tokens {
	n.t.Helper()
	if got := n.me(tok.Access); got != http.StatusOK {
		n.t.Errorf("%s: access: got %d, want 200", what, got)
	}
	return n.refreshed(tok.Refresh)
}

// dead wants neither token to work.
func (n *node) dead(what string, tok tokens) {
	n.t.Helper()
	if got := n.me(tok.Access); got != http.StatusUnauthorized {
		n.t.Errorf("%s: access: got %d, want 401", what, got)
	}
	n.cannotRefresh(what, tok.Refresh, "ended")
}

// story is a case on a running server, with a user of its own.
type story struct {
	name string
	run  func(n *node, user string)
}

// tell runs stories one after another; each has a user who is signed up.
func tell(t *testing.T, n *node, stories ...story) {
	for i, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			n, user := n.on(t), fmt.Sprintf("user%d", i)
			n.signUp(user)
			s.run(n, user)
		})
	}
}

func TestSessions(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		admin := n.admin()
		log := audit{openStore(t, n)}
		asAdmin := func(n *node) string { admin = n.logIn("admin"); return admin.Access }
		tell(t, n,
			story{"D01 log in and refresh eleven times", refreshMany},
			story{"D02 an old token ends the session", func(n *node, user string) { reuse(n, user, log) }},
			story{"D03 and no other session", reuseSparesOthers},
			story{"D04 fifty at once within the grace", func(n *node, user string) { parallelGraced(n, user, log) }},
			story{"D08 the predecessor after its successor was used", predecessorTooLate},
			story{"D10 the answer gets lost", answerLost},
			story{"D11 refresh against log-out", func(n *node, user string) { refreshAgainstLogout(n, user, rounds(s)) }},
			story{"D13 idle and absolute end", lifetimes},
			story{"D15 disabled user", func(n *node, user string) { disabled(n, user, asAdmin(n)) }},
			story{"D15 deleted user", func(n *node, user string) { deleted(n, user, asAdmin(n)) }},
			story{"D15 changed role", func(n *node, user string) { regranted(n, user, asAdmin(n)) }},
			story{"D16 each token at its own place", wrongPlace},
			story{"D17 mutilated refresh tokens", mutilated},
			story{"E01 log out", logOut},
			story{"E01 log out with an expired access token", logOutExpired},
			story{"E01 log out with a refresh token", logOutByRefresh},
			story{"E03 change the password", changePassword},
			story{"E11 list and end sessions", listSessions},
			story{"E16 log out everywhere", logOutEverywhere},
			story{"F10 reauthenticate", reauthenticate},
		)
		t.Run("E09 what is revoked stays revoked over a restart", func(t *testing.T) {
			restartKeeps(n.on(t), admin)
		})
		t.Run("D05 a hundred at once without grace", func(t *testing.T) {
			strict := n.on(t).restart(func(s *server.Settings) { s.RefreshGrace = 0 })
			strict.signUp("strict")
			parallelStrict(strict, log)
		})
	})
}

// audit reads a server's audit log beside it.
type audit struct{ store store.Store }

// of returns what happened to a target, oldest first.
func (a audit) of(t testing.TB, target string) (actions []string) {
	t.Helper()
	events, err := a.store.Events(context.Background(), store.Page{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range slices.Backward(events) {
		if e.Target == target {
			actions = append(actions, e.Action+" "+e.Result)
		}
	}
	return actions
}

// rounds of a race: the race detector and PostgreSQL take their time.
func rounds(s server.Settings) int {
	if strings.HasPrefix(s.Store, "postgres") {
		return 100
	}
	return 200
}

func refreshMany(n *node, user string) {
	tok := n.logIn(user)
	seen := map[string]bool{tok.Refresh: true}
	for i := range 11 {
		next := n.alive(fmt.Sprint("refresh ", i), tok)
		if seen[next.Refresh] || next.SessionID != tok.SessionID {
			n.t.Errorf("refresh %d: got a refresh token seen before (%v) or another session %s, want %s", i, seen[next.Refresh], next.SessionID, tok.SessionID)
		}
		if next.Type != "Bearer" || next.ExpiresIn != 60 || next.RefreshExpiresIn != 600 {
			n.t.Errorf("refresh %d: got %s for %d s and %d s, want Bearer for 60 s and 600 s", i, next.Type, next.ExpiresIn, next.RefreshExpiresIn)
		}
		seen[next.Refresh] = true
		tok = next
	}
}

func reuse(n *node, user string, log audit) {
	first := n.logIn(user)
	second := n.refreshed(first.Refresh)
	third := n.refreshed(second.Refresh)
	n.Clock.Add(grace)
	n.cannotRefresh("the first", first.Refresh, "reused")
	n.cannotRefresh("the newest", third.Refresh, "ended")
	for i, tok := range []tokens{first, second, third} {
		n.wants(n.call("GET", "/v1/me", tok.Access, nil), 401, "token_revoked")
		n.cannotRefresh(fmt.Sprint("token ", i), tok.Refresh, "ended")
	}
	want := []string{"user.login ok", "session.refresh ok", "session.refresh ok", "session.reuse fail"}
	if got := log.of(n.t, first.SessionID); !slices.Equal(got, want) {
		n.t.Errorf("audit: got %q, want %q", got, want)
	}
}

func reuseSparesOthers(n *node, user string) {
	stolen, other := n.logIn(user), n.logIn(user)
	n.refreshed(n.refreshed(stolen.Refresh).Refresh)
	n.cannotRefresh("reuse", stolen.Refresh, "reused")
	n.alive("the other session", other)
}

// parallel runs do so often at once, from a barrier.
func parallel(times int, do func(i int)) {
	var wg sync.WaitGroup
	barrier := make(chan struct{})
	for i := range times {
		wg.Go(func() {
			<-barrier
			do(i)
		})
	}
	close(barrier)
	wg.Wait()
}

// storm refreshes one token so often at once, and returns the answers.
func (n *node) storm(token string, times int) []answer {
	answers := make([]answer, times)
	parallel(times, func(i int) { answers[i] = n.refresh(token) })
	return answers
}

func parallelGraced(n *node, user string, log audit) {
	tok := n.logIn(user)
	successors := map[string]int{}
	for _, a := range n.storm(tok.Refresh, 50) {
		if a.Status != http.StatusOK {
			n.t.Errorf("got %d %s, want 200", a.Status, a.Body)
		}
		successors[into[tokens](n.t, a).Refresh]++
	}
	if len(successors) != 1 {
		n.t.Errorf("successors: got %d different ones, want one", len(successors))
	}
	if got, want := log.of(n.t, tok.SessionID), []string{"user.login ok", "session.refresh ok"}; !slices.Equal(got, want) {
		n.t.Errorf("audit: got %q, want %q: one rotation", got, want)
	}
	for successor := range successors {
		n.refreshed(successor)
	}
}

func parallelStrict(n *node, log audit) {
	tok := n.logIn("strict")
	var won []tokens
	reasons := map[string]int{}
	for _, a := range n.storm(tok.Refresh, 100) {
		switch a.Status {
		case http.StatusOK:
			won = append(won, into[tokens](n.t, a))
		case http.StatusBadRequest:
			reasons[into[problem](n.t, a).Reason]++
		default:
			n.t.Errorf("got %d %s, want 200 or 400", a.Status, a.Body)
		}
	}
	if len(won) != 1 || !maps.Equal(reasons, map[string]int{"reused": 1, "ended": 98}) {
		n.t.Fatalf("got %d winners and %v, want one, one reused and 98 ended", len(won), reasons)
	}
	n.dead("the winner: the repetition ended the session", won[0])
	if got, want := log.of(n.t, tok.SessionID), []string{"user.login ok", "session.refresh ok", "session.reuse fail"}; !slices.Equal(got, want) {
		n.t.Errorf("audit: got %q, want %q", got, want)
	}
}

func predecessorTooLate(n *node, user string) {
	first := n.logIn(user)
	second := n.refreshed(first.Refresh)
	third := n.refreshed(second.Refresh)
	if again := n.refreshed(second.Refresh); again.Refresh != third.Refresh {
		n.t.Error("the immediate predecessor: got another successor, want the same")
	}
	n.cannotRefresh("one before, within the grace", first.Refresh, "reused")
	n.dead("the session", third)
}

// answerLost: the server has answered, and the client hangs up before it reads what.
func answerLost(n *node, user string) {
	tok := n.logIn(user)
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		n.t.Fatal(err)
	}
	body := `{"refresh_token":"` + tok.Refresh + `"}`
	if _, err := fmt.Fprintf(conn, "POST /v1/refresh HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		n.t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(conn, 16).Peek(1); err != nil {
		n.t.Fatal(err)
	}
	conn.Close()
	n.Clock.Add(time.Second)
	n.alive("the retry", n.refreshed(tok.Refresh))
}

// refreshAgainstLogout: one refreshes and refreshes, the other logs out somewhere in between. After the log-out has
// answered, nothing that the first ever got may work.
func refreshAgainstLogout(n *node, user string, rounds int) {
	for range rounds {
		got := []tokens{n.logIn(user)}
		victim, step := got[0], make(chan struct{}, 16)
		offset, byRefresh := rand.IntN(5), rand.IntN(2) == 0
		parallel(2, func(i int) {
			if i == 0 {
				for range offset {
					<-step
				}
				logOutWith(n, victim, byRefresh)
				return
			}
			for {
				step <- struct{}{}
				a := n.refresh(got[len(got)-1].Refresh)
				if a.Status != http.StatusOK || len(got) == cap(step) {
					return
				}
				got = append(got, into[tokens](n.t, a))
			}
		})
		for _, tok := range got {
			if status := n.me(tok.Access); status != http.StatusUnauthorized {
				n.t.Fatalf("an access token of %d: got %d, want 401", len(got), status)
			}
		}
		n.cannotRefresh("the newest refresh token", got[len(got)-1].Refresh, "ended")
	}
}

func logOutWith(n *node, tok tokens, byRefresh bool) {
	if byRefresh {
		n.done("POST", "/v1/logout", "", body{"refresh_token": tok.Refresh})
	} else {
		n.done("POST", "/v1/logout", tok.Access, nil)
	}
}

func lifetimes(n *node, user string) {
	tok := n.logIn(user)
	n.Clock.Add(idleTTL - time.Millisecond)
	tok = n.refreshed(tok.Refresh)
	n.Clock.Add(idleTTL)
	n.cannotRefresh("idle", tok.Refresh, "expired")

	tok = n.logIn(user)
	for passed := time.Duration(0); passed < absoluteTTL-5*time.Minute; passed += 5 * time.Minute {
		n.Clock.Add(5 * time.Minute)
		tok = n.refreshed(tok.Refresh)
		if left := absoluteTTL - passed - 5*time.Minute; time.Duration(tok.RefreshExpiresIn)*time.Second > left {
			n.t.Errorf("%v before the absolute end: refresh_expires_in: got %d", left, tok.RefreshExpiresIn)
		}
	}
	n.Clock.Add(5 * time.Minute)
	n.cannotRefresh("absolute", tok.Refresh, "expired")
}

func disabled(n *node, user, admin string) {
	tok := n.logIn(user)
	path := "/v1/users/" + subject(n, tok)
	if a := n.call("PATCH", path, admin, body{"disabled": true}); a.Status != http.StatusOK {
		n.t.Errorf("disable: got %d %s, want 200", a.Status, a.Body)
	}
	n.wants(n.call("GET", "/v1/me", tok.Access, nil), 401, "token_revoked")
	n.cannotRefresh("disabled", tok.Refresh, "ended")
	if a := n.call("PATCH", path, admin, body{"disabled": false}); a.Status != http.StatusOK {
		n.t.Errorf("enable: got %d %s, want 200", a.Status, a.Body)
	}
	n.dead("enabled again: the old session", tok)
	n.alive("enabled again", n.logIn(user))
}

func deleted(n *node, user, admin string) {
	tok := n.logIn(user)
	n.done("DELETE", "/v1/users/"+subject(n, tok), admin, nil)
	n.wants(n.call("GET", "/v1/me", tok.Access, nil), 401, "token_revoked")
	n.cannotRefresh("deleted", tok.Refresh, "ended")
	if old, again := subjectOf(n.t, tok.Access), n.signUp(user); again == old {
		n.t.Error("signed up again: got the old id, want a new one")
	}
	n.dead("signed up again: the old session", tok)
}

func regranted(n *node, user, admin string) {
	tok := n.logIn(user)
	if a := n.call("POST", "/v1/roles", admin, body{"name": "editor", "permissions": []string{"articles:*"}}); a.Status != http.StatusCreated {
		n.t.Errorf("role: got %d %s, want 201", a.Status, a.Body)
	}
	if a := n.call("PUT", "/v1/users/"+subject(n, tok)+"/roles/editor", admin, nil); a.Status != http.StatusOK {
		n.t.Errorf("grant: got %d %s, want 200", a.Status, a.Body)
	}
	n.wants(n.call("GET", "/v1/me", tok.Access, nil), 401, "permissions_changed")
	tok = n.refreshed(tok.Refresh)
	c := claimsOf(n.t, tok.Access)
	if !slices.Equal(c.Roles, []string{"editor", "user"}) || !slices.Equal(c.Permissions, []string{"articles:*"}) {
		n.t.Errorf("refreshed: got roles %q and permissions %q, want editor, user and articles:*", c.Roles, c.Permissions)
	}
	n.alive("with the new role", tok)
}

// subject returns the id of the token's user.
func subject(n *node, tok tokens) string { return subjectOf(n.t, tok.Access) }

func subjectOf(t testing.TB, access string) string { return claimsOf(t, access).Sub }

// claims are those that tests look at.
type claims struct {
	Iss, Sub, Sid      string
	Roles, Permissions []string
	AuthTime           int64 `json:"auth_time"`
}

// claimsOf reads a token without proving it.
func claimsOf(t testing.TB, access string) claims {
	t.Helper()
	payload, _, _ := strings.Cut(access[strings.IndexByte(access, '.')+1:], ".")
	return into[claims](t, answer{Body: string(unbase64(t, payload))})
}

func wrongPlace(n *node, user string) {
	tok := n.logIn(user)
	if got := n.me(tok.Refresh); got != http.StatusUnauthorized {
		n.t.Errorf("refresh token at /v1/me: got %d, want 401", got)
	}
	n.cannotRefresh("access token at /v1/refresh", tok.Access, "unknown")
	n.alive("both", tok)
}

func mutilated(n *node, user string) {
	tok := n.logIn(user)
	r := tok.Refresh
	for name, forged := range map[string]string{
		"short by one":    r[:len(r)-1],
		"half":            r[:len(r)/2],
		"long by one":     r + "A",
		"case flipped":    r[:4] + strings.ToLower(r[4:]),
		"all upper case":  strings.ToUpper(r),
		"padded":          r + "=",
		"percent-encoded": strings.ReplaceAll(r, "_", "%5F"),
		"blank before":    " " + r,
		"newline after":   r + "\n",
		"without prefix":  r[4:],
		"one bit":         r[:40] + string(r[40]^1) + r[41:],
		"empty":           "",
	} {
		n.cannotRefresh(name, forged, "unknown")
	}
	n.alive("afterwards the session", tok)
}

func logOut(n *node, user string) {
	tok := n.logIn(user)
	next := n.refreshed(tok.Refresh)
	n.done("POST", "/v1/logout", next.Access, nil)
	n.dead("first tokens", tok)
	n.dead("second tokens", next)
	n.done("POST", "/v1/logout", next.Access, nil)
	n.wants(n.call("POST", "/v1/logout", "nonsense", nil), 401, "token_invalid")
	n.wants(n.call("POST", "/v1/logout", "", nil), 401, "token_invalid")
}

func logOutExpired(n *node, user string) {
	tok := n.logIn(user)
	n.Clock.Add(accessTTL + leeway)
	n.wants(n.call("GET", "/v1/me", tok.Access, nil), 401, "token_expired")
	n.done("POST", "/v1/logout", tok.Access, nil)
	n.cannotRefresh("afterwards", tok.Refresh, "ended")
}

func logOutByRefresh(n *node, user string) {
	first := n.logIn(user)
	tok := n.refreshed(first.Refresh)
	n.done("POST", "/v1/logout", "", body{"refresh_token": first.Refresh})
	n.dead("both", tok)
	n.done("POST", "/v1/logout", "", body{"refresh_token": tok.Refresh})
	n.wants(n.call("POST", "/v1/logout", "", body{"refresh_token": tok.Refresh + "x"}), 401, "token_invalid")
}

func changePassword(n *node, user string) {
	const next = pass + " changed"
	others := []tokens{n.logIn(user), n.logIn(user)}
	tok := n.logIn(user)
	change := func(current, next string) answer {
		return n.call("PUT", "/v1/me/password", tok.Access, body{"current_password": current, "new_password": next})
	}
	n.wants(change("not the canary battery", next), 403, "wrong_password")
	a := change(pass, "short")
	n.wants(a, 422, "password_too_short")
	if p := into[problem](n.t, a); len(p.Errors) != 1 || p.Errors[0].Pointer != "/new_password" {
		n.t.Errorf("errors: got %s, want a pointer to /new_password", a.Body)
	}
	n.alive("before", others[0])
	n.done("PUT", "/v1/me/password", tok.Access, body{"current_password": pass, "new_password": next})
	n.dead("another session", others[0])
	n.dead("another session", others[1])
	n.alive("this session", tok)
	logIn := func(password string) int {
		return n.call("POST", "/v1/login", "", body{"username": user, "password": password}).Status
	}
	if got := []int{logIn(pass), logIn(next)}; !slices.Equal(got, []int{401, 200}) {
		n.t.Errorf("log in with the old and the new: got %v, want 401 and 200", got)
	}
}

// sessionList is GET /v1/me/sessions.
type sessionList struct {
	Sessions []struct {
		ID         string
		Current    bool
		CreatedAt  time.Time `json:"created_at"`
		LastUsedAt time.Time `json:"last_used_at"`
		ExpiresAt  time.Time `json:"expires_at"`
		UserAgent  string    `json:"user_agent"`
		IP         string
	}
}

func (n *node) sessions(access string) (list sessionList, ids []string) {
	n.t.Helper()
	list = into[sessionList](n.t, n.call("GET", "/v1/me/sessions", access, nil))
	for _, s := range list.Sessions {
		ids = append(ids, s.ID)
	}
	return list, ids
}

func listSessions(n *node, user string) {
	first := n.logIn(user)
	created := n.Clock.Now()
	n.Clock.Add(2 * time.Second)
	first = n.refreshed(first.Refresh)
	second := n.logIn(user)
	n.signUp(user + "-other")
	other := n.logIn(user + "-other")

	list, ids := n.sessions(second.Access)
	if !slices.Equal(ids, []string{second.SessionID, first.SessionID}) {
		n.t.Fatalf("sessions: got %v, want the two of this user, newest first", ids)
	}
	old := list.Sessions[1]
	if !list.Sessions[0].Current || old.Current || !old.CreatedAt.Equal(created) || !old.LastUsedAt.Equal(n.Clock.Now()) ||
		!old.ExpiresAt.Equal(n.Clock.Now().Add(idleTTL)) || !strings.HasPrefix(old.UserAgent, "Go-http-client") || old.IP != "127.0.0.1" {
		n.t.Errorf("sessions: got %+v", list.Sessions)
	}
	for _, id := range []string{other.SessionID, "nonsense", "01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11"} {
		n.wants(n.call("DELETE", "/v1/me/sessions/"+id, second.Access, nil), 404, "not_found")
	}
	n.done("DELETE", "/v1/me/sessions/"+first.SessionID, second.Access, nil)
	n.dead("the ended one", first)
	if _, ids := n.sessions(second.Access); !slices.Equal(ids, []string{second.SessionID}) {
		n.t.Errorf("sessions: got %v, want %s alone", ids, second.SessionID)
	}
	n.alive("the other user", other)
	n.alive("the one that ended it", second)
}

func logOutEverywhere(n *node, user string) {
	gone, kept := n.logIn(user), n.logIn(user)
	n.done("DELETE", "/v1/me/sessions?keep=current", kept.Access, nil)
	n.dead("another session", gone)
	kept = n.alive("this session", kept)
	n.done("DELETE", "/v1/me/sessions", kept.Access, nil)
	n.dead("this session", kept)
	n.alive("a log-in of the same second", n.logIn(user))
}

func reauthenticate(n *node, user string) {
	tok := n.logIn(user)
	n.Clock.Add(6 * time.Minute)
	tok = n.refreshed(tok.Refresh)
	stale := n.call("DELETE", "/v1/me", tok.Access, nil)
	n.wants(stale, 401, "reauthentication_required")
	if got := stale.Header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_user_authentication"`) || !strings.Contains(got, `max_age="300"`) {
		n.t.Errorf("WWW-Authenticate: got %q, want RFC 9470's", got)
	}
	n.wants(n.call("POST", "/v1/me/reauthenticate", tok.Access, body{"password": "not the canary battery"}), 403, "wrong_password")
	fresh := into[tokens](n.t, n.call("POST", "/v1/me/reauthenticate", tok.Access, body{"password": pass}))
	if fresh.Refresh != "" || fresh.SessionID != tok.SessionID || claimsOf(n.t, fresh.Access).AuthTime != n.Clock.Now().Unix() {
		n.t.Errorf("reauthenticate: got session %s and refresh token %q, want an access token of the same session, of now", fresh.SessionID, fresh.Refresh)
	}
	tok = n.refreshed(tok.Refresh)
	if got := claimsOf(n.t, tok.Access).AuthTime; got != n.Clock.Now().Unix() {
		n.t.Errorf("auth_time after the next refresh: got %d, want that of the proof", got)
	}
	n.done("DELETE", "/v1/me", fresh.Access, nil)
	n.dead("the deleted account", tok)
}

// restartKeeps: a set that is rebuilt knows of every kind of end.
func restartKeeps(n *node, admin tokens) {
	admin = n.logIn("admin")
	names := []string{"out", "off", "gone", "demoted", "edited", "fine"}
	tok := map[string]tokens{}
	if a := n.call("POST", "/v1/roles", admin.Access, body{"name": "worker", "permissions": []string{"work:do"}}); a.Status != http.StatusCreated {
		n.t.Errorf("role: got %d %s", a.Status, a.Body)
	}
	for _, name := range names {
		id := n.signUp(name)
		if name == "edited" || name == "demoted" {
			n.call("PUT", "/v1/users/"+id+"/roles/worker", admin.Access, nil)
		}
		tok[name] = n.logIn(name)
	}
	n.done("POST", "/v1/logout", tok["out"].Access, nil)
	n.call("PATCH", "/v1/users/"+subject(n, tok["off"]), admin.Access, body{"disabled": true})
	n.done("DELETE", "/v1/users/"+subject(n, tok["gone"]), admin.Access, nil)
	n.call("DELETE", "/v1/users/"+subject(n, tok["demoted"])+"/roles/worker", admin.Access, nil)
	n.call("PATCH", "/v1/roles/worker", admin.Access, body{"permissions": []string{"work:see"}})
	want := map[string]int{"out": 401, "off": 401, "gone": 401, "demoted": 401, "edited": 401, "fine": 200}
	check := func(n *node, when string) {
		got := map[string]int{}
		for _, name := range names {
			got[name] = n.me(tok[name].Access)
		}
		if !maps.Equal(got, want) {
			n.t.Errorf("%s: got %v, want %v", when, got, want)
		}
	}
	check(n, "before")
	n = n.restart()
	check(n, "after")
	n.dead("out", tok["out"])
	n.alive("demoted, refreshed", n.refreshed(tok["demoted"].Refresh))
	n.alive("edited, refreshed", n.refreshed(tok["edited"].Refresh))
}
