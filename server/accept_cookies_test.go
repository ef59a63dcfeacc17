package server_test

import (
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
)

// visitor is a page of the server's own origin in a browser: it keeps cookies in a real jar, names its origin, and sends the
// proof that it was given. Its script never sees a token.
type visitor struct {
	*node
	host   string // of the public URL
	origin string
	jar    *cookiejar.Jar
	csrf   string
}

// inCookies is the answer to a log-in with cookies.
type inCookies struct {
	CSRF             string `json:"csrf_token"`
	ExpiresIn        int    `json:"expires_in"`
	RefreshExpiresIn int    `json:"refresh_expires_in"`
	SessionID        string `json:"session_id"`
}

func visit(n *node) *visitor {
	n.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		n.t.Fatal(err)
	}
	u, err := url.Parse(n.Settings().PublicURL)
	if err != nil {
		n.t.Fatal(err)
	}
	return &visitor{node: n, host: u.Host, origin: u.Scheme + "://" + u.Host, jar: jar}
}

// opened is a page whose user has logged in.
func opened(n *node, user string) *visitor {
	n.t.Helper()
	p := visit(n)
	p.logIn(user)
	return p
}

func (p *visitor) logIn(user string) (inCookies, answer) {
	p.t.Helper()
	a := p.fetch("POST", "/v1/login?cookies=true", body{"username": user, "password": pass})
	got := into[inCookies](p.t, a)
	if a.Status != 200 || got.CSRF == "" {
		p.t.Errorf("log in with cookies: got %d %s, want 200 and a CSRF token", a.Status, a.Body)
	}
	p.csrf = got.CSRF
	return got, a
}

func (p *visitor) url() *url.URL {
	return &url.URL{Scheme: strings.Split(p.origin, ":")[0], Host: p.host, Path: "/"}
}

