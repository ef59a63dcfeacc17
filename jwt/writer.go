package jwt

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// appendName appends what stands before a member's value: a comma unless the object just began, and its name.
func appendName(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(appendText(dst, name), ':')
}

// param is a named text of a header or JWK.
type param struct{ name, value string }

// object writes texts as an object; empty ones are left out.
func object(list []param) []byte { return append(appendParams([]byte{'{'}, list...), '}') }

func appendParams(dst []byte, list ...param) []byte {
	for _, p := range list {
		if p.value != "" {
			dst = appendText(appendName(dst, p.name), p.value)
		}
	}
	return dst
}

// appendMember appends a member whose value encoding/json writes, where it is not a text.
func appendMember(dst []byte, name string, value any) ([]byte, error) {
	text, isText := value.(string)
	if !utf8.ValidString(name) || !utf8.ValidString(text) {
		return nil, errors.New("want UTF-8")
	}
	if isText {
		return appendText(appendName(dst, name), text), nil
	}
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	z := scanner{s: string(b)} // what we write we must be able to read: depth, surrogates
	if z.skip(); z.err != nil {
		return nil, errors.New("want at most 16 levels and no half surrogates")
	}
	return append(appendName(dst, name), b...), nil
}

// appendText appends s as a JSON text. s must be valid UTF-8.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for {
		n := plain(s)
		if dst = append(dst, s[:n]...); n == len(s) {
			return append(dst, '"')
		}
		dst, s = appendEscape(dst, s[n]), s[n+1:]
	}
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	if c >= ' ' {
		return append(dst, '\\', c)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
