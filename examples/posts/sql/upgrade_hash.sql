-- Unless there is another password by now.
UPDATE users
SET password = @better
WHERE id = @user AND password = @hash
RETURNING true
