// Package wait sleeps within a context.
package wait

import (
	"context"
	"time"
)

// Until sleeps until the given time. It returns the context's error if the context ends first. It returns
// context.DeadlineExceeded immediately if the context's deadline comes before that time.
func Until(ctx context.Context, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !until.Before(deadline) {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
