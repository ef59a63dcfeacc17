package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// introduction is what a site says of itself.
type introduction struct {
	Address string
	Tokens  []string
	Forged  string // signed by another key
}

// open serves a route with a key of its own on a free port of this machine.
func (r route) open() (introduction, site, error) {
	k, err := newKey(r.alg)
	if err != nil {
		return introduction{}, site{}, err
	}
	s, err := r.site(k)
	if err != nil {
		return introduction{}, site{}, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return introduction{}, site{}, err
	}
	go s.serve(l) // until it is closed; what goes wrong, the client sees
	in := introduction{Address: l.Addr().String()}
	if in.Tokens, err = issueMany(k, users); err != nil {
		return introduction{}, site{}, errors.Join(err, s.close())
	}
	other, err := newKey(r.alg)
	if err == nil {
		in.Forged, err = issue(other)
	}
	return in, s, err
}

// serveRoute is the process of a server: on the last processor, until nobody holds its input open.
func serveRoute(name string) error {
	_, own, _, err := processors()
	if err != nil {
		return err
	}
	if err := pin(own); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	for _, r := range routes() {
		if r.full() != name {
			continue
		}
		in, s, err := r.open()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(in); err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, os.Stdin)
		return errors.Join(err, s.close())
	}
	return fmt.Errorf("no route %q", name)
}

func (r route) full() string { return r.name + " on " + r.on + ", " + r.alg }

// processors are those that this process may use: all, the last, which is the server's, and the clients', the others.
func processors() (all, server, clients unix.CPUSet, err error) {
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return all, server, clients, err
	}
	last := 0
	for i, left := 0, all.Count(); left > 0; i++ {
		if all.IsSet(i) {
			last = i
			left--
		}
	}
	server.Set(last)
	if clients = all; clients.Count() > 1 {
		clients.Clear(last)
	}
	return all, server, clients, nil
}

// pin keeps this process on some processors: threads that come inherit it.
func pin(to unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &to); err != nil && err != unix.ESRCH { // it may have ended
			return err
		}
	}
	return nil
}
