// Package server wires Jotgate's server: it decides nothing itself.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/api"
	"github.com/jotgate/jotgate/server/internal/keyring"
	"github.com/jotgate/jotgate/server/internal/limit"
	"github.com/jotgate/jotgate/server/internal/store"
)

// Version is the program's.
const Version = "0.1.0-dev"

// Server is one running server. Close it.
type Server struct {
	settings Settings
	logger   *slog.Logger
	store    store.Store
	dead     *revocation.Set
	api      *api.API
	handler  http.Handler
	code     string
	now      func() time.Time
	started  time.Time // by now
	opened   time.Time // the same moment, with a monotonic reading
	stop     context.CancelFunc
	sweeping sync.WaitGroup
}

// Options are what a server is given besides its settings. The zero value is right outside of tests.
type Options struct {
	Logger   *slog.Logger     // nil: slog.Default
	Now      func() time.Time // nil: time.Now
	Hash     password.Params  // zero: the default cost
	Patience time.Duration    // with a database that does not answer; zero: 900 ms
}

// Open makes what is missing (data folder, master key, database, signing key, set-up code) and returns a server that is
// ready to answer. The settings have been resolved.
func Open(ctx context.Context, settings Settings, o Options) (_ *Server, err error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Logger = api.LogRequests(o.Logger)
	s := &Server{settings: settings, logger: o.Logger, dead: revocation.NewSet(), now: o.Now, started: o.Now(), opened: time.Now()}
	defer func() {
		if err != nil {
			_ = s.Close() // err says more
		}
	}()
	if s.store, err = openStore(ctx, settings, o, s.dead.Add); err != nil {
		return nil, err
	}
	if err := s.store.Claim(ctx); err != nil {
		return nil, err
	}
	// All of them: a clock that is ahead at the start must not hide what is revoked. The sweep removes what is over.
	if err := s.store.Revocations(ctx, time.Time{}, func(r revocation.Record) { s.dead.Add(r) }); err != nil {
		return nil, fmt.Errorf("reading what is revoked: %w", err)
	}
	if err := s.checkDefaultRole(ctx); err != nil {
		return nil, err
	}
	if err := s.wire(ctx, o); err != nil {
		return nil, err
	}
	if err := s.openSetup(ctx); err != nil {
		return nil, err
	}
	s.sweep()
	return s, nil
}

// OpenStore opens the store of these settings for a deed from the command line, beside a running server or without one.
func OpenStore(ctx context.Context, settings Settings, o Options) (store.Store, error) {
	return openStore(ctx, settings, o, nil)
}

func (s *Server) wire(ctx context.Context, o Options) error {
	master, err := s.master(ctx)
	if err != nil {
		return err
	}
	ring, err := keyring.Open(ctx, keyring.Config{
		Keys: s.store, Master: master, Algorithm: s.settings.Algorithm, TokenLife: tokenLife(s.settings), Now: s.now,
	})
	if err != nil {
		return err
	}
	guard, err := jotgate.New(jotgate.Config{
		Issuer: s.settings.PublicURL, PreviousIssuers: s.settings.PreviousIssuers,
		Audience: s.settings.Audience, Audiences: s.settings.formerAudiences(),
		Locations: api.Locations(s.settings.cookies()),
		Keys:      ring, Revocations: s.dead, Leeway: leeway(s.settings.Leeway), Now: s.now, Logger: s.logger,
	})
	if err != nil {
		return err
	}
	accounts := newAccounts(s.settings, s.store, o)
	accounts.Ring, accounts.Refresh, accounts.CSRF = ring, master.Derive("refresh tokens"), master.Derive("csrf claims")
	proxies, err := s.settings.proxies()
	if err != nil {
		return err
	}
	s.api = &api.API{
		Issuer: s.settings.PublicURL, Audience: s.settings.Audience, Audiences: s.settings.Audiences, Version: Version,
		AllowedOrigins: s.settings.AllowedOrigins, TrustedProxies: proxies, Cookies: s.settings.cookies(),
		Accounts: accounts, Store: s.store, Ring: ring, Guard: guard, Logger: s.logger,
	}
	s.handler, err = s.api.Handler()
	return err
}

// checkDefaultRole stops a start after which nobody could sign up.
func (s *Server) checkDefaultRole(ctx context.Context) error {
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return fmt.Errorf("reading the roles: %w", err)
	}
	name := s.settings.DefaultRole
	if name == noRole || slices.ContainsFunc(roles, func(r store.Role) bool { return r.Name == name }) {
		return nil
	}
	return fmt.Errorf("default_role: %q: there is no such role; make it first, with POST /v1/roles", name)
}

