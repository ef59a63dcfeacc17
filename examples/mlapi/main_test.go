package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jotgate/jotgate/examples/internal/readme"
	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/examples/mlapi/iris"
	"github.com/jotgate/jotgate/password"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

func TestTranscript(t *testing.T) {
	t.Run("T01 the guide, then the model", func(t *testing.T) {
		transcript.Run(t, transcript.Program{Env: []string{"INSECURE_SAMPLE_KEY=1"}})
	})
}

func TestREADME(t *testing.T) {
	readme.Run(t, "http://127.0.0.1:8000", "INSECURE_SAMPLE_KEY=1")
}

// Users of the tests, and a token that the guide prints and one that Flama's tests do.
const (
	guide, analyst, trainer = "497f6eca-6276-4993-bfeb-53cbbbba6f08", "1d9b5a60-5c59-4f26-9b8a-0c3b8c4d2f11", "8a4f0c92-7e3d-4b6a-a1f5-2d60e9b7c344"
	guideToken              = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJpZCI6ICI0OTdmNmVjYS02Mjc2LTQ5OTMtYmZlYi01M2NiYmJiYTZmMDgiLCAicGVybWlzc2lvbnMiOiBbIm15LXBlcm1pc3Npb24tbmFtZSJdfSwgImlhdCI6IDE3MjU5ODk5NzQsICJpc3MiOiAidm9ydGljbyJ9.vwwgqahgtALckMAzQHWpNDNwhS8E4KAGwNiFcqEZ_04="
	flamaToken              = "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9.eyJkYXRhIjogeyJmb28iOiAiYmFyIn0sICJpYXQiOiAwfQ==.J3zdedMZSFNOimstjJat0V28rM_b1UU62XCp9dg_5kg="
	printed                 = 1725989974 // when the guide's token was issued
)

// sample are the settings under INSECURE_SAMPLE_KEY at the time of the guide, with passwords that are hashed in no time.
func sample(t testing.TB) Settings {
	t.Helper()
	s, err := settings(func(name string) string { return map[string]string{"INSECURE_SAMPLE_KEY": "1"}[name] })
	if err != nil {
		t.Fatal(err)
	}
	s.Tokens.Now = func() time.Time { return time.Unix(printed, 0) }
	cheap := password.Params{Memory: 8, Time: 1, Threads: 1}
	s.Hasher = password.NewHasher(cheap, 0, 0)
	for id, u := range s.Users {
		if u.Hash, err = cheap.Hash("pass of " + id); err != nil {
			t.Fatal(err)
		}
		s.Users[id] = u
	}
	return s
}

