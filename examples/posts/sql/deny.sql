-- Answers whether the id was not there. What has expired goes, a little each time.
WITH gone AS (
    DELETE FROM denylist
    WHERE id IN (SELECT id FROM denylist WHERE expires <= @now AND id <> @id LIMIT 100 FOR UPDATE SKIP LOCKED)
), added AS (
    INSERT INTO denylist (id, expires)
    VALUES (@id, @until)
    ON CONFLICT (id) DO UPDATE SET expires = excluded.expires WHERE denylist.expires <= @now
    RETURNING id
)
SELECT EXISTS (SELECT FROM added)
