WITH gone AS (DELETE FROM posts WHERE user_id = @user)
DELETE FROM users
WHERE id = @user
RETURNING 'null'::json
