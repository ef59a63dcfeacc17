-- +goose Up
-- Times are Unix milliseconds, 0 for none; lists are JSON. Tables keyed by text have no rowid: one tree to write instead of two.
CREATE TABLE meta (
    name   TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    bytes  BLOB
) STRICT, WITHOUT ROWID;

CREATE TABLE roles (
    name        TEXT PRIMARY KEY,
    permissions TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    username       TEXT NOT NULL,
    username_key   TEXT NOT NULL,
    email          TEXT NOT NULL,
    email_key      TEXT NOT NULL,
    email_verified INTEGER NOT NULL,
    password_hash  TEXT NOT NULL,
    version        INTEGER NOT NULL,
    disabled       INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- The newest index is checked first: where both names are taken, the username is said to be, as on PostgreSQL.
CREATE UNIQUE INDEX users_email_key ON users (email_key) WHERE email_key <> '';
CREATE UNIQUE INDEX users_username_key ON users (username_key) WHERE username_key <> '';

CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_roles_role ON user_roles (role);

-- No foreign key: a deleted user's sessions stay, emptied, until they are swept, so that their refresh tokens answer "ended".
-- No index on a column that rotation changes.
CREATE TABLE sessions (
    id              TEXT PRIMARY KEY,
    user_id         TEXT NOT NULL,
    client_id       TEXT NOT NULL,
    audience        TEXT NOT NULL,
    counter         INTEGER NOT NULL,
    prev_until      INTEGER NOT NULL,
    auth_time       INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    user_agent      TEXT NOT NULL,
    ip              TEXT NOT NULL,
    ended_at        INTEGER NOT NULL,
    end_reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    algorithm  TEXT NOT NULL,
    state      TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keys_one_active ON keys (state) WHERE state = 'active';

CREATE TABLE invites (
    hash       BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The outbox of what is dead: the value itself, so that a change of issuer does not orphan it.
CREATE TABLE revocations (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_expires ON revocations (expires_at);

CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    target     TEXT NOT NULL,
    result     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- admins: 1 once an admin existed, with the set-up code's hash until then. policy: the policy version. token_life: ms.
INSERT INTO meta (name, number) VALUES ('admins', 0), ('policy', 1), ('token_life', 0);
