-- +goose Up
-- Times are Unix milliseconds, 0 for none; lists are JSON. Ids and names sort by bytes, as they do in Go.
CREATE TABLE meta (
    name   TEXT COLLATE "C" PRIMARY KEY,
    number BIGINT NOT NULL,
    bytes  BYTEA
);

CREATE TABLE roles (
    name        TEXT COLLATE "C" PRIMARY KEY,
    permissions TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE users (
    id             TEXT COLLATE "C" PRIMARY KEY,
    username       TEXT NOT NULL,
    username_key   TEXT COLLATE "C" NOT NULL,
    email          TEXT NOT NULL,
    email_key      TEXT COLLATE "C" NOT NULL,
    email_verified BIGINT NOT NULL,
    password_hash  TEXT NOT NULL,
    version        BIGINT NOT NULL,
    disabled       BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX users_username_key ON users (username_key) WHERE username_key <> '';
CREATE UNIQUE INDEX users_email_key ON users (email_key) WHERE email_key <> '';

CREATE TABLE user_roles (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT COLLATE "C" NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_role ON user_roles (role);

-- No foreign key: a deleted user's sessions stay, emptied, until they are swept, so that their refresh tokens answer "ended".
-- No index on a column that rotation changes: with room in the page such an update touches no index (HOT).
CREATE TABLE sessions (
    id              TEXT COLLATE "C" PRIMARY KEY,
    user_id         TEXT COLLATE "C" NOT NULL,
    client_id       TEXT NOT NULL,
    audience        TEXT NOT NULL,
    counter         BIGINT NOT NULL,
    prev_until      BIGINT NOT NULL,
    auth_time       BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    last_used_at    BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    user_agent      TEXT NOT NULL,
    ip              TEXT NOT NULL,
    ended_at        BIGINT NOT NULL,
    end_reason      TEXT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE keys (
    id         TEXT COLLATE "C" PRIMARY KEY,
    algorithm  TEXT NOT NULL,
    state      TEXT NOT NULL,
    sealed     BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX keys_one_active ON keys (state) WHERE state = 'active';

CREATE TABLE invites (
    hash       BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

-- The outbox of what is dead: the value itself, so that a change of issuer does not orphan it.
CREATE TABLE revocations (
    id         TEXT COLLATE "C" PRIMARY KEY,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    version    BIGINT NOT NULL,
    reason     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revocations_expires ON revocations (expires_at);

CREATE TABLE audit (
    id         TEXT COLLATE "C" PRIMARY KEY,
    at         BIGINT NOT NULL,
    action     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    target     TEXT NOT NULL,
    result     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    ip         TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    request_id TEXT NOT NULL
);

-- admins: 1 once an admin existed, with the set-up code's hash until then. policy: the policy version. token_life: ms.
INSERT INTO meta (name, number) VALUES ('admins', 0), ('policy', 1), ('token_life', 0);
