package server

import (
	"strings"
	"testing"
)

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"postgres://u:s3cret@h/db":                                        "postgres://u:xxxxx@h/db",
		"postgres://u@h/db?password=s3cret&sslpassword=abc":               "postgres://u@h/db?password=xxxxx&sslpassword=xxxxx",
		"postgres://u@h/db?sslmode=require&statement_timeout=5s&x=s3cret": "postgres://u@h/db?sslmode=require&statement_timeout=5s&x=xxxxx",
		"host=h password=s3cret":                                          "…",
		"sqlite:data/jotgate.db":                                          "sqlite:data/jotgate.db",
	} {
		if got := redactURL(in); got != want {
			t.Errorf("redactURL(%q): got %q, want %q", in, got, want)
		}
	}
}

// settings are the defaults, changed.
func settings(change func(*Settings)) *Settings {
	s := &Settings{
		Listen: "127.0.0.1:8000", Data: "d", Algorithm: "ES256", AccessTTL: 15 * 60e9, RefreshIdleTTL: 3600e9, RefreshAbsoluteTTL: 7200e9,
		Signup: "open", DefaultRole: "user", PasswordMin: 15, Limits: "on", LogLevel: "info", LogFormat: "text",
	}
	change(s)
	return s
}

func TestResolveNamesTheKey(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"previous issuer":    {func(s *Settings) { s.PreviousIssuers = []string{"ftp://x"} }, "previous_issuers: "},
		"empty query":        {func(s *Settings) { s.PublicURL = "https://a.example/p?" }, "public_url: "},
		"port of its own":    {func(s *Settings) { s.AllowedOrigins = []string{"https://a.example:443"} }, "allowed_origins: "},
		"everybody admin":    {func(s *Settings) { s.DefaultRole = "admin" }, "default_role: "},
		"sessions too short": {func(s *Settings) { s.RefreshIdleTTL = 60e9 }, "refresh_idle_ttl: "},
	} {
		if err := settings(tt.change).Resolve(""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, tt.want)
		}
	}
	if err := settings(func(*Settings) {}).Resolve(""); err != nil {
		t.Errorf("the defaults: got %v", err)
	}
}

func TestResolveTrimsIssuers(t *testing.T) {
	s := settings(func(s *Settings) {
		s.PublicURL, s.PreviousIssuers = "https://new.example/", []string{"https://old.example/"}
	})
	if err := s.Resolve(""); err != nil {
		t.Fatal(err)
	}
	if s.PublicURL != "https://new.example" || s.PreviousIssuers[0] != "https://old.example" {
		t.Errorf("got %q and %q, want no slash at the end", s.PublicURL, s.PreviousIssuers)
	}
}

func TestWildcard(t *testing.T) {
	for listen, want := range map[string]bool{"0.0.0.0:8000": true, ":8000": true, "[::]:8000": true, "127.0.0.1:8000": false} {
		s := settings(func(s *Settings) { s.Listen = listen })
		if err := s.Resolve(""); err != nil {
			t.Fatal(err)
		}
		if got := s.Wildcard(); got != want {
			t.Errorf("listen %s: got %v, want %v", listen, got, want)
		}
		s.PublicURL = "https://auth.example.com"
		if s.Wildcard() {
			t.Errorf("listen %s with a public URL of its own: want no warning", listen)
		}
	}
}
