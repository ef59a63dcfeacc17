SELECT id, password AS hash, version
FROM users
WHERE username = @username
