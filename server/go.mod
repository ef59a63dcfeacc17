module github.com/jotgate/jotgate/server

go 1.26

require github.com/swaggest/swgui v1.8.5

require github.com/vearutop/statigz v1.4.0 // indirect
