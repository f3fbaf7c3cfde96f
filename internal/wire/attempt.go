package wire

import (
	"context"
	"errors"
	"net/http/httptrace"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
)

// Attempt is one try of a request: what the transport needs to send it, and the evidence of whether it was sent.
type Attempt struct {
	Body            []byte   // JSON; nil for none. It is sent whatever a middleware does to the request's body
	Authorization   []string // the value of that header
	ClientRequestID string
	Started         time.Time // the time limit counts from here
	NewConnection   bool      // if the transport is the user's: do not keep the connection for the next request

	mu      sync.Mutex
	closed  bool
	entered int // requests that reached the transport
	running int // requests that have not returned
	unsent  int // requests that certainly were not processed
}

type attemptKey struct{}

// WithAttempt returns a context that carries the attempt to the transport.
func WithAttempt(ctx context.Context, a *Attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// enter lets a request pass, unless the attempt is over.
func (a *Attempt) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.entered++
	a.running++
	return true
}

// leave notes that a request has returned.
func (a *Attempt) leave(isUnsent bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running--
	if isUnsent {
		a.unsent++
	}
}

// Close ends the attempt: a request that has not reached the transport by now never will. Close reports whether it is
// proven that nothing was processed, because no request reached the transport, or because each was unsent. It also reports
// whether more than one request may have been processed, which takes a middleware that repeats.
func (a *Attempt) Close() (nothingSent, repeated bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	return a.running == 0 && a.unsent == a.entered, a.entered-a.unsent > 1
}

// evidence is what net/http's own transport tells of one request.
type evidence struct{ wanted, had atomic.Bool } // a connection

// trace returns the hooks that collect it.
func (e *evidence) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { e.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { e.had.Store(true) },
	}
}

// isUnsent reports whether a request that failed certainly was not processed: there was no connection for it, or the server
// says so.
func (e *evidence) isUnsent(err error) bool {
	return err != nil && (e.wanted.Load() && !e.had.Load() || errors.As(err, new(*RefusedError)))
}

// RefusedError says that the server has not processed a request over HTTP/2, so that it may be sent again at once: it reset
// the stream with REFUSED_STREAM, or its GOAWAY named a lower stream (RFC 9113, section 8.7).
type RefusedError struct{ reason string }

// Error implements error.
func (e *RefusedError) Error() string { return "the server did not process the request: " + e.reason }

// refusal is how net/http says so. It does not export its errors, and wraps them as text if the request has a body.
var refusal = regexp.MustCompile(`^(?:http2: Transport: cannot retry err \[)?` +
	`(stream error: stream ID \d+; REFUSED_STREAM; received from peer` +
	`|http2: Transport received Server's graceful shutdown GOAWAY` +
	`|http2: Transport received GOAWAY from server ErrCode:\w+)` +
	`(?:\] after Request\.Body was written.*)?$`)

// explainRefusal turns an error of net/http's own transport into a *RefusedError, if it is one.
func explainRefusal(err error) error {
	if found := refusal.FindStringSubmatch(err.Error()); found != nil {
		return &RefusedError{found[1]}
	}
	return err
}