// fetch sends what a browser would; changes are what an attacker makes of it, "" for no such header.
func (p *visitor) fetch(method, path string, content any, changes ...map[string]string) answer {
	p.t.Helper()
	r := p.request(method, path, "", content)
	r.Host = p.host
	for _, c := range p.jar.Cookies(p.url()) {
		r.AddCookie(c)
	}
	headers := map[string]string{"Origin": p.origin, "Sec-Fetch-Site": "same-origin", "X-CSRF-Token": p.csrf}
	for _, c := range changes {
		maps.Copy(headers, c)
	}
	for name, value := range headers {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	a := p.send(r)
	p.jar.SetCookies(p.url(), (&http.Response{Header: a.Header}).Cookies())
	return a
}

// me returns the status of GET /v1/me.
func (p *visitor) me() int { p.t.Helper(); return p.fetch("GET", "/v1/me", nil).Status }

func (p *visitor) refresh() answer { p.t.Helper(); return p.fetch("POST", "/v1/refresh", nil) }

// has returns the value of a cookie, "" for none.
func (p *visitor) has(name string) string {
	for _, c := range p.jar.Cookies(p.url()) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// wantCleared wants every cookie taken away, with the attributes that it was set with, and the jar empty.
func (p *visitor) wantCleared(a answer) {
	p.t.Helper()
	want := []string{
		"__Host-access=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax", "__Host-csrf=; Path=/; Max-Age=0; Secure; SameSite=Lax",
		"__Host-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
	}
	if got := slices.Sorted(slices.Values(a.Header.Values("Set-Cookie"))); !slices.Equal(got, want) {
		p.t.Errorf("%d: Set-Cookie: got %q, want %q", a.Status, got, want)
	}
	if left := p.jar.Cookies(p.url()); len(left) > 0 {
		p.t.Errorf("jar: got %d cookies, want none", len(left))
	}
}

// public is the profile of a server behind https.
func public(t testing.TB) server.Settings {
	s := profile(t)
	s.PublicURL = "https://auth.example.com"
	return s
}

func TestCookies(t *testing.T) {
	s := profile(t)
	s.Audiences = []string{"billing"}
	n := start(t, s)
	admin := n.admin()
	tell(t, n,
		story{"H01 log in with cookies", setCookies},
		story{"D01 refresh with cookies", refreshCookies},
		story{"D19 refresh without proof", refreshUnproved},
		story{"H03 CSRF tokens of others", foreignProof},
		story{"H07 log out", logOutCookies},
		story{"H07 a failed refresh", failedRefresh},
		story{"H07 the end of one's own session", endOwnCookies},
		story{"H10 planted cookies", planted},
		story{"E04 disabled user", func(n *node, user string) { disabledCookies(n, user, n.logIn("admin").Access) }},
		story{"E12 a session from before the log-in", fixated},
		story{"F10 reauthenticate", reauthenticateCookies},
		story{"A24 two tokens in a request", func(n *node, user string) { twoTokens(n, user, admin) }},
		story{"CKY-3 a log-in that another origin's page makes", foreignLogin},
		story{"CKY-3 a log-out that another origin's page makes", foreignLogout},
		story{"CKY-3 cookies for another audience", foreignAudience},
		story{"tabs that refresh at once", tabs},
		story{"a token in the body needs no cookie", bodyFirst},
	)
	t.Run("H02 origins and proofs", func(t *testing.T) {
		n := start(t, public(t))
		n.signUp("ann")
		unsafeMethods(n, "ann")
	})
	t.Run("H13 plain http", plainHTTP)
	t.Run("a token that browsers would drop", largeToken)
}

// foreignAudience asks for cookies that this server's own routes would refuse.
func foreignAudience(n *node, user string) {
	p := visit(n)
	login := func(resource string) answer {
		return p.fetch("POST", "/v1/login?cookies=true", body{"username": user, "password": pass, "resource": resource})
	}
	if a := login("billing"); a.Status != 422 || len(a.Header.Values("Set-Cookie")) > 0 {
		n.t.Errorf("another audience: got %d with %q, want 422 without cookies", a.Status, a.Header.Values("Set-Cookie"))
	}
	if a := login(n.Settings().Audience); a.Status != 200 || p.me() != 200 {
		n.t.Errorf("this audience: got %d %s, want 200", a.Status, a.Body)
	}
}

func setCookies(n *node, user string) {
	p := visit(n)
	got, a := p.logIn(user)
	set := slices.Sorted(slices.Values(a.Header.Values("Set-Cookie")))
	tails := []string{"; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax", "; Path=/; Max-Age=600; Secure; SameSite=Lax", "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"}
	for i, name := range []string{"__Host-access", "__Host-csrf", "__Host-refresh"} {
		if len(set) != 3 || !strings.HasPrefix(set[i], name+"=") || !strings.HasSuffix(set[i], tails[i]) {
			n.t.Fatalf("Set-Cookie: got %q, want three, %s with %s", set, name, tails[i])
		}
		if pair, _, _ := strings.Cut(set[i], ";"); len(pair) > 4097 {
			n.t.Errorf("%s: got %d bytes, want at most 4096 and the sign", name, len(pair))
		}
	}
	if names := slices.Sorted(maps.Keys(into[map[string]any](n.t, a))); !slices.Equal(names, []string{"csrf_token", "expires_in", "refresh_expires_in", "session_id"}) {
		n.t.Errorf("body: got %q, want no token in it", names)
	}
	if got.ExpiresIn != 60 || got.RefreshExpiresIn != 600 || got.SessionID != claimsOf(n.t, p.has("__Host-access")).Sid {
		n.t.Errorf("got %+v, want 60 s and 600 s of the session in the cookie", got)
	}
	if got.CSRF != p.has("__Host-csrf") {
		n.t.Errorf("csrf_token: got %q, want the cookie's %q", got.CSRF, p.has("__Host-csrf"))
	}
	if p.me() != 200 {
		n.t.Error("GET /v1/me by cookie: want 200")
	}
	n.Clock.Add(accessTTL + leeway)
	n.wants(p.fetch("GET", "/v1/me", nil), 401, "token_expired") // and not token_missing: the page refreshes
}

func refreshCookies(n *node, user string) {
	p := visit(n)
	first, _ := p.logIn(user)
	for i := range 5 {
		old := p.has("__Host-refresh")
		n.Clock.Add(accessTTL + leeway)
		a := p.refresh()
		got := into[inCookies](n.t, a)
		if a.Status != 200 || got != first || strings.Contains(a.Body, "jgr_") || p.has("__Host-refresh") == old {
			n.t.Errorf("refresh %d: got %d %s, want 200, the same session and proof, and another cookie", i, a.Status, a.Body)
		}
		if p.me() != 200 {
			n.t.Errorf("refresh %d: GET /v1/me: want 200", i)
		}
	}
}

// refreshUnproved: neither refresh nor log-out does anything for a page that does not prove itself.
func refreshUnproved(n *node, user string) {
	p := opened(n, user)
	before := p.has("__Host-refresh")
	for _, path := range []string{"/v1/refresh", "/v1/logout"} {
		for _, change := range []map[string]string{
			{"Origin": "", "Sec-Fetch-Site": "", "X-CSRF-Token": ""}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": p.csrf + "x"},
			{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
		} {
			a := p.fetch("POST", path, nil, change)
			n.wants(a, 403, "csrf")
			if !strings.Contains(a.Body, "X-Csrf-Token") || a.Header.Get("Set-Cookie") != "" {
				n.t.Errorf("%s %v: got %s, want the header's name, and the cookies as they are", path, change, a.Body)
			}
		}
	}
	if p.has("__Host-refresh") != before || p.refresh().Status != 200 {
		n.t.Error("after the forgeries: want the same token, and good")
	}
	if !strings.Contains(n.Log.String(), "the header with the CSRF token is missing") {
		n.t.Error("log: want which proof was missing")
	}
}

// unsafeMethods on a server behind https, where http of the same host is somebody else.
func unsafeMethods(n *node, user string) {
	p := opened(n, user)
	evil := func(origin, site string) map[string]string {
		return map[string]string{"Origin": origin, "Sec-Fetch-Site": site}
	}
	for _, c := range []struct {
		name    string
		changes map[string]string
		want    int
	}{
		{"correct", nil, 200},
		{"a browser without Sec-Fetch-Site", evil(p.origin, ""), 200},
		{"no browser", evil("", ""), 200},
		{"no Origin and no token", map[string]string{"Origin": "", "Sec-Fetch-Site": "", "X-CSRF-Token": ""}, 403},
		{"Origin evil", evil("https://evil.example", ""), 403},
		{"Origin null", evil("null", ""), 403},
		{"http of the same host", evil("http://auth.example.com", ""), 403},
		{"another port of the same host", evil("https://auth.example.com:8443", ""), 403},
		{"cross-site", evil("", "cross-site"), 403},
		{"same-site", evil("", "same-site"), 403},
		{"no token", map[string]string{"X-CSRF-Token": ""}, 403},
		{"a method in a header", map[string]string{"X-CSRF-Token": "", "X-HTTP-Method-Override": "GET"}, 403},
	} {
		a := p.fetch("POST", "/v1/me/reauthenticate", body{"password": pass}, c.changes)
		if a.Status != c.want || c.want == 403 && !strings.Contains(a.Body, "X-Csrf-Token") {
			n.t.Errorf("%s: got %d %s, want %d, and the header's name in a refusal", c.name, a.Status, a.Body, c.want)
		}
	}
}

func foreignProof(n *node, user string) {
	p, other := opened(n, user), opened(n, user)
	if p.csrf == other.csrf {
		n.t.Fatal("two sessions: got one CSRF token")
	}
	n.signUp(user + "2")
	old := opened(n, user)
	forged := map[string]string{
		"of another session": other.csrf, "of another user": opened(n, user+"2").csrf, "of a session that is over": old.csrf,
		"empty": "", "chosen": "chosen", "another case": strings.ToUpper(p.csrf),
	}
	old.wantCleared(old.fetch("POST", "/v1/logout", nil))
	for name, csrf := range forged {
		p.jar.SetCookies(p.url(), []*http.Cookie{{Name: "__Host-csrf", Value: csrf, Secure: true, Path: "/"}}) // planted: equal to the header
		for _, path := range []string{"/v1/me/reauthenticate", "/v1/refresh", "/v1/logout"} {
			var content any
			if path == "/v1/me/reauthenticate" {
				content = body{"password": pass}
			}
			a := p.fetch("POST", path, content, map[string]string{"X-CSRF-Token": csrf})
			if a.Status != 403 {
				n.t.Errorf("%s, %s: got %d %s, want 403", name, path, a.Status, a.Body)
			}
		}
	}
	if p.me() != 200 {
		n.t.Error("after the forgeries: want the session alive")
	}
}

func logOutCookies(n *node, user string) {
	p := opened(n, user)
	stolen, refresh := p.has("__Host-access"), p.has("__Host-refresh")
	n.Clock.Add(accessTTL + leeway)
	a := p.fetch("POST", "/v1/logout", nil)
	if a.Status != 204 {
		n.t.Errorf("got %d %s, want 204, with an expired access token too", a.Status, a.Body)
	}
	p.wantCleared(a)
	if n.me(stolen) != 401 {
		n.t.Error("the access token: want 401")
	}
	n.cannotRefresh("the refresh token", refresh, "ended")
	n.wants(p.fetch("POST", "/v1/logout", nil), 401, "token_invalid") // nothing is left to log out
}

func failedRefresh(n *node, user string) {
	p := opened(n, user)
	old := p.jar.Cookies(p.url())
	p.refresh()
	p.refresh()
	p.jar.SetCookies(p.url(), old)
	a := p.refresh()
	if got := into[problem](n.t, a); a.Status != 400 || got.Reason != "reused" {
		n.t.Errorf("a token of before: got %d %s, want 400 reused", a.Status, a.Body)
	}
	p.wantCleared(a)
	p.jar.SetCookies(p.url(), []*http.Cookie{{Name: "__Host-refresh", Value: "jgr_x", Secure: true, Path: "/"}})
	a = p.refresh()
	if got := into[problem](n.t, a); a.Status != 400 || got.Reason != "unknown" {
		n.t.Errorf("a cookie of another time: got %d %s, want 400 unknown", a.Status, a.Body)
	}
	p.wantCleared(a)
	p.jar.SetCookies(p.url(), []*http.Cookie{{Name: "__Host-refresh", Value: "jgr_x", Secure: true, Path: "/"}})
	if a := p.fetch("POST", "/v1/refresh", nil, map[string]string{"Sec-Fetch-Site": "cross-site"}); a.Status != 403 || a.Header.Get("Set-Cookie") != "" {
		n.t.Errorf("forged: got %d %v, want 403 and the cookies as they are", a.Status, a.Header)
	}
	n.wants(visit(n).refresh(), 422, "refresh_token_missing")
}

// endOwnCookies: whatever ends the session of a page takes its cookies away, and nothing else does.
func endOwnCookies(n *node, user string) {
	p, other := visit(n), visit(n)
	mine, _ := p.logIn(user)
	theirs, _ := other.logIn(user)
	for _, path := range []string{"/v1/me/sessions/" + theirs.SessionID, "/v1/me/sessions?keep=current"} {
		if a := p.fetch("DELETE", path, nil); a.Status != 204 || a.Header.Get("Set-Cookie") != "" {
			n.t.Errorf("%s: got %d %v, want 204 and the own cookies kept", path, a.Status, a.Header)
		}
	}
	p.wantCleared(p.fetch("DELETE", "/v1/me/sessions/"+mine.SessionID, nil))
	p.logIn(user)
	p.wantCleared(p.fetch("DELETE", "/v1/me/sessions", nil))
	p.logIn(user)
	p.wantCleared(p.fetch("DELETE", "/v1/me", nil))
	if a := n.call("POST", "/v1/login", "", body{"username": user, "password": pass}); a.Status != 401 {
		n.t.Errorf("the deleted user: got %d, want 401", a.Status)
	}
}

func planted(n *node, user string) {
	good, evil := opened(n, user), opened(n, user)
	a, b := good.has("__Host-access"), evil.has("__Host-access")
	for _, cookies := range []string{
		"__Host-access=" + a + "; __Host-access=" + b, "__Host-access=" + b + "; __Host-access=" + a,
		"access=" + a, "__Secure-access=" + a, "__host-access=" + a, "\u00a0__Host-access=" + a,
	} {
		r := n.request("GET", "/v1/me", "", nil)
		r.Header.Set("Cookie", cookies)
		if got := n.send(r).Status; got != 401 {
			n.t.Errorf("%.14s…: got %d, want 401", cookies, got)
		}
	}
	for _, path := range []string{"/v1/refresh", "/v1/logout"} {
		r := n.request("POST", path, "", nil)
		r.Header.Set("X-CSRF-Token", good.csrf)
		r.Header.Set("Cookie", "__Host-refresh="+good.has("__Host-refresh")+"; __Host-refresh="+evil.has("__Host-refresh"))
		n.wants(n.send(r), 401, "token_invalid")
	}
	if good.me() != 200 || evil.me() != 200 {
		n.t.Error("both sessions: want them alive")
	}
}

func disabledCookies(n *node, user, admin string) {
	p := opened(n, user)
	n.want(200, "PATCH", "/v1/users/"+subjectOf(n.t, p.has("__Host-access")), admin, body{"disabled": true})
	n.wants(p.fetch("GET", "/v1/me", nil), 401, "token_revoked")
	p.wantCleared(p.refresh())
}

// fixated: who presets the cookies of a browser before its user logs in gains nothing.
func fixated(n *node, user string) {
	n.signUp(user + "evil")
	attacker, victim := opened(n, user+"evil"), visit(n)
	victim.jar.SetCookies(victim.url(), attacker.jar.Cookies(attacker.url()))
	victim.jar.SetCookies(victim.url(), []*http.Cookie{{Name: "__Host-session", Value: "chosen", Secure: true, Path: "/"}})
	got, _ := victim.logIn(user)
	if sid := claimsOf(n.t, attacker.has("__Host-access")).Sid; got.SessionID == sid {
		n.t.Errorf("session: got the attacker's %s, want a new one", sid)
	}
	if me := into[struct{ Username string }](n.t, victim.fetch("GET", "/v1/me", nil)); me.Username != user {
		n.t.Errorf("the victim is %q, want %q", me.Username, user)
	}
	if me := into[struct{ Username string }](n.t, attacker.fetch("GET", "/v1/me", nil)); me.Username != user+"evil" {
		n.t.Errorf("the attacker is %q, want themselves", me.Username)
	}
}

func reauthenticateCookies(n *node, user string) {
	p := opened(n, user)
	n.Clock.Add(5*time.Minute + leeway + time.Second)
	p.refresh()
	n.wants(p.fetch("DELETE", "/v1/me", nil), 401, "reauthentication_required")
	refresh := p.has("__Host-refresh")
	a := p.fetch("POST", "/v1/me/reauthenticate", body{"password": pass})
	if got := into[inCookies](n.t, a); a.Status != 200 || got.CSRF != p.csrf || strings.Contains(a.Body, "eyJ") || p.has("__Host-refresh") != refresh {
		n.t.Errorf("got %d %s, want 200, the token in its cookie, and the refresh token as it was", a.Status, a.Body)
	}
	p.wantCleared(p.fetch("DELETE", "/v1/me", nil))
}

// twoTokens: who sends two tokens is nobody, in whatever order they stand.
func twoTokens(n *node, user string, other tokens) {
	mine := n.logIn(user).Access
	for _, pair := range [][]string{{mine, "nonsense"}, {"nonsense", mine}, {mine, other.Access}, {mine, mine}} {
		r := n.request("GET", "/v1/me", "", nil)
		for _, token := range pair {
			r.Header.Add("Authorization", "Bearer "+token)
		}
		n.wants(n.send(r), 401, "token_invalid")
	}
	p := opened(n, user)
	for _, token := range []string{n.logIn("admin").Access, "nonsense"} {
		header := map[string]string{"Authorization": "Bearer " + token}
		n.wants(p.fetch("GET", "/v1/me", nil, header), 401, "token_invalid")
		n.wants(p.fetch("POST", "/v1/logout", nil, header), 401, "token_invalid")
	}
	if got := p.fetch("GET", "/v1/me", nil, map[string]string{"Authorization": "Bearer " + p.has("__Host-access")}).Status; got != 200 {
		n.t.Errorf("the same token twice: got %d, want 200", got)
	}
}

func foreignLogin(n *node, user string) {
	p := visit(n)
	for _, change := range []map[string]string{
		{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Sec-Fetch-Site": ""}, {"Sec-Fetch-Site": "same-site"},
	} {
		a := p.fetch("POST", "/v1/login?cookies=true", body{"username": user, "password": pass}, change)
		n.wants(a, 403, "csrf")
		if a.Header.Get("Set-Cookie") != "" {
			n.t.Errorf("%v: got %q, want no cookie", change, a.Header.Values("Set-Cookie"))
		}
	}
	for kind, want := range map[string]int{"text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json": 200} {
		if a := p.fetch("POST", "/v1/login?cookies=true", body{"username": user, "password": pass}, map[string]string{"Content-Type": kind}); a.Status != want {
			n.t.Errorf("%s: got %d, want %d", kind, a.Status, want)
		}
	}
	if list := into[struct{ Sessions []any }](n.t, p.fetch("GET", "/v1/me/sessions", nil)); len(list.Sessions) != 1 {
		n.t.Errorf("sessions: got %d, want the one of the page's own log-in", len(list.Sessions))
	}
}

// foreignLogout: a form of another origin's page needs no cookie to be answered, and the answer takes none away. Browsers
// send it without those that are SameSite=Lax, and heed what the answer to such a navigation sets.
func foreignLogout(n *node, user string) {
	p := opened(n, user)
	for _, change := range []map[string]string{
		{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Sec-Fetch-Site": ""}, {"Sec-Fetch-Site": "same-site"},
	} {
		r := n.request("POST", "/v1/logout", "", nil)
		r.Header.Set("Origin", p.origin)
		for name, value := range change {
			r.Header.Set(name, value)
		}
		a := n.send(r)
		n.wants(a, 401, "token_invalid")
		if a.Header.Get("Set-Cookie") != "" {
			n.t.Errorf("%v: got %q, want the cookies as they are", change, a.Header.Values("Set-Cookie"))
		}
	}
	if p.me() != 200 {
		n.t.Error("afterwards: want the session alive")
	}
}

// tabs of one browser share a jar, and find out at the same moment that the token is too old.
func tabs(n *node, user string) {
	p := opened(n, user)
	n.Clock.Add(accessTTL + leeway)
	answers := make([]answer, 8)
	parallel(len(answers), func(i int) { answers[i] = p.refresh() })
	for _, a := range answers {
		if a.Status != 200 {
			n.t.Errorf("got %d %s, want 200", a.Status, a.Body)
		}
	}
	if p.me() != 200 || p.refresh().Status != 200 {
		n.t.Error("afterwards: want the session alive")
	}
}

// bodyFirst: a refresh token in the body is the one that is meant, and comes back in the body.
func bodyFirst(n *node, user string) {
	p, app := opened(n, user), n.logIn(user)
	before := p.has("__Host-refresh")
	a := p.fetch("POST", "/v1/refresh", body{"refresh_token": app.Refresh})
	if got := into[tokens](n.t, a); a.Status != 200 || got.SessionID != app.SessionID || a.Header.Get("Set-Cookie") != "" {
		n.t.Errorf("got %d %s, want 200 and the session of the body", a.Status, a.Body)
	}
	if a := p.fetch("POST", "/v1/refresh", body{"refresh_token": ""}); a.Status != 400 || p.has("__Host-refresh") != before {
		n.t.Errorf("an empty one: got %d %s, want 400 and the cookies kept", a.Status, a.Body)
	}
	if a := p.fetch("POST", "/v1/refresh", body{}); a.Status != 200 || p.has("__Host-refresh") == before {
		n.t.Errorf("none in the body: got %d %s, want 200 from the cookie", a.Status, a.Body)
	}
	n.done("POST", "/v1/logout", "", body{"refresh_token": app.Refresh})
	if p.me() != 200 {
		n.t.Error("the session in the cookies: want it alive")
	}
	// A token that was made for the header proves nothing in a cookie.
	r := n.request("POST", "/v1/me/reauthenticate", "", body{"password": pass})
	r.Header.Set("Cookie", "__Host-access="+n.logIn(user).Access)
	n.wants(n.send(r), 403, "csrf")
}

// plainHTTP: where browsers would not keep Secure cookies there are none, and never others.
func plainHTTP(t *testing.T) {
	s := profile(t)
	s.PublicURL = "http://auth.example.com"
	n := start(t, s)
	n.signUp("ann")
	a := n.call("POST", "/v1/login?cookies=true", "", body{"username": "ann", "password": pass})
	n.wants(a, 400, "cookies_need_https")
	if a.Header.Get("Set-Cookie") != "" || !strings.Contains(a.Body, "public_url") {
		t.Errorf("got %v %s, want no cookie and the setting's name", a.Header, a.Body)
	}
	tok := n.logIn("ann")
	r := n.request("GET", "/v1/me", "", nil)
	r.Header.Set("Cookie", "__Host-access="+tok.Access)
	n.wants(n.send(r), 401, "token_missing")
	r = n.request("POST", "/v1/refresh", "", nil)
	r.Header.Set("Cookie", "__Host-refresh="+tok.Refresh)
	n.wants(n.send(r), 422, "refresh_token_missing")
	for _, kept := range []string{"https://auth.example.com", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"} {
		n = n.restart(func(s *server.Settings) { s.PublicURL, s.Audience = kept, "" })
		_, a := visit(n).logIn("ann")
		for _, c := range a.Header.Values("Set-Cookie") {
			if !strings.Contains(c, "; Secure;") {
				t.Errorf("%s: got %q, want Secure", kept, c)
			}
		}
	}
}

func largeToken(t *testing.T) {
	s := profile(t)
	s.Audience = strings.Repeat("a", 3000)
	n := start(t, s)
	n.signUp("ann")
	p := visit(n)
	a := p.fetch("POST", "/v1/login?cookies=true", body{"username": "ann", "password": pass})
	n.wants(a, 422, "token_too_large")
	p.wantCleared(a)
	if n.me(n.logIn("ann").Access) != 200 {
		t.Error("without cookies: want the token to work")
	}
}
