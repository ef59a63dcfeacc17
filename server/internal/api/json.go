package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// Bounds of a request body.
const (
	maxBody  = 8 << 10
	maxDepth = 32
	maxItems = 1000
)

// formats is JSON alone, read strictly: a name that stands twice, which two readers could read in two ways, is refused.
func formats() map[string]huma.Format {
	f := huma.Format{Marshal: send, Unmarshal: unmarshal}
	return map[string]huma.Format{"application/json": f, "json": f}
}

// written is an answer's body as it goes out.
type written []byte

// write is the transformer of all answers. It runs before the status is sent, so an answer that cannot be written is
// still a whole 500.
func write(_ huma.Context, _ string, v any) (any, error) {
	var b bytes.Buffer
	if err := huma.DefaultJSONFormat.Marshal(&b, v); err != nil {
		panic(err)
	}
	return written(b.Bytes()), nil
}

func send(w io.Writer, v any) error {
	_, _ = w.Write(v.(written)) // the client is gone: nobody to tell
	return nil
}

// unmarshal is called twice for a body: for validation, then for the handler's type. Once is enough for the check.
func unmarshal(data []byte, v any) error {
	if _, first := v.(*any); first {
		if err := checkJSON(data); err != nil {
			return err
		}
	}
	return json.Unmarshal(data, v)
}

// checkJSON refuses what encoding/json lets pass. Its errors speak of places and bounds, never of values.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8")
	}
	if loneSurrogate(data) {
		return errors.New("the body has half a surrogate pair, which is no character")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := checkValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the body goes on after its JSON value")
	}
	return nil
}

// loneSurrogate finds \ud800 to \udfff outside a pair. encoding/json reads all of them as one and the same replacement
// character, so that two different passwords would be equal.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		first, ok := escape(data[i:])
		if !ok {
			i++ // another escape, of two bytes
			continue
		}
		i += 5
		if !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escape(data[i+1:])
		if !ok || utf16.DecodeRune(first, second) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escape reads \uXXXX at the start of b.
func escape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	return rune(n), err == nil
}

func checkValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("the body is not JSON (near byte %d)", d.InputOffset())
	}
	if number, ok := token.(json.Number); ok {
		if _, err := number.Float64(); err != nil {
			return fmt.Errorf("the body has a number that is too large (near byte %d)", d.InputOffset())
		}
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("the body is nested deeper than %d", maxDepth)
	}
	seen := map[string]bool{}
	for n := 0; d.More(); n++ {
		if n == maxItems {
			return fmt.Errorf("the body has a list or object of more than %d", maxItems)
		}
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return fmt.Errorf("the body is not JSON (near byte %d)", d.InputOffset())
			}
			if seen[name.(string)] {
				return errors.New("the body has a name twice")
			}
			seen[name.(string)] = true
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("the body is not JSON (near byte %d)", d.InputOffset())
	}
	return nil
}
