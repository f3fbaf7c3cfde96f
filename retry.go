package intune

// This file decides what follows from an attempt. A POST that may have succeeded is never repeated blindly.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/seed-230b9595/intune-go/internal/claims"
	"github.com/seed-230b9595/intune-go/internal/event"
	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/throttle"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// decideNext reports whether another attempt follows the last one, after c.wait. If not, c.err is the error of the call.
func (c *call) decideNext(ctx context.Context) bool {
	outcome, err := c.classify()
	if ended := ctx.Err(); ended != nil && err != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	c.log(ctx, outcome, err)
	c.history.note(outcome, c.last.Started, c.last.ended)
	c.handleOutcome(ctx, outcome, err)
	return !c.finished
}

// classify returns the outcome of the last attempt, and the error that goes with it.
func (c *call) classify() (outcome, error) {
	a := c.last
	nothingSent, repeated := a.Close()
	if a.response == nil {
		return classifyError(a.err, nothingSent), wire.Explain(a.err)
	}
	o := unknown
	var err error
	if a.response.status/100 == 2 {
		if err = c.decode(); err == nil {
			o = succeeded
		}
	} else {
		rejection := c.apiError()
		if o = c.classifyStatus(rejection); o != succeeded {
			err = rejection
		}
	}
	switch {
	case repeated && !isIdempotent(c.method):
		return unknown, fmt.Errorf("a middleware sent the request more than once: %w", cmp.Or(err, errors.New("the response belongs to one of the requests only")))
	case o == unknown && nothingSent: // a middleware responded
		return notSent, err
	}
	return o, err
}

// classifyError returns the outcome of an attempt without a response.
func classifyError(err error, nothingSent bool) outcome {
	var token *tokenError
	switch {
	case !nothingSent:
		return unknown
	case errors.As(err, &token) && !isTransient(token.err), wire.IsFinal(err),
		errors.As(err, new(*wire.ForbiddenError)), errors.As(err, new(*pausedError)), errors.As(err, new(*limiterError)):
		return failed
	}
	return notSent
}

// classifyStatus returns the outcome of a response that is not 2xx.
func (c *call) classifyStatus(e *APIError) outcome {
	switch status := e.StatusCode; {
	case status == http.StatusProxyAuthRequired: // from a proxy, before the service
		return failed
	case e.isThrottling(), c.isTokenRejected(), c.need.Claims == "" && c.challenge() != "":
		return rejected
	case status == http.StatusNotFound && c.method == http.MethodDelete && c.history.unknown > 0 && e.isFromGraph():
		return succeeded // by the attempt of unknown outcome
	case status == http.StatusRequestTimeout:
		return unknown
	case status/100 == 4, status == http.StatusNotImplemented:
		if e.isFromGraph() || isSafe(c.method) && status/100 == 4 {
			return failed
		}
	}
	return unknown
}

// isTokenRejected reports whether a 401 may be due to the token: a fresh one is obtained once.
func (c *call) isTokenRejected() bool {
	return c.last.response.status == http.StatusUnauthorized && c.need.Rejected == nil && !c.last.token.IsFresh(time.Now())
}

// challenge returns the claims that the last response asks for, "" if it asks for none.
func (c *call) challenge() string {
	return claims.Challenge(c.last.response.status, c.last.response.header)
}

// handleOutcome finishes the call, or prepares the next attempt.
func (c *call) handleOutcome(ctx context.Context, o outcome, err error) {
	c.err = err
	switch {
	case o == succeeded:
		if c.recovery != nil {
			err = c.recovery.succeeded(ctx, c.history, wire.Date(c.last.response.header))
		}
		c.finish(err)
		return
	case o == failed, ctx.Err() != nil:
		c.fail(ctx, err)
		return
	}
	c.wait = c.retryDelay(o, err)
	isHeld := c.pauseOthers(err)
	if o == unknown && !isIdempotent(c.method) {
		if c.recovery == nil {
			c.fail(ctx, err)
			return
		}
		outcome, err := c.recovery.lost(ctx, c.history, err)
		if outcome != absent {
			c.finish(err)
			return
		}
		c.wait = max(time.Until(c.last.ended.Add(RetryAfter(c.err))), 0)
	}
	if reason := c.stopReason(ctx); reason != "" {
		c.fail(ctx, fmt.Errorf("%w: %s", err, reason))
		return
	}
	if isHeld {
		c.wait = 0 // awaitTurn waits
	}
	c.prepareRetry()
}

