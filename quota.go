package intune

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// gate holds back all attempts of a client while the service has asked for a pause, because what is sent while it
// throttles counts against the quota. See https://learn.microsoft.com/graph/throttling.
type gate struct {
	jitter  time.Duration // at most, so that those who waited do not all come at once
	limiter Limiter       // nil for none

	closed atomic.Bool // stays so until somebody finds that the pause is over

	mu      sync.Mutex
	opens   time.Time
	waiting int
}

// close keeps everybody waiting for the given time, or longer where an earlier pause still goes on.
func (g *gate) close(pause time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if opens := time.Now().Add(pause); opens.After(g.opens) {
		g.opens = opens
		g.closed.Store(true)
	}
}

// pass waits for the quota, and until the gate is open. A wait that would outlast the context is not begun.
func (g *gate) pass(ctx context.Context, method string) error {
	if err := g.waitOpen(ctx); err != nil || g.limiter == nil {
		return err
	}
	for {
		if err := g.limiter.Wait(ctx, method); err != nil {
			if errors.As(err, new(*pausedError)) {
				return err
			}
			return &limitError{err}
		}
		if opens, _ := g.next(); !time.Now().Before(opens) {
			return nil
		}
		if err := g.waitOpen(ctx); err != nil { // it was closed meanwhile, and the turn at the limiter is lost
			return err
		}
	}
}

func (g *gate) waitOpen(ctx context.Context) error {
	if !g.closed.Load() {
		return nil
	}
	opens, until := g.enter()
	defer g.leave()
	for time.Now().Before(opens) {
		if deadline, ok := ctx.Deadline(); ok && !until.Before(deadline) {
			until = opens
		}
		if !sleepUntil(ctx, until) {
			return &pausedError{pause: time.Until(opens), err: ctx.Err()}
		}
		opens, until = g.next()
	}
	return nil
}

func (g *gate) enter() (opens, until time.Time) {
	g.mu.Lock()
	g.waiting++
	g.mu.Unlock()
	return g.next()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting--
}

// next tells when the gate opens and when one of those who wait goes through: whoever is alone at once.
func (g *gate) next() (opens, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	until = g.opens
	if !time.Now().Before(g.opens) {
		g.closed.Store(false)
	}
	if g.waiting > 1 {
		until = until.Add(rand.N(g.jitter + 1)) //nolint:gosec // jitter
	}
	return g.opens, until
}

// pausedError is an attempt that was not made, because the service has asked for a pause that the context does not
// outlast.
type pausedError struct {
	pause time.Duration
	err   error // of the context, nil where it has not ended yet
}

func (e *pausedError) Error() string {
	text := "not sent: its turn has not come"
	if e.pause > 0 {
		text = fmt.Sprintf("not sent: requests have to wait another %s", e.pause.Round(time.Millisecond))
	}
	if e.err != nil {
		return text + ": " + e.err.Error()
	}
	return text + ", and the context ends before"
}

func (e *pausedError) Unwrap() []error {
	if e.err != nil {
		return []error{ErrThrottled, e.err}
	}
	return []error{ErrThrottled}
}

// limitError is an attempt that a limiter did not let pass, so that it was not made.
type limitError struct{ err error }

func (e *limitError) Error() string { return "not sent: " + e.err.Error() }
func (e *limitError) Unwrap() error { return e.err }

// passGate is the step that waits for the gate. The time limit of the attempt counts from there.
func passGate(g *gate) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if err := g.pass(req.Context(), req.Method); err != nil {
				closeBody(req)
				return nil, err
			}
			attemptFrom(req.Context()).started = time.Now()
			return next.RoundTrip(req)
		})
	}
}

// retryBudget keeps a busy program from hammering a service that is down: retries are paid for out of a bucket that
// successes fill. The figures are those of the AWS SDK's standard mode.
type retryBudget struct{ spent atomic.Int64 }

const (
	retryCapacity = 500
	retryCost     = 5
	timeoutCost   = 10 // of a retry after a time-out, which has cost the service more
	successIncome = 1  // of a call that needed no retry; one that did gets its costs back
)

// take pays for a retry. It says whether there was enough.
func (b *retryBudget) take(cost int) bool {
	for {
		spent := b.spent.Load()
		if spent+int64(cost) > retryCapacity {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+int64(cost)) {
			return true
		}
	}
}

func (b *retryBudget) give(income int) {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, max(spent-int64(income), 0)) {
			return
		}
	}
}
