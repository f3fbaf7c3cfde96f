package intune

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"
)

// tokenCache holds one access token and fetches the next: one fetch for any number of callers, early and in the
// background while the old token is still valid.
type tokenCache struct {
	fetch func(ctx context.Context, need tokenNeed) (*oauth2.Token, error)

	current atomic.Pointer[bearer] // written with the lock held

	mu       sync.Mutex
	inFlight *tokenFetch
	notUntil time.Time // no fetch in the background before this, so that a failing endpoint is not hammered

	paused   AuthError // the endpoint's word, and when it was said
	pausedAt time.Time
}

// tokenNeed is what a call needs of a token beyond its validity.
type tokenNeed struct {
	rejected *bearer // another one than this, which the service has just refused; nil where it has not
	claims   string  // that the service has asked for, "" where it has not
}

func (n tokenNeed) isMetBy(b *bearer) bool {
	return (n.rejected == nil || b.token != n.rejected.token) && (n.claims == "" || b.claims == n.claims)
}

// bearer is a token, ready to be sent.
type bearer struct {
	token     string
	claims    string   // that it was asked for with
	header    []string // the value of Authorization
	expiry    time.Time
	refreshAt time.Time
}

const (
	longestRefreshWindow = 5 * time.Minute // how long before its expiry a token is fetched anew, at most
	refreshPause         = 30 * time.Second
)

func newBearer(token *oauth2.Token, claims string, now time.Time) *bearer {
	b := &bearer{token: token.AccessToken, claims: claims, header: []string{"Bearer " + token.AccessToken}, expiry: token.Expiry}
	if !b.expiry.IsZero() {
		b.refreshAt = b.expiry.Add(-min(b.expiry.Sub(now)/5, longestRefreshWindow))
	}
	return b
}

func (b *bearer) isValid(now time.Time) bool { return b.expiry.IsZero() || now.Before(b.expiry) }
func (b *bearer) isStale(now time.Time) bool { return !b.expiry.IsZero() && !now.Before(b.refreshAt) }

// lifetime is that of a call, at whose end functions are called.
type lifetime struct{ atEnd []func() }

func (l *lifetime) end() {
	for _, f := range l.atEnd {
		f()
	}
}

// get returns a token that is valid and meets the need, as far as the credential can. A fetch goes on as long as one of
// the calls that have asked for it, and their contexts, so no goroutine outlives the calls that need it.
func (c *tokenCache) get(ctx context.Context, need tokenNeed, of *lifetime) (*bearer, error) {
	for {
		now := time.Now()
		if b := c.current.Load(); b != nil && !b.isStale(now) && need.isMetBy(b) {
			return b, nil
		}
		c.mu.Lock()
		if b := c.current.Load(); b != nil && b.isValid(now) && need.isMetBy(b) {
			if b.isStale(now) {
				c.refresh(ctx, now, of)
			}
			c.mu.Unlock()
			return b, nil
		}
		if err := c.refused(now); err != nil {
			c.mu.Unlock()
			return nil, err
		}
		if c.inFlight == nil {
			c.start(ctx, need)
		}
		fetch := c.inFlight
		c.keep(ctx, fetch, of)
		c.mu.Unlock()

		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-fetch.done:
		}
		if fetch.err != nil && (fetch.inBackground || c.gaveUp(fetch)) {
			continue // it was not for this caller
		}
		if fetch.err != nil {
			return nil, fetch.err
		}
		if need.isMetBy(fetch.result) || fetch.wasFor(need) {
			return fetch.result, nil
		}
	}
}

func (c *tokenCache) gaveUp(fetch *tokenFetch) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fetch.abandoned
}

// notePause notes how long the endpoint has asked not to be asked.
func (c *tokenCache) notePause(err error) {
	var throttled *AuthError
	if errors.As(err, &throttled) && throttled.RetryAfter > 0 {
		c.paused, c.pausedAt = *throttled, time.Now()
	}
}

// refused is the endpoint's last word while it does not want to be asked, with the time that is left, but for an hour
// at most.
func (c *tokenCache) refused(now time.Time) error {
	elapsed := now.Sub(c.pausedAt)
	if elapsed >= min(c.paused.RetryAfter, longestWait) {
		return nil
	}
	refusal := c.paused
	refusal.RetryAfter -= elapsed
	return &refusal
}

