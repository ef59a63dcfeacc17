-- The tables as SQLAlchemy made them. Where a database has them already it is left as it is.

-- +goose Up
CREATE TABLE IF NOT EXISTS users (
    id       serial    PRIMARY KEY,
    username text      NOT NULL,
    password text      NOT NULL,
    created  timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);
CREATE TABLE IF NOT EXISTS posts (
    id      serial    PRIMARY KEY,
    title   text      NOT NULL,
    body    text      NOT NULL,
    user_id integer   NOT NULL REFERENCES users (id),
    created timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'utc')
);

-- +goose Down
DROP TABLE posts;
DROP TABLE users;
