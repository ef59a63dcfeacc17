package jotgate_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
)

// request makes one with these pairs of header names and values.
func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func do(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// wantAnswer checks the status, and the code of a refusal or the text of a success.
func wantAnswer(tb testing.TB, answer *http.Response, status int, want string) {
	tb.Helper()
	text := body(tb, answer)
	got := text
	var problem struct{ Code string }
	if json.Unmarshal([]byte(text), &problem) == nil {
		got = problem.Code
	}
	if answer.StatusCode != status || got != want {
		tb.Errorf("want %d %s, got %d %s", status, want, answer.StatusCode, text)
	}
}

// where answers with the place that the token was found at.
var where = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Location())
})

// at makes a gate that looks at these places.
func at(tb testing.TB, list ...jotgate.Location) gate {
	return newGate(tb, func(c *jotgate.Config) { c.Locations = list })
}

var (
	inHeader = jotgate.Location{Header: "Authorization"}
	inCookie = jotgate.Location{Cookie: "__Host-access"}
	inQuery  = jotgate.Location{Query: "jwt"}
	inBody   = jotgate.Location{Body: "access_token"}
	inOffers = jotgate.Location{Subprotocol: "bearer"}
)

func TestHeaderLocation(t *testing.T) {
	g := newGate(t)
	token := g.token(t)
	for _, c := range []struct {
		name   string
		at     jotgate.Location
		header string
		status int
		want   string
	}{
		{"H01 no header", inHeader, "", 401, jotgate.CodeMissing},
		{"H02 another scheme is no token", inHeader, "Basic eA==", 401, jotgate.CodeMissing},
		{"H02 another scheme, where ours is demanded", jotgate.Location{Header: "Authorization", Demand: true}, "Basic eA==", 401, jotgate.CodeInvalid},
		{"H03 the scheme alone", inHeader, "Bearer", 401, jotgate.CodeInvalid},
		{"H03 the scheme and a space", inHeader, "Bearer ", 401, jotgate.CodeInvalid},
		{"H09 type JWT", jotgate.Location{Header: "Authorization", Schemes: []string{"JWT"}}, "JWT " + token, 200, "u1"},
		{"H09 type JWT, Bearer sent", jotgate.Location{Header: "Authorization", Schemes: []string{"JWT"}}, "Bearer " + token, 401, jotgate.CodeMissing},
		{"H09 several types", jotgate.Location{Header: "Authorization", Schemes: []string{"JWT", "Bearer"}}, "bearer " + token, 200, "u1"},
		{"H09 several types, a token of each", jotgate.Location{Header: "Authorization", Schemes: []string{"JWT", "Bearer"}}, "JWT " + token + ", Bearer " + token, 401, jotgate.CodeInvalid},
		{"H10 empty type, bare token", jotgate.Location{Header: "X-Token", Schemes: []string{""}}, token, 200, "u1"},
		{"H10 empty type, Bearer sent", jotgate.Location{Header: "X-Token", Schemes: []string{""}}, "Bearer " + token, 401, jotgate.CodeInvalid},
		{"H10 empty type, empty header", jotgate.Location{Header: "X-Token", Schemes: []string{""}}, " ", 401, jotgate.CodeMissing},
		{"H10 with or without the type", jotgate.Location{Header: "X-Token", Schemes: []string{"Bearer", ""}}, "Bearer " + token, 200, "u1"},
		{"H11 exact case", jotgate.Location{Header: "Authorization", ExactScheme: true}, "bearer " + token, 401, jotgate.CodeMissing},
		{"H11 exact case, as it is", jotgate.Location{Header: "Authorization", ExactScheme: true}, "Bearer " + token, 200, "u1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(http.MethodGet, "/orders", "")
			if c.header != "" {
				r.Header.Set(c.at.Header, c.header)
			}
			wantAnswer(t, do(at(t, c.at).Require()(whoami), r), c.status, c.want)
		})
	}
}

