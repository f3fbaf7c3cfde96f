package wire

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// Attempt is one try of a request: what the transport needs to send it, and the evidence of whether it was sent.
type Attempt struct {
	Body            []byte   // JSON; nil for none. It is sent whatever a middleware does to the request's body
	Authorization   []string // the value of that header
	ClientRequestID string
	Started         time.Time // the time limit counts from here
	NewConnection   bool      // if the transport is the user's: do not keep the connection for the next request

	mu            sync.Mutex
	closed        bool
	entered       int  // requests that reached the transport
	running       int  // requests that have not returned
	wanted, had   int  // connections, by the hooks of net/http's transport
	hooksAreProof bool // the transport is net/http's own
}

type attemptKey struct{}

// WithAttempt returns a context that carries the attempt to the transport.
func WithAttempt(ctx context.Context, a *Attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

func attemptFrom(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

// enter lets a request pass, unless the attempt is over.
func (a *Attempt) enter(hooksAreProof bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.entered++
	a.running++
	a.hooksAreProof = hooksAreProof
	return true
}

func (a *Attempt) leave() { a.count(&a.running, -1) }

func (a *Attempt) count(what *int, by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*what += by
}

// trace returns the hooks for one request.
func (a *Attempt) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { a.count(&a.wanted, 1) },
		GotConn: func(httptrace.GotConnInfo) { a.count(&a.had, 1) },
	}
}

// Close ends the attempt: a request that has not reached the transport by now never will. Close reports whether it is
// proven that nothing was sent: no request reached the transport, or net/http's own transport had no connection for
// any of them. It also reports whether more than one request may have been sent, which takes a middleware that repeats.
func (a *Attempt) Close() (nothingSent, repeated bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	hadNoConnection := a.hooksAreProof && a.running == 0 && a.wanted >= a.entered && a.had == 0
	nothingSent = a.entered == 0 || hadNoConnection
	return nothingSent, a.entered > 1 && !nothingSent
}
