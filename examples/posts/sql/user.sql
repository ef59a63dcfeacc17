SELECT show(users)
FROM users
WHERE id = @user