func TestQueryLocation(t *testing.T) {
	prefixed := jotgate.Location{Query: "jwt", Prefix: "bearer "}
	token := newGate(t).token(t)
	for _, c := range []struct {
		name   string
		at     jotgate.Location
		query  string
		status int
		want   string
	}{
		{"L01 in the query", inQuery, "jwt=" + token, 200, "u1"},
		{"L01 custom name", jotgate.Location{Query: "t"}, "t=" + token, 200, "u1"},
		{"L01 default name with a custom one set", jotgate.Location{Query: "t"}, "jwt=" + token, 401, jotgate.CodeMissing},
		{"L01 none", inQuery, "", 401, jotgate.CodeMissing},
		{"L01 empty", inQuery, "jwt=", 401, jotgate.CodeMissing},
		{"L01 another case", inQuery, "JWT=" + token, 401, jotgate.CodeMissing},
		{"L01 cannot be read", inQuery, "jwt=%zz", 401, jotgate.CodeMissing},
		{"L02 with the prefix", prefixed, "jwt=bearer%20" + token, 200, "u1"},
		{"L02 without the prefix", prefixed, "jwt=" + token, 401, jotgate.CodeInvalid},
		{"the same twice", inQuery, "jwt=" + token + "&jwt=" + token, 200, "u1"},
		{"TOK-10 two", inQuery, "jwt=" + token + "&jwt=x", 401, jotgate.CodeInvalid},
		{"TOK-10 two, the good one last", inQuery, "jwt=x&jwt=" + token, 401, jotgate.CodeInvalid},
		{"TOK-10 two, one of them twice", inQuery, "jwt=" + token + "&jwt=x&jwt=" + token, 401, jotgate.CodeInvalid},
		{"TOK-10 an empty one besides", inQuery, "jwt=&jwt=" + token, 401, jotgate.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantAnswer(t, do(at(t, c.at).Require()(whoami), request(http.MethodGet, "/orders?"+c.query, "")), c.status, c.want)
		})
	}
	t.Run("L03 a header while only the query is allowed", func(t *testing.T) {
		wantAnswer(t, do(at(t, inQuery).Require()(whoami), request(http.MethodGet, "/", "", "Authorization", "Bearer "+token)), 401, jotgate.CodeMissing)
	})
	t.Run("L14 no log line has the address", func(t *testing.T) {
		g := at(t, inQuery)
		expired := g.token(t, func(c *jwt.Claims) { c.ExpiresAt = noon.AddDate(0, 0, -1) })
		for _, raw := range []string{expired, token + "x", "x" + token, token + "&jwt=" + expired} {
			wantStatus(t, do(g.Require()(whoami), request(http.MethodGet, "/orders?jwt="+raw, "")), 401)
		}
		for _, part := range append(leaky(token), leaky(expired)...) {
			if strings.Contains(g.log.String(), part) {
				t.Errorf("log: want no part of the token, got %s", g.log)
			}
		}
	})
}

