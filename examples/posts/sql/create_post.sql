INSERT INTO posts (title, body, user_id, created)
SELECT @title, @body, id, now() AT TIME ZONE 'utc' FROM users WHERE id = @user
RETURNING show(posts, (SELECT username FROM users WHERE id = user_id))
