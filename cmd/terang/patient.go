package main

import (
	"errors"
	"log/slog"
	"net"
	"syscall"
	"time"
)

// patient is a listener that waits where the machine can take no more connections for now:
// the server under it would take that for the end and stop.
type patient struct {
	net.Listener
	log *slog.Logger
}

const noMoreFor = 200 * time.Millisecond

func (p patient) Accept() (net.Conn, error) {
	for told := false; ; told = true {
		c, err := p.Listener.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.ECONNABORTED):
		default:
			return c, err
		}
		if !told {
			p.log.Error("no more connections can be taken", "error", err)
		}
		time.Sleep(noMoreFor)
	}
}
