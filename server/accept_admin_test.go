package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
)

func TestSetup(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		t.Run("K09 the first admin", func(t *testing.T) { firstAdmin(t, s) })
	})
}

func firstAdmin(t *testing.T, s server.Settings) {
	s.Limits = "on"
	n := start(t, s)
	setup := func(n *node, code, name string) answer {
		return n.call("POST", "/v1/setup", "", body{"code": code, "username": name, "password": pass})
	}
	file := filepath.Join(s.Data, "admin-code")
	checkCodeFile(t, file, n.SetupCode())
	if page := n.want(200, "GET", "/setup", "", nil); !strings.Contains(page.Body, "<form") {
		t.Errorf("set-up page: got %s, want a form", page.Body)
	}

	statuses := map[int]int{}
	for range 20 {
		a := setup(n, "WRONGCODEWRONGCODEWRONGCOD", "thief")
		if statuses[a.Status]++; a.Status == http.StatusTooManyRequests && a.Header.Get("Retry-After") == "" {
			t.Error("429: got no Retry-After")
		}
	}
	if statuses[403] != 5 || statuses[429] != 15 {
		t.Errorf("20 wrong codes: got %v, want 5 × 403 and 15 × 429", statuses)
	}

	spent := n.SetupCode()
	n = n.restart(func(s *server.Settings) { s.Limits = "off" })
	checkCodeFile(t, file, n.SetupCode())
	n.wants(setup(n, spent, "late"), 403, "wrong_code")
	clear(statuses)
	answers := make([]answer, 50)
	parallel(50, func(i int) { answers[i] = setup(n, n.SetupCode(), fmt.Sprint("admin", i)) })
	for _, a := range answers {
		if statuses[a.Status]++; a.Status != 201 {
			n.wants(a, 404, "setup_done")
		}
	}
	if statuses[201] != 1 {
		t.Errorf("50 at once with the right code: got %v, want one 201", statuses)
	}

	n = n.restart()
	if _, err := os.Stat(file); n.SetupCode() != "" || !os.IsNotExist(err) {
		t.Errorf("after a restart: got code %q and file %v, want neither", n.SetupCode(), err)
	}
	n.wants(setup(n, spent, "later"), 404, "setup_done")
	if page := n.want(410, "GET", "/setup", "", nil); strings.Contains(page.Body, "<form") {
		t.Errorf("set-up page: got %s, want none to fill in", page.Body)
	}
}

func checkCodeFile(t *testing.T, file, code string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || code == "" || strings.TrimSpace(string(text)) != code {
		t.Errorf("admin-code: got %q, %v; want the code", text, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin-code: got %v, %v; want mode 0600", info.Mode(), err)
	}
}

// account is a user as the API shows one.
type account struct {
	ID, Username, Email string
	Roles               []string
	Disabled            bool
}

// grant makes a role with these permissions and gives it to a user of the same name, who then logs in.
func (n *node) grant(admin, name string, permissions ...string) tokens {
	n.t.Helper()
	n.want(201, "POST", "/v1/roles", admin, body{"name": name, "permissions": permissions})
	n.want(201, "POST", "/v1/users", admin, body{"username": name, "password": pass, "roles": []string{name}})
	return n.logIn(name)
}

func TestUsersAndRoles(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		admin := n.admin()
		for _, c := range []struct {
			name string
			run  func(n *node, admin string)
		}{
			{"users", users},
			{"roles", roles},
			{"wildcards", wildcards},
			{"K02 another's, a foreign and no id", otherIDs},
			{"K03 more than may be said", massAssignment},
			{"K04 nobody grants above himself", notAbove},
			{"K06 an edited role", editedRole},
			{"K12 no hash is shown", noHash},
			{"K13 pages", pages},
			{"CLM-8 a token must fit into a header", tokenSize},
			{"AUZ-4 the last admin", lastAdmin}, // last: it leaves one who is another
		} {
			t.Run(c.name, func(t *testing.T) { c.run(n.on(t), admin.Access) })
		}
	})
}

