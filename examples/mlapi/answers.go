package main

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// failure is the body of what is no success.
type failure struct {
	Status int    `json:"status_code"`
	Detail any    `json:"detail" doc:"A sentence, or what is wrong with each part of the request"`
	Kind   string `json:"error" doc:"The name of Flama's exception" nullable:"true"`
}

func (f *failure) Error() string  { return http.StatusText(f.Status) }
func (f *failure) GetStatus() int { return f.Status }

// useFlamaErrors sets variables of Huma, the same for every API of the process.
var useFlamaErrors = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, text string, errs ...error) huma.StatusError {
		switch {
		case status >= 500:
			slog.Error(text, "err", errs)
		case len(errs) > 0:
			return &failure{http.StatusBadRequest, faults(errs), "ValidationError"}
		}
		return &failure{status, text, "HTTPException"}
	}
})

// faults are what is wrong, by the part of the request, in short: encoding/json repeats a number that is too large.
func faults(errs []error) map[string][]string {
	list := map[string][]string{}
	for _, err := range errs {
		d := &huma.ErrorDetail{Message: err.Error()}
		errors.As(err, &d)
		list[d.Location] = append(list[d.Location], d.Message[:min(len(d.Message), 100)])
	}
	return list
}

// compact writes JSON as Flama does, without a line break at the end.
func compact(w io.Writer, v any) error {
	var b bytes.Buffer
	if err := huma.DefaultJSONFormat.Marshal(&b, v); err != nil {
		return err
	}
	_, err := w.Write(bytes.TrimSpace(b.Bytes()))
	return err
}
