-- What refresh tokens need: a new password ends them, log-out ends them, and each works once.

-- +goose Up
ALTER TABLE users ADD COLUMN version integer NOT NULL DEFAULT 1;
CREATE TABLE denylist (
    id      text        PRIMARY KEY,
    expires timestamptz NOT NULL
);
CREATE INDEX denylist_expires ON denylist (expires);

-- +goose Down
DROP TABLE denylist;
ALTER TABLE users DROP COLUMN version;
