package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jotgate/jotgate/revocation"
	"github.com/jotgate/jotgate/server/internal/store"
	"github.com/jotgate/jotgate/server/internal/store/sqlstore"
)

// openStore makes the data folder and opens the store that the settings name.
func openStore(ctx context.Context, s Settings, o Options, revoked func(...revocation.Record)) (store.Store, error) {
	if err := dataFolder(s.Data); err != nil {
		return nil, err
	}
	options := store.Options{Issuer: s.PublicURL, TokenLife: tokenLife(s), Now: o.Now, Patience: o.Patience}
	if revoked != nil {
		options.Revoked = func(r []revocation.Record) { revoked(r...) }
	}
	st, err := sqlstore.Open(ctx, s.Store, options)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return st, nil
}

// dataFolder makes the folder for its owner alone, and refuses one that others may write into: who can replace the
// master key can read everything.
func dataFolder(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("data: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("data: %q is a file; want a folder", dir)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("data: %q has mode %04o, so others may write into it; want 0700: chmod 700 %s", dir, mode, strings.TrimSpace(dir))
	}
	return nil
}
