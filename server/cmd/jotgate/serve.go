package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/jotgate/jotgate/server"
)

type serveCmd struct {
	settingFlags
}

func (c *serveCmd) Run(ctx context.Context, out io.Writer) error {
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := c.Resolve(l.Addr().String()); err != nil {
		return settingsError{err}
	}
	logger := newLogger(os.Stderr, c.LogLevel, c.LogFormat)
	if c.Wildcard() {
		logger.Warn("listening on every address, and clients elsewhere cannot reach "+c.PublicURL+": set public_url to the name they use", "listen", c.Listen)
	}
	s, err := server.Open(ctx, c.Settings, server.Options{Logger: logger})
	if err != nil {
		return err
	}
	if err := greet(out, s, l.Addr().String()); err != nil {
		return errors.Join(err, s.Close())
	}
	ending, drain := signals(ctx)
	return errors.Join(s.Serve(ending, l, drain), s.Close())
}

// listen says in one line which port is taken and which flag chooses another.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen %s: another program has this port; choose one with --listen, such as --listen 127.0.0.1:8080", addr)
	}
	if err != nil {
		return nil, settingsError{fmt.Errorf("listen %q: %w; want HOST:PORT, such as 127.0.0.1:8000", addr, err)}
	}
	return l, nil
}

// greet tells the newcomer where to go. It is no log: it carries the set-up code.
func greet(out io.Writer, s *server.Server, addr string) error {
	url := s.Settings().PublicURL
	_, err := fmt.Fprintf(out, "Jotgate %s listens on %s and is %s\n  try it       %s/docs\n", server.Version, addr, url, url)
	if code := s.SetupCode(); code != "" && err == nil {
		_, err = fmt.Fprintf(out, "  first admin  %s/setup  with the code %s\n", url, code)
	}
	return err
}

// drainTime is for load balancers to see that readiness said no. A person at a terminal does not wait for it.
const drainTime = 2 * time.Second

// signals ends the context at the first SIGINT or SIGTERM; a second one ends the process.
func signals(parent context.Context) (ctx context.Context, drain func() time.Duration) {
	ctx, cancel := context.WithCancel(parent)
	var asked atomic.Int64
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	go func() {
		if <-caught == syscall.SIGTERM {
			asked.Store(int64(drainTime))
		}
		cancel()
		<-caught
		_, _ = fmt.Fprintln(os.Stderr, "jotgate: second signal: leaving at once")
		os.Exit(1)
	}()
	return ctx, func() time.Duration { return time.Duration(asked.Load()) }
}

type configCmd struct {
	settingFlags
}

func (c *configCmd) Run(out io.Writer) error {
	if err := c.Resolve(""); err != nil {
		return settingsError{err}
	}
	return yaml.NewEncoder(out).Encode(settingsYAML(c.Redacted()))
}
