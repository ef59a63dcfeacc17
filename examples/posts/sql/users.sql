SELECT coalesce(json_agg(json_build_object('id', id, 'username', username) ORDER BY id), '[]')
FROM users
