package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"sync"
)

// proxy lets one command through at a time: the next begins when the answer to the last is there.
type proxy struct {
	backend string
	turn    sync.Mutex
}

// serve returns when l is closed.
func (p *proxy) serve(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go p.relay(client)
	}
}

func (p *proxy) relay(client net.Conn) {
	defer client.Close()
	backend, err := net.Dial("tcp", p.backend)
	if err != nil {
		log.Print(err)
		return
	}
	defer backend.Close()
	for {
		if err := p.command(client, backend); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				log.Print(err)
			}
			return
		}
	}
}

func (p *proxy) command(client, backend net.Conn) error {
	question, err := message(client)
	if err != nil {
		return err
	}
	answer, err := p.ask(backend, question)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

func (p *proxy) ask(backend net.Conn, question []byte) ([]byte, error) {
	p.turn.Lock()
	defer p.turn.Unlock()
	if _, err := backend.Write(question); err != nil {
		return nil, err
	}
	return message(backend)
}

const (
	header     = 16         // bytes: length, id, what it answers, kind
	longest    = 48_000_000 // bytes: maxMessageSizeBytes
	opMsg      = 2013
	moreToCome = 1 << 1 // of OP_MSG: there is no answer
)

// message reads one message of the wire protocol. One that has no answer is refused, since nobody knows when it is done.
func message(r io.Reader) ([]byte, error) {
	head := make([]byte, header)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head)
	if n < header+4 || n > longest {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	m := append(head, make([]byte, n-header)...)
	if _, err := io.ReadFull(r, m[header:]); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(m[12:]) == opMsg && binary.LittleEndian.Uint32(m[header:])&moreToCome != 0 {
		return nil, errors.New("a message without an answer (write concern 0) is not served")
	}
	return m, nil
}
