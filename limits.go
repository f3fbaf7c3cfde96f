package intune

// This file holds requests back: for the quota, and while the service has asked for a pause.

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed-230b9595/intune-go/internal/event"
	"github.com/seed-230b9595/intune-go/internal/throttle"
)

// Limiter decides when a request may be sent; see [WithLimiter]. Wait returns nil when it may, in order of arrival. It
// returns an error if the request must not be sent, for example because ctx ends first. The client calls Wait for every
// attempt, after it has obtained the token. If the token expires during the wait, the client replaces it. A Limiter may
// also be a [Pauser].
type Limiter interface {
	Wait(ctx context.Context, method string) error
}

// Pauser is implemented by a [Limiter] that needs to know when the service throttles. The client then calls Pause with
// the time for which no request should be sent.
type Pauser interface {
	Pause(pause time.Duration)
}

// Quota limits the number of requests in any window of time; see [WithQuota].
type Quota struct {
	Requests int
	Window   time.Duration
	Methods  []string // the methods that count; all if empty
}

// IntuneAppsQuota returns the limits of Microsoft Graph for one application in one tenant on Intune's apps resources.
// See https://learn.microsoft.com/graph/throttling-limits.
func IntuneAppsQuota() []Quota {
	return []Quota{
		{Requests: 100, Window: 20 * time.Second, Methods: []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}},
		{Requests: 1000, Window: 20 * time.Second},
	}
}

func newQuotaLimiter(quotas []Quota) Limiter {
	converted := make([]throttle.Quota, len(quotas))
	for i, q := range quotas {
		converted[i] = throttle.Quota(q)
	}
	return throttle.NewWindows(converted)
}

// limits holds the requests of a client back.
type limits struct {
	throttled *throttle.Gate // after a 429 or a 509: every request
	busy      *throttle.Gate // after a 503 with Retry-After: every request except a look for a lost create
	limiter   Limiter        // nil for none
}

func newLimits(limiter Limiter, jitter time.Duration) limits {
	return limits{throttled: throttle.NewGate(jitter), busy: throttle.NewGate(jitter), limiter: limiter}
}

func (l *limits) wait(ctx context.Context, method string, isLook bool) error {
	for {
		err := l.throttled.Wait(ctx)
		if err == nil && !isLook {
			err = l.busy.Wait(ctx)
		}
		if err != nil {
			return &pausedError{err}
		}
		if l.limiter == nil {
			return nil
		}
		if err := l.limiter.Wait(ctx, method); err != nil {
			if errors.As(err, new(*throttle.Error)) {
				return &pausedError{err}
			}
			return &limiterError{err}
		}
		if l.throttled.IsOpen() && (isLook || l.busy.IsOpen()) {
			return nil
		} // otherwise a pause has begun meanwhile, and the turn at the limiter is lost
	}
}

// reason returns what a request would wait for now.
func (l *limits) reason(isLook bool) string {
	switch {
	case !l.throttled.IsOpen():
		return event.ReasonThrottled
	case !isLook && !l.busy.IsOpen():
		return event.ReasonUnavailable
	}
	return event.ReasonQuota
}

// pauseAll holds every request back, and those of other processes if the limiter can.
func (l *limits) pauseAll(pause time.Duration) {
	l.throttled.Close(pause)
	if shared, ok := l.limiter.(Pauser); ok {
		shared.Pause(pause)
	}
}

// pausedError is an attempt that was not made because its wait would outlast the context, or the context ended.
type pausedError struct{ err error }

func (e *pausedError) Error() string   { return e.err.Error() }
func (e *pausedError) Unwrap() []error { return []error{ErrThrottled, e.err} }

// limiterError is an attempt that was not made because the Limiter returned an error.
type limiterError struct{ err error }

func (e *limiterError) Error() string { return "not sent: " + e.err.Error() }
func (e *limiterError) Unwrap() error { return e.err }
