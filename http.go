package jotgate

import (
	"context"
	"net/http"
)

// Need returns middleware that lets a request pass under the rule, with its identity in the context (see From), and
// answers every other with the refusal. It panics if the rule cannot be meant, so a mistyped permission stops the start.
func (g *Guard) Need(rule Rule) func(http.Handler) http.Handler {
	if err := rule.Check(); err != nil {
		panic("jotgate: rule: " + err.Error())
	}
	rule = rule.clone()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			id, err := g.checkCarrier(r.Context(), carried{r}, &rule)
			if err != nil {
				g.answer(w, err)
				return
			}
			if !id.IsZero() || hasIdentity(r.Context()) { // the nearest guard decides, also for nobody
				r = r.WithContext(With(r.Context(), id))
			}
			next.ServeHTTP(w, r)
		})
	}
}

func hasIdentity(ctx context.Context) bool {
	_, ok := From(ctx)
	return ok
}

// Require is Need for all of these permissions. Without any it asks for an authenticated user.
func (g *Guard) Require(permissions ...string) func(http.Handler) http.Handler {
	return g.Need(Rule{Permissions: permissions})
}

// RequireRole is Need for all of these roles.
func (g *Guard) RequireRole(roles ...string) func(http.Handler) http.Handler {
	return g.Need(Rule{Roles: roles})
}

// Optional returns middleware that lets a request without a token pass as nobody. A token that is present must be good:
// a client that sends a dead one is told so, and not quietly treated as a stranger. (Need with Rule.Optional set to
// OptionalLenient treats it so.)
func (g *Guard) Optional() func(http.Handler) http.Handler {
	return g.Need(Rule{Optional: OptionalStrict})
}

// CheckRequest is CheckCarrier for a standard request. The error is a *Refusal.
func (g *Guard) CheckRequest(r *http.Request, rule Rule) (Identity, error) {
	return g.CheckCarrier(r.Context(), carried{r}, rule)
}

// answer writes a refusal.
func (g *Guard) answer(w http.ResponseWriter, err error) { g.Answer(err).Write(w) }