func users(n *node, admin string) {
	made := into[account](n.t, n.want(201, "POST", "/v1/users", admin, body{"username": "Ann", "email": "ann@example.com", "password": pass}))
	if made.Username != "Ann" || made.Email != "ann@example.com" || !slices.Equal(made.Roles, []string{"user"}) {
		n.t.Errorf("made: got %+v", made)
	}
	path := "/v1/users/" + made.ID
	if read := into[account](n.t, n.want(200, "GET", path, admin, nil)); read.ID != made.ID || read.Username != "Ann" {
		n.t.Errorf("read: got %+v, want %+v", read, made)
	}
	n.wants(n.call("POST", "/v1/users", admin, body{"username": "ANN", "password": pass}), 409, "username_taken")
	n.wants(n.call("POST", "/v1/users", admin, body{"email": "Ann@Example.com", "password": pass}), 409, "email_taken")
	n.wants(n.call("POST", "/v1/users", admin, body{"username": "bea", "password": pass, "roles": []string{"none such"}}), 422, "role_unknown")
	tok := n.logIn("ann@example.com")

	n.want(200, "PATCH", path, admin, body{"username": "anna"})
	n.alive("renamed", tok)
	n.logIn("anna")
	off := into[account](n.t, n.want(200, "PATCH", path, admin, body{"disabled": true}))
	if !off.Disabled {
		n.t.Errorf("disabled: got %+v", off)
	}
	n.wants(n.call("POST", "/v1/login", "", body{"username": "anna", "password": pass}), 401, "invalid_credentials")
	n.want(200, "PATCH", path, admin, body{"disabled": false})

	tok = n.logIn("anna")
	list := into[sessionList](n.t, n.want(200, "GET", path+"/sessions", admin, nil))
	if len(list.Sessions) != 1 || list.Sessions[0].ID != tok.SessionID {
		n.t.Errorf("sessions: got %+v, want %s", list, tok.SessionID)
	}
	n.done("DELETE", path+"/sessions", admin, nil)
	n.dead("ended by an admin", tok)
	n.done("DELETE", path, admin, nil)
	for _, method := range []string{"GET", "DELETE"} {
		n.wants(n.call(method, path, admin, nil), 404, "not_found")
	}
}

func roles(n *node, admin string) {
	n.want(201, "POST", "/v1/roles", admin, body{"name": "writer", "permissions": []string{"b:c", "a:b", "b:c"}})
	n.wants(n.call("POST", "/v1/roles", admin, body{"name": "writer", "permissions": []string{}}), 409, "role_taken")
	list := into[struct {
		Roles []struct {
			Name        string
			Permissions []string
		}
	}](n.t, n.want(200, "GET", "/v1/roles", admin, nil))
	at := slices.IndexFunc(list.Roles, func(r struct {
		Name        string
		Permissions []string
	}) bool {
		return r.Name == "writer"
	})
	if at < 0 || !slices.Equal(list.Roles[at].Permissions, []string{"a:b", "b:c"}) {
		n.t.Errorf("roles: got %+v, want writer with a:b and b:c", list)
	}

	id := n.signUp("wim")
	granted := into[account](n.t, n.want(200, "PUT", "/v1/users/"+id+"/roles/writer", admin, nil))
	if !slices.Equal(granted.Roles, []string{"user", "writer"}) {
		n.t.Errorf("granted: got %q", granted.Roles)
	}
	revoked := into[account](n.t, n.want(200, "DELETE", "/v1/users/"+id+"/roles/user", admin, nil))
	if !slices.Equal(revoked.Roles, []string{"writer"}) {
		n.t.Errorf("revoked: got %q", revoked.Roles)
	}
	n.want(204, "DELETE", "/v1/roles/writer", admin, nil)
	if left := into[account](n.t, n.want(200, "GET", "/v1/users/"+id, admin, nil)); len(left.Roles) != 0 {
		n.t.Errorf("after the role is gone: got %q, want none", left.Roles)
	}

	for _, method := range []string{"PATCH", "DELETE"} {
		n.wants(n.call(method, "/v1/roles/none", admin, body{"permissions": []string{}}), 404, "not_found")
		n.wants(n.call(method, "/v1/roles/admin", admin, body{"permissions": []string{}}), 409, "role_protected")
	}
	n.wants(n.call("DELETE", "/v1/roles/user", admin, nil), 409, "role_protected") // the default role
	n.wants(n.call("PUT", "/v1/users/"+id+"/roles/none", admin, nil), 404, "not_found")
	for _, bad := range []string{"", "a::b", "a:*b", "a b", "a:ü", strings.Repeat("a", 101)} {
		a := n.call("POST", "/v1/roles", admin, body{"name": "bad", "permissions": []string{"a:b", bad}})
		n.wants(a, 422, "permission_invalid")
		if p := into[problem](n.t, a); len(p.Errors) != 1 || p.Errors[0].Pointer != "/permissions/1" {
			n.t.Errorf("permission %q: got %s, want a pointer to it", bad, a.Body)
		}
	}
}

