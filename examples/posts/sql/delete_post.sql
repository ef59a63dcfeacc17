DELETE FROM posts
WHERE user_id = @user AND id = @post
RETURNING 'null'::json
