package jotgate

import (
	"errors"
	"fmt"
	"strings"
)

// maxPermission bounds one permission, in bytes: tokens carry them.
const maxPermission = 100

// CheckPermission tells whether s is a well-formed permission: one or more parts joined by colons, each part either
// letters, digits, '_', '-' and '.', or a single "*". The error says what is wrong.
func CheckPermission(s string) error {
	if s == "" {
		return errors.New(`permission: empty; want parts joined by colons, such as "orders:read"`)
	}
	if len(s) > maxPermission {
		return fmt.Errorf("permission: %d bytes; at most %d", len(s), maxPermission)
	}
	for part := range strings.SplitSeq(s, ":") {
		if part != "*" && !plainPart(part) {
			return fmt.Errorf(`permission %q: part %q; want letters, digits, "_", "-", "." or a single "*"`, s, part)
		}
	}
	return nil
}

func plainPart(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return s != ""
}

// Permits tells whether one of held allows want. They match part by part: equal, or "*" in held, which stands for any
// one part. Both have the same number of parts: "orders:*" allows "orders:read" and neither "orders" nor
// "orders:read:own". A "*" in want is allowed by "*" alone, so Permits also answers whether a grant stays within
// what the granter holds.
func Permits(held []string, want string) bool {
	for _, h := range held {
		if permits(h, want) {
			return true
		}
	}
	return false
}

// permits reads byte by byte: permissions are short, and this is asked at every request.
func permits(held, want string) bool {
	for i, j := 0, 0; ; i, j = i+1, j+1 {
		h, w := i, j
		for i < len(held) && held[i] != ':' {
			i++
		}
		for j < len(want) && want[j] != ':' {
			j++
		}
		if i == h || j == w || held[h:i] != want[w:j] && held[h:i] != "*" {
			return false
		}
		if i == len(held) || j == len(want) {
			return i == len(held) && j == len(want)
		}
	}
}
