package password

import (
	"context"
	"fmt"
)

// Parse lets the tests print what was parsed, and see its parameters.
func Parse(phc string) (fmt.Stringer, Params, error) {
	h, err := parse(phc)
	return h, h.params, err
}

// Occupy takes a permit as hashing does, so that a test decides how long it is held.
func (h *Hasher) Occupy(ctx context.Context) error { return h.enter(ctx) }

// Vacate gives the permit back.
func (h *Hasher) Vacate() { h.leave() }

// CommonList is the embedded list.
var CommonList = common