func TestBodyLocation(t *testing.T) {
	demand := jotgate.Location{Body: "access_token", Demand: true}
	token := newGate(t).token(t)
	text := `{"access_token":"` + token + `","n":[1,{"access_token":"x"}]}`
	for _, c := range []struct {
		name, kind, body string
		at               jotgate.Location
		status           int
		want             string
	}{
		{"L05 JSON", "application/json", text, inBody, 200, "u1"},
		{"L05 JSON with a charset", "application/json;charset=UTF-8", text, inBody, 200, "u1"},
		{"L05 other content type", "text/plain", text, inBody, 401, jotgate.CodeMissing},
		{"L05 other content type, JSON demanded", "text/plain", text, demand, 401, jotgate.CodeInvalid},
		{"L05 no content type", "", text, inBody, 401, jotgate.CodeMissing},
		{"L05 broken content type", "application/;json", text, inBody, 401, jotgate.CodeMissing},
		{"L05 empty body", "application/json", " \n", demand, 401, jotgate.CodeMissing},
		{"L05 list", "application/json", `["` + token + `"]`, inBody, 401, jotgate.CodeMissing},
		{"L05 list, object demanded", "application/json", `[]`, demand, 401, jotgate.CodeInvalid},
		{"L05 number", "application/json", "5", inBody, 401, jotgate.CodeMissing},
		{"L05 null", "application/json", "null", demand, 401, jotgate.CodeInvalid},
		{"L05 not JSON", "application/json", text + "}", inBody, 401, jotgate.CodeMissing},
		{"L05 not JSON, demanded", "application/json", text + "}", demand, 401, jotgate.CodeInvalid},
		{"L05 two values", "application/json", text + text, demand, 401, jotgate.CodeInvalid},
		{"L05 no member", "application/json", "{}", inBody, 401, jotgate.CodeMissing},
		{"L05 another case", "application/json", `{"Access_Token":"` + token + `"}`, inBody, 401, jotgate.CodeMissing},
		{"L05 null member", "application/json", `{"access_token":null}`, inBody, 401, jotgate.CodeMissing},
		{"L05 number as a member", "application/json", `{"access_token":5}`, inBody, 401, jotgate.CodeInvalid},
		{"L05 list as a member", "application/json", `{"access_token":["` + token + `"]}`, inBody, 401, jotgate.CodeInvalid},
		{"TOK-10 the member twice", "application/json", `{"access_token":"x","access_token":"` + token + `"}`, inBody, 401, jotgate.CodeInvalid},
		{"TOK-10 the member twice, another spelling", "application/json", `{"access_token":"x","\u0061ccess_token":"` + token + `"}`, inBody, 401, jotgate.CodeInvalid},
		{"64 KiB", "application/json", text + strings.Repeat(" ", 64<<10-len(text)), inBody, 200, "u1"},
		{"more than 64 KiB", "application/json", text + strings.Repeat(" ", 64<<10-len(text)+1), inBody, 401, jotgate.CodeMissing},
		{"more than 64 KiB, demanded", "application/json", text + strings.Repeat(" ", 64<<10-len(text)+1), demand, 401, jotgate.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(http.MethodPost, "/orders", c.body, "Content-Type", c.kind)
			wantAnswer(t, do(at(t, c.at).Require()(whoami), r), c.status, c.want)
		})
	}
}

// echo answers with the body that it reads.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	_, _ = w.Write(b)
})

func TestBodyIsReadAgain(t *testing.T) {
	g := at(t, inHeader, inBody, jotgate.Location{Body: "token"})
	token := g.token(t)
	bearer := []string{"Authorization", "Bearer " + token, "Content-Type", "application/json"}
	t.Run("L06 the handler reads the body that the guard read", func(t *testing.T) {
		text := `{"access_token":"` + token + `","pizza":1}`
		wantBody(t, do(g.Require()(echo), request(http.MethodPost, "/", text, bearer[2:]...)), text)
	})
	for name, text := range map[string]string{
		"too long":  `{"pizza":"` + strings.Repeat("x", 200<<10) + `"}`,
		"a list":    `[{"pizza":1}]`,
		"not JSON":  `{"pizza":`,
		"no body":   "",
		"long list": "[" + strings.Repeat("1,", 100<<10) + "1]",
	} {
		t.Run("L06 "+name+" is the handler's business, with the token in the header", func(t *testing.T) {
			wantBody(t, do(g.Require()(echo), request(http.MethodPost, "/", text, bearer...)), text)
		})
	}
	t.Run("L06 so is one that cannot be read", func(t *testing.T) {
		r := request(http.MethodPost, "/", "", bearer...)
		r.Body = io.NopCloser(iotest.ErrReader(errDown))
		wantStatus(t, do(g.Require()(echo), r), 400)
	})
	t.Run("L06 and a limit that somebody else set", func(t *testing.T) {
		r, w := request(http.MethodPost, "/", strings.Repeat("[", 500), bearer...), httptest.NewRecorder()
		r.Body = http.MaxBytesReader(w, r.Body, 100)
		g.Require()(echo).ServeHTTP(w, r)
		wantStatus(t, w.Result(), 400)
	})
	t.Run("no body at all", func(t *testing.T) {
		r := request(http.MethodPost, "/", "", "Content-Type", "application/json")
		r.Body = nil
		wantAnswer(t, do(g.Require()(whoami), r), 401, jotgate.CodeMissing)
	})
}

