// Command posts is a Flask-JWT course's API on chi and PostgreSQL: users, log-in, and posts that belong to them. See
// README.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// sampleKey is the one that the course prints.
const sampleKey = "Ill never tell"

// config is what the environment says; the README has the table.
type config struct {
	Tokens                     flaskjwt.Settings
	Database, Cache            string
	BehindProxy                bool
	PerMinute, LoginsPerMinute int // requests of one client
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := config{
		Tokens:   flaskjwt.Settings{SecretKey: os.Getenv("SECRET_KEY"), Now: time.Now},
		Database: cmp.Or(os.Getenv("DATABASE_URL"), "postgres://localhost/flask-jwt"),
		Cache:    cmp.Or(os.Getenv("CACHE"), "memory"), BehindProxy: os.Getenv("BEHIND_PROXY") == "1",
		PerMinute: 120, LoginsPerMinute: 10,
	}
	if os.Getenv("INSECURE_SAMPLE_KEY") == "1" {
		c.Tokens.SecretKey, c.Tokens.InsecureWeakKey = sampleKey, true
	}
	app, err := newApp(ctx, c)
	if err != nil {
		log.Fatal(err)
	}
	if err := serve(ctx, cmp.Or(os.Getenv("ADDR"), "127.0.0.1:3000"), app.routes(c)); err != nil {
		log.Fatal(err)
	}
}

// serve returns when ctx has ended and every request that had begun is answered.
func serve(ctx context.Context, addr string, h http.Handler) error {
	server := &http.Server{Addr: addr, Handler: h, ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		patient, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		ended <- server.Shutdown(patient)
	})
	log.Printf("listening on http://%s", addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
