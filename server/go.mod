module github.com/jotgate/jotgate/server

go 1.26
