package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/jotgate/jotgate/revocation"
)

// file is memory that is written down, and read when the program starts. One program at a time may have it open.
type file struct {
	memory
	mu sync.Mutex
	f  *os.File
}

// line is what the file holds of each token.
type line struct {
	ID    string    `json:"jti"`
	Until time.Time `json:"until"`
}

// openFile reads the file and writes it anew without what has expired. The old one stands until the new one is whole.
func openFile(path string) (denylist, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	list := &file{memory: memory{revocation.NewSet()}, f: f}
	if err := errors.Join(list.read(text), os.Rename(path+".new", path)); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return list, nil
}

// read takes over what is still alive. A last line without an end was never acknowledged, and is left out.
func (l *file) read(text []byte) error {
	for one := range bytes.Lines(text) {
		var in line
		if !bytes.HasSuffix(one, []byte("\n")) {
			break
		}
		err := json.Unmarshal(one, &in)
		if err == nil && in.Until.After(time.Now()) {
			err = l.Add(context.Background(), in.ID, in.Until)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Add returns when the line is on the disk.
func (l *file) Add(ctx context.Context, id string, until time.Time) error {
	text, err := json.Marshal(line{id, until})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err = l.f.Write(append(text, '\n'))
	if err := errors.Join(err, l.f.Sync()); err != nil {
		return err
	}
	return l.memory.Add(ctx, id, until)
}

func (l *file) Close() error { return l.f.Close() }
