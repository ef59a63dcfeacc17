module github.com/jotgate/jotgate

go 1.25
