package main

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jotecho"
	"github.com/jotgate/jotgate/password"
	"github.com/jotgate/jotgate/profile/flaskjwt"
)

// newApp is the routes, and what stands before them.
func newApp(s Settings, db *mongo.Database, log *slog.Logger) (*echo.Echo, error) {
	config, err := flaskjwt.Config(s.dialect())
	if err != nil {
		return nil, err
	}
	config.Logger = log
	guard, err := jotgate.New(config)
	if err != nil {
		return nil, err
	}
	issuer, err := flaskjwt.NewIssuer(s.dialect())
	if err != nil {
		return nil, err
	}
	people := users{db.Collection("users"), password.NewHasher(s.Hashing, 0, 0), log}
	auth := auth{people, guard, issuer, s.Now}
	current := jotgate.Users[user]{Guard: guard, Load: people.identity}

	e := echo.New()
	e.Logger = log
	e.HTTPErrorHandler = failed(log)
	e.Use(logged(log), middleware.Recover())
	e.POST("/auth", auth.login)
	e.GET("/holodules/:date", schedule{db}.ofDay, jotecho.Need(current, jotgate.Rule{})) // @jwt_required()
	return e, nil
}

func failure(words string) any { return map[string]string{"error": words} }

// failed answers an error of a handler, and of a path that nobody handles. The error itself is for the log.
func failed(log *slog.Logger) echo.HTTPErrorHandler {
	return func(c *echo.Context, err error) {
		status, level := cmp.Or(echo.StatusCode(err), http.StatusInternalServerError), slog.LevelWarn
		if mongo.IsTimeout(err) || mongo.IsNetworkError(err) || errors.Is(err, password.ErrBusy) {
			status = http.StatusServiceUnavailable
			c.Response().Header().Set("Retry-After", "1")
		}
		if status >= 500 {
			level = slog.LevelError
		}
		words := http.StatusText(status)
		if status == http.StatusNotFound {
			words = "Not found"
		}
		log.Log(c.Request().Context(), level, words, "path", c.Request().URL.Path, "error", err)
		_ = sendJSON(c, status, failure(words)) // the client is gone: nobody is left to tell
	}
}