// refresh starts a fetch in the background, or joins the one that runs.
func (c *tokenCache) refresh(ctx context.Context, now time.Time, of *lifetime) {
	if c.inFlight == nil {
		if now.Before(c.notUntil) || c.refused(now) != nil {
			return
		}
		c.notUntil = now.Add(refreshPause)
		c.start(context.WithValue(ctx, backgroundKey{}, true), tokenNeed{})
		c.inFlight.inBackground = true
	}
	c.keep(ctx, c.inFlight, of)
}

// backgroundKey marks the context of a fetch that nobody waits for: nobody is to be prompted for it.
type backgroundKey struct{}

func isInBackground(ctx context.Context) bool { return ctx.Value(backgroundKey{}) != nil }

// tokenFetch is one call of the credential.
type tokenFetch struct {
	inBackground bool

	need      tokenNeed
	cancel    context.CancelFunc
	keepers   int  // of the calls that have asked for it, those that have not ended
	abandoned bool // there were none at some time, and it was told to end
	done      chan struct{}

	result *bearer // these two may be read once done is closed
	err    error
}

// wasFor says that the credential was asked for just this. Its answer is all that there is to have.
func (f *tokenFetch) wasFor(need tokenNeed) bool {
	return f.need.claims == need.claims && (f.need.rejected != nil || need.rejected == nil)
}

// start is called with the lock held, and its caller keeps the fetch before letting go of it.
func (c *tokenCache) start(ctx context.Context, need tokenNeed) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fetch := &tokenFetch{need: need, cancel: cancel, done: make(chan struct{})}
	c.inFlight = fetch
	go func() {
		defer cancel()
		err := errors.New("the credential gave up its goroutine")
		var token *oauth2.Token
		defer func() { // whatever the credential does, those who wait are told
			if r := recover(); r != nil {
				err = fmt.Errorf("the credential panicked: %v", r)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				fetch.err = err
				c.notePause(err)
			} else {
				fetch.result = newBearer(token, need.claims, time.Now())
				c.current.Store(fetch.result)
			}
			c.inFlight = nil
			close(fetch.done)
		}()
		token, err = c.fetch(ctx, need)
	}()
}

// keep lets the fetch go on at least until the call or its context ends. With the last of its keepers it is given up.
// keep is called with the lock held.
func (c *tokenCache) keep(ctx context.Context, fetch *tokenFetch, of *lifetime) {
	fetch.keepers++
	leave := sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if fetch.keepers--; fetch.keepers == 0 {
			fetch.abandoned = true
			fetch.cancel()
		}
	})
	stop := context.AfterFunc(ctx, leave)
	of.atEnd = append(of.atEnd, func() {
		stop()
		leave()
	})
}

// tokenError is a failure to obtain a token, before which nothing was sent.
type tokenError struct {
	err     error
	passing bool
}

func (e *tokenError) Error() string {
	var refused *AuthError
	if errors.As(e.err, &refused) {
		return e.err.Error()
	}
	return "obtain a token: " + e.err.Error()
}

func (e *tokenError) Unwrap() error { return e.err }

// obtainToken is the step that has a token at hand for the attempt. It does not show it to the steps that follow.
func obtainToken(tokens *tokenCache) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			ctx := req.Context()
			a := attemptFrom(ctx)
			token, err := tokens.get(ctx, a.call.need, &a.call.lifetime)
			if err != nil {
				closeBody(req)
				return nil, &tokenError{err, isPassing(err)}
			}
			a.token = token
			return next.RoundTrip(req)
		})
	}
}

// fetchToken asks the credential and checks what it gives.
func fetchToken(cred Credential, req TokenRequest) func(context.Context, tokenNeed) (*oauth2.Token, error) {
	return func(ctx context.Context, need tokenNeed) (*oauth2.Token, error) {
		req := req
		req.Refresh, req.Claims = need.rejected != nil, need.claims
		token, err := cred.Token(ctx, req)
		switch {
		case err != nil:
			return nil, authError(err)
		case token == nil || token.AccessToken == "":
			return nil, errors.New("the credential gave an empty token")
		case !token.Expiry.IsZero() && !time.Now().Before(token.Expiry):
			return nil, fmt.Errorf("the credential gave a token that has expired on %s", token.Expiry.UTC().Format(time.RFC3339))
		case strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			return nil, errors.New("the credential gave a token with characters that no token has")
		}
		return token, nil
	}
}
