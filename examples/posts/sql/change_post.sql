UPDATE posts p
SET title = @title, body = @body
FROM users u
WHERE u.id = p.user_id AND u.id = @user AND p.id = @post
RETURNING show(p, u.username)
