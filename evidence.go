package intune

// This file keeps the proof of whether a request was sent.

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// evidence collects what proves that an attempt never reached the service. The hooks of a transport may run after its
// RoundTrip has returned, and a middleware may call it more than once, or too late.
type evidence struct {
	mu                            sync.Mutex
	closed                        bool
	entered, running              int
	getConn, gotConn, writeFailed int
	answered                      time.Time // when the header of the last answer was there
}

// enter lets a request pass to the wire, unless the attempt is over.
func (e *evidence) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.entered++
	e.running++
	return true
}

func (e *evidence) leave() { e.count(&e.running, -1) }

func (e *evidence) count(what *int, by int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*what += by
}

// trace returns the hooks for one request. A failed write proves nothing once the last byte of the body has been read.
func (e *evidence) trace(body unsent) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { e.count(&e.getConn, 1) },
		GotConn: func(httptrace.GotConnInfo) { e.count(&e.gotConn, 1) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err != nil && (body == nil || body.Len() > 0) {
				e.count(&e.writeFailed, 1)
			}
		},
	}
}

// answer notes that the header of an answer is there.
func (e *evidence) answer() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answered = time.Now()
}

// close ends the attempt: what has not entered by now never will. It reports whether nothing was sent: proven where
// nothing entered, or where the transport's hooks tell that each connection it asked for was not had, or failed before
// the request was written to its end. A transport without hooks proves nothing, and neither does an error after the
// last byte. It also reports whether more than one request may have been sent.
func (e *evidence) close() (nothingSent, repeated bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	nothingSent = e.entered == 0 || e.running == 0 && e.getConn > 0 && e.gotConn == e.writeFailed
	return nothingSent, e.entered > 1 && !nothingSent
}

// unsent is what is left of a body. It is asked where the body is read.
type unsent interface{ Len() int }

// bodyToSend returns the body of a request, and what tells whether it was read to its end. Where no middleware has
// replaced it, it is a reader of a type that net/http knows, which then sends headers and body in one packet.
func (a *attempt) bodyToSend(req *http.Request) (io.ReadCloser, unsent) {
	switch req.Body {
	case nil, http.NoBody:
		return req.Body, nil
	case a.given:
		reader := bytes.NewReader(a.call.body)
		return io.NopCloser(reader), reader
	}
	body := &foreignBody{ReadCloser: req.Body}
	return body, body
}

// foreignBody is a body that a middleware has made.
type foreignBody struct {
	io.ReadCloser

	ended bool
}

func (b *foreignBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}

// Len implements unsent: how much is left is not known, only whether anything is.
func (b *foreignBody) Len() int {
	if b.ended {
		return 0
	}
	return 1
}
