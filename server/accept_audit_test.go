package server_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jotgate/jotgate/server"
	"github.com/jotgate/jotgate/server/internal/store"
)

// deed is something a client does, and the row that it leaves: "" for none.
type deed struct {
	what string
	do   func() answer
	row  string // action result
	who  string // actor: "new" for any id, "" when the target tells
	whom string // target: "new" for any id
	more string // detail
}

// TestAudit: each deed leaves one row, a refusal to log in too, and what changes nothing leaves none.
func TestAudit(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		st := openStore(t, n)
		admin := n.admin()
		chief := subject(n, admin)
		ann, bea := n.signUp("ann"), n.signUp("bea")
		hers := n.logIn("bea")
		tok, spare := n.logIn("ann"), n.logIn("ann")
		successor := n.refreshed(spare.Refresh)
		n.refreshed(successor.Refresh)
		as := func(method, path string, b any) func() answer {
			return func() answer { return n.call(method, path, admin.Access, b) }
		}
		mine := func(method, path string, b any) func() answer {
			return func() answer { return n.call(method, path, tok.Access, b) }
		}
		open := func(path string, b any) func() answer {
			return func() answer { return n.call("POST", path, "", b) }
		}
		user := "/v1/users/" + ann
		for _, d := range []deed{
			{"sign up", open("/v1/signup", body{"username": "dan", "password": pass}), "user.signup ok", "new", "new", ""},
			{"sign up under a name that is taken", open("/v1/signup", body{"username": "bea", "password": pass}), "", "", "", ""},
			{"log in", open("/v1/login", body{"username": "bea", "password": pass}), "user.login ok", bea, "new", ""},
			{"log in, wrong password", open("/v1/login", body{"username": "ann", "password": "not the canary battery"}), "user.login fail", "", ann, ""},
			{"log in, unknown user", open("/v1/login", body{"username": "nobody", "password": pass}), "user.login fail", "", "", ""},
			{"refresh", open("/v1/refresh", body{"refresh_token": tok.Refresh}), "session.refresh ok", "", tok.SessionID, ""},
			{"the same refresh again", open("/v1/refresh", body{"refresh_token": tok.Refresh}), "", "", "", ""},
			{"nonsense for a refresh token", open("/v1/refresh", body{"refresh_token": "x"}), "", "", "", ""},
			{"reuse", open("/v1/refresh", body{"refresh_token": spare.Refresh}), "session.reuse fail", "", spare.SessionID, ""},
			{"reuse of a session that has ended", open("/v1/refresh", body{"refresh_token": spare.Refresh}), "", "", "", ""},
			{"log out of a session that has ended", open("/v1/logout", body{"refresh_token": spare.Refresh}), "", "", "", ""},
			{"reauthenticate", mine("POST", "/v1/me/reauthenticate", body{"password": pass}), "user.reauthenticate ok", ann, tok.SessionID, ""},
			{"reauthenticate, wrong password", mine("POST", "/v1/me/reauthenticate", body{"password": "x"}), "user.reauthenticate fail", ann, ann, ""},
			{"change the password", mine("PUT", "/v1/me/password", body{"current_password": pass, "new_password": pass + "2"}), "user.password ok", ann, ann, ""},
			{"rename", mine("PATCH", "/v1/me", body{"current_password": pass + "2", "username": "anna"}), "user.update ok", ann, ann, ""},
			{"look at oneself", mine("GET", "/v1/me", nil), "", "", "", ""},
			{"be refused", mine("GET", "/v1/users", nil), "", "", "", ""},
			{"log out", mine("POST", "/v1/logout", nil), "session.logout ok", "", tok.SessionID, ""},
			{"log out again", mine("POST", "/v1/logout", nil), "", "", "", ""},
			{"make a role", as("POST", "/v1/roles", body{"name": "r", "permissions": []string{"a:b"}}), "role.create ok", chief, "r", ""},
			{"edit a role", as("PATCH", "/v1/roles/r", body{"permissions": []string{"a:c"}}), "role.update ok", chief, "r", ""},
			{"edit it to the same", as("PATCH", "/v1/roles/r", body{"permissions": []string{"a:c"}}), "", "", "", ""},
			{"grant", as("PUT", user+"/roles/r", nil), "role.grant ok", chief, ann, "r"},
			{"grant again", as("PUT", user+"/roles/r", nil), "", "", "", ""},
			{"take away", as("DELETE", user+"/roles/r", nil), "role.revoke ok", chief, ann, "r"},
			{"delete the role", as("DELETE", "/v1/roles/r", nil), "role.delete ok", chief, "r", ""},
			{"rename another", as("PATCH", user, body{"username": "ann"}), "user.update ok", chief, ann, ""},
			{"disable", as("PATCH", user, body{"disabled": true}), "user.disable ok", chief, ann, ""},
			{"enable", as("PATCH", user, body{"disabled": false}), "user.enable ok", chief, ann, ""},
			{"make a user", as("POST", "/v1/users", body{"username": "cem", "password": pass}), "user.create ok", chief, "new", ""},
			{"invite", as("POST", "/v1/invites", nil), "invite.create ok", chief, "", ""},
			{"log out everywhere", func() answer { return n.call("DELETE", "/v1/me/sessions", hers.Access, nil) }, "session.end ok", bea, bea, ""},
			{"log out everywhere where nobody is in", as("DELETE", user+"/sessions", nil), "", "", "", ""},
			{"delete", as("DELETE", user, nil), "user.delete ok", chief, ann, ""},
			{"delete again", as("DELETE", user, nil), "", "", "", ""},
			{"set up again", open("/v1/setup", body{"code": "x", "username": "x", "password": pass}), "", "", "", ""},
		} {
			t.Run("J14 "+d.what, func(t *testing.T) { checkDeed(t, st, d) })
		}
	})
}

func events(t *testing.T, st store.Store) []store.Event {
	t.Helper()
	all, err := st.Events(context.Background(), store.Page{Limit: store.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func checkDeed(t *testing.T, st store.Store, d deed) {
	t.Helper()
	before := events(t, st)
	a := d.do()
	after := events(t, st)
	fresh := after[:len(after)-len(before)]
	if d.row == "" {
		if len(fresh) != 0 {
			t.Errorf("answered %d: got %d rows, first %+v; want none", a.Status, len(fresh), fresh[0])
		}
		return
	}
	if len(fresh) != 1 {
		t.Fatalf("answered %d: got %d rows, want one", a.Status, len(fresh))
	}
	e := fresh[0]
	if got := e.Action + " " + e.Result; got != d.row || e.Detail != d.more {
		t.Errorf("got %q with detail %q, want %q with %q", got, e.Detail, d.row, d.more)
	}
	if e.IP != "127.0.0.1" || !strings.HasPrefix(e.UserAgent, "Go-http-client") || e.RequestID != a.Header.Get("X-Request-Id") || e.At.IsZero() {
		t.Errorf("got %+v, want it from 127.0.0.1, with agent, time and request %s", e, a.Header.Get("X-Request-Id"))
	}
	if !same(e.Target, d.whom) || d.who != "" && !same(e.Actor, d.who) {
		t.Errorf("got actor %q and target %q, want %q and %q", e.Actor, e.Target, d.who, d.whom)
	}
}

// same holds an id against the one that is wanted, or against the fact that it is new.
func same(got, want string) bool { return got == want || want == "new" && len(got) == 36 }
