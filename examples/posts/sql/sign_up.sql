INSERT INTO users (username, password, created)
VALUES (@username, @password, now() AT TIME ZONE 'utc')
RETURNING show(users)