func wildcards(n *node, admin string) {
	reader := n.grant(admin, "star-reader", "*:read")
	n.want(200, "GET", "/v1/users", reader.Access, nil)
	n.want(200, "GET", "/v1/audit", reader.Access, nil)
	n.wants(n.call("POST", "/v1/users", reader.Access, body{"username": "x", "password": pass}), 403, "forbidden")
	narrow := n.grant(admin, "star-users", "users:*")
	n.want(200, "GET", "/v1/users", narrow.Access, nil)
	n.want(201, "POST", "/v1/invites", narrow.Access, nil)
	n.wants(n.call("GET", "/v1/roles", narrow.Access, nil), 403, "forbidden")
	short := n.grant(admin, "one-part", "*")
	n.wants(n.call("GET", "/v1/users", short.Access, nil), 403, "forbidden")
}

func otherIDs(n *node, admin string) {
	n.signUp("owner")
	owner := n.logIn("owner")
	support := n.grant(admin, "support", "users:read")
	for _, id := range []string{"01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11", "x", "%00", "..%2Fme", "'%20OR%201=1--", strings.Repeat("9", 64)} {
		for _, route := range []struct {
			method, path string
			body         any
		}{
			{"GET", "", nil},
			{"GET", "/sessions", nil},
			{"PATCH", "", body{"disabled": true}},
			{"PUT", "/roles/user", nil},
			{"DELETE", "/roles/user", nil},
			{"DELETE", "/sessions", nil},
			{"DELETE", "", nil},
		} {
			n.wants(n.call(route.method, "/v1/users/"+id+route.path, admin, route.body), 404, "not_found")
		}
	}
	n.wants(n.call("GET", "/v1/users/"+strings.Repeat("9", 65), admin, nil), 422, "validation_failed")
	n.want(200, "GET", "/v1/users/"+subject(n, owner), support.Access, nil)
	n.wants(n.call("DELETE", "/v1/users/"+subject(n, owner), support.Access, nil), 403, "forbidden")
	n.alive("the owner", owner)
}

func massAssignment(n *node, admin string) {
	for i, more := range []string{`"roles":["admin"]`, `"is_admin":true`, `"email_verified":true`, `"password_hash":"x"`, `"created_at":"2020-01-01T00:00:00Z"`, `"id":"1"`, `"permissions":["*:*"]`, `"user":{"roles":["admin"]}`, `"Username":"twice"`, `"disabled":false`} {
		name := fmt.Sprint("greedy", i)
		a := n.call("POST", "/v1/signup", "", fmt.Sprintf(`{"username":%q,"password":%q,%s}`, name, pass, more))
		n.wants(a, 400, "malformed_request")
		n.wants(n.call("POST", "/v1/login", "", body{"username": name, "password": pass}), 401, "invalid_credentials")
	}
	n.signUp("modest")
	tok := n.logIn("modest")
	for _, more := range []string{`"roles":["admin"]`, `"disabled":false`, `"email_verified":true`, `"id":"1"`} {
		n.wants(n.call("PATCH", "/v1/me", tok.Access, fmt.Sprintf(`{"current_password":%q,%s}`, pass, more)), 400, "malformed_request")
	}
	me := into[account](n.t, n.want(200, "GET", "/v1/me", tok.Access, nil))
	if !slices.Equal(me.Roles, []string{"user"}) {
		n.t.Errorf("roles: got %q, want user", me.Roles)
	}
	renamed := into[account](n.t, n.want(200, "PATCH", "/v1/me", tok.Access, body{"current_password": pass, "username": "humble", "email": "humble@example.com"}))
	if renamed.Username != "humble" || renamed.Email != "humble@example.com" {
		n.t.Errorf("renamed: got %+v", renamed)
	}
	n.wants(n.call("PATCH", "/v1/me", tok.Access, body{"current_password": "not the canary battery", "username": "proud"}), 403, "wrong_password")
	n.wants(n.call("PATCH", "/v1/me", tok.Access, body{"current_password": pass, "username": "admin"}), 409, "username_taken")
}

