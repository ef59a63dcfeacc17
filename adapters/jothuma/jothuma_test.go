package jothuma_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jothuma"
	"github.com/jotgate/jotgate/jotgatetest"
	"github.com/jotgate/jotgate/jwt"
)

// input takes whatever body there is, also none, which RawBody does not.
type input struct{ body []byte }

func (in *input) Resolve(ctx huma.Context) []error {
	var err error
	if in.body, err = io.ReadAll(ctx.BodyReader()); err != nil {
		return []error{err}
	}
	return nil
}

type output struct{ Body []byte }

func TestAdapter(t *testing.T) {
	jotgatetest.Adapter(t, func(tb testing.TB, r jotgatetest.Route) string {
		mux := http.NewServeMux()
		api := humago.New(mux, huma.DefaultConfig("Test", "1"))
		jothuma.Use(api, r.Guard, "bearer")
		for _, method := range jotgatetest.Methods() {
			op := huma.Operation{Method: method, Path: r.Path}
			jothuma.Need(r.Rule)(&op)
			huma.Register(api, op, func(ctx context.Context, in *input) (*output, error) {
				id, _ := jotgate.From(ctx) // the only context that Huma has
				return &output{[]byte(r.Handle(ctx, id, in.body))}, nil
			})
		}
		server := httptest.NewServer(mux)
		tb.Cleanup(server.Close)
		return server.URL
	})
}

type securities = []map[string][]string

// who answers with the subject.
func who(ctx context.Context, _ *struct{}) (*output, error) {
	id, _ := jotgate.From(ctx)
	return &output{[]byte(id.Subject())}, nil
}

// status asks one operation of an API that is guarded.
func status(t *testing.T, guard *jotgate.Guard, op huma.Operation, all securities, token string) int {
	t.Helper()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Test", "1")
	config.Security = all
	api := humago.New(mux, config)
	jothuma.Use(api, guard, "key")
	op.Method, op.Path = http.MethodGet, "/x"
	huma.Register(api, op, who)
	r := httptest.NewRequest(http.MethodGet, "/x", nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Code
}

func TestSecurityIsTheRule(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	guard := issuer.Guard()
	may := func(permissions ...string) string {
		return issuer.Token(jotgatetest.Valid, func(c *jwt.Claims) { c.Permissions = permissions })
	}
	bad := issuer.Token(jotgatetest.Expired)
	both, either := securities{{"key": {"a:b", "c:d"}}}, securities{{"key": {"a:b"}}, {"key": {"c:d"}}}
	for name, c := range map[string]struct {
		of, all securities
		token   string
		want    int
	}{
		"public":                             {of: securities{}, want: 200},
		"public, although the document not":  {of: securities{}, all: both, want: 200},
		"nobody alone":                       {of: securities{{}}, token: bad, want: 200},
		"authenticated, nobody":              {of: securities{{"key": {}}}, want: 401},
		"authenticated, somebody":            {of: securities{{"key": {}}}, token: may(), want: 200},
		"two scopes, one had":                {of: both, token: may("a:b"), want: 403},
		"two scopes, both had":               {of: both, token: may("a:b", "c:d"), want: 200},
		"one of two, neither had":            {of: either, token: may("e:f"), want: 403},
		"one of two, the second had":         {of: either, token: may("c:d"), want: 200},
		"optional, nobody":                   {of: securities{{"key": {}}, {}}, want: 200},
		"optional, a bad token":              {of: securities{{"key": {}}, {}}, token: bad, want: 401},
		"optional, a poor token":             {of: securities{{"key": {"a:b"}}, {}}, token: may(), want: 403},
		"inherited from the document":        {all: both, token: may("a:b"), want: 403},
		"inherited from the document, grant": {all: both, token: may("a:b", "c:d"), want: 200},
	} {
		t.Run(name, func(t *testing.T) {
			if got := status(t, guard, huma.Operation{Security: c.of}, c.all, c.token); got != c.want {
				t.Errorf("status: want %d, got %d", c.want, got)
			}
		})
	}
}

func TestOperationsThatSayNothing(t *testing.T) {
	issuer := jotgatetest.New(t, jotgatetest.Options{})
	guard, good := issuer.Guard(), issuer.Token(jotgatetest.Valid)
	for name, list := range map[string]securities{
		"nothing":                    nil,
		"another scheme":             {{"kee": {}}},
		"another scheme beside ours": {{"key": {}, "other": {}}},
		"another scheme or ours":     {{"key": {}}, {"other": {}}},
		"several of one alternative": {{"key": {"a:b", "c:d"}}, {"key": {"e:f"}}},
		"no permission":              {{"key": {"a:re*"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := status(t, guard, huma.Operation{Security: list, Hidden: true}, nil, good); got != 503 {
				t.Errorf("hidden from the document: want 503, got %d", got)
			}
			wantPanic(t, func() { status(t, guard, huma.Operation{Security: list}, nil, good) })
		})
	}
	t.Run("before Use", func(t *testing.T) {
		api := humago.New(http.NewServeMux(), huma.DefaultConfig("Test", "1"))
		huma.Get(api, "/x", who)
		wantPanic(t, func() { jothuma.Use(api, guard, "key") })
	})
	t.Run("a rule that cannot be meant", func(t *testing.T) { wantPanic(t, func() { jothuma.Require("a:re*") }) })
}

func wantPanic(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("want a panic, got none")
		}
	}()
	f()
}

