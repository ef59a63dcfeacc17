package password

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The values of PolicyError.Code. They are stable.
const (
	NotUTF8      = "password_not_utf8"
	TooShort     = "password_too_short"
	TooLong      = "password_too_long"
	Common       = "password_common"        // little more than common passwords, repetitions and rows like 123456
	ContainsName = "password_contains_name" // little more than the user's or the service's name
)

// PolicyError says why a password is refused.
type PolicyError struct {
	Code string
	Min  int // TooShort: the least number of code points
	Max  int // TooLong: the greatest number of bytes
}

func (e *PolicyError) Error() string {
	switch e.Code {
	case TooShort:
		return fmt.Sprintf("password too short: want at least %d characters", e.Min)
	case TooLong:
		return fmt.Sprintf("password too long: want at most %d bytes", e.Max)
	case Common:
		return "password too easy to guess: want more than common passwords, repetitions and rows"
	case ContainsName:
		return "password too easy to guess: want more than the name of the user or the service"
	}
	return "password is not UTF-8"
}

// Policy says which new passwords are taken: long ones that are not among the first to be guessed. It asks for no digits
// and no signs (NIST SP 800-63B-4 §3.1.1.2). It is not meant for log-in, where an old password may break a new rule.
type Policy struct {
	Min   int      // least length in code points of the normalised password; 0 means 15, less than 8 counts as 8
	Words []string // what anyone would try first: the name of the service, of the company
}

// Normalize brings a password into Unicode form NFC, so that an é typed as one character or as two is the same. Nothing
// else is changed: no blank is trimmed, no case folded. Call it once, before Check and Hash; Hasher.LogIn calls it itself.
func (p Policy) Normalize(password string) string { return norm.NFC.String(password) }

// Check returns nil or a *PolicyError. The words are names of this user, as they are written: the user name, the local
// part of the e-mail address.
func (p Policy) Check(password string, words ...string) error {
	if len(password) > MaxBytes {
		return &PolicyError{Code: TooLong, Max: MaxBytes}
	}
	password = p.Normalize(password)
	least := max(8, cmp.Or(p.Min, 15))
	switch {
	case !utf8.ValidString(password):
		return &PolicyError{Code: NotUTF8}
	case len(password) > MaxBytes: // NFC can be longer than what was typed
		return &PolicyError{Code: TooLong, Max: MaxBytes}
	case utf8.RuneCountInString(password) < least:
		return &PolicyError{Code: TooShort, Min: least}
	}
	return guessable(password, slices.Concat(words, p.Words))
}
