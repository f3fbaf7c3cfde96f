package intune

// This file decides what follows from an attempt. A POST that may have been carried out is never sent again blindly.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-230b9595/intune-go/internal/claims"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// outcome is what became of an attempt. What follows depends on it alone.
type outcome string

const (
	succeeded outcome = "succeeded"
	notSent   outcome = "not sent" // proven: the service has not seen the request
	refused   outcome = "refused"  // the service has not carried it out, and may later
	failed    outcome = "failed"   // the service has not carried it out, and will not
	unknown   outcome = "unknown"  // it may have been carried out
)

// longestWait bounds what the service may ask for, so that an absurd Retry-After does not hang a program.
const longestWait = time.Hour

// retrying is the retry step: go-retryablehttp, told by the call whether to go on and how long to wait. Its client shows
// no CloseIdleConnections, because go-retryablehttp would drain the user's pool with it on each failure.
func retrying(client *http.Client, policy RetryPolicy) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: client,
		RetryMax:   policy.MaxAttempts, // never reached: the call counts its attempts itself
		CheckRetry: func(ctx context.Context, _ *http.Response, _ error) (bool, error) {
			return callFrom(ctx).goesOn(ctx), nil
		},
		Backoff: func(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
			return callFrom(resp.Request.Context()).wait
		},
		PrepareRetry: func(req *http.Request) error {
			if req.Header = callFrom(req.Context()).options.header.Clone(); req.Header == nil {
				req.Header = make(http.Header)
			}
			return nil
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// goesOn judges the last attempt and says whether there will be another one, after c.wait. If not, c.err is the error
// of the call.
func (c *call) goesOn(ctx context.Context) bool {
	a := c.last
	outcome, err := c.judge(a)
	if ended := ctx.Err(); ended != nil && err != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w: %w", ended, err)
	}
	c.log(ctx, outcome, err)
	c.follow(ctx, outcome, err)
	return !c.settled
}

// judge tells the outcome of an attempt, and the error that goes with it.
func (c *call) judge(a *attempt) (outcome, error) {
	nothingSent, repeated := a.evidence.close()
	if a.response == nil {
		return judgeError(a.err, nothingSent), a.err
	}
	o := unknown
	var err error
	if a.response.StatusCode/100 == 2 {
		if err = c.decode(a); err == nil {
			return succeeded, nil
		}
	} else {
		refusal := c.apiError(a)
		o, err = c.judgeStatus(refusal, a.response.Header), refusal
	}
	switch {
	case o == succeeded:
		return succeeded, nil
	case repeated && !isRepeatable(c.method):
		return unknown, err // a middleware sent it more than once, and this answers one of them
	case o == unknown && nothingSent:
		return notSent, err
	}
	return o, err
}

func judgeError(err error, nothingSent bool) outcome {
	var token *tokenError
	switch {
	case !nothingSent:
		return unknown
	case errors.As(err, &token) && !token.transient,
		errors.As(err, new(*forbiddenError)), errors.As(err, new(*pausedError)), errors.As(err, new(*limitError)):
		return failed
	}
	return notSent
}

// judgeStatus tells the outcome of a status other than 2xx.
func (c *call) judgeStatus(refusal *APIError, header http.Header) outcome {
	isFromGraph := header.Get("Retry-After") != "" || refusal.Code != ""
	switch status := refusal.StatusCode; {
	case status == http.StatusNotFound && c.method == http.MethodDelete && c.firstUnknown != nil:
		return succeeded // by the attempt of unknown outcome
	case status == http.StatusTooManyRequests, status == statusBandwidthLimitExceeded,
		status == http.StatusServiceUnavailable && isFromGraph, status == http.StatusRequestTimeout && isFromGraph,
		status == http.StatusUnauthorized && c.need.Rejected == nil && !c.last.token.IsFresh(time.Now()),
		c.need.Claims == "" && claims.Challenge(status, header) != "":
		return refused
	case status/100 == 3, status/100 == 4, status == http.StatusNotImplemented:
		return failed
	}
	return unknown
}

// follow draws the consequence: the call is settled, or goes on after a wait.
func (c *call) follow(ctx context.Context, o outcome, err error) {
	c.err = err
	if o == unknown {
		c.firstUnknown, c.lastUnknown = cmp.Or(c.firstUnknown, c.last), c.last
	}
	switch {
	case o == succeeded:
		c.client.budget.give(max(c.paid, successIncome))
		c.settle(nil)
		if c.options.created != nil {
			c.settleCreated(ctx)
		}
		return
	case o == failed, ctx.Err() != nil:
		c.conclude(ctx, err)
		return
	}
	c.wait = c.pause(o, err)
	forAll := isForAll(err)
	if forAll {
		c.client.gate.close(min(c.wait, longestWait))
	}
	if o == unknown && !isRepeatable(c.method) {
		if c.reconcile(ctx, err); c.settled {
			return
		}
		c.wait = 0
	}
	if problem := c.obstacle(ctx, err); problem != "" {
		c.conclude(ctx, fmt.Errorf("%w: %s", err, problem))
		return
	}
	if forAll {
		c.wait = 0 // the gate does the waiting
	}
	c.prepare()
}

