package jwks_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/jwks"
)

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*jwks.Config)
		want   string // part of the error; "": none
	}{
		{"https", func(c *jwks.Config) {}, ""},
		{"http to loopback", func(c *jwks.Config) { c.URL = "http://127.0.0.1:8000/keys" }, ""},
		{"http to loopback, IPv6", func(c *jwks.Config) { c.URL = "http://[::1]:8000/keys" }, ""},
		{"http to localhost", func(c *jwks.Config) { c.URL = "http://localhost:8000/keys" }, ""},
		{"http to the issuer's own origin", func(c *jwks.Config) { c.Issuer, c.URL = "http://id.test:8000", "http://id.test:8000/keys" }, ""},
		{"http to another port of the issuer", func(c *jwks.Config) { c.Issuer, c.URL = "http://id.test:8000", "http://id.test/keys" }, "URL: plain http"},
		{"http to another host", func(c *jwks.Config) { c.URL = "http://id.example/keys" }, "URL: plain http"},
		{"http to a name that only looks like loopback", func(c *jwks.Config) { c.URL = "http://127.0.0.1.example/keys" }, "URL: plain http"},
		{"no URL", func(c *jwks.Config) { c.URL = "" }, "URL: want an absolute"},
		{"no host", func(c *jwks.Config) { c.URL = "https:///keys" }, "URL: want an absolute"},
		{"file", func(c *jwks.Config) { c.URL = "file:///etc/passwd" }, "URL: want an absolute"},
		{"user name", func(c *jwks.Config) { c.URL = "https://user:hunter2@id.example/keys" }, "URL: want no user name"},
		{"no issuer", func(c *jwks.Config) { c.Issuer = "" }, "Issuer: empty"},
		{"J11 lifespan below zero", func(c *jwks.Config) { c.DefaultTTL = -1 }, "DefaultTTL: want at least"},
		{"J11 shortest lifespan below zero", func(c *jwks.Config) { c.MinTTL = -time.Minute }, "MinTTL: want at least"},
		{"longest below shortest", func(c *jwks.Config) { c.MinTTL, c.MaxTTL = time.Hour, time.Minute }, "MinTTL: want at most 1m0s"},
		{"stale below fresh", func(c *jwks.Config) { c.MaxTTL, c.MaxStale = time.Hour, time.Minute }, "MaxTTL: want at most 1m0s"},
		{"cool-down below 30 s", func(c *jwks.Config) { c.Cooldown = 29 * time.Second }, "Cooldown: want at least 30s, got 29s"},
		{"timeout above 5 s", func(c *jwks.Config) { c.Timeout = 6 * time.Second }, "Timeout: want at most 5s, got 6s"},
		{"timeout below zero", func(c *jwks.Config) { c.Timeout = -1 }, "Timeout: want at least"},
		{"a transport whose addresses nobody checks", func(c *jwks.Config) { c.Transport = http.DefaultTransport }, "Transport: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := jwks.Config{URL: "https://id.example/keys", Issuer: iss}
			c.change(&config)
			s, err := jwks.New(config)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got error %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || s != nil):
				t.Errorf("got %v and error %v, want only an error with %q", s, err, c.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
	t.Run("every fault is named", func(t *testing.T) {
		_, err := jwks.New(jwks.Config{Cooldown: 1, Timeout: time.Hour})
		for _, name := range []string{"URL", "Issuer", "Cooldown", "Timeout"} {
			if err == nil || !strings.Contains(err.Error(), name+":") {
				t.Errorf("got error %v, want %s in it", err, name)
			}
		}
	})
}
