package mongotest_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jotgate/jotgate/internal/mongotest"
)

// Of updates at the same moment, each sees what the one before it left.
func TestOneAfterTheOther(t *testing.T) {
	address, database := mongotest.Start(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, other := mongotest.Start(t); other == database {
		t.Fatalf("two databases have one name: %s", other)
	}
	const clients, times = 16, 25
	increment := document("findAndModify", "counters", "query", document("_id", "a"),
		"update", document("$inc", document("count", int32(1))), "new", true, "upsert", true, "$db", database)
	seen := make(chan int32, clients*times)
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", u.Host)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for range times {
				n, err := ask(conn, increment)
				if err != nil {
					t.Error(err)
					return
				}
				seen <- n
			}
		})
	}
	all.Wait()
	close(seen)
	different := map[int32]bool{}
	for n := range seen {
		different[n] = true
	}
	if len(different) != clients*times || !different[clients*times] {
		t.Errorf("%d increments: got %d different values", clients*times, len(different))
	}
}

// ask sends a command as MongoDB's wire protocol has it (OP_MSG) and returns the number count of the answer.
func ask(conn net.Conn, command []byte) (int32, error) {
	head := binary.LittleEndian.AppendUint32(nil, uint32(21+len(command)))
	head = append(head, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0, 0, 0, 0, 0, 0) // id 1, answers none, OP_MSG, no flags, one document
	if _, err := conn.Write(append(head, command...)); err != nil {
		return 0, err
	}
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return 0, err
	}
	answer := make([]byte, binary.LittleEndian.Uint32(length[:])-4)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return 0, err
	}
	_, n, ok := bytes.Cut(answer, []byte("\x10count\x00"))
	if !ok {
		return 0, fmt.Errorf("want a number count, got %q", answer)
	}
	return int32(binary.LittleEndian.Uint32(n)), nil
}

// document writes names and values as BSON: texts, numbers, true and documents.
func document(pairs ...any) []byte {
	var body []byte
	for i := 0; i < len(pairs); i += 2 {
		name := append([]byte(pairs[i].(string)), 0)
		switch v := pairs[i+1].(type) {
		case string:
			body = append(append(body, 0x02), name...)
			body = binary.LittleEndian.AppendUint32(body, uint32(len(v)+1))
			body = append(append(body, v...), 0)
		case int32:
			body = binary.LittleEndian.AppendUint32(append(append(body, 0x10), name...), uint32(v))
		case bool:
			body = append(append(append(body, 0x08), name...), 1)
		case []byte:
			body = append(append(append(body, 0x03), name...), v...)
		}
	}
	return append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(body)+5)), body...), 0)
}
