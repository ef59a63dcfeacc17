package server_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite golden files")

// operation is what the OpenAPI document says of a route.
type operation struct {
	method, path string
	ID           string `json:"operationId"`
	Needs        string `json:"x-jotgate-needs"`
	Security     []map[string][]string
	Parameters   []struct{ Name, In string }
	RequestBody  *struct{} `json:"requestBody"`
	Responses    map[string]json.RawMessage
}

// operations reads the document as the server serves it.
func (n *node) operations() (list []operation) {
	n.t.Helper()
	doc := into[struct {
		Paths map[string]map[string]operation
	}](n.t, n.want(200, "GET", "/openapi.json", "", nil))
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			op := doc.Paths[path][method]
			op.method, op.path = strings.ToUpper(method), path
			list = append(list, op)
		}
	}
	return list
}

func TestOpenAPIDocument(t *testing.T) {
	s := profile(t)
	s.PublicURL = "https://auth.example.com"
	n := start(t, s)
	got := n.want(200, "GET", "/openapi.json", "", nil)
	golden := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, []byte(got.Body), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got.Body != string(want) {
		t.Errorf("/openapi.json differs from %s (%v): look at the difference after go test -run %s -update", golden, err, t.Name())
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/openapi+json" {
		t.Errorf("content type: got %s", kind)
	}
	if strings.Contains(got.Body, ": null") {
		t.Error("/openapi.json: got null for a value, want lists and objects even where they are empty")
	}
	yaml := n.want(200, "GET", "/openapi.yaml", "", nil)
	if !strings.Contains(yaml.Body, "operationId: signup") {
		t.Errorf("/openapi.yaml: got %.100q, want the same document", yaml.Body)
	}

	inPath := regexp.MustCompile(`\{(\w+)\}`)
	for _, op := range n.operations() {
		var documented, named []string
		for _, p := range op.Parameters {
			if p.In == "path" {
				documented = append(documented, p.Name)
			}
		}
		for _, m := range inPath.FindAllStringSubmatch(op.path, -1) {
			named = append(named, m[1])
		}
		slices.Sort(documented)
		if slices.Sort(named); !slices.Equal(documented, named) {
			t.Errorf("%s %s: path parameters: got %q documented, want %q", op.method, op.path, documented, named)
		}
	}
}

// TestOperations calls every operation of the document without a token, with a poor one and with a good one. The good one
// holds exactly what the document asks for; the poor one everything but that.
func TestOperations(t *testing.T) {
	n := start(t, profile(t))
	admin := n.admin()
	ops := n.operations()
	if len(ops) < 30 {
		t.Fatalf("document: got %d operations, want all", len(ops))
	}
	m := matrix{n, map[string]string{}, map[string]string{}}
	permissions := permissionsOf(ops)
	for i, p := range permissions {
		others := slices.Delete(slices.Clone(permissions), i, i+1)
		n.grant(admin.Access, fmt.Sprint("good", i), p)
		n.grant(admin.Access, fmt.Sprint("poor", i), others...)
		m.good[p], m.poor[p] = fmt.Sprint("good", i), fmt.Sprint("poor", i)
	}
	n.signUp("plain")
	m.good["authenticated"], m.good["fresh"] = "plain", "plain"
	for _, op := range ops {
		t.Run(op.method+" "+op.path, func(t *testing.T) { m.on(t).check(op) })
	}
}

func permissionsOf(ops []operation) (list []string) {
	for _, op := range ops {
		if strings.Contains(op.Needs, ":") && !slices.Contains(list, op.Needs) {
			list = append(list, op.Needs)
		}
	}
	return list
}

// matrix knows for each need a user who meets it and one who meets all others.
type matrix struct {
	*node
	good, poor map[string]string
}

func (m matrix) on(t *testing.T) matrix { return matrix{m.node.on(t), m.good, m.poor} }