// leeway says "none" the way the guard reads it.
func leeway(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// tokenLife is how long after its issue a token may still pass.
func tokenLife(s Settings) time.Duration { return s.AccessTTL + s.Leeway }

// newAccounts is the trips without the parts that sign: enough to make users.
func newAccounts(s Settings, st store.Store, o Options) *account.Service {
	defaultRole := s.DefaultRole
	if defaultRole == noRole {
		defaultRole = ""
	}
	cores := runtime.GOMAXPROCS(0)
	return &account.Service{
		Config: account.Config{
			Issuer: s.PublicURL, PreviousIssuers: s.PreviousIssuers, Audience: s.Audience, Audiences: s.Audiences,
			FormerAudiences: s.formerAudiences(),
			AccessTTL:       s.AccessTTL, IdleTTL: s.RefreshIdleTTL, AbsoluteTTL: s.RefreshAbsoluteTTL, Grace: s.RefreshGrace,
			Signup: s.Signup, DefaultRole: defaultRole, Limits: s.Limits == "on",
		},
		Store:    st,
		Hasher:   password.NewHasher(o.Hash, cores, 32*cores),
		Password: password.Policy{Min: s.PasswordMin, Words: []string{"jotgate"}},
		Limiter:  limit.New(limit.Options{Now: o.Now}),
		Now:      o.Now,
		Logger:   o.Logger,
	}
}

// Accounts returns the trips that need no key, for a deed from the command line.
func Accounts(s Settings, st store.Store, o Options) *account.Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return newAccounts(s, st, o)
}

// master makes the master key only for a database that has no keys yet: beside one that has, a new master key would
// open nothing.
func (s *Server) master(ctx context.Context) (keyring.Master, error) {
	keys, err := s.store.Keys(ctx)
	if err != nil {
		return keyring.Master{}, fmt.Errorf("reading the key ring: %w", err)
	}
	path := filepath.Join(s.settings.Data, "master.key")
	m, err := keyring.LoadMaster(path, len(keys) == 0)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%w: the database holds signing keys that only this file opens; restore it from your backup", err)
	}
	return m, err
}

// codeFile is where the set-up code lies besides the terminal.
func (s *Server) codeFile() string { return filepath.Join(s.settings.Data, "admin-code") }

func (s *Server) openSetup(ctx context.Context) error {
	code, done, err := s.api.Accounts.OpenSetup(ctx)
	if err != nil {
		return err
	}
	if err := os.Remove(s.codeFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the old set-up code: %w", err)
	}
	if done {
		return nil
	}
	s.code = code
	if err := os.WriteFile(s.codeFile(), []byte(code+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the set-up code: %w", err)
	}
	return nil
}

// SetupCode returns the code that makes the first admin, and "" when there has been one.
func (s *Server) SetupCode() string { return s.code }

// Handler serves the whole HTTP contract.
func (s *Server) Handler() http.Handler { return s.handler }

// Settings returns the settings as they are in force.
func (s *Server) Settings() Settings { return s.settings }

const (
	sweepEvery  = time.Minute
	keepSession = 30 * 24 * time.Hour // ended sessions stay that long for people to look at
	maxShutdown = 20 * time.Second
)

// sweep removes what is past use, in the background and in small batches, until Close.
func (s *Server) sweep() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.sweeping.Go(func() {
		tick := time.NewTicker(sweepEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				s.sweepOnce(ctx)
			}
		}
	})
}

// sweepTime is the clock, held back to the time that has really passed since the start: a clock that jumps ahead and is
// set right again must not have swept what is still needed.
func (s *Server) sweepTime() time.Time {
	now, elapsed := s.now(), s.started.Add(time.Since(s.opened))
	if now.Before(elapsed) {
		return now
	}
	return elapsed
}

func (s *Server) sweepOnce(ctx context.Context) {
	now := s.sweepTime()
	s.dead.Sweep(now)
	if done, err := s.store.SetupDone(ctx); done && err == nil {
		_ = os.Remove(s.codeFile()) // spent: nothing hangs on it any more
	}
	for {
		n, err := s.store.Sweep(ctx, now, keepSession)
		if err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "sweeping the store; it goes on in a minute", "err", err)
		}
		if n == 0 || err != nil {
			return
		}
	}
}

// Serve answers on l until ctx ends. Then readiness says no, drain passes for load balancers to see it, running requests
// finish within 20 seconds, and Serve returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener, drain func() time.Duration) error {
	h := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.api.Leave()
	time.Sleep(drain())
	end, cancel := context.WithTimeout(context.Background(), maxShutdown)
	defer cancel()
	if err := h.Shutdown(end); err != nil {
		return fmt.Errorf("shutting down: requests still ran after %v: %w", maxShutdown, err)
	}
	return nil
}

// Close ends background work and closes the store.
func (s *Server) Close() error {
	if s.stop != nil {
		s.stop()
		s.sweeping.Wait()
	}
	if s.store == nil {
		return nil
	}
	return s.store.Close()
}
