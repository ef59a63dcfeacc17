package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jotgate/jotgate/jwt"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Settings are what a server can be told. Each has one name in three spellings: --access-ttl, JOTGATE_ACCESS_TTL,
// access_ttl. The struct tags are read by the command line.
type Settings struct {
	Listen             string        `default:"127.0.0.1:8000" help:"Where to listen."`
	Data               string        `default:"jotgate-data" help:"Folder for the database, the master key and the set-up code."`
	Store              string        `placeholder:"URL" help:"postgres://user:password@host/database. Default: SQLite in the data folder."`
	PublicURL          string        `name:"public-url" placeholder:"URL" help:"Where clients reach the server: the iss of its tokens. Default: http:// and the listen address."`
	Audience           string        `placeholder:"NAME" help:"aud of access tokens. Default: the public URL."`
	Audiences          []string      `placeholder:"NAME" help:"Further audiences that a log-in may ask for as resource."`
	PreviousIssuers    []string      `placeholder:"URL" help:"Former public URLs whose tokens are still good."`
	Algorithm          string        `default:"ES256" help:"What access tokens are signed with: ${algorithms}."`
	AccessTTL          time.Duration `name:"access-ttl" default:"15m" help:"Life of an access token, at most 24h."`
	RefreshIdleTTL     time.Duration `name:"refresh-idle-ttl" default:"720h" help:"A session ends when it is not refreshed for so long."`
	RefreshAbsoluteTTL time.Duration `name:"refresh-absolute-ttl" default:"2160h" help:"A session ends after so long in any case."`
	RefreshGrace       time.Duration `default:"10s" help:"So long a refresh token gives the same successor again, at most 60s. 0s: a repeated refresh ends the session."`
	Leeway             time.Duration `default:"30s" help:"Clock skew to bear, at most 60s."`
	Signup             string        `default:"open" help:"Who may sign up: open, invite or closed."`
	DefaultRole        string        `default:"user" help:"Role of a new user; none: no role."`
	PasswordMin        int           `default:"15" help:"Shortest password, in characters, at least 8."`
	AllowedOrigins     []string      `placeholder:"ORIGIN" help:"Origins of web pages that may call the API, such as https://app.example.com."`
	Limits             string        `default:"on" help:"Rate limits: on, or off for tests."`
	TrustedProxies     []string      `placeholder:"CIDR" help:"Proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8."`
	LogLevel           string        `default:"info" help:"debug, info, warn or error."`
	LogFormat          string        `default:"text" help:"Form of the log on standard error: text or json."`
}

// noRole is how default_role is switched off.
const noRole = "none"

// Resolve fills in what depends on another setting and reports every setting that cannot be. bound is the address that
// was really listened on, which says the port for --listen with port 0; "" takes Listen.
func (s *Settings) Resolve(bound string) error {
	if bound == "" {
		bound = s.Listen
	}
	if s.PublicURL == "" {
		s.PublicURL = defaultURL(bound)
	}
	s.PublicURL = strings.TrimSuffix(s.PublicURL, "/")
	for i, u := range s.PreviousIssuers {
		s.PreviousIssuers[i] = strings.TrimSuffix(u, "/")
	}
	if s.Audience == "" {
		s.Audience = s.PublicURL
	}
	if s.Store == "" {
		s.Store = "sqlite:" + filepath.Join(s.Data, "jotgate.db")
	}
	return s.check()
}

// formerAudiences are the names that a defaulted audience had: those of the previous issuers.
func (s *Settings) formerAudiences() []string {
	if s.Audience != s.PublicURL {
		return nil
	}
	return s.PreviousIssuers
}

// Wildcard tells whether the server listens on every address of the machine while its public URL was made up from that.
func (s *Settings) Wildcard() bool {
	host, _, err := net.SplitHostPort(s.Listen)
	addr, aerr := netip.ParseAddr(host)
	return err == nil && (host == "" || aerr == nil && addr.IsUnspecified()) && strings.HasPrefix(s.PublicURL, "http://localhost:")
}

// cookies tells whether browsers keep Secure cookies of this server: from https, and from this machine.
func (s *Settings) cookies() bool {
	u, err := url.Parse(s.PublicURL)
	if err != nil {
		return false
	}
	addr, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || addr.IsLoopback() || u.Hostname() == "localhost"
}

