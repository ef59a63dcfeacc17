// Command roles is a Flask tutorial's API on Gin: log-in, and routes that need a token or a role. See README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/joho/godotenv"

	"github.com/jotgate/jotgate/examples/roles/api"
	"github.com/jotgate/jotgate/profile/pyjwtguard"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	if err := godotenv.Load(); err != nil && !errors.Is(err, fs.ErrNotExist) { // what the environment has, wins
		return errors.New(".env: cannot be read as lines NAME=value") // its own error quotes secrets
	}
	app, err := api.New(pyjwtguard.Settings{
		SecretKey:       os.Getenv("SECRET_KEY"),
		InsecureWeakKey: os.Getenv("INSECURE_SAMPLE_KEY") == "1",
	})
	if err != nil {
		return fmt.Errorf("SECRET_KEY: %w", err)
	}
	addr := os.Getenv("ADDR")
	if addr == "" {
		addr = "127.0.0.1:5000"
	}
	return serve(ctx, addr, app)
}

// serve returns when ctx has ended and every request that had begun is answered.
func serve(ctx context.Context, addr string, app http.Handler) error {
	server := &http.Server{Addr: addr, Handler: app, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Printf("listening on http://%s", addr)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
