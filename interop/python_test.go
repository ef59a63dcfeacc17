package interop_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/profile/fastapijwtauth"
	"github.com/jotgate/jotgate/profile/flaskjwt"
	"github.com/jotgate/jotgate/profile/flaskjwtextended"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

// python is Debian's, for which there is the package python3-jwt. Another one may come first in PATH.
const python = "/usr/bin/python3"

// pyjwt signs and verifies as the libraries do whose profiles we have: all of them stand on PyJWT.
const pyjwt = `
import json, sys, jwt
ask = json.load(sys.stdin)
if "claims" in ask:
    answer = {"token": jwt.encode(ask["claims"], ask["key"], algorithm="HS256")}
else:
    try:
        answer = {"claims": jwt.decode(ask["token"], ask["key"], algorithms=["HS256"], options={"require": ask["require"]})}
    except jwt.PyJWTError as e:
        answer = {"error": str(e)}
json.dump(answer, sys.stdout)
`

type pyQuestion struct {
	Claims  map[string]any `json:"claims,omitempty"` // to be signed
	Token   string         `json:"token,omitempty"`  // to be verified
	Require []string       `json:"require"`
	Key     string         `json:"key"`
}

type pyReply struct {
	Token  string
	Claims map[string]any
	Error  string
}

func askPyJWT(t *testing.T, q pyQuestion) (r pyReply) {
	t.Helper()
	in, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", pyjwt)
	cmd.Stdin = strings.NewReader(string(in))
	said := new(strings.Builder)
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, said)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("python: %v in %q", err, out)
	}
	return r
}

// A dialect is a profile, and what its library puts into a token.
type dialect struct {
	claims  func(now time.Time) map[string]any
	subject string
	scheme  string
	rule    jotgate.Rule
	expired string // the answer
	guard   func(secret string) (jotgate.Config, error)
	issue   func(secret string, at time.Time) (string, error)
}

const oldSecret, otherSecret = "Tn8Vb1Yc6Hd3Gf5LsP0k7Jx-2mQw9Zr4", "9Zr4Tn8Vb1Yc6Hd3Gf5Ls0Pk7Jx2mQw-"

var dialects = map[string]dialect{
	"Flask-JWT": {
		claims: func(now time.Time) map[string]any {
			return map[string]any{"exp": now.Unix() + 300, "iat": now.Unix(), "nbf": now.Unix(), "identity": 1}
		},
		subject: "1", scheme: "JWT", expired: `{"description":"Signature has expired","error":"Invalid token","status_code":401}`,
		guard: func(secret string) (jotgate.Config, error) {
			return flaskjwt.Config(flaskjwt.Settings{SecretKey: secret})
		},
		issue: func(secret string, at time.Time) (string, error) {
			i, err := flaskjwt.NewIssuer(flaskjwt.Settings{SecretKey: secret, Now: func() time.Time { return at }})
			if err != nil {
				return "", err
			}
			return i.Issue(1)
		},
	},
	"fastapi-jwt-auth":         fastapi("access", jotgate.Rule{}),
	"fastapi-jwt-auth refresh": fastapi("refresh", fastapijwtauth.RefreshRule(fastapijwtauth.Settings{})),
	"Flask-JWT-Extended": {
		claims: func(now time.Time) map[string]any {
			return map[string]any{"fresh": false, "iat": now.Unix(), "jti": "5f1f0c2e-7d0c-4c52-9d5a-1b6b6c1f3a55", "type": "access", "sub": "joe",
				"nbf": now.Unix(), "csrf": "b0a3f9f6-52a0-4b53-8d5c-5a9b6a3fd1f0", "exp": now.Unix() + 900}
		},
		subject: "joe", scheme: "Bearer", expired: `{"msg":"Token has expired"}`,
		guard: func(secret string) (jotgate.Config, error) {
			return flaskjwtextended.Config(flaskjwtextended.Settings{SecretKey: secret})
		},
		issue: func(secret string, at time.Time) (string, error) {
			i, err := flaskjwtextended.NewIssuer(flaskjwtextended.Settings{SecretKey: secret, Now: func() time.Time { return at }})
			if err != nil {
				return "", err
			}
			return i.Access(flaskjwtextended.Token{Identity: "joe"})
		},
	},
	"a guard made by hand": {
		claims: func(now time.Time) map[string]any {
			return map[string]any{"username": "joe", "email": "joe@example.com", "roles": []any{"user"}, "exp": float64(now.Unix()) + 3600.25}
		},
		subject: "joe@example.com", scheme: "Bearer", rule: jotgate.Rule{Roles: []string{"user"}},
		expired: `{"message":"Invalid access token: Signature has expired","status":401}`,
		guard: func(secret string) (jotgate.Config, error) {
			return pyjwtguard.Config(pyjwtguard.Settings{SecretKey: secret})
		},
		issue: func(secret string, at time.Time) (string, error) {
			i, err := pyjwtguard.NewIssuer(pyjwtguard.Settings{SecretKey: secret, Now: func() time.Time { return at }})
			if err != nil {
				return "", err
			}
			return i.Issue(map[string]any{"username": "joe", "email": "joe@example.com", "roles": []string{"user"}}, time.Hour)
		},
	},
}