// fail ends the call with an error, unless the request turns out to have had its effect.
func (c *call) fail(ctx context.Context, err error) {
	switch {
	case c.recovery != nil:
		err = c.recovery.failed(ctx, c.history, err)
	case c.history.unknown > 0 && !isIdempotent(c.method):
		err = c.history.outcomeUnknown(err)
	}
	c.finish(err)
}

// stopReason returns why there is no further attempt, "" if there is one.
func (c *call) stopReason(ctx context.Context) string {
	deadline, limited := ctx.Deadline()
	switch {
	case c.history.attempts >= c.pipeline.retry.MaxAttempts:
		return fmt.Sprintf("gave up after %d of %d attempts", c.history.attempts, c.pipeline.retry.MaxAttempts)
	case RetryAfter(c.err) > throttle.LongestWait:
		return fmt.Sprintf("not tried again: the service asked to wait %s", RetryAfter(c.err))
	case limited && c.wait > time.Until(deadline):
		return fmt.Sprintf("not tried again: the context ends before the wait of %s", c.wait)
	}
	return ""
}

// retryDelay returns how long to wait before the next attempt: as long as the service asks, otherwise exponential
// backoff with full jitter. A fresh token needs no wait, and neither does a server that did not take the first attempt.
func (c *call) retryDelay(o outcome, err error) time.Duration {
	if o == rejected && !errors.Is(err, ErrThrottled) || c.history.attempts == 1 && errors.As(err, new(*wire.RefusedError)) {
		return 0
	}
	if delay := RetryAfter(err); delay > 0 {
		return delay
	}
	return c.pipeline.retry.backoff(c.history.attempts)
}

// RetryAfter returns how long to wait before trying again after err. The service, the sign-in or the client's own quota may
// ask for a wait. If none did, RetryAfter returns 0.
func RetryAfter(err error) time.Duration {
	if held, ok := errors.AsType[*throttle.Error](err); ok {
		return max(held.Pause, 0)
	}
	if rejection, ok := errors.AsType[*APIError](err); ok {
		return rejection.RetryAfter
	}
	return signInRetryAfter(err)
}

// pauseOthers makes the other calls of the client wait as well if the service asks everybody to. It reports whether it
// does.
func (c *call) pauseOthers(err error) bool {
	var rejection *APIError
	if !errors.As(err, &rejection) {
		return false
	}
	switch {
	case rejection.isThrottling():
		c.pipeline.limits.pauseAll(c.wait)
		return true
	case rejection.StatusCode == http.StatusServiceUnavailable && rejection.isFromGraph() && rejection.RetryAfter > 0:
		c.pipeline.limits.busy.Close(c.wait)
		return true
	}
	return false
}

// prepareRetry makes the next attempt differ from the last one if it has to.
func (c *call) prepareRetry() {
	c.newConnection = false
	if c.last.response == nil {
		c.newConnection = errors.As(c.last.err, new(*wire.TimeoutError))
		return
	}
	switch c.last.response.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		c.need = tokencache.Need{Rejected: c.last.token, Claims: c.challenge()}
	case http.StatusServiceUnavailable:
		c.newConnection = true // see https://learn.microsoft.com/graph/best-practices-concept
	}
}

// backoff returns a random time up to MinDelay after the first attempt, twice that after the second, and so on up to
// MaxDelay.
func (p RetryPolicy) backoff(attempts int) time.Duration {
	ceiling := p.MinDelay
	for range attempts - 1 {
		ceiling = 2 * min(ceiling, p.MaxDelay/2)
	}
	return rand.N(ceiling + 1) //nolint:gosec // jitter
}

func (c *call) log(ctx context.Context, o outcome, err error) {
	if !c.pipeline.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.method),
		slog.String("path", withoutQuery(c.path)),
		slog.Int("attempt", c.history.attempts),
		slog.String("outcome", string(o)),
		slog.Duration("duration", c.last.ended.Sub(c.last.Started)),
		slog.String(event.ClientRequestID, c.clientRequestID),
	}
	if resp := c.last.response; resp != nil {
		attrs = append(attrs, slog.Int("status", resp.status), slog.String("requestId", resp.header.Get("request-id")))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", redact.Message(err.Error())))
	}
	c.pipeline.logger.LogAttrs(ctx, slog.LevelDebug, event.Attempt, attrs...)
}
