// Package store holds the nouns that Jotgate keeps and the deeds it does to them.
//
// A deed is one call here. It checks what must hold, changes state, appends the revocation records that the change
// calls for and its audit row, all in one transaction, and is durable when the call returns nil. No transaction, cursor
// or lock leaves this package, so a back-end may group many deeds into one commit (SQLite), run one transaction a deed
// (PostgreSQL), or update one document. Every back-end passes storetest.Run.
//
// Times are kept to the millisecond, in UTC. Ids are UUIDv7 text, made by the caller. Calls return the sentinels below,
// a context error, or an error that wraps ErrUnavailable when the database cannot be asked.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/jotgate/jotgate/revocation"
)

// Sentinels. A caller branches on them with errors.Is; each back-end returns exactly these.
var (
	ErrNotFound      = errors.New("not found")
	ErrUsernameTaken = errors.New("username taken")
	ErrEmailTaken    = errors.New("email taken")
	ErrRoleTaken     = errors.New("role name taken")
	ErrConflict      = errors.New("changed meanwhile")            // the state that the caller saw is no longer current
	ErrDisabled      = errors.New("user disabled")                // the user may not log in or refresh
	ErrLastAdmin     = errors.New("last admin")                   // the deed would leave no enabled user with the role admin
	ErrSetupDone     = errors.New("set-up already done")          // a first admin exists or once existed
	ErrCode          = errors.New("wrong, used or old code")      // set-up code or invite
	ErrEnded         = errors.New("session ended")                // logged out, ended, or its user is gone
	ErrExpired       = errors.New("session expired")              // idle or absolute lifetime is over
	ErrReused        = errors.New("refresh token reused")         // not current and not graced: the session has been ended by this very call
	ErrKeyExists     = errors.New("an active key exists already") // another node was first
	ErrUnavailable   = errors.New("database unavailable")         // ask again later: the answer is not known
)

// RoleAdmin is the role that the first admin holds. It always exists with the permission *:*, and the store never lets
// its last enabled holder go.
const RoleAdmin = "admin"

