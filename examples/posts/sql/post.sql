SELECT show(p, u.username)
FROM posts p JOIN users u ON u.id = p.user_id
WHERE u.id = @user AND p.id = @post
