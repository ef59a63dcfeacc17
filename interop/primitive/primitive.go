// Package primitive reaches the check of a signature that lies under jwt.Verify.
//
// Vectors of bare algorithms sign bytes that are no token, so nothing that package jwt exports takes them. What turns
// r‖s into the form that crypto/ecdsa reads, fixes the length of a salt and compares a whole tag is nevertheless ours,
// and must meet them. The link breaks the build, not the result, when the method is renamed.
package primitive

import (
	"unsafe"

	"github.com/jotgate/jotgate/jwt"
)

//go:linkname verifies github.com/jotgate/jotgate/jwt.(*key).verifies
func verifies(key unsafe.Pointer, input, sig string) bool

// Verifies tells whether sig is a signature of input under k, which must not be the zero Key.
func Verifies(k jwt.Key, input, sig []byte) bool {
	return verifies(*(*unsafe.Pointer)(unsafe.Pointer(&k)), string(input), string(sig)) // a Key is one pointer
}
