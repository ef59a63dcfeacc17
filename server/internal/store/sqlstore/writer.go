package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that changes a SQLite database. It takes the deeds that wait, runs each in a savepoint of
// one transaction, commits once, and then answers them all, refusals too: a refusal may rest on what a neighbour did.
type writer struct {
	db       *sql.DB
	conn     *sql.Conn
	on       *prepared
	patience time.Duration
	queue    chan *deed
	done     chan struct{}
}

const (
	// A batch takes what waits, within these bounds, and never waits for more.
	batchDeeds = 500
	batchTime  = 2 * time.Millisecond
	queueDeeds = 1024

	// Every turn the lock is left alone for longer than the millisecond in which another process asks for it again
	// (a command-line deed); without that it could starve beside a server under load.
	turn = 50 * time.Millisecond
	rest = 1500 * time.Microsecond
)

// deed is one waiting call.
type deed struct {
	work  work
	taken atomic.Bool // by the writer, which runs it, or by a caller who gave up
	err   error       // valid once done is closed
	done  chan struct{}
}

func newWriter(db *sql.DB, conn *sql.Conn, patience time.Duration) *writer {
	w := &writer{db: db, conn: conn, on: &prepared{on: conn}, patience: patience, queue: make(chan *deed, queueDeeds), done: make(chan struct{})}
	go w.loop()
	return w
}

func (w *writer) write(ctx context.Context, work work) error {
	d := &deed{work: work, done: make(chan struct{})}
	select {
	case w.queue <- d:
	default:
		return unanswered{fmt.Errorf("%d deeds are waiting", queueDeeds)}
	}
	select {
	case <-d.done:
		return d.err
	case <-ctx.Done():
	}
	if d.taken.CompareAndSwap(false, true) {
		return ctx.Err() // nobody will run it
	}
	<-d.done
	return d.err
}

// close ends the goroutine after what is queued. No write may be under way or follow.
func (w *writer) close() error {
	close(w.queue)
	<-w.done
	w.on.close() // an open statement would keep SQLite from folding the log into the database
	return errors.Join(w.conn.Close(), w.db.Close())
}

func (w *writer) loop() {
	defer close(w.done)
	rested := time.Now()
	for d := range w.queue {
		batch, err := w.batch(d)
		for _, d := range batch {
			if err != nil {
				d.err = err
			}
			close(d.done)
		}
		if time.Since(rested) > turn {
			time.Sleep(rest)
			rested = time.Now()
		}
	}
}

// batch runs first and what waits behind it, and returns those it ran; an error is the answer to all of them.
func (w *writer) batch(first *deed) ([]*deed, error) {
	if err := w.begin(); err != nil {
		return w.waiting(first), err // they have waited as long as first did, and would wait as long again
	}
	var batch []*deed
	start := time.Now()
	for d := first; d != nil; d = w.next() {
		if !d.taken.CompareAndSwap(false, true) {
			continue
		}
		batch = append(batch, d)
		if err := w.run(d); err != nil {
			w.sql("ROLLBACK") // fails where SQLite has rolled back by itself
			return batch, err
		}
		if len(batch) == batchDeeds || time.Since(start) > batchTime {
			break
		}
	}
	if err := w.sql("COMMIT"); err != nil {
		w.sql("ROLLBACK")
		return batch, err
	}
	return batch, nil
}

// begin waits for another process as long as a caller may be kept waiting, and asks every millisecond (busy_timeout):
// SQLite's own pauses grow to a tenth of a second.
func (w *writer) begin() error {
	for start := time.Now(); ; {
		_, err := w.on.ExecContext(context.Background(), "BEGIN IMMEDIATE")
		if err == nil {
			return nil
		}
		if !busy(err) || time.Since(start) > w.patience {
			return unanswered{err}
		}
	}
}

// run runs one deed. An error of its own is its answer; the returned one means that the transaction is gone. SQLite
// rolls a whole transaction back on a full disk and its like: then the savepoint is gone too, and this says so.
func (w *writer) run(d *deed) error {
	if err := w.sql("SAVEPOINT deed"); err != nil {
		return err
	}
	if d.err = recovered(d.work, w.on); d.err != nil {
		if err := w.sql("ROLLBACK TO deed"); err != nil {
			return err
		}
	}
	return w.sql("RELEASE deed")
}

// recovered turns a panic of a deed into its error: the other callers' deeds must not die of it.
func recovered(do work, on runner) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic in a deed: %v\n%s", fault, debug.Stack())
		}
	}()
	return do(context.Background(), on)
}

func (w *writer) sql(statement string) error {
	if _, err := w.on.ExecContext(context.Background(), statement); err != nil {
		return unanswered{err}
	}
	return nil
}

// next returns the deed that waits longest, or nil.
func (w *writer) next() *deed {
	select {
	case d := <-w.queue:
		return d
	default:
		return nil
	}
}

// waiting takes first and all that wait behind it.
func (w *writer) waiting(first *deed) []*deed {
	var all []*deed
	for d := first; d != nil; d = w.next() {
		if d.taken.CompareAndSwap(false, true) {
			all = append(all, d)
		}
	}
	return all
}
