package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// client is one connection of HTTP/1.1, kept alive. It shares the machine with the server that it measures, so it does
// little: requests are bytes, answers of a stated length.
type client struct {
	net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(addr string) (*client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{Conn: c, in: bufio.NewReader(c)}, nil
}

// request makes the bytes of a request; token and body may be empty.
func request(method, path, token, body string) []byte {
	head := method + " " + path + " HTTP/1.1\r\nHost: bench\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// want sends a request and returns the answer's body, valid until the next call. Another status than want is an error.
func (c *client) want(status int, req []byte) ([]byte, error) {
	if _, err := c.Write(req); err != nil {
		return nil, err
	}
	got, length, err := c.head()
	if err != nil {
		return nil, err
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	if _, err := io.ReadFull(c.in, c.body); err != nil {
		return nil, err
	}
	if got != status {
		return nil, fmt.Errorf("got status %d, want %d: %s", got, status, c.body)
	}
	return c.body, nil
}

var contentLength = []byte("Content-Length: ")

func (c *client) head() (status, length int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, 0, fmt.Errorf("no HTTP: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	for length = -1; ; {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, 0, err
		}
		if v, ok := bytes.CutPrefix(line, contentLength); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return 0, 0, err
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if length < 0 && status != 204 {
		return 0, 0, fmt.Errorf("an answer without Content-Length, status %d", status)
	}
	return status, max(length, 0), nil
}

// member returns the text of a string member of a JSON object whose texts need no unescaping.
func member(body []byte, name string) (string, error) {
	_, rest, ok := bytes.Cut(body, []byte(`"`+name+`":"`))
	value, _, end := bytes.Cut(rest, []byte(`"`))
	if !ok || !end {
		return "", fmt.Errorf("no %s in %s", name, body)
	}
	return string(value), nil
}

// sample is what one turn of load gave.
type sample struct {
	rate float64 // operations per second
	took []time.Duration
}

// load calls each op again and again for d, all of them at the same time, and counts.
func load(d time.Duration, ops []func() error) (sample, error) {
	var wait sync.WaitGroup
	took, errs := make([][]time.Duration, len(ops)), make([]error, len(ops))
	start := time.Now()
	for i, op := range ops {
		wait.Go(func() {
			for now := start; now.Sub(start) < d; {
				if errs[i] = op(); errs[i] != nil {
					return
				}
				end := time.Now()
				took[i] = append(took[i], end.Sub(now))
				now = end
			}
		})
	}
	wait.Wait()
	length := time.Since(start)
	var s sample
	for i := range ops {
		if errs[i] != nil {
			return s, errs[i]
		}
		s.took = append(s.took, took[i]...)
	}
	s.rate = float64(len(s.took)) / length.Seconds()
	return s, nil
}
