// Command warehouse is a FastAPI tutorial's API: log-in, refresh, revocation, and the stock of a warehouse. See README.md.
package main

import (
	"cmp"
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

	"github.com/jotgate/jotgate/profile/fastapijwtauth"
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
	list, err := openDenylist(ctx, os.Getenv("DENYLIST"))
	if err != nil {
		return fmt.Errorf("DENYLIST: %w", err)
	}
	app, err := newApp(fastapijwtauth.Settings{
		SecretKey:       os.Getenv("AUTHJWT_SECRET_KEY"),
		InsecureWeakKey: os.Getenv("INSECURE_SAMPLE_KEY") == "1",
	}, list)
	if err != nil {
		return errors.Join(fmt.Errorf("AUTHJWT_SECRET_KEY: %w", err), list.Close())
	}
	return errors.Join(serve(ctx, cmp.Or(os.Getenv("ADDR"), "127.0.0.1:8000"), app), list.Close())
}

// serve returns when ctx has ended and every request that had begun is answered.
func serve(ctx context.Context, addr string, app http.Handler) error {
	server := &http.Server{Addr: addr, Handler: app, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Printf("listening on http://%s, documentation at /docs", addr)
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}
