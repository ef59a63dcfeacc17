package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v5"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/jotgate/jotgate/examples/internal/readme"
	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/internal/mongotest"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

const secret = "k7Jx-2mQw9Zr4Tn8Vb1Yc6Hd3Gf5Ls0P"

// seeded returns a database of its own that holds what the tutorial's does.
func seeded(t testing.TB) (Settings, *mongo.Database) {
	t.Helper()
	url, name := mongotest.Start(t)
	s := Settings{JWTSecretKey: secret, MongoURL: url, Database: name, Now: time.Now}
	db, err := openDatabase(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := db.Drop(ctx); err != nil {
			t.Error(err)
		}
		if err := db.Client().Disconnect(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := makeIndexes(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time finds everything there
		if err := seed(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	return s, db
}

func app(t testing.TB, s Settings, db *mongo.Database, log io.Writer) *echo.Echo {
	t.Helper()
	e, err := newApp(s, db, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ask returns what the app answers, its status and a space before the body.
func ask(e http.Handler, method, path, token, body string) string {
	r, w := httptest.NewRequest(method, path, strings.NewReader(body)), httptest.NewRecorder()
	if token != "" {
		r.Header.Set("Authorization", "JWT "+token)
	}
	e.ServeHTTP(w, r)
	return strings.TrimSpace(http.StatusText(w.Code) + " " + w.Body.String())
}

func token(t testing.TB, s Settings, identity string) string {
	t.Helper()
	issuer, err := flaskjwt.NewIssuer(s.dialect())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := issuer.Issue(identity)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// T05: the program itself, as the README says it is started.
func TestTranscript(t *testing.T) {
	s, _ := seeded(t)
	before := s
	before.Now = func() time.Time { return time.Now().Add(-lifetime) }
	transcript.Run(t, transcript.Program{
		Env: []string{"JWT_SECRET_KEY=" + secret, "MONGODB_HOST=" + s.MongoURL, "MONGODB_DATABASE=" + s.Database, "LOG_CONFIG=config/console.json"},
		Values: map[string]string{
			"expired": token(t, before, "user01"),
			"gone":    token(t, s, "user99"),
		},
	})
}

func TestREADME(t *testing.T) {
	s, _ := seeded(t)
	readme.Run(t, "http://127.0.0.1:5000", "JWT_SECRET_KEY="+secret, "MONGODB_HOST="+s.MongoURL, "MONGODB_DATABASE="+s.Database, "LOG_CONFIG=config/console.json")
}

func TestApp(t *testing.T) {
	s, db := seeded(t)
	now := time.Unix(1607500000, 0)
	s.Now = func() time.Time { return now }
	var log strings.Builder
	e := app(t, s, db, &log)
	const login = `{"username":"user01","password":"password01"}`

	t.Run("the claims, in their order", func(t *testing.T) {
		// {"typ":"JWT","alg":"HS256"} and {"exp":1607500300,"iat":1607500000,"nbf":1607500000,"identity":"user01"}
		const want = `OK {"access_token":"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE2MDc1MDAzMDAsImlhdCI6MTYwNzUwMDAwMCwibmJmIjoxNjA3NTAwMDAwLCJpZGVudGl0eSI6InVzZXIwMSJ9.`
		if got := ask(e, "POST", "/auth", "", login); !strings.HasPrefix(got, want) {
			t.Errorf("got %s, want %s…", got, want)
		}
	})
	t.Run("T05 no leeway after 300 seconds", func(t *testing.T) {
		raw := token(t, s, "user01")
		defer func(before time.Time) { now = before }(now)
		now = now.Add(lifetime - time.Second)
		if got := ask(e, "GET", "/holodules/20201210", raw, ""); !strings.HasPrefix(got, `OK {"result":1,`) {
			t.Errorf("in the last second: got %s", got)
		}
		now = now.Add(time.Second)
		const want = `Unauthorized {"status_code":401,"error":"Invalid token","description":"Signature has expired"}`
		if got := ask(e, "GET", "/holodules/20201210", raw, ""); got != want {
			t.Errorf("after it: got %s, want %s", got, want)
		}
	})
	t.Run("E11 a panic is 500 and logged", func(t *testing.T) {
		e.GET("/panic", func(*echo.Context) error { panic("at the disco") })
		const want = `Internal Server Error {"error":"Internal Server Error"}`
		if got := ask(e, "GET", "/panic", "", ""); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !strings.Contains(log.String(), "at the disco") {
			t.Errorf("the log does not tell of the panic:\n%s", &log)
		}
	})
	t.Run("E11 an unknown route is 404 and logged", func(t *testing.T) {
		if got, want := ask(e, "GET", "/nowhere", "", ""), `Not Found {"error":"Not found"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !strings.Contains(log.String(), "path=/nowhere status=404") {
			t.Errorf("the log does not tell of /nowhere:\n%s", &log)
		}
	})
	for name, path := range map[string]string{
		"seven digits":             "/holodules/2020120",
		"nine digits":              "/holodules/202012091",
		"eight bytes, six letters": "/holodules/2020%C3%A9%C3%A9",
	} {
		t.Run("T05 "+name, func(t *testing.T) {
			if got, want := ask(e, "GET", path, token(t, s, "user01"), ""), `Bad Request {"error":"Internal Server Error"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	t.Run("a date is no regular expression", func(t *testing.T) {
		for _, date := range []string{"........", "2020120.", "(2)(0)20", "2020%00aaa", "%EF%BC%920201209"} {
			if got, want := ask(e, "GET", "/holodules/"+date, token(t, s, "user01"), ""), `Not Found {"error":"Not found"}`; got != want {
				t.Errorf("%s: got %s, want %s", date, got, want)
			}
		}
	})
	t.Run("neither tokens nor passwords are logged", func(t *testing.T) {
		ask(e, "POST", "/auth", "", login)
		if strings.Contains(log.String(), "eyJ") || strings.Contains(log.String(), "password01") {
			t.Errorf("the log holds a token or password:\n%s", &log)
		}
	})
}

// E11: a database that is down is no 401.
func TestOutage(t *testing.T) {
	s := Settings{JWTSecretKey: secret, MongoURL: "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", Database: "none", Now: time.Now}
	db, err := openDatabase(s)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Client().Disconnect(t.Context())
	if err := makeIndexes(t.Context(), db); err == nil {
		t.Error("makeIndexes: want an error, got none")
	}
	e := app(t, s, db, io.Discard)
	if got, want := ask(e, "POST", "/auth", "", `{"username":"a","password":"b"}`), `Service Unavailable {"error":"Service Unavailable"}`; got != want {
		t.Errorf("log-in: got %s, want %s", got, want)
	}
	if got, want := ask(e, "GET", "/holodules/20201209", token(t, s, "a"), ""), `Service Unavailable {"status_code":503,`; !strings.HasPrefix(got, want) {
		t.Errorf("schedule: got %s, want %s…", got, want)
	}
}
