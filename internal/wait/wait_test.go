package wait_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/internal/wait"
)

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := wait.Until(t.Context(), began.Add(time.Minute)); err != nil || time.Since(began) != time.Minute {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		if err := wait.Until(t.Context(), began); err != nil || time.Since(began) != time.Minute {
			t.Errorf("a time in the past: got %v after %v", err, time.Since(began))
		}
	})
}

func TestUntilDoesNotOutlastItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := wait.Until(ctx, began.Add(time.Minute)); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Errorf("a deadline before the time: got %v after %v", err, time.Since(began))
		}
		canceled, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		if err := wait.Until(canceled, began.Add(time.Minute)); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("canceled: got %v after %v", err, time.Since(began))
		}
		if err := wait.Until(canceled, began); !errors.Is(err, context.Canceled) {
			t.Errorf("a context that had ended before: got %v", err)
		}
	})
}

// TestKeyedWaits for the holder of the same key alone.
func TestKeyedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k wait.Keyed
		release, err := k.Lock(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		other, err := k.Lock(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		other()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := k.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		time.AfterFunc(time.Minute, release)
		again, err := k.Lock(t.Context(), "a")
		if err != nil || time.Since(began) != time.Minute+time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		again()
	})
}
