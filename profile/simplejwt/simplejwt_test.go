package simplejwt_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/profile/simplejwt"
	"github.com/jotgate/jotgate/revocation"
)

const now = 1800000000

func settings(changes ...func(*simplejwt.Settings)) simplejwt.Settings {
	s := simplejwt.Settings{SigningKey: "secret", InsecureWeakKey: true, Now: func() time.Time { return time.Unix(now, 0) }}
	for _, f := range changes {
		f(&s)
	}
	return s
}

func at(seconds int64) func(*simplejwt.Settings) {
	return func(s *simplejwt.Settings) { s.Now = func() time.Time { return time.Unix(seconds, 0) } }
}

func guard(t *testing.T, s simplejwt.Settings, changes ...func(*jotgate.Config)) *jotgate.Guard {
	t.Helper()
	c, err := simplejwt.Config(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Logger = slog.New(slog.DiscardHandler)
	for _, f := range changes {
		f(&c)
	}
	g, err := jotgate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func issuer(t *testing.T, s simplejwt.Settings) *simplejwt.Issuer {
	t.Helper()
	i, err := simplejwt.NewIssuer(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func encode(t *testing.T, claims map[string]any) string {
	t.Helper()
	raw, err := issuer(t, settings()).Encode(claims)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// pair issues as log-in and the refresh view do: the access token an hour after the refresh token.
func pair(t *testing.T, s simplejwt.Settings, claims any) (refresh, access string) {
	t.Helper()
	refresh, err := issuer(t, s).Refresh("7", claims)
	if err != nil {
		t.Fatal(err)
	}
	at(now + 3600)(&s)
	id, err := guard(t, s).Check(t.Context(), refresh, jotgate.Rule{Kind: jotgate.KindRefresh})
	if err != nil {
		t.Fatal(err)
	}
	if access, err = issuer(t, s).Access(id); err != nil {
		t.Fatal(err)
	}
	return refresh, access
}

var hexID = regexp.MustCompile(`[0-9a-f]{32}`)

func payload(t *testing.T, raw string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return hexID.ReplaceAllString(string(b), "HEX")
}

func TestIssue(t *testing.T) {
	own := settings(func(s *simplejwt.Settings) {
		s.Audience, s.Issuer, s.UserIDClaim, s.TokenTypeClaim, s.RefreshTokenLifetime = []string{"a", "b"}, "me", "uid", "kind", 2*time.Hour
	})
	refresh, access := pair(t, settings(), map[string]any{"name": "é"})
	ownRefresh, ownAccess := pair(t, own, nil)
	for _, c := range []struct{ name, token, want string }{
		{"I02 refresh", refresh, `{"token_type":"refresh","exp":1800086400,"iat":1800000000,"jti":"HEX","user_id":"7","name":"\u00e9"}`},
		{"I17 I18 access", access, `{"token_type":"access","exp":1800003900,"iat":1800003600,"jti":"HEX","user_id":"7","name":"\u00e9"}`},
		{"R25 refresh, own settings", ownRefresh, `{"kind":"refresh","exp":1800007200,"iat":1800000000,"jti":"HEX","uid":"7","aud":["a","b"],"iss":"me"}`},
		{"R25 I17 access, own settings", ownAccess, `{"kind":"access","exp":1800003900,"iat":1800003600,"jti":"HEX","uid":"7","aud":["a","b"],"iss":"me"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := payload(t, c.token); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	i := issuer(t, settings())
	id, err := guard(t, settings(at(now+3600))).Check(t.Context(), encode(t, map[string]any{"token_type": "access", "exp": now + 7200, "jti": "x", "user_id": 7}), jotgate.Rule{})
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]jotgate.Identity{"nobody": {}, "an access token": id} {
		if raw, err := i.Access(id); !errors.Is(err, jwt.ErrType) || raw != "" {
			t.Errorf("Access of %s: got %q, %v, want ErrType", name, raw, err)
		}
	}
	for name, bad := range map[string]struct {
		user   string
		claims any
	}{"I05 no user": {"", nil}, "I10 claims are a text": {"7", "x"}} {
		t.Run(name, func(t *testing.T) {
			if raw, err := i.Refresh(bad.user, bad.claims); err == nil || raw != "" {
				t.Errorf("got %q, want an error", raw)
			}
		})
	}
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	id, _ := jotgate.From(r.Context())
	_, _ = io.WriteString(w, id.Subject())
})

func want(t *testing.T, name string, h http.Handler, r *http.Request, status int, body string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || w.Body.String() != body {
			t.Errorf("got %d %s, want %d %s", w.Code, w.Body, status, body)
		}
		challenge := ""
		if status == 401 {
			challenge = `Bearer realm="api"`
		}
		if got := w.Header().Get("WWW-Authenticate"); got != challenge {
			t.Errorf("got the challenge %q, want %q", got, challenge)
		}
	})
}

func get(authorization string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func invalid(message string) string {
	return `{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":[{"token_class":"AccessToken","token_type":"access","message":"` + message + `"}]}`
}

const notProvided = `{"detail":"Authentication credentials were not provided."}`

func TestAnswers(t *testing.T) {
	const badHeader = `{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}`
	refresh, access := pair(t, settings(), nil)
	g := guard(t, settings(at(now+3600)))
	claims := func(name string, value any) string {
		m := map[string]any{"token_type": "access", "exp": now + 9999, "jti": "x", "user_id": 7, "roles": []string{"admin"}}
		if m[name] = value; value == nil {
			delete(m, name)
		}
		return "Bearer " + encode(t, m)
	}
	for _, c := range []struct {
		name, header string
		rule         jotgate.Rule
		status       int
		body         string
	}{
		{"H01", "", jotgate.Rule{}, 401, notProvided},
		{"H02", "Basic x", jotgate.Rule{}, 401, notProvided},
		{"H11 exact case", "bearer " + access, jotgate.Rule{}, 401, notProvided},
		{"H03", "Bearer", jotgate.Rule{}, 401, badHeader},
		{"three words", "Bearer a b", jotgate.Rule{}, 401, badHeader},
		{"G01 access", "Bearer " + access, jotgate.Rule{}, 200, "7"},
		{"number", claims("x", 1), jotgate.Rule{}, 200, "7"},
		{"roles", claims("x", 1), jotgate.Rule{Roles: []string{"admin"}}, 200, "7"},
		{"G01 refresh", "Bearer " + refresh, jotgate.Rule{}, 401, invalid("Token has wrong type")},
		{"G10 sliding", claims("token_type", "sliding"), jotgate.Rule{}, 401, invalid("Token has wrong type")},
		{"G09 no type", claims("token_type", nil), jotgate.Rule{}, 401, invalid("Token has no type")},
		{"no id", claims("jti", nil), jotgate.Rule{}, 401, invalid("Token has no id")},
		{"no exp", claims("exp", nil), jotgate.Rule{}, 401, invalid("Token has no 'exp' claim")},
		{"no user", claims("user_id", nil), jotgate.Rule{}, 401, `{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}`},
		{"expired", claims("exp", now+3600), jotgate.Rule{}, 401, invalid("Token is expired")},
		{"C07", "Bearer aaaaa.bbbbb.ccccc", jotgate.Rule{}, 401, invalid("Token is invalid")},
		{"signature", "Bearer " + access[:len(access)-8] + "AAAAAAAA", jotgate.Rule{}, 401, invalid("Token is invalid")},
		{"forbidden", "Bearer " + access, jotgate.Rule{Roles: []string{"admin"}}, 403, `{"detail":"You do not have permission to perform this action."}`},
		{"G05 none", "", jotgate.Rule{Optional: jotgate.OptionalStrict}, 200, ""},
	} {
		want(t, c.name, g.Need(c.rule)(whoami), get(c.header), c.status, c.body)
	}
	own := guard(t, settings(at(now+3600), func(s *simplejwt.Settings) { s.AuthHeaderTypes = []string{"Bearer", "JWT"} })).Require()(whoami)
	want(t, "H09 second type", own, get("JWT "+access), 200, "7")
	want(t, "R17", guard(t, settings(at(now+3600), func(s *simplejwt.Settings) { s.Issuer = "me" })).Require()(whoami), get("Bearer "+access), 401, invalid("Token is invalid"))
	want(t, "R13", guard(t, settings(at(now+3600), func(s *simplejwt.Settings) { s.Audience = []string{"me"} })).Require()(whoami), get("Bearer "+access), 401, invalid("Token is invalid"))
}

func TestRefreshUsersRevocation(t *testing.T) {
	dead := revocation.NewSet()
	g := guard(t, settings(at(now+3600)), func(c *jotgate.Config) { c.Revocations = dead })
	refresh, access := pair(t, settings(), map[string]any{"jti": "r1"})
	again := g.Need(simplejwt.RefreshRule())(whoami)
	post := func(body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return r
	}
	want(t, "G02 refresh", again, post(`{"refresh":"`+refresh+`"}`), 200, "7")
	want(t, "G02 access", again, post(`{"refresh":"`+access+`"}`), 401, `{"detail":"Token has wrong type","code":"token_not_valid"}`)
	want(t, "C07", again, post(`{"refresh":"aaaaa.bbbbb.ccccc"}`), 401, `{"detail":"Token is invalid","code":"token_not_valid"}`)
	for body, fault := range map[string]string{
		"{}": "This field is required.", "": "This field is required.", "[]": "This field is required.", `{"refresh":""}`: "This field is required.",
		`{"refresh":7}`: "Not a valid string.", `{"refresh":"a","refresh":"b"}`: "Given twice.",
	} {
		want(t, "L05 "+body, again, post(body), 400, `{"refresh":["`+fault+`"]}`)
	}
	verify := g.Need(simplejwt.VerifyRule())(whoami)
	want(t, "V19 access", verify, post(`{"token":"`+access+`"}`), 200, "7")
	want(t, "V19 refresh", verify, post(`{"token":"`+refresh+`"}`), 200, "7")
	want(t, "V19 missing field", verify, post("{}"), 400, `{"token":["This field is required."]}`)
	late := guard(t, settings(at(now+86400))).Need(simplejwt.VerifyRule())(whoami)
	want(t, "V19 expired", late, post(`{"token":"`+refresh+`"}`), 401, `{"detail":"Token is expired","code":"token_not_valid"}`)
	dead.Add(revocation.Record{Kind: revocation.Token, Key: revocation.KeyOf(revocation.Token, "", "r1")})
	want(t, "V19 revoked", verify, post(`{"token":"`+refresh+`"}`), 401, `{"detail":"Token is blacklisted","code":"token_not_valid"}`)
	want(t, "V14", again, post(`{"refresh":"`+refresh+`"}`), 401, `{"detail":"Token is blacklisted","code":"token_not_valid"}`)
	users := jotgate.Users[int]{Guard: g, Load: func(context.Context, jotgate.Identity) (int, error) { return 0, jotgate.ErrNoUser }}
	want(t, "V17 no user", users.Need(jotgate.Rule{})(whoami), get("Bearer "+access), 401, `{"detail":"User not found","code":"user_not_found"}`)
	for _, c := range []struct {
		name    string
		refusal *jotgate.Refusal
		body    string
	}{
		{"V17 inactive", simplejwt.UserInactive(), `{"detail":"User is inactive","code":"user_inactive"}`},
		{"U13", simplejwt.PasswordChanged(), `{"detail":"The user's password has been changed.","code":"password_changed"}`},
		{"U11", simplejwt.NoActiveAccount(), `{"detail":"No active account found with the given credentials","code":"no_active_account"}`},
	} {
		rule := jotgate.Rule{Also: func(context.Context, jotgate.Identity) error { return c.refusal }}
		want(t, c.name, g.Need(rule)(whoami), get("Bearer "+access), 401, c.body)
	}
}

func TestSettings(t *testing.T) {
	for name, f := range map[string]func(*simplejwt.Settings){
		"K18 no key":  func(s *simplejwt.Settings) { s.SigningKey = "" },
		"weak secret": func(s *simplejwt.Settings) { s.InsecureWeakKey = false },
		"K19 no PEM":  func(s *simplejwt.Settings) { s.Algorithm = "RS256" },
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := simplejwt.Config(settings(f)); err == nil {
				t.Error("Config: want an error")
			}
			if i, err := simplejwt.NewIssuer(settings(f)); err == nil || i != nil {
				t.Error("NewIssuer: want an error")
			}
		})
	}
}
