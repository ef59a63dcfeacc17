package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// sampleToken is the one that the course prints.
const sampleToken = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpZGVudGl0eSI6MSwibmJmIjoxNDc5MzQ0ODEwLCJpYXQiOjE0NzkzNDQ4MTAsImV4cCI6MTQ3OTM0NTExMH0.LOlkYNsgvUmCSVQHhchGLgJn-HSVTXfatulD8xqubhQ"

func testSampleToken(t *testing.T) {
	c := settings(t)
	c.Tokens.SecretKey, c.Tokens.InsecureWeakKey = sampleKey, true
	s := start(t, c)
	id, _ := s.join(t, "matt", "foo")
	t.Run("T03 the sample token is expired now", func(t *testing.T) {
		s.want(t, 401, "Signature has expired", "GET", path(id, ""), sampleToken, "")
	})
	for _, at := range []struct {
		name   string
		unix   int64
		status int
		text   string
	}{
		{"T03 the sample token verifies at its time", 1479344900, 200, "matt"},
		{"T03 within the leeway after 300 s", 1479345110 + 9, 200, "matt"},
		{"T03 expired after 300 s and the leeway", 1479345110 + 10, 401, "Signature has expired"},
	} {
		t.Run(at.name, func(t *testing.T) {
			s.clock.Store(at.unix)
			s.want(t, at.status, at.text, "GET", path(id, ""), sampleToken, "")
		})
	}
}

// Our own tokens live as long.
func testExpiry(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "matt", "foo")
	s.after(accessLife + 9*time.Second)
	s.want(t, 200, "matt", "GET", path(id, ""), in.Access, "")
	s.after(time.Second)
	s.want(t, 401, "Signature has expired", "GET", path(id, ""), in.Access, "")
}

func testBadCredentials(t *testing.T) {
	s := start(t, settings(t))
	s.join(t, "matt", "foo")
	want := s.ask("POST", "/auth", "", pair("matt", "bar")).Body.String()
	for name, body := range map[string]string{
		"U01 an unknown user":            pair("nobody", "foo"),
		"U01 a missing key":              `{"username": "matt"}`,
		"U01 an empty password":          pair("matt", ""),
		"U02 a wrong password":           pair("matt", "bar"),
		"U03 a third key":                `{"username": "matt", "password": "foo", "x": "y"}`,
		"U05 a list":                     `["matt", "foo"]`,
		"U05 null":                       `null`,
		"U05 no JSON":                    `username=matt&password=foo`,
		"U05 nothing":                    ``,
		"U05 another type":               `{"username": "matt", "password": 7}`,
		"U05 a NUL":                      `{"username": "matt\u0000", "password": "foo"}`,
		"U05 more than a body may have":  pair("matt", strings.Repeat("x", 70_000)),
		"U05 no password of this length": pair("matt", strings.Repeat("x", 2000)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, route := range []string{"/auth", "/login"} {
				if w := s.ask("POST", route, "", body); w.Code != 401 || w.Body.String() != want {
					t.Errorf("%s: got %d %s, want 401 %s", route, w.Code, w.Body, want)
				}
			}
		})
	}
}

