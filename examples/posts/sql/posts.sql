SELECT coalesce(json_agg(show(p, u.username) ORDER BY p.id), '[]')
FROM posts p JOIN users u ON u.id = p.user_id
WHERE u.id = @user