// defaultURL names the machine localhost where the listener takes every address.
func defaultURL(bound string) string {
	host, port, err := net.SplitHostPort(bound)
	if err != nil {
		return "http://" + bound
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// check names each wrong setting, what is wrong with it, and what would be right.
func (s *Settings) check() error {
	var faults []error
	wrong := func(key string, value any, want string) {
		faults = append(faults, fmt.Errorf("%s: %v: %s", key, quoted(value), want))
	}
	between := func(key string, d, low, high time.Duration) {
		if d < low || d > high {
			wrong(key, d, fmt.Sprintf("want %v to %v", low, high))
		}
	}
	oneOf := func(key, value string, names ...string) {
		if !slices.Contains(names, value) {
			wrong(key, value, "want "+orList(names))
		}
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		wrong("listen", s.Listen, "want HOST:PORT, such as 127.0.0.1:8000")
	}
	if s.Data == "" {
		wrong("data", s.Data, "want a folder")
	}
	if !slices.ContainsFunc(storeSchemes, func(prefix string) bool { return strings.HasPrefix(s.Store, prefix) }) {
		wrong("store", redactURL(s.Store), "want postgres://… or sqlite:PATH")
	}
	if err := checkURL(s.PublicURL); err != nil {
		wrong("public_url", s.PublicURL, err.Error())
	}
	for _, u := range s.PreviousIssuers {
		if err := checkURL(u); err != nil {
			wrong("previous_issuers", u, err.Error())
		}
	}
	oneOf("algorithm", s.Algorithm, jwt.Algorithms()...)
	between("access_ttl", s.AccessTTL, time.Second, 24*time.Hour)
	between("refresh_idle_ttl", s.RefreshIdleTTL, time.Second, 10*365*24*time.Hour)
	between("refresh_absolute_ttl", s.RefreshAbsoluteTTL, time.Second, 10*365*24*time.Hour)
	between("refresh_grace", s.RefreshGrace, 0, time.Minute)
	between("leeway", s.Leeway, 0, time.Minute)
	if s.RefreshIdleTTL < s.AccessTTL {
		wrong("refresh_idle_ttl", s.RefreshIdleTTL, fmt.Sprintf("shorter than access_ttl (%v): sessions would end before their access tokens", s.AccessTTL))
	}
	if s.RefreshAbsoluteTTL < s.RefreshIdleTTL {
		wrong("refresh_absolute_ttl", s.RefreshAbsoluteTTL, fmt.Sprintf("shorter than refresh_idle_ttl (%v)", s.RefreshIdleTTL))
	}
	oneOf("signup", s.Signup, account.SignupOpen, account.SignupInvite, account.SignupClosed)
	if s.DefaultRole == store.RoleAdmin {
		wrong("default_role", s.DefaultRole, "everybody who signs up would be an admin; want another role, or none")
	}
	if s.PasswordMin < 8 || s.PasswordMin > 64 {
		wrong("password_min", s.PasswordMin, "want 8 to 64; the default is 15")
	}
	for _, o := range s.AllowedOrigins {
		if err := checkOrigin(o); err != nil {
			wrong("allowed_origins", o, err.Error())
		}
	}
	if _, err := s.proxies(); err != nil {
		faults = append(faults, err)
	}
	oneOf("limits", s.Limits, "on", "off")
	oneOf("log_level", s.LogLevel, "debug", "info", "warn", "error")
	oneOf("log_format", s.LogFormat, "text", "json")
	return errors.Join(faults...)
}

func quoted(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

func orList(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil {
		return errors.New("want an http or https URL without query, such as https://auth.example.com")
	}
	return nil
}

// defaultPort is what browsers leave out of an origin.
var defaultPort = map[string]string{"http": "80", "https": "443"}

func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || s != u.Scheme+"://"+u.Host || strings.Contains(s, "*") || defaultPort[u.Scheme] == u.Port() {
		return errors.New("want a whole origin, such as https://app.example.com, without path, wildcard or the scheme's own port")
	}
	return nil
}

func (s *Settings) proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range s.TrustedProxies {
		p, err := netip.ParsePrefix(text)
		if addr, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("trusted_proxies: %q: want an address or a network, such as 10.0.0.0/8", text)
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

// Redacted returns the settings without the secrets in them, for people to look at.
func (s Settings) Redacted() Settings {
	s.Store = redactURL(s.Store)
	return s
}

// storeSchemes are how the setting store begins.
var storeSchemes = []string{"sqlite:", "postgres://", "postgresql://"}

// plainParams are the parameters of a database URL that hold no secret.
var plainParams = []string{"sslmode", "host", "port", "dbname", "application_name", "connect_timeout", "statement_timeout", "lock_timeout", "search_path"}

// redactURL hides the password of a database URL and every parameter that is not known to be plain. What is no such URL
// is hidden whole.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Opaque != "" && u.Scheme != "sqlite" {
		return "…"
	}
	q := u.Query()
	for name := range q {
		if !slices.Contains(plainParams, name) {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}
