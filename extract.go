package jotgate

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// bearer finds the token in the Authorization header (RFC 6750 §2.1): "" and no error when the request carries none.
// The scheme is compared without case (RFC 9110 §11.1). A list such as `Basic x, Bearer t`, which some proxies make, is
// read as such. What cannot be told apart is an error: two Authorization headers, two bearer tokens, none after the
// scheme, anything but one space between them.
func bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", fmt.Errorf("authorization: want one header, got %d", len(values))
	}
	found, token := false, ""
	for entry := range strings.SplitSeq(values[0], ",") {
		scheme, rest := cutSpace(strings.Trim(entry, " \t"))
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if found {
			return "", errors.New("authorization: two bearer tokens")
		}
		found, token = true, strings.TrimPrefix(rest, " ")
	}
	if found && (token == "" || strings.ContainsAny(token, " \t")) {
		return "", errors.New("authorization: want one space and one token after the scheme Bearer")
	}
	return token, nil
}

// cutSpace cuts s before its first space or tab, so that a scheme is known by whatever ends it.
func cutSpace(s string) (before, after string) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}
