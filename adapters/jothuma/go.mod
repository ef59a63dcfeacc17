module github.com/jotgate/jotgate/adapters/jothuma

go 1.25.0

require (
	github.com/danielgtaylor/huma/v2 v2.37.2
	github.com/jotgate/jotgate v0.0.0
)
