package intunetest

// This file keeps the service's quota of an application in a tenant. See
// https://learn.microsoft.com/graph/throttling-limits#intune-applications-service-limits.

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// quota is a sliding window for each of the two limits.
type quota struct{ writes, requests window }

func newQuota(writes, requests int, period time.Duration) *quota {
	return &quota{window{limit: writes, period: period}, window{limit: requests, period: period}}
}

// WithQuota replaces the quota, which is 100 writes and 1000 requests in any 20 seconds. POST, PUT, PATCH and DELETE are
// writes. With a smaller quota or a shorter window, tests reach it sooner.
func WithQuota(writes, requests int, window time.Duration) ServerOption {
	return func(s *Server) { s.quota = newQuota(writes, requests, window) }
}

// WithoutQuota turns off the quota of 100 writes and 1000 requests in any 20 seconds.
func WithoutQuota() ServerOption {
	return func(s *Server) { s.quota = nil }
}

// throttle counts a request to Graph as it arrives, whatever becomes of it, and refuses it where it is one too many. A
// request that no known token comes with is no application's. Retry-After is when the request would fit, if no other
// came before.
func (s *Server) throttle(r *http.Request, isEntra bool, ids ids) (refusal *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.tokens[bearer(r)]; !known || isEntra || s.quota == nil {
		return nil
	}
	now := time.Now()
	wait := s.quota.requests.arrive(now)
	writes := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	if slices.Contains(writes, r.Method) {
		wait = max(wait, s.quota.writes.arrive(now))
	}
	if wait == 0 {
		return nil
	}
	refusal = intuneError(http.StatusTooManyRequests, "TooManyRequests", "Too many requests", ids)
	seconds := (wait + time.Second - 1) / time.Second
	refusal.setHeader("Retry-After", strconv.Itoa(int(seconds)))
	return refusal
}

// window holds the last arrivals, as many as fit into a period: it is full for as long as the first of them is in it.
type window struct {
	limit    int
	period   time.Duration
	arrivals []time.Time
}

// arrive counts a request and returns how long it is until it would fit, 0 where it fits. Those that do not fit count
// too: see https://learn.microsoft.com/graph/throttling.
func (w *window) arrive(now time.Time) (wait time.Duration) {
	fits := len(w.arrivals) < w.limit || now.Sub(w.arrivals[0]) >= w.period
	w.arrivals = append(w.arrivals, now)
	if len(w.arrivals) > w.limit {
		w.arrivals = w.arrivals[1:]
	}
	if fits {
		return 0
	}
	return w.arrivals[0].Add(w.period).Sub(now)
}
