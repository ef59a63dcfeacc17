// Command ferretdb is a database that speaks MongoDB's protocol and needs no installation: FerretDB on SQLite, in one
// process. Tests start it through package mongotest; by hand it is a database to try a program with:
//
//	GOWORK=off go run . -listen 127.0.0.1:27017 -data ~/ferretdb
//
// FerretDB does not make updates atomic: of two findAndModify at once both may win. So commands reach it one after the
// other. That makes it right and slow, and shows nothing about a program under load. It has no transactions, no TTL
// indexes and no change streams.
//
// Without -listen it takes a free port, prints the address, and ends when its standard input does, so that it does not
// outlive who started it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "", "address; none: a free port of 127.0.0.1, until standard input ends")
	data := flag.String("data", "", "folder, made where there is none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	address := *listen
	if address == "" {
		address = "127.0.0.1:0"
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // how it ends does not matter
			stop()
		}()
	}
	if err := serve(ctx, address, *data); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, address, data string) error {
	if data == "" {
		return errors.New("want -data FOLDER")
	}
	data, err := filepath.Abs(data)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Handler:   "sqlite",
		SQLiteURL: (&url.URL{Scheme: "file", Path: filepath.ToSlash(data) + "/"}).String(),
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Println(l.Addr())
	return run(ctx, l, db)
}

// run returns when ctx ends.
func run(ctx context.Context, l net.Listener, db *ferretdb.FerretDB) error {
	ended := make(chan error, 1)
	go func() { ended <- db.Run(ctx) }()
	backend, err := url.Parse(db.MongoDBURI()) // waits for Run
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	(&proxy{backend: backend.Host}).serve(l)
	return <-ended
}