func app(t testing.TB, s Settings) http.Handler {
	t.Helper()
	h, err := newApp(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends JSON, if there is any, with a token, if there is one.
func ask(h http.Handler, method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func signedInAs(t testing.TB, h http.Handler, id string) string {
	t.Helper()
	w := ask(h, "POST", "/auth/", "", fmt.Sprintf(`{"id":%q,"password":"pass of %s"}`, id, id))
	var out struct{ ID, Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 || out.ID != id {
		t.Fatalf("signing in: got %d %s", w.Code, w.Body)
	}
	return out.Token
}

func TestSampleTokens(t *testing.T) {
	h := app(t, sample(t))
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"T02 the guide's":                      {guideToken, 200},
		"T02 Flama's, without the permission":  {flamaToken, 403},
		"T02 the guide's, without its padding": {strings.TrimRight(guideToken, "="), 401},
		"T02 Flama's, without its padding":     {strings.ReplaceAll(flamaToken, "=", ""), 401},
	} {
		t.Run(name, func(t *testing.T) {
			if w := ask(h, "GET", "/private/info/", c.token, ""); w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
		})
	}
	t.Run("T02 the zero key without the switch", func(t *testing.T) {
		s := sample(t)
		if s.Tokens.InsecureWeakKey = false; refused(s) == "" {
			t.Error("got a service, want an error")
		}
	})
	t.Run("T02 a token without exp, without the switch", func(t *testing.T) {
		s := sample(t)
		s.Tokens.InsecureOptionalExpiry = false
		if w := ask(app(t, s), "GET", "/private/info/", guideToken, ""); w.Code != 401 {
			t.Errorf("got %d %s, want 401", w.Code, w.Body)
		}
	})
}

// refused is why there is no service with such settings.
func refused(s Settings) string {
	h, err := newApp(s)
	if err == nil || h != nil {
		return ""
	}
	return err.Error()
}

// The token is the guide's, and has the lifetime that the guide declares.
func TestSignIn(t *testing.T) {
	s := sample(t)
	h := app(t, s)
	token := signedInAs(t, h, guide)
	at := func(seconds int64) int {
		s.Tokens.Now = func() time.Time { return time.Unix(printed+seconds, 0) }
		return ask(app(t, s), "GET", "/private/info/", token, "").Code
	}
	if before, after := at(299), at(300); before != 200 || after != 401 {
		t.Errorf("after 299 and 300 s: got %d and %d, want 200 and 401", before, after)
	}
	for name, body := range map[string]string{
		"wrong password":     `{"id":"` + guide + `","password":"string"}`,
		"password of others": `{"id":"` + guide + `","password":"pass of ` + analyst + `"}`,
		"no such user":       `{"id":"00000000-0000-0000-0000-000000000000","password":"x"}`,
		"no password":        `{"id":"` + guide + `","password":""}`,
		"a very long one":    `{"id":"` + guide + `","password":"` + strings.Repeat("é", 1024) + `"}`,
		"NUL":                `{"id":"` + guide + `","password":"\u0000"}`,
		"half a surrogate":   `{"id":"` + guide + `","password":"\ud800"}`,
	} {
		t.Run(name, func(t *testing.T) {
			want := `{"status_code":401,"detail":"Unauthorized","error":"HTTPException"}`
			if w := ask(h, "POST", "/auth/", "", body); w.Code != 401 || w.Body.String() != want {
				t.Errorf("got %d %s, want 401 %s", w.Code, w.Body, want)
			}
		})
	}
}

func TestTokenBytes(t *testing.T) {
	const payload = "eyJkYXRhIjogeyJpZCI6ICI0OTdmNmVjYS02Mjc2LTQ5OTMtYmZlYi01M2NiYmJiYTZmMDgiLCAicGVybWlzc2lvbnMiOiBbIm15LXBlcm1pc3Npb24tbmFtZSJdfSwgImV4cCI6IDE3MjU5OTAyNzQsICJpYXQiOiAxNzI1OTg5OTc0LCAiaXNzIjogInZvcnRpY28ifQ=="
	got := strings.Split(signedInAs(t, app(t, sample(t)), guide), ".")
	if got[0] != "eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCJ9" || got[1] != payload {
		t.Errorf("got %s, want the guide's header and payload, with exp", got)
	}
}

func TestWhoMay(t *testing.T) {
	h := app(t, sample(t))
	tokens := map[string]string{"nobody": "", "a bad token": "x"}
	for name, id := range map[string]string{"guide": guide, "analyst": analyst, "trainer": trainer} {
		tokens[name] = signedInAs(t, h, id)
	}
	for _, c := range []struct {
		method, path, body string
		want               map[string]int
	}{
		{"GET", "/public/info/", "", map[string]int{"nobody": 200, "a bad token": 200, "guide": 200, "analyst": 200, "trainer": 200}},
		{"GET", "/private/info/", "", map[string]int{"nobody": 401, "a bad token": 401, "guide": 200, "analyst": 403, "trainer": 403}},
		{"POST", "/models/iris/predict/", `{"input":[[1,1,1,1]]}`, map[string]int{"nobody": 401, "a bad token": 401, "guide": 403, "analyst": 200, "trainer": 200}},
		{"POST", "/models/iris/reload/", "", map[string]int{"nobody": 401, "a bad token": 401, "guide": 403, "analyst": 403, "trainer": 200}},
	} {
		for who, want := range c.want {
			t.Run(c.path+" "+who, func(t *testing.T) {
				if w := ask(h, c.method, c.path, tokens[who], c.body); w.Code != want {
					t.Errorf("got %d %s, want %d", w.Code, w.Body, want)
				}
			})
		}
	}
}

func TestBatches(t *testing.T) {
	h := app(t, sample(t))
	token := signedInAs(t, h, analyst)
	batch := func(n int) string { return `{"input":[` + strings.Repeat("[6.6,3,5.6,2],", n-1) + `[6.6,3,5.6,2]]}` }
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"a thousand":          {batch(1000), 200},
		"a thousand and one":  {batch(1001), 400},
		"none":                {`{"input":[]}`, 400},
		"null":                {`{"input":null}`, 400},
		"null for a flower":   {`{"input":[null]}`, 400},
		"null for a measure":  {`{"input":[[1,1,1,null]]}`, 400},
		"five measures":       {`{"input":[[1,1,1,1,1]]}`, 400},
		"no width":            {`{"input":[[1,0,1,1]]}`, 400},
		"longer than a metre": {`{"input":[[101,1,1,1]]}`, 400},
		"no bounds":           {`{"input":[[1e999,1,1,1]]}`, 400},
		"another name":        {`{"Input":[[1,1,1,1]]}`, 400},
		"no body":             {"", 400},
		"two megabytes":       {batch(1<<21/len("[6.6,3,5.6,2],") + 1), 413},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "POST", "/models/iris/predict/", token, c.body)
			if w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
			if w.Body.Len() > 16<<10 {
				t.Errorf("got %d bytes, want few", w.Body.Len())
			}
		})
	}
}

