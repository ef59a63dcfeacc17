package jwt

import "time"

// Ref is what a revocation can hit: the parts of a verified token that name it, its session, its user, its roles and
// its key. The zero value of a field means that the token does not carry it.
type Ref struct {
	Issuer        string
	TokenID       string   // jti
	SessionID     string   // sid
	Subject       string   // sub
	KeyID         string   // kid of the header
	Roles         []string // read only: others look at the same list
	UserVersion   int64    // ver: the user's authorization version
	PolicyVersion int64    // pol: the version of what roles grant
	IssuedAt      time.Time
	ExpiresAt     time.Time
}

// Verdict is what is known about a Ref. The zero Verdict is: alive, by knowledge that is current.
type Verdict struct {
	Dead   bool
	Reason string        // why it is dead, a stable word: "logout", "permissions_changed" …
	Age    time.Duration // how old the knowledge is
}
