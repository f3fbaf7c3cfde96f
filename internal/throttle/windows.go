package throttle

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/seed-230b9595/intune-go/internal/wait"
)

// Quota is a number of requests in any window of time.
type Quota struct {
	Requests int
	Window   time.Duration
	Methods  []string // that count; none for all
}

// NetworkMargin extends each window, because two requests may arrive closer to each other than they were sent.
const NetworkMargin = 400 * time.Millisecond

// Windows keeps several quotas. A request waits for the narrowest quota first, so that it does not hold up requests
// that only the wider ones count.
type Windows []*slidingWindow

// NewWindows returns the keeper of the quotas.
func NewWindows(quotas []Quota) Windows {
	windows := make(Windows, 0, len(quotas))
	for _, q := range quotas {
		windows = append(windows, &slidingWindow{quota: q, turn: make(chan struct{}, 1), sent: make([]time.Time, q.Requests)})
	}
	slices.SortStableFunc(windows, func(a, b *slidingWindow) int { return cmp.Compare(a.breadth(), b.breadth()) })
	return windows
}

// Wait returns when a request with the method may be sent, in order of arrival, and counts it. It does not begin a wait
// that would outlast the context. The error is an *Error.
func (l Windows) Wait(ctx context.Context, method string) error {
	var held []*slidingWindow
	defer func() {
		for _, w := range held {
			<-w.turn
		}
	}()
	for _, w := range l {
		if !w.counts(method) {
			continue
		}
		if deadline, ok := ctx.Deadline(); ok && deadline.Before(w.nextTurn()) {
			return newError(ctx, w.nextTurn())
		}
		select {
		case w.turn <- struct{}{}: // waiting requests go on in order of arrival
			held = append(held, w)
		case <-ctx.Done():
			return newError(ctx, w.nextTurn())
		}
		if until := w.opens(); time.Now().Before(until) {
			w.awaited.Store(&until)
			if err := wait.Until(ctx, until); err != nil {
				return newError(ctx, until)
			}
		}
	}
	now := time.Now()
	for _, w := range held {
		w.record(now)
	}
	return nil
}

// slidingWindow is one quota and the times of the last requests that counted. The holder of the turn has it to itself.
type slidingWindow struct {
	quota   Quota
	turn    chan struct{}
	awaited atomic.Pointer[time.Time] // what the holder of the turn waits for, or has waited for; the queue reads it
	sent    []time.Time               // a ring
	next    int                       // the oldest
}

// nextTurn returns a time before which no request gets its turn.
func (w *slidingWindow) nextTurn() time.Time {
	if until := w.awaited.Load(); until != nil {
		return *until
	}
	return time.Time{}
}

func (w *slidingWindow) counts(method string) bool {
	return len(w.quota.Methods) == 0 || slices.Contains(w.quota.Methods, method)
}

// breadth orders quotas by how many methods they count.
func (w *slidingWindow) breadth() int {
	if len(w.quota.Methods) == 0 {
		return math.MaxInt
	}
	return len(w.quota.Methods)
}

// opens returns when the oldest request has left the window.
func (w *slidingWindow) opens() time.Time {
	if oldest := w.sent[w.next]; !oldest.IsZero() {
		return oldest.Add(w.quota.Window + NetworkMargin)
	}
	return time.Time{}
}

func (w *slidingWindow) record(now time.Time) {
	w.sent[w.next] = now
	w.next = (w.next + 1) % len(w.sent)
}