func testHashesOfFlaskBcrypt(t *testing.T) {
	s := start(t, settings(t))
	add := func(name, password string) string {
		t.Helper()
		hash := python(t, `import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())`, password)
		s.exec(t, `INSERT INTO users (username, password) VALUES ($1, $2)`, name, hash)
		return hash
	}
	stored := func(name string) (hash string) {
		t.Helper()
		if err := s.db.QueryRow(t.Context(), `SELECT password FROM users WHERE username = $1`, name).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	hash := add("matt", "foo")
	s.want(t, 401, "Invalid credentials", "POST", "/auth", "", pair("matt", "bar"))
	if got := stored("matt"); got != hash {
		t.Errorf("after a wrong password: got the hash %s, want %s", got, hash)
	}
	first := s.login(t, "matt", "foo")
	if got := stored("matt"); !strings.HasPrefix(got, "$argon2id$") {
		t.Errorf("after log-in: got the hash %s, want argon2id", got)
	}
	s.login(t, "matt", "foo")
	s.refreshed(t, first.Refresh) // a better hash is no other password

	t.Run("U19 a password that bcrypt would cut", func(t *testing.T) {
		long := strings.Repeat("x", 72)
		add("long", long)
		s.want(t, 401, "Invalid credentials", "POST", "/auth", "", pair("long", long+"y"))
		s.want(t, 200, "access_token", "POST", "/auth", "", pair("long", long))
	})
	s.exec(t, `INSERT INTO users (username, password) VALUES ('plain', 'foo')`)
	s.want(t, 401, "Invalid credentials", "POST", "/auth", "", pair("plain", "foo"))
}

func testRefresh(t *testing.T) {
	s := start(t, settings(t))
	t.Run("V01 an access token does not refresh", func(t *testing.T) {
		_, in := s.join(t, "v01", "foo")
		s.want(t, 401, "Invalid token", "POST", "/refresh", "", renewal(in.Access))
	})
	t.Run("V02 log-in answers both, and the new access token is good", func(t *testing.T) {
		id, in := s.join(t, "v02", "foo")
		s.after(time.Hour)
		s.want(t, 200, "v02", "GET", path(id, ""), s.refreshed(t, in.Refresh).Access, "")
	})
	t.Run("V15 two within the grace get one successor, a third after it ends the session", func(t *testing.T) {
		id, in := s.join(t, "v15", "foo")
		one, two := s.refreshed(t, in.Refresh), s.refreshed(t, in.Refresh)
		if one.Refresh != two.Refresh {
			t.Errorf("got two successors, want one:\n%s\n%s", one.Refresh, two.Refresh)
		}
		s.after(11 * time.Second)
		s.want(t, 401, "revoked", "POST", "/refresh", "", renewal(in.Refresh))
		s.want(t, 401, "revoked", "POST", "/refresh", "", renewal(one.Refresh))
		s.want(t, 401, "revoked", "GET", path(id, ""), one.Access, "")
	})
	t.Run("V17 a deleted user", func(t *testing.T) {
		id, in := s.join(t, "v17", "foo")
		s.want(t, 204, "", "DELETE", path(id, ""), in.Access, "")
		s.want(t, 401, "", "POST", "/refresh", "", renewal(in.Refresh))
		s.want(t, 401, "User does not exist", "GET", path(id, ""), in.Access, "")
	})
	t.Run("U13 another password ends the sessions of the old one", func(t *testing.T) {
		id, in := s.join(t, "u13", "foo")
		s.want(t, 200, "u13", "PATCH", path(id, ""), in.Access, `{"password": "bar"}`)
		s.want(t, 401, "revoked", "POST", "/refresh", "", renewal(in.Refresh))
		s.want(t, 401, "Invalid credentials", "POST", "/auth", "", pair("u13", "foo"))
		s.refreshed(t, s.login(t, "u13", "bar").Refresh)
	})
	for name, body := range map[string]string{"none": `{}`, "another type": `{"refresh_token": 1}`, "no JSON": `x`} {
		t.Run(name, func(t *testing.T) { s.want(t, 400, "message", "POST", "/refresh", "", body) })
	}
}

func testLogout(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "matt", "foo")
	other := s.login(t, "matt", "foo")
	s.want(t, 401, "Authorization Required", "POST", "/logout", "", "")
	s.want(t, 204, "", "POST", "/logout", in.Access, "")
	dead := func(t *testing.T, s *service) {
		s.want(t, 401, "revoked", "GET", path(id, ""), in.Access, "")
		s.want(t, 401, "revoked", "POST", "/refresh", "", renewal(in.Refresh))
		s.want(t, 200, "matt", "GET", path(id, ""), other.Access, "")
	}
	dead(t, s)
	t.Run("V09 revoked stays revoked after a restart", func(t *testing.T) { dead(t, start(t, s.config)) })
	t.Run("V10 what has expired leaves the denylist, and nothing else", func(t *testing.T) {
		s.exec(t, `INSERT INTO denylist VALUES ('old', now() - interval '1 day')`)
		s.want(t, 204, "", "POST", "/logout", other.Access, "")
		var n int
		err := s.db.QueryRow(t.Context(), `SELECT count(*) FROM denylist`).Scan(&n)
		if err != nil || n != 2 {
			t.Errorf("got %d entries, %v, want the two log-outs", n, err)
		}
	})
}