// obstacle says why there is no further attempt, "" where there may be one.
func (c *call) obstacle(ctx context.Context, err error) string {
	cost := retryCost
	if isTimeout(err) {
		cost = timeoutCost
	}
	deadline, limited := ctx.Deadline()
	switch {
	case c.attempts >= c.client.retry.MaxAttempts:
		return fmt.Sprintf("gave up after %d of %d attempts", c.attempts, c.client.retry.MaxAttempts)
	case c.wait > longestWait:
		return fmt.Sprintf("not tried again: the service asked to wait %s", c.wait)
	case limited && c.wait > time.Until(deadline):
		return fmt.Sprintf("not tried again: the context ends before the wait of %s", c.wait)
	case !c.client.budget.take(cost):
		return "not tried again: too many calls have failed, and the retry budget is used up"
	}
	c.paid += cost
	return ""
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// prepare makes the next attempt differ from the last one where it has to.
func (c *call) prepare() {
	c.renew = false
	if c.last.response == nil {
		return
	}
	switch resp := c.last.response; resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		c.need = tokencache.Need{Rejected: c.last.token, Claims: claims.Challenge(resp.StatusCode, resp.Header)}
	case http.StatusServiceUnavailable:
		c.renew, c.stale = true, c.last.via // see https://learn.microsoft.com/graph/best-practices-concept
	}
}

// isForAll says whether the wait that the service asked for holds for all requests of the client.
func isForAll(err error) bool {
	var refusal *APIError
	return errors.Is(err, ErrThrottled) || errors.As(err, &refusal) && refusal.RetryAfter > 0
}

func (c *call) settle(err error) { c.err, c.settled = err, true }

// isRepeatable says whether doing it twice comes to the same as doing it once.
func isRepeatable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return true
	}
	return false
}

func (c *call) outcomeUnknown(err error) error {
	e := &OutcomeUnknownError{Attempts: c.attempts, Since: c.firstUnknown.started.UTC(), Until: c.lastUnknown.ended.UTC(), Err: err}
	if cert := c.options.certificate; cert != nil {
		e.UploadDateTime, e.Thumbprint = cert.UploadDateTime, cert.Thumbprint()
	}
	return e
}

// pause is how long to wait before the next attempt: as long as the service asks, else exponential backoff with full
// jitter. A fresh token needs no wait.
func (c *call) pause(o outcome, err error) time.Duration {
	if o == refused && (c.last.response.StatusCode == http.StatusUnauthorized || c.last.response.StatusCode == http.StatusForbidden) {
		return 0
	}
	var refusal *APIError
	if errors.As(err, &refusal) && refusal.RetryAfter > 0 {
		return refusal.RetryAfter
	}
	var signIn *AuthError
	if errors.As(err, &signIn) && signIn.RetryAfter > 0 {
		return signIn.RetryAfter
	}
	return c.client.retry.backoff(c.attempts)
}

// RetryPolicy says how often and how long to try. Zero fields mean the defaults.
type RetryPolicy struct {
	MaxAttempts int           // of one call, including the first; 4 by default, 1 never sends a request again
	MinDelay    time.Duration // the first backoff is a random time up to this; 500 ms by default
	MaxDelay    time.Duration // no backoff is longer; 30 s by default

	// ReconcileWindow is how long after a lost response a commit may take to show up in a listing; 30 s by default.
	// Create sends a certificate again only if a listing that began this much later does not show it.
	ReconcileWindow time.Duration
}

// withDefaults fills in the zero fields. A delay given alone pulls the other one along.
func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 4
	}
	if p.ReconcileWindow == 0 {
		p.ReconcileWindow = 30 * time.Second
	}
	switch {
	case p.MinDelay == 0 && p.MaxDelay == 0:
		p.MinDelay, p.MaxDelay = 500*time.Millisecond, 30*time.Second
	case p.MinDelay == 0:
		p.MinDelay = min(500*time.Millisecond, p.MaxDelay)
	case p.MaxDelay == 0:
		p.MaxDelay = max(30*time.Second, p.MinDelay)
	}
	return p
}

// backoff is a random time up to MinDelay after the first attempt, twice that after the second, up to MaxDelay.
func (p RetryPolicy) backoff(attempts int) time.Duration {
	ceiling := p.MinDelay
	for range attempts - 1 {
		if ceiling >= p.MaxDelay/2 {
			ceiling = p.MaxDelay
			break
		}
		ceiling *= 2
	}
	return rand.N(ceiling + 1) //nolint:gosec // jitter
}

// sleepUntil says whether the time has come before the context ended. A wait that would outlast it is not begun.
func sleepUntil(ctx context.Context, until time.Time) bool {
	if deadline, ok := ctx.Deadline(); ok && !until.Before(deadline) {
		return false
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// log tells what became of the last attempt.
func (c *call) log(ctx context.Context, o outcome, err error) {
	logger := c.client.logger
	if !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", c.method),
		slog.String("path", c.path),
		slog.Int("attempt", c.attempts),
		slog.String("outcome", string(o)),
		slog.Duration("duration", c.last.ended.Sub(c.last.started)),
		slog.String("clientRequestId", c.clientRequestID),
	}
	if resp := c.last.response; resp != nil {
		attrs = append(attrs, slog.Int("status", resp.StatusCode), slog.String("requestId", oneLine(resp.Header.Get("request-id"))))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	logger.LogAttrs(ctx, slog.LevelDebug, "intune: attempt", attrs...)
}
