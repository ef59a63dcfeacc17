INSERT INTO users (username, password, created)
VALUES (@username, @password, now() AT TIME ZONE 'utc')
RETURNING json_build_object('id', id, 'username', username)
