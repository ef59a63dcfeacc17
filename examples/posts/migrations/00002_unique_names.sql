-- One name, one user. Where two users share a name already this fails, and says which name it is.

-- +goose Up
CREATE UNIQUE INDEX users_username ON users (username);
CREATE INDEX posts_user_id ON posts (user_id);

-- +goose Down
DROP INDEX posts_user_id;
DROP INDEX users_username;