func notAbove(n *node, admin string) {
	boss := n.grant(admin, "manager", "users:*", "roles:*", "orders:read")
	as := boss.Access
	n.want(201, "POST", "/v1/roles", as, body{"name": "clerk", "permissions": []string{"orders:read"}})
	n.want(201, "POST", "/v1/roles", admin, body{"name": "seller", "permissions": []string{"orders:*"}})
	id := n.signUp("clerk")
	n.want(200, "PUT", "/v1/users/"+id+"/roles/clerk", as, nil)

	me, chief := subject(n, boss), subjectOf(n.t, admin)
	for _, c := range []struct {
		what, method, path string
		body               any
	}{
		{"grant admin", "PUT", "/v1/users/" + id + "/roles/admin", nil},
		{"grant himself admin", "PUT", "/v1/users/" + me + "/roles/admin", nil},
		{"grant a wider role", "PUT", "/v1/users/" + id + "/roles/seller", nil},
		{"take a wider role away", "DELETE", "/v1/users/" + id + "/roles/seller", nil},
		{"make an admin", "POST", "/v1/users", body{"username": "sock", "password": pass, "roles": []string{"admin"}}},
		{"make a wider role", "POST", "/v1/roles", body{"name": "wide", "permissions": []string{"orders:write"}}},
		{"make a role of all", "POST", "/v1/roles", body{"name": "all", "permissions": []string{"*:*"}}},
		{"make a role of half", "POST", "/v1/roles", body{"name": "half", "permissions": []string{"*:read"}}},
		{"widen his own role", "PATCH", "/v1/roles/manager", body{"permissions": []string{"users:*", "roles:*", "orders:*"}}},
		{"narrow a wider role", "PATCH", "/v1/roles/seller", body{"permissions": []string{"orders:read"}}},
		{"delete a wider role", "DELETE", "/v1/roles/seller", nil},
		{"disable the admin", "PATCH", "/v1/users/" + chief, body{"disabled": true}},
		{"rename the admin", "PATCH", "/v1/users/" + chief, body{"username": "pawn"}},
		{"delete the admin", "DELETE", "/v1/users/" + chief, nil},
		{"log the admin out", "DELETE", "/v1/users/" + chief + "/sessions", nil},
		{"take admin away", "DELETE", "/v1/users/" + chief + "/roles/admin", nil},
	} {
		if a := n.call(c.method, c.path, as, c.body); a.Status != 403 || into[problem](n.t, a).Code != "above_you" {
			n.t.Errorf("%s: got %d %s, want 403 above_you", c.what, a.Status, a.Body)
		}
	}
	n.want(200, "GET", "/v1/me", admin, nil)
	n.want(200, "PATCH", "/v1/users/"+id, as, body{"disabled": true})
}

func editedRole(n *node, admin string) {
	tok := n.grant(admin, "auditor", "audit:read")
	other := n.grant(admin, "bystander", "audit:read")
	n.want(200, "GET", "/v1/audit", tok.Access, nil)
	n.want(200, "PATCH", "/v1/roles/auditor", admin, body{"permissions": []string{"users:read"}})
	n.wants(n.call("GET", "/v1/audit", tok.Access, nil), 401, "permissions_changed")
	n.want(200, "GET", "/v1/audit", other.Access, nil)
	tok = n.refreshed(tok.Refresh)
	n.wants(n.call("GET", "/v1/audit", tok.Access, nil), 403, "forbidden")
	n.want(200, "GET", "/v1/users", tok.Access, nil)
	n.want(204, "DELETE", "/v1/roles/auditor", admin, nil)
	n.wants(n.call("GET", "/v1/users", tok.Access, nil), 401, "permissions_changed")
	n.wants(n.call("GET", "/v1/users", n.refreshed(tok.Refresh).Access, nil), 403, "forbidden")
}

