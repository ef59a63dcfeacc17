package account

import (
	"errors"
	"fmt"
	"time"
)

// Sentinels of the trips. What the store refuses (a name taken, the last admin) passes through as its own sentinels.
var (
	ErrCredentials  = errors.New("wrong name or password") // the same for every reason why a log-in is refused
	ErrPassword     = errors.New("wrong current password")
	ErrSignupClosed = errors.New("sign-up is closed")
	ErrInvite       = errors.New("sign-up needs an invite")
	ErrToken        = errors.New("not a token of ours")
	ErrBusy         = errors.New("too many passwords are being checked")
)

// LimitedError says that too many tries were made, and when the next one is welcome.
type LimitedError struct{ After time.Duration }

func (e *LimitedError) Error() string { return fmt.Sprintf("too many tries; next in %v", e.After) }

// FieldError says which field of a request breaks which rule. It is written for the one who filled the field in.
type FieldError struct {
	Field  string
	Code   string // stable word
	Detail string // one sentence
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Detail }

// GrantError says why a refresh token is refused: invalid_grant of RFC 6749 §5.2 with one of four reasons.
type GrantError struct{ Reason string }

func (e *GrantError) Error() string { return "refresh token " + e.Reason }

// Reasons of GrantError.
const (
	GrantReused  = "reused"  // it had a successor already: the session is over for everybody who holds one of its tokens
	GrantExpired = "expired" // not used for too long, or the session reached its end
	GrantEnded   = "ended"   // logged out, or its user may not log in any more
	GrantUnknown = "unknown" // not a refresh token of this server
)
