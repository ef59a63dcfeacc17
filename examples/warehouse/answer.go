package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// A failure is FastAPI's body of what went wrong: detail is a text, or a list of faults.
type failure struct {
	status int
	Detail any `json:"detail"`
}

// A fault says what is wrong with a field.
type fault struct {
	Loc  []string `json:"loc"`
	Msg  string   `json:"msg"`
	Type string   `json:"type"`
}

func (f *failure) Error() string  { return http.StatusText(f.status) }
func (f *failure) GetStatus() int { return f.status }

// newFailure is how Huma makes its errors, and we make ours. A body or parameter that is not as it should be is 422, as in
// FastAPI. Of what is our fault the log learns all, and the client no more than that.
func newFailure(status int, text string, errs ...error) huma.StatusError {
	switch status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return &failure{http.StatusUnprocessableEntity, faults(text, errs)}
	}
	if status >= http.StatusInternalServerError {
		log.Print(errors.Join(errs...))
	}
	return &failure{status, text}
}

// faults repeats nothing of what the client sent: it could be a password.
func faults(text string, errs []error) (list []fault) {
	for _, err := range errs {
		if d := new(huma.ErrorDetail); errors.As(err, &d) {
			list = append(list, fault{strings.Split(d.Location, "."), d.Message, "value_error"})
		}
	}
	if list == nil {
		list = []fault{{[]string{"body"}, text, "value_error"}}
	}
	return list
}

// unavailable is for what is our fault and may soon be over.
func unavailable(err error) error {
	return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable("Service Unavailable", err), http.Header{"Retry-After": {"1"}})
}

func detail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = plainJSON.Marshal(w, failure{Detail: text}) // the client is gone: nobody is left to tell
}

// plainJSON is the JSON of FastAPI: <, > and & as they are, and no line end.
var plainJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var b bytes.Buffer
		if err := huma.DefaultJSONFormat.Marshal(&b, v); err != nil {
			return err
		}
		_, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
		return err
	},
	Unmarshal: json.Unmarshal,
}