// try calls an operation, with nothing that could be found in its path and an empty body, and wants an answer that the
// document knows.
func (m matrix) try(op operation, token string) (answer, string) {
	m.t.Helper()
	path := strings.NewReplacer("{id}", "01997a3e-6f0a-7c31-9a56-2f4f3f2f6c11", "{role}", "nobody").Replace(op.path)
	var content any
	if op.RequestBody != nil {
		content = body{}
	}
	a := m.call(op.method, path, token, content)
	if _, known := op.Responses[strconv.Itoa(a.Status)]; !known {
		m.t.Errorf("got %d %s, which the document does not mention among %v", a.Status, a.Body, slices.Sorted(maps.Keys(op.Responses)))
	}
	if a.Status < 400 {
		return a, ""
	}
	return a, into[problem](m.t, a).Code
}

// waysIn are those of the routes that prove a refresh token themselves; "" is without a token of the document's knowledge.
var waysIn = map[string][]string{"/v1/refresh": {"refresh_cookie", ""}, "/v1/logout": {"bearer", "refresh_cookie", ""}}

// ways are the places that a token may stand in, one each.
func (op operation) ways() (list []string) {
	for _, s := range op.Security {
		list = append(list, strings.Join(slices.Collect(maps.Keys(s)), "+"))
	}
	return list
}

func (m matrix) check(op operation) {
	switch {
	case op.Needs == "public" || op.Needs == "refresh":
		if want := waysIn[op.path]; !slices.Equal(op.ways(), want) {
			m.t.Errorf("security: got %q, want %q", op.ways(), want)
		}
		if a, code := m.try(op, ""); code == "token_missing" || a.Status == 403 {
			m.t.Errorf("without a token: got %d %s, want to be let in", a.Status, code)
		}
		return
	case !slices.Equal(op.ways(), []string{"bearer", "cookie"}):
		m.t.Fatalf("security: got %v, want the header or the cookie for %s", op.Security, op.Needs)
	}
	scopes := op.Security[0]["bearer"]
	if !slices.Equal(scopes, op.Security[1]["cookie"]) {
		m.t.Errorf("scopes: got %v, want the same in the cookie", op.Security)
	}
	if _, known := m.good[op.Needs]; !known || (m.poor[op.Needs] != "") != slices.Equal(scopes, []string{op.Needs}) {
		m.t.Fatalf("needs %q and scopes %q: want the same of both", op.Needs, scopes)
	}
	if a, code := m.try(op, ""); a.Status != 401 || code != "token_missing" {
		m.t.Errorf("without a token: got %d %s, want 401 token_missing", a.Status, code)
	}
	if a, code := m.try(op, "nonsense"); a.Status != 401 || code != "token_invalid" {
		m.t.Errorf("with nonsense: got %d %s, want 401 token_invalid", a.Status, code)
	}
	m.checkPoor(op)
	if a, code := m.try(op, m.logIn(m.good[op.Needs]).Access); a.Status == 401 || a.Status == 403 {
		m.t.Errorf("with a good token: got %d %s, want to be let in", a.Status, code)
	}
	if op.ID == "delete-me" {
		m.signUp("plain")
	}
}

func (m matrix) checkPoor(op operation) {
	if op.Needs == "fresh" {
		tok := m.logIn(m.good["fresh"])
		m.Clock.Add(5*time.Minute + leeway + time.Second)
		if a, code := m.try(op, m.refreshed(tok.Refresh).Access); a.Status != 401 || code != "reauthentication_required" {
			m.t.Errorf("with an old log-in: got %d %s, want 401 reauthentication_required", a.Status, code)
		}
		return
	}
	if m.poor[op.Needs] == "" {
		return // whoever is logged in may
	}
	a, code := m.try(op, m.logIn(m.poor[op.Needs]).Access)
	if a.Status != 403 || code != "forbidden" || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		m.t.Errorf("with a poor token: got %d %s, want 403 forbidden and a challenge", a.Status, code)
	}
	if strings.Contains(a.Body+a.Header.Get("WWW-Authenticate"), op.Needs) {
		m.t.Errorf("with a poor token: got %s, want the missing permission in the log alone", a.Body)
	}
	if !strings.Contains(m.Log.String(), "lacks permission "+op.Needs) {
		m.t.Errorf("log: want the missing permission %s", op.Needs)
	}
}

