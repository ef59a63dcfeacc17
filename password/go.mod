module github.com/jotgate/jotgate/password

go 1.25.0
