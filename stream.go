package jotgate

import (
	"context"
	"errors"
	"time"

	"github.com/jotgate/jotgate/jwt"
)

// Why a stream's context ended: context.Cause tells.
var (
	ErrStreamExpired = errors.New("the access token of the stream expired")
	ErrStreamRevoked = errors.New("the access token of the stream was revoked")
)

// watching is what Revocations may offer besides: the channel is closed when a record hits t, at once if one does
// already. Watching ends with ctx.
type watching interface {
	Watch(ctx context.Context, t jwt.Ref) <-chan struct{}
}

// Stream returns a context for a WebSocket or a stream of events that a guard let through: it ends when the token
// expires (Config.Leeway later, as for requests) or is revoked, with ErrStreamExpired or ErrStreamRevoked as its cause:
// at once where Revocations can Watch, as *revocation.Set, and otherwise within a second. Call the function when the
// stream ends by itself.
func (g *Guard) Stream(ctx context.Context, id Identity) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	if id.IsZero() {
		return ctx, func() { cancel(context.Canceled) }
	}
	if at := id.ExpiresAt(); !at.IsZero() {
		timer := time.AfterFunc(g.lastMoment(id).Sub(g.config.Now()), func() { cancel(ErrStreamExpired) })
		context.AfterFunc(ctx, func() { timer.Stop() })
	}
	if g.config.Revocations != nil {
		go g.cut(ctx, cancel, id)
	}
	return ctx, func() { cancel(context.Canceled) }
}

// pollStream is how often revocations that cannot be watched are asked about an open stream.
const pollStream = time.Second

// cut ends the context when the token is revoked. It ends with the context.
func (g *Guard) cut(ctx context.Context, cancel context.CancelCauseFunc, id Identity) {
	if g.watch != nil {
		select {
		case <-g.watch.Watch(ctx, g.ref(id)):
			cancel(ErrStreamRevoked)
		case <-ctx.Done():
		}
		return
	}
	tick := time.NewTicker(pollStream)
	defer tick.Stop()
	for {
		if r := g.alive(ctx, id); r != nil && r.Status == 401 {
			cancel(ErrStreamRevoked)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
