package pyjwt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Form is a spelling of JSON.
type Form int

const (
	Compact Form = iota // no spaces, ASCII only
	Spaced              // a space after each comma and colon, ASCII only: json.dumps by default
	Unicode             // no spaces
)

// JSON writes v with encoding/json and spells it as json.dumps does.
func JSON(v any, f Form) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	var out []byte
	for src := bytes.TrimSpace(b.Bytes()); len(src) > 0; {
		n := 1
		switch c := src[0]; c {
		case '"':
			n = textLength(src)
			out = appendText(out, src[:n], f)
		case ',', ':':
			if out = append(out, c); f == Spaced {
				out = append(out, ' ')
			}
		default:
			out = append(out, c)
		}
		src = src[n:]
	}
	return out, nil
}

func textLength(src []byte) int {
	for i := 1; ; i++ {
		switch src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

func appendText(out, literal []byte, f Form) []byte {
	var s string
	_ = json.Unmarshal(literal, &s) // encoding/json wrote it
	out = append(out, '"')
	for _, r := range s {
		switch short := strings.IndexRune("\"\\\b\f\n\r\t", r); {
		case short >= 0:
			out = append(out, '\\', `"\bfnrt`[short])
		case r < ' ', r > '~' && f != Unicode:
			for _, unit := range utf16.AppendRune(nil, r) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		default:
			out = append(out, string(r)...)
		}
	}
	return append(out, '"')
}

// Float is a number that is written as Python writes its floats: with a point or an exponent.
type Float float64

// MarshalJSON implements json.Marshaler.
func (f Float) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(f), 'e', -1, 64)
	_, exponent, _ := strings.Cut(text, "e")
	if n, err := strconv.Atoi(exponent); err != nil {
		return nil, fmt.Errorf("%v is no JSON number", float64(f))
	} else if n >= -4 && n < 16 {
		if text = strconv.FormatFloat(float64(f), 'f', -1, 64); !strings.Contains(text, ".") {
			text += ".0"
		}
	}
	return []byte(text), nil
}

// Timestamp is what datetime.timestamp returns: seconds since 1970, to the microsecond.
func Timestamp(t time.Time) Float { return Float(float64(t.UnixMicro()) / 1e6) }

// Object is a dict: members keep their order.
type Object []Member

// Member is one of an Object.
type Member struct {
	Name  string
	Value any
}

// MarshalJSON implements json.Marshaler.
func (o Object) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		name, _ := json.Marshal(m.Name) // texts always marshal
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil
}

// Set replaces the member of that name where it stands, or appends it.
func (o *Object) Set(name string, value any) {
	if i := slices.IndexFunc(*o, func(m Member) bool { return m.Name == name }); i >= 0 {
		(*o)[i].Value = value
		return
	}
	*o = append(*o, Member{name, value})
}

// Update sets the members of v, a struct or map that encoding/json writes as an object; nil has none.
func (o *Object) Update(v any) error {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if first, _ := d.Token(); first != json.Delim('{') {
		return fmt.Errorf("want an object, got %T", v)
	}
	for d.More() {
		name, _ := d.Token() // encoding/json wrote it
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		o.Set(name.(string), value)
	}
	return nil
}

// Sort puts the members in order of their names.
func (o Object) Sort() {
	slices.SortFunc(o, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
}

// Has tells whether there is a member of that name.
func (o Object) Has(name string) bool {
	return slices.ContainsFunc(o, func(m Member) bool { return m.Name == name })
}