func noHash(n *node, admin string) {
	id := n.signUp("shown")
	tok := n.logIn("shown")
	for _, path := range []string{"/v1/users", "/v1/users/" + id, "/v1/users/" + id + "/sessions", "/v1/audit?limit=200", "/v1/roles", "/v1/me", "/v1/me/sessions"} {
		a := n.want(200, "GET", path, admin, nil)
		for _, never := range []string{"$argon2", "eyJ", "jgr_", "canary", "hash", "password\""} {
			if strings.Contains(a.Body, never) {
				n.t.Errorf("%s: got %q in %s", path, never, a.Body)
			}
		}
	}
	n.alive("the user", tok)
}

// page is a page of users or events.
type page struct {
	Users, Events []struct{ ID string }
	Next          string
}

func pages(n *node, admin string) {
	for i := range 5 {
		n.signUp(fmt.Sprint("many", i))
	}
	for _, path := range []string{"/v1/users", "/v1/audit"} {
		all := into[page](n.t, n.want(200, "GET", path+"?limit=200", admin, nil))
		var walked, want []string
		for after := ""; ; {
			p := into[page](n.t, n.want(200, "GET", path+"?limit=3&after="+after, admin, nil))
			for _, row := range append(p.Users, p.Events...) {
				walked = append(walked, row.ID)
			}
			if after = p.Next; after == "" {
				break
			}
		}
		for _, row := range append(all.Users, all.Events...) {
			want = append(want, row.ID)
		}
		if path == "/v1/audit" { // there may be more than a page of them
			walked = walked[:min(len(walked), len(want))]
		}
		if len(want) < 5 || !slices.Equal(walked, want) {
			n.t.Errorf("%s: walked: got %v, want %v", path, walked, want)
		}
		for _, bad := range []string{"limit=1e9", "limit=-1", "limit=0", "limit=201", "after=" + strings.Repeat("9", 65)} {
			if a := n.call("GET", path+"?"+bad, admin, nil); a.Status != 422 {
				n.t.Errorf("%s?%s: got %d, want 422", path, bad, a.Status)
			}
		}
		for _, odd := range []string{"after=x", "after='%20OR%201=1--", "after=%7B%22$gt%22:%22%22%7D"} {
			n.want(200, "GET", path+"?"+odd, admin, nil)
		}
	}
}

func tokenSize(n *node, admin string) {
	long := func(prefix string, count int) (list []string) {
		for i := range count {
			list = append(list, fmt.Sprintf("%s%02d:%s", prefix, i, strings.Repeat("x", 80)))
		}
		return list
	}
	n.wants(n.call("POST", "/v1/roles", admin, body{"name": "huge", "permissions": long("h", 12)}), 422, "token_too_large")
	id := n.signUp("loaded")
	for _, role := range []string{"a", "b"} {
		n.want(201, "POST", "/v1/roles", admin, body{"name": "big-" + role, "permissions": long(role, 10)})
		n.want(200, "PUT", "/v1/users/"+id+"/roles/big-"+role, admin, nil)
	}
	n.want(201, "POST", "/v1/roles", admin, body{"name": "big-c", "permissions": long("c", 10)})
	n.wants(n.call("PUT", "/v1/users/"+id+"/roles/big-c", admin, nil), 422, "token_too_large")
	n.want(201, "POST", "/v1/roles", admin, body{"name": "small", "permissions": []string{}})
	n.want(200, "PUT", "/v1/users/"+id+"/roles/small", admin, nil)
	n.wants(n.call("PATCH", "/v1/roles/small", admin, body{"permissions": long("s", 10)}), 422, "token_too_large")
	n.wants(n.call("POST", "/v1/users", admin, body{"username": "made", "password": pass, "roles": []string{"big-a", "big-b", "big-c"}}), 422, "token_too_large")
	if tok := n.logIn("loaded"); len(tok.Access) > 4<<10 {
		n.t.Errorf("token: got %d bytes, want at most 4 KiB", len(tok.Access))
	}
	n.signUp("light")
	if tok := n.logIn("light"); len(tok.Access) > 1<<10 {
		n.t.Errorf("token of a plain user: got %d bytes, want at most 1 KiB", len(tok.Access))
	}
}

