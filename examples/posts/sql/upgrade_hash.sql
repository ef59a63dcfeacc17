-- Unless there is another password by now.
WITH upgraded AS (
    UPDATE users
    SET password = @better
    WHERE id = @user AND password = @hash
    RETURNING id
)
SELECT EXISTS (SELECT FROM upgraded)
