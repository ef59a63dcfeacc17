package jothuma

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
)

// carrier is a request of whatever router Huma stands on. Some routers overwrite their texts with the next request, and
// the guard remembers tokens, so everything that leaves here is a copy.
type carrier struct {
	ctx  huma.Context
	body io.Reader // what the handler is to read, where the guard has read something
}

var _ jotgate.Carrier = (*carrier)(nil)

func (r *carrier) Method() string           { return r.ctx.Method() }
func (r *carrier) Param(name string) string { return strings.Clone(r.ctx.Param(name)) }

func (r *carrier) RawQuery() string {
	u := r.ctx.URL()
	return strings.Clone(u.RawQuery)
}

func (r *carrier) Header(name string) (values []string) {
	if name == "Host" {
		return []string{strings.Clone(r.ctx.Host())}
	}
	r.ctx.EachHeader(func(n, value string) {
		if strings.EqualFold(n, name) {
			values = append(values, strings.Clone(value))
		}
	})
	return values
}

var errLongBody = errors.New("body: too long to look for a token in it")

func (r *carrier) Body(limit int) ([]byte, error) {
	all := r.body
	if all == nil {
		all = r.ctx.BodyReader()
	}
	if all == nil {
		return nil, nil
	}
	b, err := io.ReadAll(io.LimitReader(all, int64(limit)+1))
	r.body = io.MultiReader(bytes.NewReader(b), all)
	if err == nil && len(b) > limit {
		err = errLongBody
	}
	return b, err
}

// replay is a request whose body begins again.
type replay struct {
	request
	body io.Reader
}

// request is huma.Context under a name that leaves room for its method Context.
type request huma.Context

func (r replay) BodyReader() io.Reader { return r.body }

// Unwrap returns the context of Huma's adapter, for those who ask it for the router's own request.
func (r replay) Unwrap() huma.Context { return r.request }

func send(ctx huma.Context, a jotgate.Answer) {
	for name, values := range a.Header {
		for i, v := range values {
			if i == 0 {
				ctx.SetHeader(name, v)
				continue
			}
			ctx.AppendHeader(name, v)
		}
	}
	ctx.SetStatus(a.Status)
	_, _ = ctx.BodyWriter().Write(a.Body) // the client is gone: nobody is left to tell
}
