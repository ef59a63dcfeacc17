package token_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/token"
)

var cookies jotgate.Cookies

// cookieGuard finds tokens in cookies at this location only. Refresh tokens are for the issuer itself.
func cookieGuard(tb testing.TB, i *token.Issuer, now *clock, audience string, place jotgate.Location) *jotgate.Guard {
	tb.Helper()
	return must(jotgate.New(jotgate.Config{
		Issuer: iss, Audience: audience, Keys: i.Keys(), Locations: []jotgate.Location{place}, Now: now.Now,
	}))(tb)
}

// posted is the status of a POST with the pair in cookies and this header, "" for none.
func posted(tb testing.TB, g *jotgate.Guard, kind jotgate.Kind, p token.Pair, csrf string) int {
	tb.Helper()
	jar := httptest.NewRecorder()
	must(0, cookies.SetAccess(jar, p.AccessToken, p.CSRF, time.Duration(p.ExpiresIn)*time.Second))(tb)
	must(0, cookies.SetRefresh(jar, p.RefreshToken, time.Duration(p.RefreshExpiresIn)*time.Second))(tb)
	r := httptest.NewRequest(http.MethodPost, "https://shop.example/", nil)
	for _, c := range jar.Result().Cookies() {
		r.AddCookie(c)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if csrf != "" {
		r.Header.Set("X-CSRF-Token", csrf)
	}
	w := httptest.NewRecorder()
	g.Need(jotgate.Rule{Kind: kind})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
	return w.Code
}

func TestCookies(t *testing.T) {
	for name, change := range map[string]func(*token.Config){
		"with a denylist":    nil,
		"without a denylist": func(c *token.Config) { c.Denylist = nil },
		"renewed": func(c *token.Config) {
			c.Renew = func(_ context.Context, g token.Grant) (token.Grant, error) {
				return token.Grant{Subject: g.Subject}, nil
			}
		},
	} {
		t.Run("Q02 Q07 "+name, func(t *testing.T) {
			i, now := issuer(t, change)
			api := cookieGuard(t, i, now, "shop", cookies.Location())
			again := cookieGuard(t, i, now, iss, cookies.RefreshLocation())
			p := must(i.Pair(ctx, token.Grant{Subject: "u", CSRF: "proof"}))(t)
			for range 2 { // and after a refresh
				for csrf, want := range map[string]int{"proof": 200, "other": 403, "": 403} {
					if got := posted(t, api, jotgate.KindAccess, p, csrf); got != want {
						t.Errorf("access token with the header %q: got %d, want %d", csrf, got, want)
					}
					if got := posted(t, again, jotgate.KindRefresh, p, csrf); got != want {
						t.Errorf("refresh token with the header %q: got %d, want %d", csrf, got, want)
					}
				}
				now.pass(time.Minute)
				p = refreshed(t, i, p.RefreshToken)
			}
			if p.CSRF != "proof" {
				t.Errorf("got the CSRF token %q after two refreshes, want it as it was", p.CSRF)
			}
		})
	}
	t.Run("Q13 without a CSRF token no cookie carries the token", func(t *testing.T) {
		i, now := issuer(t, nil)
		p := must(i.Pair(ctx, token.Grant{Subject: "u"}))(t)
		if got := posted(t, cookieGuard(t, i, now, "shop", cookies.Location()), jotgate.KindAccess, p, "proof"); got != 403 || p.CSRF != "" {
			t.Errorf("got %d and the CSRF token %q, want 403 and none", got, p.CSRF)
		}
	})
}