// changing is a folder whose file changes.
type changing struct {
	mu   sync.Mutex
	text string
}

func (c *changing) Open(name string) (fs.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fstest.MapFS{"iris.csv": {Data: []byte(c.text)}}.Open(name)
}

func (c *changing) set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = text
}

func TestReload(t *testing.T) {
	fisher, err := fs.ReadFile(iris.Fisher, "iris.csv")
	if err != nil {
		t.Fatal(err)
	}
	flowers := &changing{text: string(fisher)}
	s := sample(t)
	s.Flowers = flowers
	h := app(t, s)
	token := signedInAs(t, h, trainer)
	predicted := func() string {
		return ask(h, "POST", "/models/iris/predict/", token, `{"input":[[5.1,3.5,1.4,0.2],[6.6,3,5.6,2]]}`).Body.String()
	}
	const before, after = `{"output":["setosa","virginica"]}`, `{"output":["silky","virginica"]}`
	if got := predicted(); got != before {
		t.Errorf("got %s, want %s", got, before)
	}

	flowers.set("not a table of flowers")
	if w := ask(h, "POST", "/models/iris/reload/", token, ""); w.Code != 503 || strings.Contains(w.Body.String(), "fields") {
		t.Errorf("a bad file: got %d %s, want 503 without its reason", w.Code, w.Body)
	}
	if got := predicted(); got != before {
		t.Errorf("after a reload that failed: got %s, want %s", got, before)
	}

	flowers.set(strings.ReplaceAll(string(fisher), "setosa", "silky"))
	var all sync.WaitGroup
	for range 8 { // each prediction is of one model, the old or the new
		all.Go(func() {
			if got := predicted(); got != before && got != after {
				t.Errorf("meanwhile: got %s, want %s or %s", got, before, after)
			}
		})
		all.Go(func() {
			if w := ask(h, "POST", "/models/iris/reload/", token, ""); w.Code != 200 {
				t.Errorf("a reload: got %d %s, want 200", w.Code, w.Body)
			}
		})
	}
	all.Wait()
	if got := predicted(); got != after {
		t.Errorf("after a reload: got %s, want %s", got, after)
	}
}

