// Mlapi serves a machine-learning model to those who may ask it: the service of a guide to Flama's JWTs, in Go.
package main

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil {
		log.Fatal("mlapi: ", err)
	}
}

func serve(ctx context.Context) error {
	s, err := settings(os.Getenv)
	if err != nil {
		return err
	}
	app, err := newApp(s)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: s.Addr, Handler: app, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() { stopped <- server.Shutdown(context.Background()) }) // WriteTimeout bounds what it waits for
	slog.Info("serving", "docs", "http://"+s.Addr+"/docs/")
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
