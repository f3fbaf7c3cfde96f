package graph

// This file keeps the service's quota of an application in a tenant. See
// https://learn.microsoft.com/graph/throttling-limits#intune-applications-service-limits.

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Arrive counts a request as it arrives, whatever becomes of it, and returns the rejection of one that is too many. A
// batch does not count, but its requests do. A request without a known token belongs to no application.
func (s *Server) Arrive(r *http.Request, ids exchange.IDs) (rejection *exchange.Response) {
	if isBatch(r) {
		return nil
	}
	return s.throttle(r, ids)
}

// throttle counts a request. Retry-After is when the request would fit if no other came before.
func (s *Server) throttle(r *http.Request, ids exchange.IDs) (rejection *exchange.Response) {
	if _, known := s.config.Lookup(exchange.Bearer(r)); !known || s.config.QuotaWindow == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait := s.requests.arrive(now)
	writes := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	if slices.Contains(writes, r.Method) {
		wait = max(wait, s.writes.arrive(now))
	}
	if wait == 0 {
		return nil
	}
	rejection = intuneError(http.StatusTooManyRequests, "TooManyRequests", "Too many requests", ids)
	seconds := (wait + time.Second - 1) / time.Second
	rejection.SetHeader("Retry-After", strconv.Itoa(int(seconds)))
	return rejection
}

// window holds the last arrivals, as many as fit into it: it is full while the first of them is in it.
type window struct {
	limit    int
	length   time.Duration
	arrivals []time.Time
}

// arrive counts a request and returns how long it is until it would fit, 0 if it fits. Those that do not fit count too:
// see https://learn.microsoft.com/graph/throttling.
func (w *window) arrive(now time.Time) (wait time.Duration) {
	fits := len(w.arrivals) < w.limit || now.Sub(w.arrivals[0]) >= w.length
	w.arrivals = append(w.arrivals, now)
	if len(w.arrivals) > w.limit {
		w.arrivals = w.arrivals[1:]
	}
	if fits {
		return 0
	}
	return w.arrivals[0].Add(w.length).Sub(now)
}
