-- What is not sent stays. A new password has a new version, and the refresh tokens of the old one end.
UPDATE users
SET username = coalesce(@username, username),
    password = coalesce(@password::text, password),
    version = version + (@password::text IS NOT NULL)::integer
WHERE id = @user
RETURNING show(users)
