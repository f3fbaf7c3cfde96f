// Package throttle holds requests back: until a pause is over that the service has asked for, and until a quota allows
// the next one.
package throttle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-230b9595/intune-go/internal/wait"
)

// LongestWait bounds the waits that a service asks for: a request that would have to wait longer is not sent.
const LongestWait = time.Hour

// Gate holds all requests back while the service has asked for a pause, because requests that are sent while it
// throttles count against the quota. See https://learn.microsoft.com/graph/throttling.
type Gate struct {
	jitter  time.Duration // at most, so that requests which waited do not all go at once
	waiting atomic.Int32

	mu    sync.Mutex
	opens time.Time
}

// NewGate returns an open gate.
func NewGate(jitter time.Duration) *Gate { return &Gate{jitter: jitter} }

// Close holds requests back for the given time, or longer if an earlier pause has not ended by then.
func (g *Gate) Close(pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if opens := time.Now().Add(pause); opens.After(g.opens) {
		g.opens = opens
	}
}

// IsOpen reports whether a request need not wait.
func (g *Gate) IsOpen() bool {
	opens, _ := g.next()
	return !time.Now().Before(opens)
}

// Wait waits until the gate is open. It does not begin a wait that would outlast the context or exceed LongestWait. The error
// is an *Error.
func (g *Gate) Wait(ctx context.Context) error {
	if g.IsOpen() {
		return nil
	}
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	for {
		opens, passes := g.next()
		if !time.Now().Before(opens) {
			return nil
		}
		if pause := time.Until(opens); pause > LongestWait {
			return &Error{Pause: pause}
		}
		if deadline, ok := ctx.Deadline(); ok && !passes.Before(deadline) {
			passes = opens
		}
		if err := wait.Until(ctx, passes); err != nil {
			return newError(ctx, opens)
		}
	}
}

// next returns when the gate opens and when one of the waiting requests passes: immediately if it is the only one.
func (g *Gate) next() (opens, passes time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	passes = g.opens
	if g.waiting.Load() > 1 {
		passes = passes.Add(rand.N(g.jitter + 1)) //nolint:gosec // jitter
	}
	return g.opens, passes
}

// Error says that a request was not sent, because its wait would be too long, or the context ended.
type Error struct {
	Pause time.Duration // that was left; 0 or less if it is not known
	Err   error         // the context's; nil if the wait was not begun
}

func newError(ctx context.Context, until time.Time) *Error {
	return &Error{Pause: time.Until(until), Err: ctx.Err()}
}

// Error implements error.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("not sent: requests must wait another %s, which is longer than this call may wait", e.Pause.Round(time.Millisecond))
	case e.Pause <= 0:
		return fmt.Sprintf("not sent while waiting for the quota: %v", e.Err)
	}
	return fmt.Sprintf("not sent, requests must wait another %s: %v", e.Pause.Round(time.Millisecond), e.Err)
}

// Unwrap returns the context's error, nil if the context has not ended.
func (e *Error) Unwrap() error { return e.Err }