func wantBody(tb testing.TB, answer *http.Response, want string) {
	tb.Helper()
	if got := body(tb, answer); answer.StatusCode != 200 || got != want {
		tb.Errorf("want 200 and a body of %d bytes, got %d and %.80q", len(want), answer.StatusCode, got)
	}
}

// everywhere puts tokens into all places of a request; "" for none.
func everywhere(header, cookie, query, inBody string) *http.Request {
	r := request(http.MethodGet, "/?jwt="+query, `{"access_token":"`+inBody+`"}`, "Content-Type", "application/json")
	if header != "" {
		r.Header.Set("Authorization", "Bearer "+header)
	}
	if cookie != "" {
		r.Header.Set("Cookie", "a=b; __Host-access="+cookie)
	}
	return r
}

func TestSeveralLocations(t *testing.T) {
	g := at(t, inHeader, inCookie, inQuery, inBody)
	mine, other := g.token(t), g.token(t, func(c *jwt.Claims) { c.Subject = "u2" })
	for place, r := range map[string]*http.Request{
		"header Authorization": everywhere(mine, "", "", ""),
		"cookie __Host-access": everywhere("", mine, "", ""),
		"query jwt":            everywhere("", "", mine, ""),
		"body access_token":    everywhere("", "", "", mine),
	} {
		t.Run("L07 each alone, "+place, func(t *testing.T) { wantAnswer(t, do(g.Require()(where), r), 200, place) })
	}
	for name, r := range map[string]*http.Request{
		"header and cookie":                everywhere(mine, other, "", ""),
		"cookie and header":                everywhere(other, mine, "", ""),
		"header and query":                 everywhere(mine, "", other, ""),
		"cookie and body":                  everywhere("", mine, "", other),
		"query and body":                   everywhere("", "", mine, other),
		"one of four":                      everywhere(mine, mine, mine, other),
		"valid header and broken cookie":   everywhere(mine, "x", "", ""),
		"broken header and a valid cookie": everywhere("x", mine, "", ""),
	} {
		t.Run("A24 two tokens, "+name, func(t *testing.T) {
			wantAnswer(t, do(g.Require()(whoami), r), 401, jotgate.CodeInvalid)
			if reason := g.log.last(t)["reason"].(string); !strings.Contains(reason, jotgate.FaultConflict) {
				t.Errorf("reason: want %q in it, got %q", jotgate.FaultConflict, reason)
			}
			wantAnswer(t, do(g.Optional()(whoami), r), 401, jotgate.CodeInvalid)
		})
	}
	t.Run("A24 valid and invalid header, both orders", func(t *testing.T) {
		for _, pair := range [][]string{{"Bearer " + mine, "Bearer x"}, {"Bearer x", "Bearer " + mine}} {
			wantAnswer(t, get(g.Require()(whoami), pair...), 401, jotgate.CodeInvalid)
		}
	})
	t.Run("the same token in all places", func(t *testing.T) {
		wantAnswer(t, do(g.Require()(where), everywhere(mine, mine, mine, mine)), 200, "header Authorization")
	})
	t.Run("a fault behind a good token", func(t *testing.T) {
		r := everywhere(mine, "", "", "")
		r.Header["Cookie"] = []string{"__Host-access=a; __Host-access=b"}
		wantAnswer(t, do(g.Require()(whoami), r), 401, jotgate.CodeInvalid)
	})
}

