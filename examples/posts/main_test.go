package main

import (
	"testing"

	"github.com/jotgate/jotgate/examples/internal/transcript"
	"github.com/jotgate/jotgate/internal/pgtest"
)

func TestTranscript(t *testing.T) {
	transcript.Run(t, transcript.Program{Env: []string{
		"DATABASE_URL=" + pgtest.Start(t).Database(t), "INSECURE_SAMPLE_KEY=1", "SECRET_KEY=", "CACHE=memory", "BEHIND_PROXY=",
	}})
}
