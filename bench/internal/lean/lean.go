// Package lean is a client of HTTP/1.1 that costs little: it shares the machine with the server that it measures.
package lean

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
)

// Client is one connection, kept alive. Requests are bytes, answers have a stated length.
type Client struct {
	net.Conn
	in   *bufio.Reader
	body []byte
}

// Dial connects to host:port.
func Dial(addr string) (*Client, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Client{Conn: c, in: bufio.NewReader(c)}, nil
}

// Request makes the bytes of a request; token and body may be empty.
func Request(method, path, token, body string) []byte {
	head := method + " " + path + " HTTP/1.1\r\nHost: bench\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// Want sends a request and returns the answer's body, valid until the next call. Another status than want is an error.
func (c *Client) Want(status int, req []byte) ([]byte, error) {
	if _, err := c.Write(req); err != nil {
		return nil, err
	}
	return c.Answer(status)
}

// Answer reads the answer to a request that was written, as Want does.
func (c *Client) Answer(status int) ([]byte, error) {
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

func (c *Client) head() (status, length int, err error) {
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
