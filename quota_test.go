package intune_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestOneRefusalPausesTheWholeClient: fifty goroutines do not each find out.
func TestOneRefusalPausesTheWholeClient(t *testing.T) {
	for _, fault := range []intunetest.Fault{{Status: 429, RetryAfter: "20"}, {Status: 503, RetryAfter: "20"}} {
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			client := server.Client()
			server.Inject(fault)
			began := time.Now()
			var wait sync.WaitGroup
			for i := range 50 {
				wait.Go(func() {
					time.Sleep(time.Duration(i) * time.Millisecond)
					if _, err := create(client); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			released := make(map[time.Time]bool)
			for _, req := range server.Requests()[2:] {
				if after := req.Time.Sub(began); after < 20*time.Second || after > 20*time.Second+550*time.Millisecond {
					t.Errorf("a request after %v: want them all in the half second after the pause", after)
				}
				released[req.Time] = true
			}
			if got := len(server.Requests()); got != 1+1+50 || len(released) < 25 {
				t.Errorf("%d requests, released at %d different times; want one refused, then fifty, spread", got, len(released))
			}
		})
	}
}

// TestPauseHoldsAlsoWhereTheRefusedCallGivesUp: the others learn of it all the same.
func TestPauseHoldsAlsoWhereTheRefusedCallGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1}))
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "20"})
		began := time.Now()
		if _, err := create(client); !errors.Is(err, intune.ErrThrottled) || time.Since(began) != 0 {
			t.Errorf("the refused call: %v after %v", err, time.Since(began))
		}
		if _, err := create(client); err != nil || time.Since(began) != 20*time.Second {
			t.Errorf("the next one: %v after %v", err, time.Since(began))
		}
	})
}

func TestPauseThatOutlastsTheContextIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client()
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "600"})
		go func() { _, _ = create(client) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := createContext(ctx, client)
		if !errors.Is(err, intune.ErrThrottled) || !strings.Contains(err.Error(), "9m59s") || time.Since(began) != 0 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		time.Sleep(10 * time.Minute)
	})
}

func TestContextEndsThePauseOfAnotherCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		client := server.Client()
		server.Inject(intunetest.Fault{Status: 429, RetryAfter: "600"})
		go func() { _, _ = create(client) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := createContext(ctx, client)
		if !errors.Is(err, intune.ErrThrottled) || !errors.Is(err, context.Canceled) || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("got %v", err)
		}
		time.Sleep(10 * time.Minute)
	})
}
