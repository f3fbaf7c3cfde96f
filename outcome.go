package intune

// This file is what the attempts of a call have come to.

import "time"

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
	attempts int       // all that have begun
	unknown  int       // those of unknown outcome
	began    time.Time // when the first attempt of unknown outcome was sent
	lostAt   time.Time // when the last attempt of unknown outcome ended
	ended    time.Time // when the last attempt that may have had an effect ended
}

func (h *history) note(o outcome, started, ended time.Time) {
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