func fastapi(kind string, rule jotgate.Rule) dialect {
	return dialect{
		claims: func(now time.Time) map[string]any {
			c := map[string]any{"sub": "joevu", "iat": now.Unix(), "nbf": now.Unix(), "jti": "9a11d817-c4fd-4466-9c38-db1490e50841",
				"exp": now.Unix() + 900, "type": kind}
			if kind == "access" {
				c["fresh"] = false
			}
			return c
		},
		subject: "joevu", scheme: "Bearer", rule: rule, expired: `{"detail":"Signature has expired"}`,
		guard: func(secret string) (jotgate.Config, error) {
			return fastapijwtauth.Config(fastapijwtauth.Settings{SecretKey: secret})
		},
		issue: func(secret string, at time.Time) (string, error) {
			i, err := fastapijwtauth.NewIssuer(fastapijwtauth.Settings{SecretKey: secret, Now: func() time.Time { return at }})
			if err != nil {
				return "", err
			}
			if kind == "refresh" {
				return i.Refresh(fastapijwtauth.Token{Subject: "joevu"})
			}
			return i.Access(fastapijwtauth.Token{Subject: "joevu"})
		},
	}
}

// Who moves over serves with both programs for a while: what PyJWT signed passes our guard, and what we sign, PyJWT takes
// for what its library would have made. With another secret, and when it has expired, neither does.
func TestMovingOver(t *testing.T) {
	if out, err := exec.Command(python, "-c", "import jwt").CombinedOutput(); err != nil {
		t.Skipf("skipped: install python3-jwt: %s", out)
	}
	for name, d := range dialects {
		t.Run(name+", from there to here", func(t *testing.T) { d.here(t) })
		t.Run(name+", from here to there", func(t *testing.T) { d.there(t) })
	}
}

func (d dialect) here(t *testing.T) {
	h := d.app(t)
	now := time.Now()
	sign := func(secret string, at time.Time) string {
		return askPyJWT(t, pyQuestion{Claims: d.claims(at), Key: secret}).Token
	}
	if status, body := d.ask(h, sign(oldSecret, now)); status != 200 || body != d.subject {
		t.Errorf("a good token: got %d %s, want 200 %s", status, body, d.subject)
	}
	if status, body := d.ask(h, sign(oldSecret, now.Add(-2*time.Hour))); body != d.expired {
		t.Errorf("an expired token: got %d %s, want %s", status, body, d.expired)
	}
	if status, body := d.ask(h, sign(otherSecret, now)); status < 400 || !strings.Contains(body, "Signature verification failed") {
		t.Errorf("another secret: got %d %s, want a refusal", status, body)
	}
}

func (d dialect) there(t *testing.T) {
	now := time.Now()
	verify := func(secret string, at time.Time) pyReply {
		token, err := d.issue(oldSecret, at)
		if err != nil {
			t.Fatal(err)
		}
		return askPyJWT(t, pyQuestion{Token: token, Key: secret, Require: names(d.claims(at))})
	}
	got, want := verify(oldSecret, now), d.claims(now)
	if got.Error != "" || !slices.Equal(names(got.Claims), names(want)) {
		t.Errorf("a good token: got %v %s, want the claims of %v", got.Claims, got.Error, want)
	}
	for name, value := range want {
		switch name {
		case "exp", "iat", "nbf", "jti", "csrf": // change from token to token
		default:
			if g, w := jsonOf(t, got.Claims[name]), jsonOf(t, value); g != w {
				t.Errorf("%s: got %s, want %s", name, g, w)
			}
		}
	}
	if r := verify(oldSecret, now.Add(-40*24*time.Hour)); r.Error != "Signature has expired" {
		t.Errorf("an expired token: got %+v, want an error", r)
	}
	if r := verify(otherSecret, now); r.Error != "Signature verification failed" {
		t.Errorf("another secret: got %+v, want an error", r)
	}
}

// app answers who it is.
func (d dialect) app(t *testing.T) http.Handler {
	t.Helper()
	config, err := d.guard(oldSecret)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = slog.New(slog.DiscardHandler)
	guard, err := jotgate.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return guard.Need(d.rule)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, _ := jotgate.From(r.Context())
		_, _ = io.WriteString(w, id.Subject())
	}))
}

func (d dialect) ask(h http.Handler, token string) (status int, body string) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", d.scheme+" "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func names(claims map[string]any) (list []string) {
	for name := range claims {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