func TestFirstWins(t *testing.T) {
	first := func(list ...jotgate.Location) gate {
		return newGate(t, func(c *jotgate.Config) { c.Locations, c.FirstWins = list, true })
	}
	headerFirst, cookieFirst := first(inHeader, inCookie), first(inCookie, inHeader)
	mine := headerFirst.token(t)
	other := headerFirst.token(t, func(c *jwt.Claims) { c.Subject = "u2" })
	for _, c := range []struct {
		name   string
		g      gate
		r      *http.Request
		status int
		want   string
	}{
		{"L09 cookie alone, header first", headerFirst, everywhere("", mine, "", ""), 200, "u1"},
		{"L09 cookie alone, cookie first", cookieFirst, everywhere("", mine, "", ""), 200, "u1"},
		{"L10 bad header, cookie first", cookieFirst, everywhere("x", mine, "", ""), 200, "u1"},
		{"L10 bad header first, no falling through", headerFirst, everywhere("x", mine, "", ""), 401, jotgate.CodeInvalid},
		{"two tokens, header first", headerFirst, everywhere(mine, other, "", ""), 200, "u1"},
		{"two tokens, cookie first", cookieFirst, everywhere(mine, other, "", ""), 200, "u2"},
	} {
		t.Run(c.name, func(t *testing.T) { wantAnswer(t, do(c.g.Require()(whoami), c.r), c.status, c.want) })
	}
	t.Run("L10 a fault in an earlier place ends the search", func(t *testing.T) {
		r := everywhere("", mine, "", "")
		r.Header["Authorization"] = []string{"Bearer"}
		wantAnswer(t, do(headerFirst.Require()(whoami), r), 401, jotgate.CodeInvalid)
		wantAnswer(t, do(cookieFirst.Require()(whoami), r), 200, "u1")
	})
}

func TestLocationsOfARoute(t *testing.T) {
	g := newGate(t)
	token := g.token(t)
	route := g.Need(jotgate.Rule{Locations: []jotgate.Location{inQuery}})(where)
	t.Run("L11 a route's places override the guard's", func(t *testing.T) {
		wantAnswer(t, do(route, everywhere("", "", token, "")), 200, "query jwt")
		wantAnswer(t, do(route, everywhere(token, "", "", "")), 401, jotgate.CodeMissing)
		wantAnswer(t, do(g.Require()(where), everywhere("", "", token, "")), 401, jotgate.CodeMissing)
	})
	t.Run("L11 an unknown place stops the start", func(t *testing.T) {
		defer func() {
			if text, _ := recover().(string); !strings.Contains(text, "exactly one of Header") {
				t.Errorf("panic: want it to name the choice, got %q", text)
			}
		}()
		g.Need(jotgate.Rule{Locations: []jotgate.Location{{}}})
	})
	t.Run("the answer tells where to put it", func(t *testing.T) {
		for want, locations := range map[string][]jotgate.Location{
			"an access token: send Authorization: Bearer TOKEN.":                             nil,
			"an access token: send Authorization: JWT TOKEN, or it in cookie __Host-access.": {{Header: "Authorization", Schemes: []string{"JWT"}}, inCookie},
			"an access token: send X-Token: TOKEN, or it in query jwt.":                      {{Header: "X-Token", Schemes: []string{""}}, inQuery},
		} {
			text := body(t, get(g.Need(jotgate.Rule{Locations: locations})(whoami)))
			if !strings.Contains(text, want) {
				t.Errorf("want %q in it, got %s", want, text)
			}
		}
		refresh := jotgate.Rule{Kind: jotgate.KindRefresh, Locations: []jotgate.Location{{Cookie: "__Host-refresh"}}}
		if text := body(t, get(g.Need(refresh)(whoami))); !strings.Contains(text, "a refresh token: send it in cookie __Host-refresh.") {
			t.Errorf("want the refresh cookie named, got %s", text)
		}
		if text := body(t, get(g.Need(jotgate.Rule{Kind: jotgate.KindAny})(whoami))); !strings.Contains(text, "needs a token:") {
			t.Errorf("want no kind named, got %s", text)
		}
	})
}

