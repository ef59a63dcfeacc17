module github.com/jotgate/jotgate/adapters/jotecho

go 1.25.0

require (
	github.com/jotgate/jotgate v0.0.0
	github.com/labstack/echo/v5 v5.3.1
)