func lastAdmin(n *node, admin string) {
	chief := subjectOf(n.t, admin)
	n.wants(n.call("PATCH", "/v1/users/"+chief, admin, body{"disabled": true}), 409, "last_admin")
	n.wants(n.call("DELETE", "/v1/users/"+chief, admin, nil), 409, "last_admin")
	n.wants(n.call("DELETE", "/v1/users/"+chief+"/roles/admin", admin, nil), 409, "last_admin")
	n.wants(n.call("DELETE", "/v1/me", admin, nil), 409, "last_admin")

	for round := range 10 {
		rival := into[account](n.t, n.want(201, "POST", "/v1/users", admin, body{"username": fmt.Sprint("rival", round), "password": pass, "roles": []string{"admin"}}))
		as := []string{admin, n.logIn(rival.Username).Access}
		victims := []string{rival.ID, subjectOf(n.t, admin)}
		answers := make([]answer, 2)
		parallel(2, func(i int) { answers[i] = n.call("DELETE", "/v1/users/"+victims[i]+"/roles/admin", as[i], nil) })
		won := slices.IndexFunc(answers, func(a answer) bool { return a.Status == 200 })
		if won < 0 || answers[1-won].Status == 200 {
			n.t.Fatalf("two admins take each other's role away: got %d and %d, want one 200", answers[0].Status, answers[1].Status)
		}
		admin = n.logIn([]string{n.name(admin), rival.Username}[won]).Access
		n.want(200, "GET", "/v1/users", admin, nil)
	}
}

// name returns the user name behind an access token, which need not be alive.
func (n *node) name(access string) string {
	n.t.Helper()
	u, err := openStore(n.t, n).User(n.t.Context(), subjectOf(n.t, access))
	if err != nil {
		n.t.Fatal(err)
	}
	return u.Username
}

func TestSignupModes(t *testing.T) {
	signUp := func(n *node, name, invite string) answer {
		b := body{"username": name, "password": pass}
		if invite != "" {
			b["invite"] = invite
		}
		return n.call("POST", "/v1/signup", "", b)
	}
	n := start(t, profile(t))
	admin := n.admin()
	n.want(201, "POST", "/v1/roles", admin.Access, body{"name": "guest", "permissions": []string{"see:it"}})

	closed := n.restart(func(s *server.Settings) { s.Signup = "closed" })
	closed.wants(signUp(closed, "ann", ""), 403, "signup_closed")
	closed.want(201, "POST", "/v1/users", admin.Access, body{"username": "ann", "password": pass})

	n = closed.restart(func(s *server.Settings) { s.Signup = "invite"; s.DefaultRole = "guest" })
	n.wants(signUp(n, "bea", ""), 403, "invite_required")
	n.wants(signUp(n, "bea", "WRONGCODEWRONGCODEWRONGCOD"), 403, "wrong_code")
	invite := func() string {
		n.t.Helper()
		admin = n.logIn("admin")
		return into[struct{ Invite string }](t, n.want(201, "POST", "/v1/invites", admin.Access, nil)).Invite
	}
	code := invite()
	n.wants(n.call("POST", "/v1/signup", "", body{"username": "admin", "password": pass, "invite": code}), 409, "username_taken")
	answers := make([]answer, 10)
	parallel(10, func(i int) { answers[i] = signUp(n, fmt.Sprint("guest", i), code) })
	statuses := map[int]int{}
	for _, a := range answers {
		if statuses[a.Status]++; a.Status == 201 {
			u := into[struct{ User account }](t, a).User
			if !slices.Equal(u.Roles, []string{"guest"}) {
				t.Errorf("roles: got %q, want the default role guest", u.Roles)
			}
		}
	}
	if statuses[201] != 1 || statuses[403] != 9 {
		t.Errorf("ten with one invite: got %v, want one 201 and nine 403", statuses)
	}
	code = invite()
	n.Clock.Add(time.Hour)
	n.wants(signUp(n, "late", code), 403, "wrong_code")

	n = n.restart(func(s *server.Settings) { s.Signup = "open"; s.DefaultRole = "none" })
	u := into[struct{ User account }](t, n.want(201, "POST", "/v1/signup", "", body{"username": "plain", "password": pass})).User
	if len(u.Roles) != 0 {
		t.Errorf("default_role none: got %q, want no role", u.Roles)
	}
}
