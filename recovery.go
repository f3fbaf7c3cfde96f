package intune

// This file is the interface by which a call hands over what it must not repeat blindly.

import (
	"context"
	"time"
)

// outcome is how an attempt ended. It alone decides what follows.
type outcome string

const (
	succeeded outcome = "succeeded"
	notSent   outcome = "not sent" // proven: the service has not seen the request
	rejected  outcome = "rejected" // the service has not carried it out, and may do so later
	failed    outcome = "failed"   // the service has not carried it out, and will not
	unknown   outcome = "unknown"  // it may have succeeded
)

// history records what the attempts of a call may have done.
type history struct {
	attempts int       // all of them
	unknown  int       // those of unknown outcome
	began    time.Time // when the first attempt of unknown outcome was sent
	lostAt   time.Time // when the last attempt of unknown outcome ended
	ended    time.Time // when the last attempt that may have had an effect ended
}

// note adds an attempt.
func (h *history) note(o outcome, started, ended time.Time) {
	h.attempts++
	if o == unknown || o == succeeded {
		h.ended = ended
	}
	if o != unknown {
		return
	}
	if h.unknown == 0 {
		h.began = started
	}
	h.unknown++
	h.lostAt = ended
}

// outcomeUnknown returns the error of a call of which nobody knows what it has done.
func (h *history) outcomeUnknown(cause error) *OutcomeUnknownError {
	return &OutcomeUnknownError{Attempts: h.attempts, Since: h.began.UTC(), Until: h.lostAt.UTC(), Err: cause}
}

// finding is the result of a recovery from an unknown outcome.
type finding string

const (
	found   finding = "found"   // it has had its effect
	absent  finding = "absent"  // it has had none, and may be sent again
	unclear finding = "unknown" // nobody knows
)

// recovery knows how a call goes on after an attempt of unknown outcome.
type recovery interface {
	// sending is called when an attempt is about to be sent.
	sending()

	// lost follows an attempt of unknown outcome. Its error ends the call unless the request is absent.
	lost(ctx context.Context, h history, cause error) (finding, error)

	// succeeded follows the documented response, which has the given Date. Its error ends the call.
	succeeded(ctx context.Context, h history, date time.Time) error

	// failed follows the last attempt if nothing of the above applies. Its error ends the call; nil means that the request
	// has had its effect.
	failed(ctx context.Context, h history, cause error) error
}

// noRecovery is for requests of which nothing is known but whether they are idempotent.
type noRecovery struct{ isIdempotent bool }

func (noRecovery) sending() {}

func (noRecovery) lost(_ context.Context, h history, cause error) (finding, error) {
	return unclear, h.outcomeUnknown(cause)
}

func (noRecovery) succeeded(context.Context, history, time.Time) error { return nil }

func (r noRecovery) failed(_ context.Context, h history, cause error) error {
	if h.unknown > 0 && !r.isIdempotent {
		return h.outcomeUnknown(cause)
	}
	return cause
}
