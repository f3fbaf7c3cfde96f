package intune

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Limiter decides when a request may be sent. Wait returns when it may, in the order of arrival, or with an error when
// it may not, for instance because ctx ends sooner. It is called for every attempt, once its token is at hand.
type Limiter interface {
	Wait(ctx context.Context, method string) error
}

// Quota is so many requests in any window of time.
type Quota struct {
	Requests int
	Window   time.Duration
	Methods  []string // that count; none for all
}

// IntuneAppsQuota is what Microsoft Graph allows one application in one tenant, for Intune's apps resources.
// See https://learn.microsoft.com/graph/throttling-limits.
var IntuneAppsQuota = []Quota{
	{Requests: 100, Window: 20 * time.Second, Methods: []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}},
	{Requests: 1000, Window: 20 * time.Second},
}

// networkMargin lengthens each window, because two requests may be closer to each other when they arrive than when they
// were sent.
const networkMargin = 400 * time.Millisecond

// quotaLimiter keeps several quotas. A request takes its turn at the narrowest first, so that those that fit all of
// their quotas do not wait behind those that do not.
type quotaLimiter []*slidingWindow

func newQuotaLimiter(quotas []Quota) quotaLimiter {
	limiter := make(quotaLimiter, 0, len(quotas))
	for _, q := range quotas {
		limiter = append(limiter, &slidingWindow{quota: q, turn: make(chan struct{}, 1), sent: make([]time.Time, q.Requests)})
	}
	slices.SortStableFunc(limiter, func(a, b *slidingWindow) int {
		return b.narrowness() - a.narrowness()
	})
	return limiter
}

// Wait implements Limiter.
func (l quotaLimiter) Wait(ctx context.Context, method string) error {
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
		select {
		case w.turn <- struct{}{}: // those who wait here go on in the order of arrival
			held = append(held, w)
		case <-ctx.Done():
			return &pausedError{err: ctx.Err()}
		}
		if until := w.opens(); time.Now().Before(until) && !sleepUntil(ctx, until) {
			return &pausedError{pause: time.Until(until), err: ctx.Err()}
		}
	}
	now := time.Now()
	for _, w := range held {
		w.record(now)
	}
	return nil
}

// slidingWindow is one quota and the times of the last requests that counted against it. Whoever holds the turn has it
// to itself.
type slidingWindow struct {
	quota Quota
	turn  chan struct{}
	sent  []time.Time // a ring
	next  int         // the oldest
}

func (w *slidingWindow) counts(method string) bool {
	return len(w.quota.Methods) == 0 || slices.Contains(w.quota.Methods, method)
}

// narrowness orders quotas by how little they are about.
func (w *slidingWindow) narrowness() int {
	if len(w.quota.Methods) == 0 {
		return 0
	}
	const more = 1000 // than there are methods
	return more - len(w.quota.Methods)
}

// opens is when the oldest request has left the window.
func (w *slidingWindow) opens() time.Time {
	if oldest := w.sent[w.next]; !oldest.IsZero() {
		return oldest.Add(w.quota.Window + networkMargin)
	}
	return time.Time{}
}

func (w *slidingWindow) record(now time.Time) {
	w.sent[w.next] = now
	w.next = (w.next + 1) % len(w.sent)
}
