package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v5"
)

// logHandler says where a log goes to, what, and in which form.
type logHandler struct {
	Output string     `json:"output"` // console, or a file that is appended to
	Level  slog.Level `json:"level"`
	Format string     `json:"format"` // text or json
}

// openLog makes the logger that config/logger.json describes. Its files stay open until the program ends: nothing is buffered.
func openLog(file string) (*slog.Logger, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var config struct{ Handlers []logHandler }
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&config); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	var handlers []slog.Handler
	for _, h := range config.Handlers {
		handler, err := h.open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		handlers = append(handlers, handler)
	}
	return slog.New(slog.NewMultiHandler(handlers...)), nil
}

func (h logHandler) open() (slog.Handler, error) {
	w := os.Stderr
	if h.Output != "console" {
		err := os.MkdirAll(filepath.Dir(h.Output), 0o750)
		if err == nil {
			w, err = os.OpenFile(h.Output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		}
		if err != nil {
			return nil, err
		}
	}
	options := &slog.HandlerOptions{Level: h.Level}
	switch h.Format {
	case "text":
		return slog.NewTextHandler(w, options), nil
	case "json":
		return slog.NewJSONHandler(w, options), nil
	}
	return nil, fmt.Errorf("format of %s: want text or json, got %q", h.Output, h.Format)
}

// logged is the decorator @log(logger), for all handlers: which request, its answer and its time. Neither headers nor bodies
// are logged, since tokens and passwords are there.
func logged(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			start, r := time.Now(), c.Request()
			if err := next(c); err != nil {
				c.Echo().HTTPErrorHandler(c, err)
			}
			_, status := echo.ResolveResponseStatus(c.Response(), nil)
			log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", status, "took", time.Since(start))
			return nil
		}
	}
}
