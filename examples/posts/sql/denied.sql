SELECT EXISTS (SELECT FROM denylist WHERE id = ANY (@ids) AND expires > @now)
