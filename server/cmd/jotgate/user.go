package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/jotgate/jotgate/server"
	"github.com/jotgate/jotgate/server/internal/account"
	"github.com/jotgate/jotgate/server/internal/store"
)

type userCmd struct {
	Create createUserCmd `cmd:"" help:"Make a user, beside a running server or without one."`
}

type createUserCmd struct {
	Name          string `arg:"" help:"User name, or e-mail address."`
	Admin         bool   `env:"-" help:"Give the user the role admin. Closes set-up for ever."`
	PasswordStdin bool   `env:"-" required:"" help:"Read the password from standard input: one line."`
	settingFlags
}

func (c *createUserCmd) Run(ctx context.Context, in io.Reader, out io.Writer) error {
	if err := c.Resolve(""); err != nil {
		return settingsError{err}
	}
	password, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the password: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, shortWait)
	defer cancel()
	o := server.Options{Logger: slog.New(slog.DiscardHandler), Patience: shortWait}
	st, err := server.OpenStore(ctx, c.Settings, o)
	if err != nil {
		return err
	}
	defer st.Close()
	accounts := server.Accounts(c.Settings, st, o)
	roles := accounts.DefaultRoles()
	if c.Admin {
		roles = []string{store.RoleAdmin}
	}
	u, err := accounts.CreateUser(ctx, "cli", c.registration(strings.TrimRight(password, "\r\n")), roles, account.Client{})
	if err != nil {
		return c.explain(err)
	}
	_, err = fmt.Fprintf(out, "made %s (%s)\n", c.Name, u.ID)
	return err
}

func (c *createUserCmd) registration(password string) account.Registration {
	if strings.Contains(c.Name, "@") {
		return account.Registration{Email: c.Name, Password: password}
	}
	return account.Registration{Username: c.Name, Password: password}
}

func (c *createUserCmd) explain(err error) error {
	switch {
	case errors.Is(err, store.ErrUsernameTaken), errors.Is(err, store.ErrEmailTaken):
		return fmt.Errorf("user %q exists already", c.Name)
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("default_role: %q: there is no such role", c.DefaultRole)
	}
	return err
}