func TestUnknownRoutes(t *testing.T) {
	n := start(t, profile(t))
	t.Run("J09 unknown route", func(t *testing.T) {
		for _, path := range []string{"/", "/v1", "/v1/", "/v1/users/x/y", "/admin", "/metrics", "/debug/pprof/", "/V1/me", "/v1/me/", "/.env"} {
			n.on(t).wants(n.call("GET", path, "", nil), 404, "not_found")
		}
	})
	t.Run("J16 methods", func(t *testing.T) {
		n := n.on(t)
		for _, c := range []struct{ method, path, allow string }{
			{"DELETE", "/v1/login", "POST"},
			{"GET", "/v1/login", "POST"},
			{"TRACE", "/v1/me", "DELETE, GET, HEAD, PATCH"},
			{"POST", "/.well-known/jwks.json", "GET, HEAD"},
			{"get", "/v1/me", "DELETE, GET, HEAD, PATCH"},
		} {
			a := n.call(c.method, c.path, "", nil)
			n.wants(a, 405, "method_not_allowed")
			if got := a.Header.Get("Allow"); got != c.allow {
				t.Errorf("%s %s: Allow: got %q, want %q", c.method, c.path, got, c.allow)
			}
		}
	})
	t.Run("H14 headers of every answer", func(t *testing.T) {
		n := n.on(t)
		n.signUp("ann")
		tok := n.logIn("ann")
		for _, a := range []answer{
			n.call("GET", "/v1/me", tok.Access, nil), n.call("GET", "/v1/me", "", nil), n.call("GET", "/none", "", nil), n.call("PUT", "/v1/login", "", nil),
			n.call("POST", "/v1/login", "", strings.Repeat(" ", 9000)), n.call("POST", "/v1/login", "", "{"),
		} {
			if got := a.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%d: Cache-Control: got %q, want no-store", a.Status, got)
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer", "Server": "", "X-Powered-By": "", "Strict-Transport-Security": "",
			} {
				if got := a.Header.Get(name); got != want {
					t.Errorf("%d: %s: got %q, want %q", a.Status, name, got, want)
				}
			}
		}
	})
	t.Run("B20 key set", func(t *testing.T) { checkKeySet(n.on(t)) })
}

// checkKeySet wants one public key and nothing private.
func checkKeySet(n *node) {
	a := n.want(200, "GET", "/.well-known/jwks.json", "", nil)
	set := into[struct{ Keys []map[string]any }](n.t, a)
	if len(set.Keys) != 1 || set.Keys[0]["alg"] != "ES256" || set.Keys[0]["use"] != "sig" || set.Keys[0]["kid"] == "" {
		n.t.Errorf("key set: got %s, want one key with kid, alg and use", a.Body)
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
		if _, there := set.Keys[0][private]; there {
			n.t.Errorf("key set: got member %q", private)
		}
	}
	if a.Header.Get("Content-Type") != "application/jwk-set+json" || a.Header.Get("Cache-Control") != "public, max-age=300" || a.Header.Get("ETag") == "" {
		n.t.Errorf("headers: got %v", a.Header)
	}
	r := n.request("GET", "/.well-known/jwks.json", "", nil)
	r.Header.Set("If-None-Match", a.Header.Get("ETag"))
	if again := n.send(r); again.Status != http.StatusNotModified || again.Body != "" {
		n.t.Errorf("the same again: got %d %q, want 304", again.Status, again.Body)
	}
	if head := n.call("HEAD", "/.well-known/jwks.json", "", nil); head.Status != 200 || head.Body != "" || head.Header.Get("ETag") != a.Header.Get("ETag") {
		n.t.Errorf("HEAD: got %d %q %v, want 200 and the same headers", head.Status, head.Body, head.Header)
	}
	n.wants(n.call("POST", "/.well-known/jwks.json", "", nil), 405, "method_not_allowed")
	meta := into[map[string]any](n.t, n.want(200, "GET", "/.well-known/oauth-authorization-server", "", nil))
	if iss := n.Settings().PublicURL; meta["issuer"] != iss || meta["jwks_uri"] != iss+"/.well-known/jwks.json" {
		n.t.Errorf("metadata: got %v", meta)
	}
}