func TestDocument(t *testing.T) {
	api := humago.New(http.NewServeMux(), huma.DefaultConfig("Test", "1"))
	jothuma.Use(api, jotgatetest.New(t, jotgatetest.Options{}).Guard(), "key")
	group := huma.NewGroup(api, "/v1", "/v2") // its operations are copies
	for path, rule := range map[string]jotgate.Rule{
		"/any":      {Permissions: []string{"a:a"}, AnyPermission: []string{"b:b", "c:c"}},
		"/owner":    {Owner: "id", OwnerOr: "users:read"},
		"/optional": {Optional: jotgate.OptionalLenient},
	} {
		huma.Get(group, path, who, jothuma.Need(rule))
	}
	for path, want := range map[string]string{
		"/any": `[{"key":["a:a","b:b"]},{"key":["a:a","c:c"]}]`, "/owner": `[{"key":[]}]`, "/optional": `[{"key":[]},{}]`,
	} {
		for _, version := range []string{"/v1", "/v2"} {
			got, err := json.Marshal(api.OpenAPI().Paths[version+path].Get.Security)
			if err != nil || string(got) != want {
				t.Errorf("Security of %s: want %s, got %s (%v)", version+path, want, got, err)
			}
		}
	}
	if s := api.OpenAPI().Components.SecuritySchemes["key"]; s == nil || s.Type != "http" || s.Scheme != "bearer" {
		t.Errorf("scheme key: want http bearer, got %+v", s)
	}
}

// A group's rule holds for its operations under every prefix.
func TestGroup(t *testing.T) {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Test", "1"))
	issuer := jotgatetest.New(t, jotgatetest.Options{Permissions: []string{"a:b"}})
	jothuma.Use(api, issuer.Guard(), "key")
	group := huma.NewGroup(api, "/v1", "/v2")
	group.UseSimpleModifier(jothuma.Require("a:b"))
	huma.Get(group, "/x", who)
	for _, path := range []string{"/v1/x", "/v2/x"} {
		for token, want := range map[string]int{
			"": 401, issuer.Token(jotgatetest.Valid): 200, issuer.Token(jotgatetest.Valid, func(c *jwt.Claims) { c.Permissions = nil }): 403,
		} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s: want %d, got %d %s", path, want, w.Code, w.Body)
			}
		}
	}
}

func Example() {
	key, err := jwt.NewKey(jwt.HS256, "", []byte("k7Jx-2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls0P")) // yours comes from the environment
	if err != nil {
		panic(err)
	}
	keys, err := jwt.NewKeySet(key)
	if err != nil {
		panic(err)
	}
	guard, err := jotgate.New(jotgate.Config{Issuer: "https://auth.example.com", Audience: "orders", Keys: keys})
	if err != nil {
		panic(err)
	}

	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("Orders", "1.0.0"))
	jothuma.Use(api, guard, "bearer")
	huma.Get(api, "/orders", func(ctx context.Context, _ *struct{}) (*output, error) {
		id, _ := jotgate.From(ctx)
		return &output{[]byte("orders of " + id.Subject())}, nil
	}, jothuma.Require("orders:read"))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders", nil))
	fmt.Println(api.OpenAPI().Paths["/orders"].Get.Security)
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// [map[bearer:[orders:read]]]
	// 401 {"title":"Unauthorized","status":401,"code":"token_missing","detail":"This route needs an access token: send Authorization: Bearer TOKEN."}
}
