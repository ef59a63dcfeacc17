// Command schedule answers which streams a day has, out of MongoDB, to users with a token in the dialect of Flask-JWT.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/labstack/echo/v5"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "schedule:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	s, err := loadSettings(".env")
	if err != nil {
		return err
	}
	log, err := openLog(s.LogConfig)
	if err != nil {
		return err
	}
	db, err := openDatabase(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Client().Disconnect(context.WithoutCancel(ctx))) }()
	if err := makeIndexes(ctx, db); err != nil {
		return err
	}
	if len(args) == 1 && args[0] == "seed" {
		return seed(ctx, db)
	}
	app, err := newApp(s, db, log)
	if err != nil {
		return err
	}
	return echo.StartConfig{Address: s.Addr, HideBanner: true}.Start(ctx, app)
}
