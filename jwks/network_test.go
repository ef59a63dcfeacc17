package jwks_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jotgate/jotgate/jwks"
)

// serveTLS publishes one key on a real port of loopback.
func serveTLS(t *testing.T, h http.HandlerFunc) (*httptest.Server, *tls.Config) {
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

// refresh fetches once with our own transport.
func refresh(t *testing.T, c jwks.Config) (*jwks.Source, error) {
	t.Helper()
	c.Issuer, c.Logger = iss, slog.New(slog.DiscardHandler)
	s := must(jwks.New(c))(t)
	t.Cleanup(func() { s.Close() })
	return s, s.Refresh(ctx)
}

func TestHeadersAndTLS(t *testing.T) {
	server, config := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "k1" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprint(w, set(t, "a"))
	})
	header := http.Header{"X-Api-Key": {"k1"}}
	t.Run("J11 headers and TLS settings reach the request", func(t *testing.T) {
		s, err := refresh(t, jwks.Config{URL: server.URL, TLS: config, Header: header})
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, s, "a", nil)
	})
	t.Run("J11 without the header", func(t *testing.T) {
		if _, err := refresh(t, jwks.Config{URL: server.URL, TLS: config}); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("got %v, want an error with the status", err)
		}
	})
	t.Run("J11 without the root", func(t *testing.T) {
		var unknown x509.UnknownAuthorityError
		if _, err := refresh(t, jwks.Config{URL: server.URL, Header: header}); !errors.As(err, &unknown) {
			t.Errorf("got %v, want an unknown authority", err)
		}
	})
	t.Run("J10 nobody listens", func(t *testing.T) {
		closed := httptest.NewServer(nil)
		closed.Close()
		s, err := refresh(t, jwks.Config{URL: closed.URL + "/?secret=hunter2"})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want an error without the query", err)
		}
		wantOutage(t, s, "a")
	})
}

func TestRedirects(t *testing.T) {
	var strangers atomic.Int64
	stranger, _ := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { strangers.Add(1); fmt.Fprint(w, set(t, "a")) })
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { strangers.Add(1); fmt.Fprint(w, set(t, "a")) }))
	t.Cleanup(plain.Close)
	var self *httptest.Server
	self, config := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/here": "/keys", "/loop": "/loop", "/away": stranger.URL, "/plain": plain.URL,
			"/downgrade": strings.Replace(self.URL, "https", "http", 1), "/via": "/away",
		}[r.URL.Path]
		if to == "" {
			fmt.Fprint(w, set(t, "a"))
			return
		}
		http.Redirect(w, r, to, http.StatusMovedPermanently)
	})
	t.Run("on the same host", func(t *testing.T) {
		s, err := refresh(t, jwks.Config{URL: self.URL + "/here", TLS: config})
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, s, "a", nil)
	})
	for path, want := range map[string]string{
		"/away":      "redirect to host",
		"/via":       "redirect to host",
		"/plain":     "redirect to host",
		"/downgrade": "redirect from https to plain http",
		"/loop":      "more than 5 redirects",
	} {
		t.Run("B16 301 "+path, func(t *testing.T) {
			if _, err := refresh(t, jwks.Config{URL: self.URL + path, TLS: config}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
	if got := strangers.Load(); got != 0 {
		t.Errorf("%d requests reached other hosts, want 0", got)
	}
}

func TestAddresses(t *testing.T) {
	server, config := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, set(t, "a")) })
	port := must(url.Parse(server.URL))(t).Port()
	for _, host := range []string{
		"LocalHost", // to us a name like any other, which only its resolution shows to be loopback
		"0.0.0.0", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
		"[::]", "[::ffff:10.0.0.1]", "[fe80::1]", "[fd00::1]", "[ff02::1]", "[2001:db8::1]", "[2002:a00:1::]", "[64:ff9b::10.0.0.1]",
	} {
		t.Run("KEY-4 "+host, func(t *testing.T) {
			_, err := refresh(t, jwks.Config{URL: "https://" + host + ":" + port, TLS: config})
			if err == nil || !strings.Contains(err.Error(), "is not public") {
				t.Errorf("got %v, want a refusal of the address", err)
			}
		})
	}
	for _, addr := range []string{"1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"} {
		t.Run("public "+addr, func(t *testing.T) {
			if !jwks.IsPublic(netip.MustParseAddr(addr)) {
				t.Error("got not public, want public")
			}
		})
	}
	t.Run("KEY-4 allowed by the option", func(t *testing.T) {
		s, err := refresh(t, jwks.Config{URL: "https://LocalHost:" + port, TLS: config, InsecureAnyAddress: true})
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, s, "a", nil)
	})
	t.Run("KEY-4 no proxy is asked", func(t *testing.T) {
		t.Setenv("HTTPS_PROXY", "http://192.0.2.1:1")
		t.Setenv("HTTP_PROXY", "http://192.0.2.1:1")
		if _, err := refresh(t, jwks.Config{URL: server.URL, TLS: config}); err != nil {
			t.Error(err)
		}
	})
}