func TestSettings(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	users, bad := write("users.json", string(sampleUsers)), write("bad.json", "[]")
	const strong, short, zero = "Zm9SFAm3Jzdhb2pPvyhhTmVUVh6s8m3oKn5WJ1vM8fQ=", "c2hvcnQ=", "AAAAAAAAAAAAAAAAAAAAAA=="
	for name, c := range map[string]struct {
		env  map[string]string
		want string // of the error
	}{
		"good":                   {map[string]string{"JWT_SECRET_KEY": strong, "USERS": users}, ""},
		"sample":                 {map[string]string{"INSECURE_SAMPLE_KEY": "1"}, ""},
		"old tokens":             {map[string]string{"JWT_SECRET_KEY": short, "USERS": users, "INSECURE_OLD_TOKENS": "1"}, ""},
		"nothing":                {nil, "JWT_SECRET_KEY"},
		"no base64":              {map[string]string{"JWT_SECRET_KEY": "never tell!", "USERS": users}, "JWT_SECRET_KEY"},
		"short":                  {map[string]string{"JWT_SECRET_KEY": short, "USERS": users}, "5 bytes"},
		"zero":                   {map[string]string{"JWT_SECRET_KEY": zero, "USERS": users}, "flama"},
		"sample by another word": {map[string]string{"INSECURE_SAMPLE_KEY": "true"}, "JWT_SECRET_KEY"},
		"no users":               {map[string]string{"JWT_SECRET_KEY": strong}, "USERS"},
		"no such file":           {map[string]string{"JWT_SECRET_KEY": strong, "USERS": filepath.Join(folder, "x")}, "USERS"},
		"users of another shape": {map[string]string{"JWT_SECRET_KEY": strong, "USERS": bad}, "USERS"},
		"no flowers":             {map[string]string{"JWT_SECRET_KEY": strong, "USERS": users, "FLOWERS": folder}, "iris.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := settings(func(name string) string { return c.env[name] })
			if err == nil {
				_, err = newApp(s)
			}
			if got := fmt.Sprint(err); (err == nil) != (c.want == "") || !strings.Contains(got, c.want) && err != nil {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if key := c.env["JWT_SECRET_KEY"]; err != nil && key != "" && strings.Contains(err.Error(), key) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

// What the document says is what the guard does, as the adapter makes one of the other; here it says it rightly.
func TestDocument(t *testing.T) {
	h := app(t, sample(t))
	var doc struct {
		Info  map[string]string
		Paths map[string]map[string]struct {
			Security  []map[string][]string
			Responses map[string]any
		}
		Components struct{ SecuritySchemes map[string]map[string]string }
	}
	if err := json.Unmarshal(ask(h, "GET", "/openapi.json", "", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if got := doc.Info; got["title"] != "JWT protected API" || got["version"] != "1.0.0" || got["description"] != "JWT Authentication with Flama ?" {
		t.Errorf("info: got %v", got)
	}
	if got := doc.Components.SecuritySchemes["bearer"]; got["type"] != "http" || got["scheme"] != "bearer" {
		t.Errorf("scheme bearer: got %v", got)
	}
	for path, want := range map[string]string{
		"get /public/info/": "[]", "post /auth/": "[]", "get /private/info/": "[map[bearer:[my-permission-name]]]",
		"post /models/iris/predict/": "[map[bearer:[models:predict]]]", "post /models/iris/reload/": "[map[bearer:[models:write]]]",
	} {
		method, path, _ := strings.Cut(path, " ")
		op := doc.Paths[path][method]
		if got := fmt.Sprint(op.Security); got != want || op.Responses["422"] != nil {
			t.Errorf("%s %s: got %s and %v, want %s and no 422", method, path, got, op.Responses, want)
		}
	}
	if len(doc.Paths) != 5 {
		t.Errorf("got %d paths, want 5", len(doc.Paths))
	}
}

// The page runs under a policy without inline code, and all that it names is here.
func TestDocs(t *testing.T) {
	h := app(t, sample(t))
	page := ask(h, "GET", "/docs/", "", "")
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: got %q", policy)
	}
	for path, want := range map[string]string{"/docs/swagger-ui.css": ".swagger-ui", "/docs/swagger-ui-bundle.js": "SwaggerUIBundle", "/docs/docs.js": "/openapi.json"} {
		if !strings.Contains(page.Body.String(), path) {
			t.Errorf("the page does not name %s", path)
		}
		if w := ask(h, "GET", path, "", ""); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d, %d bytes, want 200 and %q", path, w.Code, w.Body.Len(), want)
		}
	}
	for _, path := range []string{"/docs/index.css", "/docs/swagger-ui.js", "/docs/x", "/public/info/x"} {
		if w := ask(h, "GET", path, "", ""); w.Code != 404 {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
}

// Nothing that strangers send is a failure of ours.
func FuzzRoutes(f *testing.F) {
	h := app(f, sample(f))
	tokens := []string{"", signedInAs(f, h, guide), signedInAs(f, h, trainer), guideToken, flamaToken}
	for i, body := range []string{
		"", "{", "null", "[]", `{"id":"` + guide + `","password":"string"}`, `{"id":"` + guide + `","password":1e999}`, `{"id":"` + guide + `"}`,
		`{"input":[[5.1,3.5,1.4,0.2]]}`, `{"input":[[5.1,3.5,1.4],[1,1,1,"x"],null,{}]}`, `{"input":` + strings.Repeat("[", 20000), "\xff\xfe", `"\ud800"`,
	} {
		for _, path := range []string{"/public/info/", "/private/info/", "/auth/", "/models/iris/predict/", "/models/iris/reload/", "/docs/", "/openapi.json", "/x"} {
			f.Add([]string{"GET", "POST", "OPTIONS"}[i%3], path, "Bearer x.y.z", "access_token=x", "application/json", body, byte(i))
		}
	}
	f.Add("GET", "/%2e%2e//docs/..", "Bearer", ";=,", "text/plain", "", byte(0))
	f.Add("BREW", "/auth/?x=%zz", "Basic \x00", "access_token", "application/cbor; q", "x", byte(1))
	f.Fuzz(func(t *testing.T, method, path, authorization, cookie, kind, body string, who byte) {
		r, err := http.NewRequest(method, "http://example.com", strings.NewReader(body))
		if err != nil {
			return // no method
		}
		if r.URL, err = r.URL.Parse(path); err != nil || !strings.HasPrefix(r.URL.Path, "/") {
			return // no server would read it so
		}
		r.RequestURI = r.URL.RequestURI()
		r.Header = http.Header{"Authorization": {authorization}, "Cookie": {cookie}, "Content-Type": {kind}}
		if token := tokens[int(who)%len(tokens)]; token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("%s %s: got %d %s", method, path, w.Code, w.Body)
		}
		if text, _ := io.ReadAll(w.Body); strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && !json.Valid(text) {
			t.Errorf("%s %s: got %d %q, which is no JSON", method, path, w.Code, text)
		}
	})
}
