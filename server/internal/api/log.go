package api

import (
	"context"
	"log/slog"
)

// LogRequests returns a logger that writes the request's id into every line that belongs to a request, whoever logs it.
func LogRequests(l *slog.Logger) *slog.Logger { return slog.New(requestLog{l.Handler()}) }

type requestLog struct{ slog.Handler }

func (h requestLog) Handle(ctx context.Context, r slog.Record) error {
	if id := clientOf(ctx).RequestID; id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestLog{h.Handler.WithAttrs(attrs)}
}

func (h requestLog) WithGroup(name string) slog.Handler { return requestLog{h.Handler.WithGroup(name)} }