func TestSubprotocol(t *testing.T) {
	g := at(t, inOffers)
	token := g.token(t)
	for _, c := range []struct {
		name   string
		offers []string
		status int
		want   string
	}{
		{"G17 bearer, token", []string{"bearer, " + token}, 200, "u1"},
		{"G17 among others", []string{"chat,bearer," + token + ",\tsuperchat"}, 200, "u1"},
		{"G17 in two headers", []string{"bearer", token}, 200, "u1"},
		{"G17 Bearer", []string{"Bearer, " + token}, 200, "u1"},
		{"G17 none", nil, 401, jotgate.CodeMissing},
		{"G17 others", []string{"chat, superchat"}, 401, jotgate.CodeMissing},
		{"G17 nothing behind", []string{"chat, bearer"}, 401, jotgate.CodeMissing},
		{"G17 nothing between", []string{"bearer,," + token}, 401, jotgate.CodeMissing},
		{"G17 the token before", []string{token + ", bearer"}, 401, jotgate.CodeMissing},
		{"G17 two", []string{"bearer, " + token + ", bearer, " + token}, 401, jotgate.CodeInvalid},
		{"G17 bad token", []string{"bearer, x"}, 401, jotgate.CodeInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(http.MethodGet, "/", "")
			r.Header["Sec-Websocket-Protocol"] = c.offers
			answer := do(g.Require()(whoami), r)
			wantAnswer(t, answer, c.status, c.want)
			for name := range answer.Header {
				if strings.HasPrefix(name, "Sec-") {
					t.Errorf("want the choice of a protocol left to the handler, got %s", name)
				}
			}
		})
	}
}

func TestFind(t *testing.T) {
	elsewhere := func(find func(jotgate.Carrier) (string, error)) gate {
		return at(t, jotgate.Location{Name: "X-Forwarded-Token", Find: find})
	}
	good := elsewhere(func(c jotgate.Carrier) (string, error) { return c.Header("X-Forwarded-Token")[0], nil })
	wantAnswer(t, do(good.Require()(where), request(http.MethodGet, "/", "", "X-Forwarded-Token", good.token(t))), 200, "X-Forwarded-Token")
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{errDown, 401, jotgate.CodeInvalid},
		{&jotgate.Refusal{Status: 503, Code: "box_down"}, 503, "box_down"},
		{(*jotgate.Refusal)(nil), 401, jotgate.CodeInvalid},
		{&jotgate.Refusal{Code: "no_status"}, 401, jotgate.CodeInvalid},
		{&jotgate.Refusal{Status: 204}, 401, jotgate.CodeInvalid},
	} {
		g := elsewhere(func(jotgate.Carrier) (string, error) { return good.token(t), c.err })
		wantAnswer(t, get(g.Require()(whoami)), c.status, c.code)
	}
}

// What a FormError says is for logs and for those who answer as an older library did.
func TestFormError(t *testing.T) {
	g := newGate(t)
	_, err := g.CheckRequest(request(http.MethodGet, "/", "", "Authorization", "Bearer a b"), jotgate.Rule{})
	var form *jotgate.FormError
	if !errors.As(err, &form) || form.Location != "header Authorization" || form.Fault != jotgate.FaultSpaces {
		t.Errorf("want spaces in the header, got %v", err)
	}
}

// Token hands on what the guard would look at.
func TestToken(t *testing.T) {
	g := at(t, inHeader, inQuery)
	for want, r := range map[string]*http.Request{"": everywhere("", "", "", ""), "a": everywhere("a", "", "", ""), "b": everywhere("", "", "b", "")} {
		if got, err := g.Token(jotgate.Carry(r)); got != want || err != nil {
			t.Errorf("want %q, got %q and %v", want, got, err)
		}
	}
	if got, err := g.Token(jotgate.Carry(everywhere("a", "", "b", ""))); got != "" || err == nil {
		t.Errorf("two tokens: want an error alone, got %q and %v", got, err)
	}
}

