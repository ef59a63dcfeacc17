package server_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jotgate/jotgate/server"
)

// TestNothingIsLeftRunning: a server that has been used and closed leaves no goroutine behind.
func TestNothingIsLeftRunning(t *testing.T) {
	onStores(t, func(t *testing.T, s server.Settings) {
		n := start(t, s)
		n.signUp("ann")
		tok := n.logIn("ann")
		parallel(16, func(int) { n.refresh(tok.Refresh) })
		n.done("POST", "/v1/logout", tok.Access, nil)
		n.stop()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			left := ours()
			if len(left) == 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d goroutines are left, the first is\n%s", len(left), left[0])
			}
		}
	})
}

// ours returns the stacks of goroutines that the project or its drivers started, tests apart.
func ours() (stacks []string) {
	buffer := make([]byte, 8<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		_, origin, _ := strings.Cut(stack, "\ncreated by ")
		for _, from := range []string{"github.com/jotgate/jotgate", "database/sql", "github.com/jackc/", "modernc.org/", "net/http.(*Server)"} {
			if strings.HasPrefix(origin, from) && !strings.Contains(origin, "_test.") {
				stacks = append(stacks, stack)
			}
		}
	}
	return stacks
}