// An entry that has expired is not there, in the words of token.Denylist.
func testDenylist(t *testing.T) {
	s := start(t, settings(t))
	until := time.Unix(s.clock.Load(), 0).Add(time.Minute)
	add := func(want bool) {
		t.Helper()
		if got, err := s.sessions.Add(t.Context(), "t:1", until); err != nil || got != want {
			t.Errorf("Add: got %v, %v, want %v", got, err, want)
		}
	}
	has := func(want bool) {
		t.Helper()
		if got, err := s.sessions.Any(t.Context(), "t:0", "t:1"); err != nil || got != want {
			t.Errorf("Any: got %v, %v, want %v", got, err, want)
		}
	}
	has(false)
	add(true)
	add(false)
	has(true)
	s.after(time.Minute)
	has(false)
	until = until.Add(time.Hour)
	add(true)
	has(true)
}

func testSecret(t *testing.T) {
	c := settings(t)
	for name, key := range map[string]string{"none": "", "the sample": sampleKey, "another sample": "super-secret", "short": "k7Jx-2mQw9Zr4Tn8"} {
		t.Run(name, func(t *testing.T) {
			c.Tokens.SecretKey = key
			app, err := newApp(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), "SECRET_KEY") || key != "" && strings.Contains(err.Error(), key) {
				t.Errorf("got %v, %v, want an error about SECRET_KEY that does not tell it", app, err)
			}
		})
	}
}

func testLimits(t *testing.T) {
	c := settings(t)
	c.LoginsPerMinute, c.BehindProxy = 3, true
	s := start(t, c)
	from := func(ip, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", path, strings.NewReader(pair("matt", "foo")))
		r.Header.Set("X-Real-IP", ip)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for i, path := range []string{"/auth", "/login", "/auth"} {
		if w := from("192.0.2.1", path); w.Code != 401 {
			t.Errorf("request %d: got %d, want 401", i, w.Code)
		}
	}
	w := from("192.0.2.1", "/signup")
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" || !strings.Contains(w.Body.String(), `"error": "Too Many Requests"`) {
		t.Errorf("one too many: got %d, Retry-After %q, %s, want 429 after 60 s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	if w := from("192.0.2.2", "/auth"); w.Code != 401 {
		t.Errorf("another client: got %d, want 401", w.Code)
	}
	if w := s.ask("GET", "/users", "", ""); w.Code != 200 {
		t.Errorf("another route: got %d, want 200", w.Code)
	}

	c.BehindProxy = false
	s = start(t, c)
	for i := range 4 {
		if w, want := from("192.0.2."+string(rune('1'+i)), "/auth"), map[bool]int{false: 401, true: 429}[i == 3]; w.Code != want {
			t.Errorf("X-Real-IP without a proxy, request %d: got %d, want %d", i, w.Code, want)
		}
	}
}

// Flask-JWT verifies with PyJWT: it takes our tokens, and we take those that it makes.
func testPyJWT(t *testing.T) {
	s := start(t, settings(t))
	id, in := s.join(t, "matt", "foo")
	const decode = `import jwt, sys
options = {'verify_' + c: True for c in ('signature', 'exp', 'nbf', 'iat')} | {'require': ['exp', 'iat', 'nbf']}
print(jwt.decode(sys.argv[2], sys.argv[1], options=options, algorithms=['HS256'], leeway=10)['identity'])`
	if got := python(t, decode, secret, in.Access); got != "1" {
		t.Errorf("PyJWT reads the identity %s, want 1", got)
	}
	const encode = `import jwt, sys, datetime
now = datetime.datetime.now(datetime.timezone.utc)
print(jwt.encode({'exp': now + datetime.timedelta(seconds=300), 'iat': now, 'nbf': now, 'identity': 1}, sys.argv[1], algorithm='HS256'))`
	theirs := python(t, encode, secret)
	s.want(t, 200, "matt", "GET", path(id, ""), theirs, "")
	s.want(t, 400, "no session", "POST", "/logout", theirs, "")
	s.want(t, 401, "Invalid token", "POST", "/refresh", "", renewal(theirs))
}
