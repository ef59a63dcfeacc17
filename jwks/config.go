package jwks

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Bounds that no setting moves (RFC 8725 leaves them to the application).
const (
	minTTL       = 10 * time.Second // more than a fetch may take, so that refreshing always comes in time
	minCooldown  = 30 * time.Second
	maxTimeout   = 5 * time.Second
	maxBody      = 1 << 20
	maxHeader    = 64 << 10
	maxRedirects = 5
)

// Config is what New makes a Source from.
type Config struct {
	// URL of the JWK Set. Required. https; plain http only to localhost or a loopback address, or where Issuer is an http
	// URL of the same host and port.
	URL string
	// Issuer is the iss that these keys are for. Required.
	Issuer string

	// DefaultTTL is how long a set is fresh that does not say so, within the bounds. 0: 5 minutes.
	DefaultTTL time.Duration
	// MinTTL and MaxTTL bound what Cache-Control says. 0: 1 minute and 1 hour; at
	// least 10 seconds. MaxTTL is also how long a key lives on that
	// its issuer has taken away.
	MinTTL, MaxTTL time.Duration
	// MaxStale is how old a set may get that cannot be refreshed. 0: 6 hours, or MaxTTL if that is more.
	MaxStale time.Duration
	// Cooldown is the time between two fetches for the sake of unknown kids. 0: 30 seconds, which is also the least.
	Cooldown time.Duration
	// Timeout bounds one fetch from dialling to the last byte. 0: 5 seconds, which is also the most.
	Timeout time.Duration

	// Header is sent with each request.
	Header http.Header
	// TLS is for private roots and client certificates. Nil: the system's roots.
	TLS *tls.Config
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Random returns numbers in [0, 1) that spread refreshes. Nil: math/rand/v2.
	Random func() float64
	// Logger hears of sets that cannot be had. Nil: slog.Default.
	Logger *slog.Logger

	// InsecureAnyAddress permits connections to addresses that are not public, for issuers on a private network: whoever
	// controls the URL's name or its DNS can then make this program call your internal services.
	InsecureAnyAddress bool
	// Transport replaces ours, and with it TLS, the refusal of proxies and the check of resolved addresses, so it needs
	// InsecureAnyAddress. Nil: ours.
	Transport http.RoundTripper
}

// complete fills in the defaults and returns the parsed URL.
func (c Config) complete() (Config, *url.URL, error) {
	c = c.withDefaults()
	target, err := c.target()
	faults := append([]error{err}, c.durations()...)
	if c.Issuer == "" {
		faults = append(faults, errors.New("Issuer: empty; set it to the iss of the tokens"))
	}
	if c.Transport != nil && !c.InsecureAnyAddress {
		faults = append(faults, errors.New("Transport: brings its own dialler, which nothing checks; set InsecureAnyAddress too"))
	}
	return c, target, errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, zero time.Duration) {
		if *d == 0 {
			*d = zero
		}
	}
	or(&c.MinTTL, time.Minute)
	or(&c.MaxTTL, max(time.Hour, c.MinTTL))
	or(&c.DefaultTTL, 5*time.Minute)
	or(&c.MaxStale, max(6*time.Hour, c.MaxTTL))
	or(&c.Cooldown, minCooldown)
	or(&c.Timeout, maxTimeout)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Header = c.Header.Clone()
	return c
}

func (c Config) durations() (faults []error) {
	for _, f := range []struct {
		name     string
		got      time.Duration
		min, max time.Duration
	}{
		{"MinTTL", c.MinTTL, minTTL, c.MaxTTL},
		{"MaxTTL", c.MaxTTL, minTTL, c.MaxStale},
		{"DefaultTTL", c.DefaultTTL, minTTL, 1<<63 - 1},
		{"Cooldown", c.Cooldown, minCooldown, 1<<63 - 1},
		{"Timeout", c.Timeout, time.Nanosecond, maxTimeout},
	} {
		if f.got < f.min {
			faults = append(faults, fmt.Errorf("%s: want at least %v, got %v", f.name, f.min, f.got))
		} else if f.got > f.max {
			faults = append(faults, fmt.Errorf("%s: want at most %v, got %v", f.name, f.max, f.got))
		}
	}
	return faults
}

// target checks the URL. Errors quote no more of it than scheme and host: the rest may hold a secret.
func (c Config) target() (*url.URL, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("URL: want an absolute https URL of a JWK Set")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("URL: want no user name and no fragment; credentials belong in Header")
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !c.isOwnOrigin(u):
		return nil, fmt.Errorf("URL: plain http to %q: want https; whoever is on the way could put in his own keys", u.Host)
	}
	return u, nil
}

// isOwnOrigin tells whether u is where the issuer itself is, as its own name says.
func (c Config) isOwnOrigin(u *url.URL) bool {
	iss, err := url.Parse(c.Issuer)
	return err == nil && iss.Scheme == u.Scheme && iss.Host == u.Host
}

// isLoopback judges what a URL says, not what a name resolves to.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}
