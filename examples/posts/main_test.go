package main

import (
	"testing"

	"github.com/jotgate/jotgate/examples/internal/readme"
	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/internal/pgtest"
)

func environment(t *testing.T, more ...string) []string {
	return append(more, "DATABASE_URL="+pgtest.Start(t).Database(t), "CACHE=memory", "BEHIND_PROXY=")
}

func TestTranscript(t *testing.T) {
	transcript.Run(t, transcript.Program{Env: environment(t, "INSECURE_SAMPLE_KEY=1")})
}

func TestReadme(t *testing.T) {
	readme.Run(t, "http://127.0.0.1:3000", environment(t, "SECRET_KEY="+secret)...)
}
