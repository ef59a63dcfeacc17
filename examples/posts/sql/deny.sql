-- Answers true to the first that comes, and nothing to the others. What has expired goes, a little each time.
WITH gone AS (
    DELETE FROM denylist
    WHERE id IN (SELECT id FROM denylist WHERE expires <= @now AND id <> @id LIMIT 100 FOR UPDATE SKIP LOCKED)
)
INSERT INTO denylist (id, expires)
VALUES (@id, @until)
ON CONFLICT (id) DO UPDATE SET expires = excluded.expires WHERE denylist.expires <= @now
RETURNING true