// User is one account.
type User struct {
	ID            string // UUIDv7; opaque, never reused
	Username      string // as typed, normalised; "" for an account known by e-mail only
	UsernameKey   string // folded form: unique where not ""
	Email         string
	EmailKey      string // folded form: unique where not ""
	EmailVerified bool
	PasswordHash  string   // PHC string
	Roles         []string // sorted
	Version       int64    // claim "ver": rises when every older access token of this user must die; starts at 1
	Disabled      bool
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Access is a user together with what the user may do now: all that an access token states.
type Access struct {
	User
	Permissions []string // sorted union over the user's roles
	Policy      int64    // claim "pol": rises when a role's permissions change; starts at 1
}

// Role is a named set of permissions.
type Role struct {
	Name        string
	Permissions []string // sorted
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Session is one log-in: a family of refresh tokens, of which the one that carries Counter is current.
type Session struct {
	ID            string // UUIDv7
	UserID        string
	ClientID      string    // "app" for a direct log-in
	Audience      string    // of its access tokens
	Counter       int64     // starts at 1; refresh tokens carry it
	PrevUntil     time.Time // until then Counter-1 may be presented again
	AuthTime      time.Time // last time that a password was proved
	CreatedAt     time.Time
	LastUsedAt    time.Time
	IdleExpiresAt time.Time // moved by rotation, never beyond ExpiresAt
	ExpiresAt     time.Time // absolute; never moves
	UserAgent     string
	IP            string
	EndedAt       time.Time // zero while alive
	EndReason     string
}

// Key is a signing key at rest. Sealed is opaque to the store.
type Key struct {
	ID        string // kid
	Algorithm string
	State     KeyState
	Sealed    []byte // encrypted with the master key
	CreatedAt time.Time
	RetiredAt time.Time // zero unless State is KeyRetired
}

// KeyState is where a key stands in its life.
type KeyState string

const (
	KeyActive  KeyState = "active"  // signs and verifies: at any time exactly one
	KeyRetired KeyState = "retired" // verifies only
)

// Event says who did what to whom from where. The deed that takes it writes it as one audit row.
type Event struct {
	ID        string // UUIDv7
	At        time.Time
	Action    string // user.login, session.refresh, session.reuse …
	Actor     string // user id, "cli", "server"; "" when unknown
	Target    string // user id, session id, role name, kid
	Result    string // ResultOK or ResultFail
	Detail    string // never a secret
	IP        string
	UserAgent string
	RequestID string
}

const (
	ResultOK   = "ok"
	ResultFail = "fail"
)

// Page asks for up to Limit rows after the row with id After, in ascending order of id (events: descending).
type Page struct {
	After string
	Limit int // 0 or more than MaxPage: MaxPage
}

// MaxPage is the most rows that one call lists.
const MaxPage = 1000

// NewUser is a user to create with the right to create it.
type NewUser struct {
	User
	Setup  []byte // hash of the set-up code: required to be current, and spent, when not nil
	Invite []byte // hash of an invite: required to be current, and spent, when not nil
}

// Users creates and changes accounts.
type Users interface {
	// CreateUser stores u with u.Roles, which must exist (ErrNotFound). With the role admin it closes set-up for ever.
	// ErrUsernameTaken, ErrEmailTaken, ErrSetupDone, ErrCode (checked first, spent only on success).
	CreateUser(ctx context.Context, u NewUser, e Event) error
	// User returns the account with this id, or ErrNotFound.
	User(ctx context.Context, id string) (Access, error)
	// UserByLogin returns the account whose UsernameKey or EmailKey is key, or ErrNotFound.
	UserByLogin(ctx context.Context, key string) (Access, error)
	// Users lists accounts.
	Users(ctx context.Context, p Page) ([]User, error)
	// PatchUser changes what is not nil. Disabling raises Version, ends every session and records a `user` revocation;
	// ErrLastAdmin. ErrNotFound, ErrUsernameTaken, ErrEmailTaken. Returns the account as it is after.
	PatchUser(ctx context.Context, id string, p UserPatch, e Event) (User, error)
	// DeleteUser removes the account, ends its sessions and clears what they say about a person, and records a `user`
	// revocation. ErrNotFound, ErrLastAdmin.
	DeleteUser(ctx context.Context, id string, e Event) error
}

// UserPatch says what to change: nil keeps.
type UserPatch struct {
	Username, UsernameKey *string
	Email, EmailKey       *string // changing the e-mail clears EmailVerified
	Disabled              *bool
}

// Credentials changes how a user proves who they are.
type Credentials interface {
	// SetPassword replaces the hash if it still is old (ErrConflict otherwise), ends every session of the user but keep
	// ("" ends all) and records their revocation. ErrNotFound.
	SetPassword(ctx context.Context, id, old, hash, keep string, e Event) error
	// UpgradeHash replaces old by hash for the same password; sessions live. Silent when old is no longer current.
	UpgradeHash(ctx context.Context, id, old, hash string) error
	// CreateInvite stores the hash of an invite code that CreateUser may spend once before until.
	CreateInvite(ctx context.Context, hash []byte, until time.Time, e Event) error
	// OpenSetup makes hash the only valid set-up code. ErrSetupDone once an admin exists or existed.
	OpenSetup(ctx context.Context, hash []byte) error
	// SetupDone tells whether set-up is closed for ever.
	SetupDone(ctx context.Context) (bool, error)
}

// Sessions is the life of log-ins.
type Sessions interface {
	// StartSession stores s for a user whose password hash still is hash (ErrConflict otherwise) and who is not disabled
	// (ErrDisabled). ErrNotFound. Returns what the user may do, as of this deed.
	StartSession(ctx context.Context, s Session, hash string, e Event) (Access, error)
	// RotateSession is the compare-and-set of refresh; see Rotation. Of any number of concurrent calls with the current
	// counter exactly one moves it. ErrNotFound, ErrEnded, ErrExpired, ErrReused, ErrDisabled.
	RotateSession(ctx context.Context, r Rotation, e Event) (Rotated, error)
	// Reauthenticate sets AuthTime of a live session whose user's hash still is hash: ErrEnded, ErrConflict, ErrDisabled.
	Reauthenticate(ctx context.Context, id string, hash string, at time.Time, e Event) (Session, Access, error)
	// EndSessions ends what sel names, idempotently, records a `session` revocation for each session that was alive, and
	// returns how many that were. The event is written only if there was one. A session counts as alive until TokenLife
	// and a minute after it expired: its last access token may be, and a log-out must reach it.
	EndSessions(ctx context.Context, sel Select, reason string, e Event) (int, error)
	// Session returns one session, ended or not, or ErrNotFound.
	Session(ctx context.Context, id string) (Session, error)
	// Sessions lists the live, unexpired sessions of a user as of now, newest first, at most 1000.
	Sessions(ctx context.Context, userID string, now time.Time) ([]Session, error)
}

// Select names sessions: those of User ("" any), only ID ("" all), all but Except.
// At least one of User and ID is set.
type Select struct {
	User, ID, Except string
}

// Rotation is a refresh token presented at Now. If Counter is current, the session moves to Counter+1 and Counter stays
// presentable for Grace. If it is the immediate predecessor within its grace, nothing changes and the same successor is
// returned. Anything older is reuse: the session ends with a `session` revocation and an event session.reuse, and the
// call returns ErrReused. A counter above the session's comes from a lost future (a restored database): the session is
// ended too, with an event session.reuse, and the call returns ErrEnded. An ended or expired session is left as it is. A
// user who is disabled or gone is seen first.
type Rotation struct {
	SessionID string
	Counter   int64
	Now       time.Time
	Grace     time.Duration // 0: strict
	Idle      time.Duration // new IdleExpiresAt is Now+Idle, at most ExpiresAt
}

// Rotated is the session after a rotation, with what its user may do now. Session.Counter is the successor's counter.
type Rotated struct {
	Session
	Access   Access
	Repeated bool // an answer given before, given again: nothing was written
}

// Roles names sets of permissions and who holds them.
type Roles interface {
	// Roles lists all roles by name.
	Roles(ctx context.Context) ([]Role, error)
	// CreateRole stores a new role. ErrRoleTaken.
	CreateRole(ctx context.Context, r Role, e Event) error
	// SetPermissions replaces a role's permissions, raises the policy version and records a `role` revocation with it.
	// No-op without event when they are the same. ErrNotFound; ErrConflict for RoleAdmin.
	SetPermissions(ctx context.Context, role string, permissions []string, e Event) (Role, error)
	// DeleteRole takes the role from everybody and removes it, raises the policy version and records a `role`
	// revocation. ErrNotFound; ErrConflict for RoleAdmin.
	DeleteRole(ctx context.Context, role string, e Event) error
	// GrantRole and RevokeRole change one user's roles, raise the user's Version and record a `user` revocation
	// (reason permissions_changed). No-op without event when nothing changes. Sessions live.
	// ErrNotFound (user or role), ErrLastAdmin. Return the account as it is after.
	GrantRole(ctx context.Context, userID, role string, e Event) (User, error)
	RevokeRole(ctx context.Context, userID, role string, e Event) (User, error)
}

// Holders tells who is touched by a change of a role.
type Holders interface {
	// RoleSets lists the different sets of roles of those who hold role, each sorted; at most 1000.
	RoleSets(ctx context.Context, role string) ([][]string, error)
}

// Keys keeps the key ring.
type Keys interface {
	// Keys lists all keys, oldest first.
	Keys(ctx context.Context) ([]Key, error)
	// ActivateKey stores k as the active key and retires the active key with id replaces ("" when there must be none):
	// of concurrent callers one wins, the others get ErrKeyExists.
	ActivateKey(ctx context.Context, k Key, replaces string, e Event) error
}

// Log is what happened: read for people, and at start for the revocation set.
type Log interface {
	// Append writes an event that belongs to no other deed: a refused log-in.
	Append(ctx context.Context, e Event) error
	// Events lists audit rows, newest first.
	Events(ctx context.Context, p Page) ([]Event, error)
	// Revocations calls yield for every record that has not expired at now, in no particular order.
	Revocations(ctx context.Context, now time.Time, yield func(revocation.Record)) error
	// Sweep deletes a bounded batch of what is past use at now (expired revocations, old invites, sessions that ended or
	// expired more than keep ago and have no living access token) and returns how many rows went.
	Sweep(ctx context.Context, now time.Time, keep time.Duration) (int, error)
}

// Store is all of it, on one database.
type Store interface {
	Users
	Credentials
	Sessions
	Roles
	Holders
	Keys
	Log
	// Ping answers nil when the database can be read now.
	Ping(ctx context.Context) error
	// Claim makes this process the only server on the database until the store is closed, or fails with words that name
	// the remedy. Command-line deeds do not claim.
	Claim(ctx context.Context) error
	// Close waits for running deeds and closes the database.
	Close() error
}

// Options is what every back-end is opened with.
type Options struct {
	// Issuer goes into the keys of revocation records.
	Issuer string
	// TokenLife is the longest life of an access token issued from now on, leeway included. The store keeps the largest
	// value it was ever given: a revocation record expires that long after its deed.
	TokenLife time.Duration
	// Revoked is called with the records of a deed after its commit and before the call returns. Nil: not called.
	Revoked func([]revocation.Record)
	// Patience bounds a call while the database is slow, locked by another process or gone: then it returns
	// ErrUnavailable. 0: 900 ms, which tells a caller within the second. A command line can wait longer.
	Patience time.Duration
	// Now is the clock for records' expiry. Nil: time.Now.
	Now func() time.Time
}
