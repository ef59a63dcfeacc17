-- What clients see of a row.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION show(p posts, username text) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object(
        'id', p.id, 'title', p.title, 'body', p.body,
        'created', to_char(p.created, 'Dy, DD Mon YYYY HH24:MI:SS "-0000"'), -- as Flask-RESTful writes RFC 822
        'user', json_build_object('id', p.user_id, 'username', username))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION show(u users) RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('id', u.id, 'username', u.username, 'posts', coalesce(
        (SELECT json_agg(show(p, u.username) ORDER BY p.id) FROM posts p WHERE p.user_id = u.id), '[]'))
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION show(users);
DROP FUNCTION show(posts, text);
