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

// appendMember appends a member whose value encoding/json writes.
func appendMember(dst []byte, name string, value any) ([]byte, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	z := scanner{s: string(b)} // what we write we must be able to read: depth, surrogates
	if z.skip(); z.err != nil || !utf8.ValidString(name) {
		return nil, errors.New("want UTF-8 and at most 16 levels")
	}
	return append(appendName(dst, name), b...), nil
}

// appendText appends s as a JSON text. s must be valid UTF-8.
func appendText(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		if from = i + 1; c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	return append(append(dst, s[from:]...), '"')
}
