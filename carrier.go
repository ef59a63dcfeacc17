package jotgate

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Carrier is a request as the guard sees it. Adapters of frameworks without *http.Request bring their own.
type Carrier interface {
	// Method returns the HTTP method.
	Method() string
	// Header returns all values of a header by its canonical name. Host stands for the request's authority.
	Header(name string) []string
	// RawQuery returns the query without its question mark.
	RawQuery() string
	// Body returns the whole body, which the handler can read again, or an error when it is longer than limit bytes or cannot
	// be read.
	Body(limit int) ([]byte, error)
	// Param returns the part of the path that the route calls name, and "" for none.
	Param(name string) string
}

// Carry makes a Carrier of a standard request.
func Carry(r *http.Request) Carrier { return carried{r} }

type carried struct{ r *http.Request }

func (c carried) Method() string           { return c.r.Method }
func (c carried) RawQuery() string         { return c.r.URL.RawQuery }
func (c carried) Param(name string) string { return c.r.PathValue(name) }

func (c carried) Header(name string) []string {
	if name == "Host" {
		return []string{c.r.Host}
	}
	return c.r.Header[name]
}

var errLongBody = errors.New("body: too long to look for a token in it")

func (c carried) Body(limit int) ([]byte, error) {
	if c.r.Body == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(c.r.Body, int64(limit)+1))
	c.r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b), c.r.Body), c.r.Body}
	if err == nil && len(b) > limit {
		err = errLongBody
	}
	return b, err
}
