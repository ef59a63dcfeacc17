package jwt

import (
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// claimsWriter writes an object. The first fault sticks.
type claimsWriter struct {
	out []byte
	err error
}

func (w *claimsWriter) fail(name, why string) {
	if w.err == nil {
		w.err = fmt.Errorf("claim %q: %s", name, why)
	}
}

func (w *claimsWriter) quote(name, s string) {
	if !utf8.ValidString(s) {
		w.fail(name, "want UTF-8")
	}
	w.out = appendText(w.out, s)
}

func (w *claimsWriter) text(name, s string) {
	if s != "" {
		w.out = appendName(w.out, name)
		w.quote(name, s)
	}
}

func (w *claimsWriter) list(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.out = append(appendName(w.out, name), '[')
	for i, s := range list {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.quote(name, s)
	}
	w.out = append(w.out, ']')
}

func (w *claimsWriter) audience(list []string) {
	if len(list) != 1 {
		w.list("aud", list)
		return
	}
	w.out = appendName(w.out, "aud")
	w.quote("aud", list[0])
}

func (w *claimsWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.integer(name, t.Unix())
	}
}

func (w *claimsWriter) version(name string, n int64) {
	if n != 0 {
		w.integer(name, n)
	}
}

func (w *claimsWriter) integer(name string, n int64) {
	if n < 0 || n >= maxInteger {
		w.fail(name, "want a number from 0 to below 2^53")
	}
	w.out = strconv.AppendInt(appendName(w.out, name), n, 10)
}

// kept writes the claims that were read but have no field, so that reading and writing loses nothing.
func (w *claimsWriter) kept(c Claims) {
	if c.raw == "" {
		return
	}
	z := scanner{s: c.raw}
	for z.next() {
		value := z.skip()
		if _, replaced := c.Extra[z.name]; !replaced && !slices.Contains(registered, z.name) {
			w.out = append(appendName(w.out, z.name), value...)
		}
	}
}

func (w *claimsWriter) extra(m map[string]any) {
	var stack [8]string // so that sorting a few allocates nothing
	names := stack[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(registered, name) {
			w.fail(name, "registered claims have their own field")
		}
		out, err := appendMember(w.out, name, m[name])
		if err != nil {
			w.fail(name, err.Error())
			return
		}
		w.out = out
	}
}
