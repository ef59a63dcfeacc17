package password

import (
	"context"
	"fmt"
)

// ParseArgon2id lets the tests print what was parsed, and see its parameters.
func ParseArgon2id(phc string) (fmt.Stringer, Params, error) {
	h, err := parse(phc)
	own, ok := h.(argon2id)
	if err == nil && !ok {
		err = ErrHash
	}
	return own, own.params, err
}

// Parse tells what is read.
func Parse(stored string) error {
	h, err := parse(stored)
	if (err == nil) == (h == nil) {
		panic("want a hash or an error")
	}
	return err
}

// Occupy takes a permit as hashing does, so that a test decides how long it is held.
func (h *Hasher) Occupy(ctx context.Context) error { return h.enter(ctx) }

// Vacate gives the permit back.
func (h *Hasher) Vacate() { h.leave() }

// CommonList is the embedded list.
var CommonList = common
