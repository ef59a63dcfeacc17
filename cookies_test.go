package jotgate_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// jar collects what f sets.
func jar(f func(http.ResponseWriter)) []string {
	w := httptest.NewRecorder()
	f(w)
	return w.Header().Values("Set-Cookie")
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func TestCookies(t *testing.T) {
	custom := jotgate.Cookies{Access: "a", Refresh: "r", CSRF: "c", Path: "/api", Domain: "example.com", SameSite: http.SameSiteStrictMode, InsecureHTTP: true}
	for _, c := range []struct {
		name string
		do   func(http.ResponseWriter)
		want []string
	}{
		{"Q03 defaults", func(w http.ResponseWriter) { must(t, jotgate.Cookies{}.SetAccess(w, "t", "x", 0)) },
			[]string{"__Host-access=t; Path=/; HttpOnly; Secure; SameSite=Lax", "__Host-csrf=x; Path=/; Secure; SameSite=Lax"}},
		{"CKY-1 a life", func(w http.ResponseWriter) { must(t, jotgate.Cookies{}.SetAccess(w, "t", "x", 15*time.Minute)) },
			[]string{"__Host-access=t; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax", "__Host-csrf=x; Path=/; Max-Age=900; Secure; SameSite=Lax"}},
		{"a part of a second is not for ever", func(w http.ResponseWriter) { must(t, jotgate.Cookies{}.SetRefresh(w, "t", time.Millisecond)) },
			[]string{"__Host-refresh=t; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax"}},
		{"what is over is not for ever", func(w http.ResponseWriter) { must(t, jotgate.Cookies{}.SetRefresh(w, "t", -time.Millisecond)) },
			[]string{"__Host-refresh=t; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"}},
		{"Q10 CSRF not in cookies, one cookie", func(w http.ResponseWriter) { must(t, jotgate.Cookies{}.SetAccess(w, "t", "", 0)) },
			[]string{"__Host-access=t; Path=/; HttpOnly; Secure; SameSite=Lax"}},
		{"H07 clear", jotgate.Cookies{}.Clear,
			[]string{"__Host-access=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax", "__Host-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax", "__Host-csrf=; Path=/; Max-Age=0; Secure; SameSite=Lax"}},
		{"Q05 custom names and path", func(w http.ResponseWriter) {
			must(t, custom.SetAccess(w, "t", "x", 0))
			must(t, custom.SetRefresh(w, "t", 0))
		},
			[]string{"a=t; Path=/api; Domain=example.com; HttpOnly; SameSite=Strict", "c=x; Path=/api; Domain=example.com; SameSite=Strict", "r=t; Path=/api; Domain=example.com; HttpOnly; SameSite=Strict"}},
		{"Q06 cleared with the same domain and path", custom.Clear,
			[]string{"a=; Path=/api; Domain=example.com; Max-Age=0; HttpOnly; SameSite=Strict", "r=; Path=/api; Domain=example.com; Max-Age=0; HttpOnly; SameSite=Strict", "c=; Path=/api; Domain=example.com; Max-Age=0; SameSite=Strict"}},
		{"no SameSite, on demand", func(w http.ResponseWriter) {
			must(t, jotgate.Cookies{SameSite: http.SameSiteDefaultMode}.SetRefresh(w, "t", 0))
		}, []string{"__Host-refresh=t; Path=/; HttpOnly; Secure"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := jar(c.do); !reflect.DeepEqual(got, c.want) {
				t.Errorf("want\n%s\ngot\n%s", strings.Join(c.want, "\n"), strings.Join(got, "\n"))
			}
		})
	}
	must(t, custom.Check())
}

func TestCookiesRefuse(t *testing.T) {
	for _, c := range []struct {
		name    string
		cookies jotgate.Cookies
		want    string // in the error; "" for none
	}{
		{"the zero value", jotgate.Cookies{}, ""},
		{"Q18 SameSite none without Secure", jotgate.Cookies{Access: "a", Refresh: "r", CSRF: "c", SameSite: http.SameSiteNoneMode, InsecureHTTP: true}, "None needs Secure"},
		{"Q18 SameSite none", jotgate.Cookies{SameSite: http.SameSiteNoneMode}, ""},
		{"Q18 bad SameSite", jotgate.Cookies{SameSite: 9}, "SameSite: 9"},
		{"Q18 negative SameSite", jotgate.Cookies{SameSite: -1}, "SameSite: -1"},
		{"__Host- without Secure", jotgate.Cookies{InsecureHTTP: true}, "__Host-access: the prefix needs Secure"},
		{"__Secure- without Secure", jotgate.Cookies{Access: "__Secure-a", Refresh: "r", CSRF: "c", InsecureHTTP: true}, "__Secure-a: the prefix needs Secure"},
		{"__Host- with a path", jotgate.Cookies{Path: "/api"}, "__Host-refresh: the prefix needs Path /"},
		{"__Host- in other letters, with a path", jotgate.Cookies{Access: "__host-a", Path: "/api"}, "__host-a: the prefix needs Path /"},
		{"__Host- with a domain", jotgate.Cookies{Domain: "example.com"}, "__Host-csrf: the prefix needs Path / and no Domain"},
		{"a path of its own", jotgate.Cookies{Access: "__Secure-a", Refresh: "__Secure-r", CSRF: "__Secure-c", Path: "/v1/refresh"}, ""},
		{"a name twice", jotgate.Cookies{Access: "a", Refresh: "a"}, "three names"},
		{"a name with a space", jotgate.Cookies{Access: "a b"}, `cookie "a b"`},
		{"a path with a semicolon", jotgate.Cookies{Access: "a", Refresh: "r", CSRF: "c", Path: "/;x"}, "byte ';' in Cookie.Path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cookies.Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

// CKY-1: what a browser would drop or cut is told to the program.
func TestCookieValues(t *testing.T) {
	room := 4096 - len("__Host-access")
	for _, c := range []struct {
		name, token, csrf string
		ok                bool
	}{
		{"as large as can be", strings.Repeat("x", room), "c", true},
		{"a byte more", strings.Repeat("x", room+1), "c", false},
		{"what no cookie can hold", "a;b", "c", false},
		{"csrf that no cookie can hold", "t", "a\nb", false},
	} {
		var err error
		set := jar(func(w http.ResponseWriter) { err = jotgate.Cookies{}.SetAccess(w, c.token, c.csrf, 0) })
		if (err == nil) != c.ok {
			t.Errorf("%s: want accepted %v, got %v", c.name, c.ok, err)
		}
		if !c.ok && c.csrf == "c" && len(set) > 0 {
			t.Errorf("%s: want nothing set, got %q", c.name, set)
		}
		if err != nil && strings.Contains(err.Error(), "xxxx") {
			t.Errorf("%s: want no token in the error, got %v", c.name, err)
		}
	}
}

// A browser logs in, acts, and logs out.
func TestCookieJourney(t *testing.T) {
	cookies := jotgate.Cookies{}
	g := at(t, cookies.Location())
	token := g.token(t, withCSRF)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, _ *http.Request) {
		must(t, cookies.SetAccess(w, token, "csrf-1", time.Hour))
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, _ *http.Request) { cookies.Clear(w) })
	mux.Handle("/orders", g.Require()(whoami))
	s := httptest.NewTLSServer(mux)
	defer s.Close()
	browser := s.Client()
	browser.Jar, _ = cookiejar.New(nil) // without options it never fails
	ask := func(method, path string, headers ...string) *http.Response {
		r, err := http.NewRequest(method, s.URL+path, nil)
		must(t, err)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		answer, err := browser.Do(r)
		must(t, err)
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer
	}
	t.Run("Q01 no cookie", func(t *testing.T) {
		answer := ask("GET", "/orders")
		if text := body(t, answer); answer.StatusCode != 401 || !strings.Contains(text, "cookie __Host-access") {
			t.Errorf("want 401 and the cookie named, got %s", text)
		}
	})
	t.Run("Q02 log-in sets cookies and the guard passes", func(t *testing.T) {
		wantStatus(t, ask("POST", "/login"), 200)
		wantAnswer(t, ask("GET", "/orders"), 200, "u1")
		wantAnswer(t, ask("POST", "/orders"), 403, jotgate.CodeCSRF)
		home, err := url.Parse(s.URL)
		must(t, err)
		for _, c := range browser.Jar.Cookies(home) {
			if c.Name == "__Host-csrf" {
				wantAnswer(t, ask("POST", "/orders", "Origin", s.URL, "X-CSRF-Token", c.Value), 200, "u1")
				return
			}
		}
		t.Error("want the csrf cookie in the jar")
	})
	t.Run("Q02 cleared: 401 again", func(t *testing.T) {
		wantStatus(t, ask("POST", "/logout"), 200)
		wantAnswer(t, ask("GET", "/orders"), 401, jotgate.CodeMissing)
	})
	if at := cookies.RefreshLocation(); at.Cookie != "__Host-refresh" {
		t.Errorf("refresh: want __Host-refresh, got %q", at.Cookie)
	}
}

func TestCookieHeader(t *testing.T) {
	g := cookieGate(t)
	mine, planted := g.token(t), g.token(t, func(c *jwt.Claims) { c.Subject = "u2" })
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		want    string
	}{
		{"one among others", []string{"a=b; __Host-access=" + mine + ";c"}, 200, "u1"},
		{"in the second header", []string{"a=b", "__Host-access=" + mine}, 200, "u1"},
		{"in quotes", []string{`__Host-access="` + mine + `"`}, 200, "u1"},
		{"the same twice", []string{"__Host-access=" + mine + "; __Host-access=" + mine}, 200, "u1"},
		{"H10 planted behind", []string{"__Host-access=" + mine + "; __Host-access=" + planted}, 401, jotgate.CodeInvalid},
		{"H10 planted before", []string{"__Host-access=" + planted + "; __Host-access=" + mine}, 401, jotgate.CodeInvalid},
		{"H10 planted in another header", []string{"__Host-access=" + planted, "__Host-access=" + mine}, 401, jotgate.CodeInvalid},
		{"H10 an empty one planted", []string{"__Host-access=; __Host-access=" + mine}, 401, jotgate.CodeInvalid},
		{"H10 of a sibling domain, without the prefix", []string{"access=" + planted + "; __Host-access=" + mine}, 200, "u1"},
		{"H10 without the prefix alone", []string{"access=" + planted}, 401, jotgate.CodeMissing},
		// Browsers guard names that begin with __Host-, and these do not.
		{"CKY-7 a wide space before the prefix", []string{"\u2003__Host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 a no-break space before the prefix", []string{"a=b;\u00a0__Host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 next line before the prefix", []string{"a=b;\u0085__Host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 a form feed before the prefix", []string{"a=b;\f__Host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 another case of the prefix", []string{"__host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 a version of old", []string{"$Version=1; $Path=/; __host-access=" + planted}, 401, jotgate.CodeMissing},
		{"CKY-7 the name as a value", []string{"a==__Host-access=" + planted}, 401, jotgate.CodeMissing},
		{"no value", []string{"__Host-access"}, 401, jotgate.CodeMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(http.MethodGet, "/", "")
			r.Header["Cookie"] = c.headers
			wantAnswer(t, do(g.Require()(whoami), r), c.status, c.want)
		})
	}
}

// FuzzCookieHeader holds the reading of cookies against that of net/http: what we take, it finds too.
func FuzzCookieHeader(f *testing.F) {
	for _, s := range []string{"__Host-access=a", "a=b; __Host-access=a; c", `__Host-access="a"`, "__Host-access=a; __Host-access=b", "\u2003__Host-access=a",
		"__Host-access", "=__Host-access=a", "__Host-access=a,b", "__Host-access = a", ";;;", "__Host-access=\x00", "__Host-access=a;\t__Host-access=a"} {
		f.Add(s)
	}
	g := cookieGate(f)
	f.Fuzz(func(t *testing.T, header string) {
		if strings.ContainsAny(header, "\r\n") {
			return // no header has them
		}
		r := request(http.MethodGet, "/", "")
		r.Header["Cookie"] = []string{header}
		token, err := found(t, g, r)
		named := r.CookiesNamed("__Host-access")
		same := func(c *http.Cookie) bool { return strings.Trim(c.Value, `"`) == token }
		if token != "" && len(named) > 0 && !slices.ContainsFunc(named, same) {
			t.Errorf("%q: net/http reads %v, got %q", header, named, token)
		}
		if (token != "" || err != nil) && !strings.Contains(header, "__Host-access") {
			t.Errorf("%q: want no token, got %q and %v", header, token, err)
		}
		if err != nil && strings.Count(header, "__Host-access") < 2 {
			t.Errorf("%q: want no fault of one cookie, got %v", header, err)
		}
	})
}
