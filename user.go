package jotgate

import (
	"context"
	"errors"
	"net/http"
)

// ErrNoUser is what a loader returns for an identity whose user is gone: the request is refused with 401.
var ErrNoUser = errors.New("no such user")

// Users loads the user behind a verified identity, in the type of your own. Load is not called for a request that the
// guard refuses, nor for nobody.
type Users[U any] struct {
	Guard *Guard
	// Load returns the user. ErrNoUser refuses with 401; any other error is a failure of ours and answers 503.
	Load func(context.Context, Identity) (U, error)
}

type userKey[U any] struct{}

type loaded[U any] struct {
	issuer, subject string
	user            U
}

// Need is Guard.Need with the user in the context.
func (u Users[U]) Need(rule Rule) func(http.Handler) http.Handler {
	if u.Guard == nil || u.Load == nil {
		panic("jotgate: Users needs Guard and Load")
	}
	need := u.Guard.Need(rule)
	return func(next http.Handler) http.Handler { return need(u.loaded(next)) }
}

func (u Users[U]) loaded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, ok := From(r.Context())
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		user, err := u.Load(r.Context(), id)
		if err != nil {
			u.Guard.answer(w, u.Guard.refuseUser(r.Context(), id, err))
			return
		}
		l := loaded[U]{id.Issuer(), id.Subject(), user}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey[U]{}, l)))
	})
}

// From returns the user of the request, and false for nobody. After a further guard that found somebody else, it is
// nobody's.
func (u Users[U]) From(ctx context.Context) (user U, ok bool) {
	l, ok := ctx.Value(userKey[U]{}).(loaded[U])
	id, known := From(ctx)
	if !ok || !known || id.Issuer() != l.issuer || id.Subject() != l.subject {
		return user, false
	}
	return l.user, true
}

func (g *Guard) refuseUser(ctx context.Context, id Identity, err error) error {
	refusal := unavailable(CodeUsersDown, err)
	if errors.Is(err, ErrNoUser) {
		refusal = g.refuse.unauthorized(CodeNoUser, "The user of this access token is gone: log in again.", err)
	}
	refusal.claims = &id.v.claims
	g.log(ctx, id, refusal)
	return refusal
}