// onlyOneOf tells in another way whether all found texts are one.
func onlyOneOf(found []string) (string, bool) {
	seen := map[string]bool{}
	for _, f := range found {
		seen[f] = true
	}
	if len(seen) != 1 {
		return "", len(seen) == 0
	}
	return found[0], true
}

func FuzzLocation(f *testing.F) {
	for _, seed := range [][3]string{
		{"jwt=TOKEN", `{"access_token":"TOKEN"}`, "bearer, TOKEN"}, {"jwt=a&jwt=b", `{"access_token":"a","access_token":"b"}`, "bearer,a,bearer,b"},
		{"jwt=%zz;&", `{"access_token":5}`, "bearer"}, {"", "[", ",,,"}, {"jwt", `{"a":{"access_token":"x"}}`, "bearer,,x"}, {"%6Awt=x", `{"\u0061ccess_token":"x"}`, "x, bearer"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	q, b, o := at(f, inQuery), at(f, inBody), at(f, inOffers)
	f.Fuzz(func(t *testing.T, query, text, offers string) {
		r := request(http.MethodPost, "/", text, "Content-Type", "application/json", "Sec-Websocket-Protocol", offers)
		r.URL.RawQuery = query
		values, _ := url.ParseQuery(query)
		if token, ok := onlyOneOf(values["jwt"]); ok {
			wantFound(t, "query "+query, q, r, token)
		} else if _, err := found(t, q, r); err == nil {
			t.Errorf("query %q: want two tokens refused", query)
		}
		token, err := found(t, b, r)
		var members map[string]any
		if json.Unmarshal([]byte(text), &members) == nil && err == nil {
			if want, _ := members["access_token"].(string); token != want {
				t.Errorf("body %q: want %q, got %q", text, want, token)
			}
		} else if token != "" {
			t.Errorf("body %q: want no token, got %q", text, token)
		}
		if left, err := io.ReadAll(r.Body); string(left) != text || err != nil {
			t.Errorf("body: want it left as it was, got %q and %v", left, err)
		}
		if token, _ := found(t, o, r); token != "" && !strings.Contains(offers, token) {
			t.Errorf("offers %q: got %q, which is not there", offers, token)
		}
	})
}

// found asks a guard for the token, and for nothing beside an error.
func found(tb testing.TB, g gate, r *http.Request) (string, error) {
	tb.Helper()
	token, err := g.Token(jotgate.Carry(r))
	if err != nil && token != "" {
		tb.Errorf("want nothing beside the error, got %q", token)
	}
	return token, err
}

func wantFound(tb testing.TB, what string, g gate, r *http.Request, want string) {
	tb.Helper()
	if got, err := found(tb, g, r); got != want || err != nil {
		tb.Errorf("%s: want %q, got %q and %v", what, want, got, err)
	}
}

func TestLocationToken(t *testing.T) {
	for _, c := range []struct {
		name, cookies, token, fault string
	}{
		{"there", "__Host-access=a; __Host-refresh=opaque", "opaque", ""},
		{"not there", "__Host-access=a", "", ""},
		{"H10 planted", "__Host-refresh=opaque; __Host-refresh=evil", "", jotgate.FaultTwice},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := jotgate.Cookies{}.RefreshLocation().Token(jotgate.Carry(request("POST", "/", "", "Cookie", c.cookies)))
			var form *jotgate.FormError
			if got != c.token || errors.As(err, &form) != (c.fault != "") || form != nil && form.Fault != c.fault {
				t.Errorf("got %q and %v, want %q and the fault %q", got, err, c.token, c.fault)
			}
		})
	}
}
