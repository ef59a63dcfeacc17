package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
)

// A server that moves and has no audience of its own keeps its tokens and its sessions.
func TestPublicURLWithoutAudience(t *testing.T) {
	s := profile(t)
	s.PublicURL, s.Audience = "https://old.example.com", ""
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	n = n.restart(func(s *server.Settings) {
		s.PublicURL, s.Audience, s.PreviousIssuers = "https://new.example.com", "", []string{"https://old.example.com/"}
	})
	if got := n.me(tok.Access); got != 200 {
		t.Errorf("the access token of the old name: got %d, want 200", got)
	}
	next := n.refreshed(tok.Refresh)
	if got := n.me(next.Access); got != 200 {
		t.Errorf("after a refresh: got %d, want 200", got)
	}
	if c := claimsOf(t, next.Access); c.Iss != "https://new.example.com" {
		t.Errorf("iss: got %q, want the new name", c.Iss)
	}
}

// A session for an audience that is taken away ends at its next refresh.
func TestAudienceTakenAway(t *testing.T) {
	s := profile(t)
	s.Audiences = []string{"billing"}
	n := start(t, s)
	n.signUp("ann")
	tok := into[tokens](t, n.want(200, "POST", "/v1/login", "", body{"username": "ann", "password": pass, "resource": "billing"}))
	n = n.restart(func(s *server.Settings) { s.Audiences = nil })
	n.wants(n.refresh(tok.Refresh), 400, "invalid_grant")
}

// An access token ends with its session at the latest.
func TestAccessTokenEndsWithSession(t *testing.T) {
	n := start(t, profile(t)) // access 60 s, absolute 1 h, idle 10 min
	n.signUp("ann")
	tok := n.logIn("ann")
	for range 7 {
		n.Clock.Add(8*time.Minute + 30*time.Second)
		tok = n.refreshed(tok.Refresh)
	}
	if tok.ExpiresIn > 30 {
		t.Errorf("expires_in, half a minute before the session's end: got %d, want at most 30", tok.ExpiresIn)
	}
}

// Nobody grants more than they hold: not by leaving roles to the default, not by a role that looks like admin.
func TestGrantsAboveOneself(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		admin := n.admin().Access
		n.want(200, "PATCH", "/v1/roles/user", admin, body{"permissions": []string{"orders:read"}})
		n.want(201, "POST", "/v1/roles", admin, body{"name": "star", "permissions": []string{"*:*"}})
		n.want(201, "POST", "/v1/roles", admin, body{"name": "maker", "permissions": []string{"users:write"}})
		for _, role := range []string{"star", "maker"} {
			n.want(201, "POST", "/v1/users", admin, body{"username": role, "password": pass, "roles": []string{role}})
		}
		maker, star := n.logIn("maker").Access, n.logIn("star").Access
		n.wants(n.call("POST", "/v1/users", maker, body{"username": "a", "password": pass}), 403, "above_you")
		n.wants(n.call("POST", "/v1/invites", maker, nil), 403, "above_you")
		n.wants(n.call("POST", "/v1/users", star, body{"username": "b", "password": pass, "roles": []string{"admin"}}), 403, "above_you")
		self := into[account](t, n.want(200, "GET", "/v1/me", star, nil)).ID
		n.wants(n.call("PUT", "/v1/users/"+self+"/roles/admin", star, nil), 403, "above_you")
		boss := into[account](t, n.want(200, "GET", "/v1/me", admin, nil)).ID
		n.wants(n.call("DELETE", "/v1/users/"+boss, star, nil), 403, "above_you")
		n.wants(n.call("DELETE", "/v1/users/"+boss+"/sessions", star, nil), 403, "above_you")
		n.wants(n.call("PATCH", "/v1/users/"+self, admin, body{}), 422, "nothing_to_change")
		twice := into[account](t, n.want(201, "POST", "/v1/users", admin, body{"username": "c", "password": pass, "roles": []string{"user", "maker", "user"}}))
		if strings.Join(twice.Roles, " ") != "maker user" {
			t.Errorf("roles that stand twice: got %q, want maker user", twice.Roles)
		}
	})
}

// A log-out says which session, or is refused.
func TestLogOutOfTwoSessions(t *testing.T) {
	n := start(t, profile(t))
	n.signUp("ann")
	one, two := n.logIn("ann"), n.logIn("ann")
	n.wants(n.call("POST", "/v1/logout", one.Access, body{"refresh_token": two.Refresh}), 400, "two_tokens")
	r := n.request("POST", "/v1/logout", one.Access, nil)
	r.Header.Add("Authorization", "Bearer "+two.Access)
	n.wants(n.send(r), 401, "token_invalid")
	n.alive("neither was named", one)
	n.alive("neither was named", two)
}

// Two passwords that differ are two passwords, also where JSON can spell what is no character.
func TestHalfSurrogates(t *testing.T) {
	n := start(t, profile(t))
	for _, half := range []string{`\ud800`, `\udbff`, `\udc00`, `\ud800\ud800`, `\ud800x`} {
		text := `{"username":"ann","password":"correct horse ` + half + `"}`
		n.wants(n.call("POST", "/v1/signup", "", text), 400, "malformed_request")
	}
	n.want(201, "POST", "/v1/signup", "", `{"username":"ann","password":"correct horse \ud83d\ude00 \\ud800 battery"}`)
}

// A 401 says how to authenticate, whichever way it comes about.
func TestEndedSessionSaysWWWAuthenticate(t *testing.T) {
	s := profile(t)
	s.AccessTTL, s.RefreshIdleTTL, s.RefreshAbsoluteTTL = 2*time.Second, 2*time.Second, 2*time.Second
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	n.Clock.Add(3 * time.Second) // within the leeway of the token
	a := n.call("POST", "/v1/me/reauthenticate", tok.Access, body{"password": pass})
	n.wants(a, 401, "token_revoked")
	if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("WWW-Authenticate: got %q", got)
	}
}

// Strangers at other addresses do not lock an account out, and the owner who is logged in is not in their way.
func TestGuessesOfStrangers(t *testing.T) {
	s := profile(t)
	s.Limits, s.TrustedProxies = "on", []string{"127.0.0.1"}
	n := start(t, s)
	n.signUp("ann")
	tok := n.logIn("ann")
	from := func(addr, password string) answer {
		r := n.request("POST", "/v1/login", "", body{"username": "ann", "password": password})
		r.Header.Set("X-Forwarded-For", addr)
		return n.send(r)
	}
	for range 5 {
		n.wants(from("192.0.2.1", "wrong password here"), 401, "invalid_credentials")
	}
	n.wants(from("192.0.2.1", pass), 429, "too_many_tries")
	if a := from("192.0.2.2", pass); a.Status != http.StatusOK {
		t.Errorf("the owner at another address: got %d, want 200", a.Status)
	}
	n.done("PUT", "/v1/me/password", tok.Access, body{"current_password": pass, "new_password": pass + " again"})
}
