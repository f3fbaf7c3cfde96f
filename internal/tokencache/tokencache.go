// Package tokencache keeps one access token and replaces it in time: one fetch for any number of callers, and an early
// one while the old token is still valid.
package tokencache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// Need is what a caller needs of a token beyond its validity.
type Need struct {
	Rejected *Token // the service rejected this token with a 401, so another one is needed; nil if it rejected none
	Claims   string // the token must have been requested with these claims; "" if any will do
}

// isMetBy reports whether a token meets the need. A credential that has no other token than the rejected one, as those of
// managed identities, is not asked for another one within a minute.
func (n Need) isMetBy(t *Token, now time.Time) bool {
	return (n.Rejected == nil || t.Header[0] != n.Rejected.Header[0] || t.IsFresh(now)) && (n.Claims == "" || t.claims == n.Claims)
}

// covers reports whether a fetch for this need asks the credential for all that other needs.
func (n Need) covers(other Need) bool {
	return n.Claims == other.Claims && (n.Rejected != nil || other.Rejected == nil)
}

const (
	// earlyLimit is how long an early refresh may hold up the call that does it.
	earlyLimit = 5 * time.Second

	// earlyPause is the time between a failed early refresh and the next one.
	earlyPause = 30 * time.Second

	// longestPause bounds the time for which the endpoint is left alone at its own request.
	longestPause = time.Hour
)

// Cache holds the current token. It starts no goroutine.
type Cache struct {
	fetch      func(ctx context.Context, need Need) (*oauth2.Token, error)
	retryAfter func(error) time.Duration

	current atomic.Pointer[Token]

	mu   sync.Mutex
	slot *flight // the fetch under way; nil if there is none

	// Only the holder of the slot uses these.
	pauseErr   error         // the endpoint asked to be left alone with this error
	pause      time.Duration // for so long
	pauseBegan time.Time
}

// New returns a cache that fetches tokens with fetch. retryAfter returns how long an error of fetch asks to wait, 0 if it
// does not ask.
func New(fetch func(ctx context.Context, need Need) (*oauth2.Token, error), retryAfter func(error) time.Duration) *Cache {
	return &Cache{fetch: fetch, retryAfter: retryAfter}
}

// Get returns a valid token that meets the need, as far as the credential can provide one. The first caller that finds
// the token stale refreshes it in its own call. The others keep using the old token while it is valid; otherwise they
// wait for that fetch, as long as their own contexts allow, and take over if the fetching caller's context ends.
//
// While the endpoint asks to be left alone, the error is a *PausedError.
func (c *Cache) Get(ctx context.Context, need Need) (*Token, error) {
	for {
		held, now := c.current.Load(), wallClock()
		isUsable := held != nil && held.isValid(now) && need.isMetBy(held, now)
		if isUsable && !held.isStale(now) {
			return held, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, isOurs := c.takeSlot(need)
		switch {
		case isOurs && c.current.Load() != held: // refreshed since it was loaded
			c.release(f)
		case isOurs && isUsable:
			c.refreshEarly(ctx, f, held)
		case isOurs:
			defer c.release(f)
			return c.refresh(ctx, f)
		case isUsable:
			return held, nil
		default:
			if token, err := f.wait(ctx, need); token != nil || err != nil {
				return token, err
			}
		}
	}
}

// flight is one fetch, in the cache's slot.
type flight struct {
	need Need
	done chan struct{} // closed at the end of the fetch

	// The result for those who waited. Both are nil if the fetch ended without one: because the fetching caller's
	// context ended, because it was an early refresh that failed, or because the credential panicked.
	token *Token
	err   error
}

// takeSlot returns the fetch under way, or puts a new one into the free slot.
func (c *Cache) takeSlot(need Need) (f *flight, isOurs bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.slot != nil {
		return c.slot, false
	}
	c.slot = &flight{need: need, done: make(chan struct{})}
	return c.slot, true
}

func (c *Cache) release(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slot = nil
	close(f.done)
}

// wait returns the result of a fetch by another caller. Token and error are nil if there is none for this need.
func (f *flight) wait(ctx context.Context, need Need) (*Token, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-f.done:
	}
	switch {
	case f.token != nil && (need.isMetBy(f.token, wallClock()) || f.need.covers(need)):
		return f.token, nil
	case f.err != nil && f.need.covers(need):
		return nil, f.err
	}
	return nil, nil
}

// refresh fetches a token. The caller holds the slot.
func (c *Cache) refresh(ctx context.Context, f *flight) (*Token, error) {
	if err := c.paused(wallClock()); err != nil {
		f.err = err
		return nil, err
	}
	fetched, err := c.fetch(ctx, f.need)
	now := wallClock()
	if err != nil {
		if pause := c.retryAfter(err); pause > 0 {
			c.pauseErr, c.pause, c.pauseBegan = err, pause, now
		}
		if ctx.Err() == nil && !IsEarly(ctx) {
			f.err = err
		}
		return nil, err
	}
	f.token = newToken(fetched, f.need, now)
	c.current.Store(f.token)
	return f.token, nil
}

// refreshEarly fetches a token while the held one is still valid, and returns soon even if the endpoint hangs. If the
// fetch fails, the next early one is put off. The caller holds the slot, which is free afterwards.
func (c *Cache) refreshEarly(ctx context.Context, f *flight, held *Token) {
	defer c.release(f)
	limit := min(earlyLimit, held.expiry.Sub(wallClock()))
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/2) // leave time for the request
	}
	early, cancel := context.WithTimeout(context.WithValue(ctx, earlyKey{}, true), limit)
	defer cancel()
	if _, err := c.refresh(early, f); err != nil && ctx.Err() == nil {
		now, later := wallClock(), *held
		later.refreshAt = now.Add(earlyPause)
		if paused := c.paused(now); paused != nil {
			later.refreshAt = now.Add(min(max(earlyPause, paused.Left), longestPause))
		}
		c.current.Store(&later)
	}
}

type earlyKey struct{}

// IsEarly reports whether ctx is that of a fetch while the old token is still valid. Nobody should be prompted then.
func IsEarly(ctx context.Context) bool { return ctx.Value(earlyKey{}) != nil }

// PausedError reports that the endpoint is not asked, because an earlier response told clients to wait.
type PausedError struct {
	Err  error         // the error of that response
	Left time.Duration // how much of the wait is left
}

// Error returns the message of the earlier response.
func (e *PausedError) Error() string { return e.Err.Error() }

// Unwrap returns the error of the earlier response.
func (e *PausedError) Unwrap() error { return e.Err }

// paused returns an error while the endpoint is to be left alone.
func (c *Cache) paused(now time.Time) *PausedError {
	elapsed := now.Sub(c.pauseBegan)
	if c.pauseErr == nil || elapsed < 0 || elapsed >= min(c.pause, longestPause) {
		return nil
	}
	return &PausedError{c.pauseErr, c.pause - elapsed}
}
