package tokencache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// throttledError asks to wait.
type throttledError struct{ wait time.Duration }

func (*throttledError) Error() string { return "throttled" }

func retryAfter(err error) time.Duration {
	if throttled, ok := errors.AsType[*throttledError](err); ok {
		return throttled.wait
	}
	return 0
}

// issuer issues numbered tokens.
type issuer struct {
	lifetime time.Duration // 0: they do not expire
	delay    time.Duration
	fail     func(n int) error // nil: never
	token    string            // if not empty, always this one

	mu     sync.Mutex
	needs  []tokencache.Need
	early  int          // how many of the fetches were early
	ended  atomic.Int32 // fetches that ended with their context
	active atomic.Int32
	atOnce atomic.Int32 // the most fetches at the same time
}

func (i *issuer) fetch(ctx context.Context, need tokencache.Need) (*oauth2.Token, error) {
	i.atOnce.Store(max(i.atOnce.Load(), i.active.Add(1)))
	defer i.active.Add(-1)
	i.mu.Lock()
	i.needs = append(i.needs, need)
	n := len(i.needs)
	if tokencache.IsEarly(ctx) {
		i.early++
	}
	i.mu.Unlock()
	select {
	case <-time.After(i.delay):
	case <-ctx.Done():
		i.ended.Add(1)
		return nil, ctx.Err()
	}
	if i.fail != nil {
		if err := i.fail(n); err != nil {
			return nil, err
		}
	}
	token := &oauth2.Token{AccessToken: fmt.Sprintf("token-%d", n)}
	if i.token != "" {
		token.AccessToken = i.token
	}
	if i.lifetime > 0 {
		token.Expiry = time.Now().Add(i.lifetime)
	}
	return token, nil
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.needs)
}

// expect gets a token and compares it.
func expect(t *testing.T, cache *tokencache.Cache, need tokencache.Need, want string) *tokencache.Token {
	t.Helper()
	token, err := cache.Get(t.Context(), need)
	if err != nil {
		t.Fatal(err)
	}
	if len(token.Header) != 1 || token.Header[0] != "Bearer "+want {
		t.Fatalf("got %q, want %s", token.Header, want)
	}
	return token
}

func TestOneFetchServesAllCallers(t *testing.T) {
	for name, fail := range map[string]error{"success": nil, "failure": errors.New("no")} {
		synctest.Test(t, func(t *testing.T) {
			tokens := &issuer{lifetime: time.Hour, delay: time.Second, fail: func(int) error { return fail }}
			cache := tokencache.New(tokens.fetch, retryAfter)
			var wait sync.WaitGroup
			for range 100 {
				wait.Go(func() {
					if _, err := cache.Get(t.Context(), tokencache.Need{}); !errors.Is(err, fail) {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if tokens.count() != 1 {
				t.Errorf("%s: %d fetches", name, tokens.count())
			}
		})
	}
}

func TestOneCallerRefreshesEarlyAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, delay: time.Second}
		cache := tokencache.New(tokens.fetch, retryAfter)
		expect(t, cache, tokencache.Need{}, "token-1")
		time.Sleep(54 * time.Minute)
		expect(t, cache, tokencache.Need{}, "token-1")
		time.Sleep(2 * time.Minute) // five minutes before the expiry it is stale
		var refreshed, waited atomic.Int32
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				began := time.Now()
				token, err := cache.Get(t.Context(), tokencache.Need{})
				if err != nil {
					t.Error(err)
					return
				}
				if token.Header[0] == "Bearer token-2" {
					refreshed.Add(1)
				}
				if time.Since(began) > 0 {
					waited.Add(1)
				}
			})
		}
		wait.Wait()
		if refreshed.Load() != 1 || waited.Load() != 1 || tokens.count() != 2 || tokens.early != 1 {
			t.Errorf("%d got the new token, %d waited, %d fetches, %d early", refreshed.Load(), waited.Load(), tokens.count(), tokens.early)
		}
		expect(t, cache, tokencache.Need{}, "token-2")
	})
}

func TestHangingEndpointHoldsUpOneCallForSecondsWhileTheTokenIsValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour}
		cache := tokencache.New(tokens.fetch, retryAfter)
		expect(t, cache, tokencache.Need{}, "token-1")
		time.Sleep(56 * time.Minute)
		tokens.delay = time.Hour // the endpoint hangs from now on
		for i, want := range []time.Duration{5 * time.Second, 0, 0} {
			began := time.Now()
			expect(t, cache, tokencache.Need{}, "token-1")
			if took := time.Since(began); took != want {
				t.Errorf("call %d took %v, want %v", i+1, took, want)
			}
		}
		time.Sleep(30 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := cache.Get(ctx, tokencache.Need{}); err != nil || time.Since(began) != time.Second/2 {
			t.Errorf("with one second: %v after %v", err, time.Since(began))
		}
		if tokens.count() != 3 || tokens.ended.Load() != 2 {
			t.Errorf("%d fetches, %d ended with their context", tokens.count(), tokens.ended.Load())
		}
	})
}

func TestExpiredTokenIsNotReturnedAfterAnEarlyRefreshThatHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour}
		cache := tokencache.New(tokens.fetch, retryAfter)
		expect(t, cache, tokencache.Need{}, "token-1")
		time.Sleep(time.Hour - 2*time.Second)
		tokens.delay = 3 * time.Second
		began := time.Now()
		expect(t, cache, tokencache.Need{}, "token-3")
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestValidTokenIsUsedWhileTheEndpointFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("down")
		tokens := &issuer{lifetime: time.Hour, fail: func(n int) error {
			if n > 1 {
				return down
			}
			return nil
		}}
		cache := tokencache.New(tokens.fetch, retryAfter)
		for range 3599 {
			expect(t, cache, tokencache.Need{}, "token-1")
			time.Sleep(time.Second)
		}
		if got := tokens.count(); got != 11 { // one every 30 s in the last five minutes
			t.Errorf("%d fetches", got)
		}
		time.Sleep(time.Second)
		if _, err := cache.Get(t.Context(), tokencache.Need{}); !errors.Is(err, down) {
			t.Errorf("after the expiry: got %v", err)
		}
	})
}

func TestShortLivedTokensAreNotFetchedForEachCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Minute}
		cache := tokencache.New(tokens.fetch, retryAfter)
		for range 600 {
			if _, err := cache.Get(t.Context(), tokencache.Need{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if got := tokens.count(); got < 10 || got > 15 {
			t.Errorf("%d fetches in ten minutes of tokens that live one", got)
		}
	})
}

func TestWaiterHonorsItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{delay: time.Hour}
		cache := tokencache.New(tokens.fetch, retryAfter)
		patient := make(chan error)
		go func() {
			_, err := cache.Get(t.Context(), tokencache.Need{})
			patient <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := cache.Get(ctx, tokencache.Need{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		if err := <-patient; err != nil || tokens.count() != 1 {
			t.Errorf("the caller who waited: %v, %d fetches", err, tokens.count())
		}
	})
}

func TestWaiterTakesOverWhenTheFetchersContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{delay: time.Minute}
		cache := tokencache.New(tokens.fetch, retryAfter)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		impatient := make(chan error, 1)
		go func() {
			_, err := cache.Get(ctx, tokencache.Need{})
			impatient <- err
		}()
		synctest.Wait()
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				if _, err := cache.Get(t.Context(), tokencache.Need{}); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if err := <-impatient; !errors.Is(err, context.DeadlineExceeded) || tokens.count() != 2 || tokens.atOnce.Load() != 1 {
			t.Errorf("%v, %d fetches, %d at once", err, tokens.count(), tokens.atOnce.Load())
		}
		if _, err := cache.Get(ctx, tokencache.Need{}); err != nil {
			t.Errorf("a valid token needs no context: %v", err)
		}
	})
}

func TestEndedContextStartsNoFetch(t *testing.T) {
	tokens := new(issuer)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tokencache.New(tokens.fetch, retryAfter).Get(ctx, tokencache.Need{}); !errors.Is(err, context.Canceled) || tokens.count() != 0 {
		t.Errorf("%v, %d fetches", err, tokens.count())
	}
}

func TestPanicReachesItsCallerAndLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{delay: time.Second, fail: func(n int) error {
			if n == 1 {
				panic("mine")
			}
			return nil
		}}
		cache := tokencache.New(tokens.fetch, retryAfter)
		var panics atomic.Int32
		var wait sync.WaitGroup
		for range 10 {
			wait.Go(func() {
				defer func() {
					if recover() != nil {
						panics.Add(1)
					}
				}()
				if token, err := cache.Get(t.Context(), tokencache.Need{}); err != nil || token.Header[0] != "Bearer token-2" {
					t.Errorf("%v, %v", token, err)
				}
			})
		}
		wait.Wait()
		if panics.Load() != 1 || tokens.count() != 2 {
			t.Errorf("%d panics, %d fetches", panics.Load(), tokens.count())
		}
	})
}

func TestRejectedTokenIsRefreshedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, delay: time.Second}
		cache := tokencache.New(tokens.fetch, retryAfter)
		rejected := expect(t, cache, tokencache.Need{}, "token-1")
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				token, err := cache.Get(t.Context(), tokencache.Need{Rejected: rejected})
				if err != nil || token.Header[0] != "Bearer token-2" {
					t.Errorf("%v, %v", token, err)
				}
			})
		}
		wait.Wait()
		if tokens.count() != 2 || tokens.needs[1].Rejected != rejected {
			t.Errorf("needs %+v", tokens.needs)
		}
	})
}

// TestCredentialThatHasNoOtherTokenIsAskedOnce in a minute, however many callers had their token rejected, and whenever.
// Another claims challenge is another question.
func TestCredentialThatHasNoOtherTokenIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{token: "static", delay: time.Second}
		cache := tokencache.New(tokens.fetch, retryAfter)
		rejected := expect(t, cache, tokencache.Need{}, "static")
		var wait sync.WaitGroup
		for n := range 100 {
			wait.Go(func() {
				time.Sleep(time.Duration(n) * 100 * time.Millisecond) // before, during and after the fetch
				expect(t, cache, tokencache.Need{Rejected: rejected}, "static")
			})
		}
		wait.Wait()
		if tokens.count() != 2 {
			t.Errorf("%d fetches", tokens.count())
		}
		expect(t, cache, tokencache.Need{Rejected: rejected, Claims: "{}"}, "static")
		if tokens.count() != 3 {
			t.Errorf("%d fetches after a claims challenge", tokens.count())
		}
		time.Sleep(time.Minute)
		expect(t, cache, tokencache.Need{Rejected: rejected}, "static")
		if tokens.count() != 4 {
			t.Errorf("%d fetches after a minute", tokens.count())
		}
	})
}

func TestTokenFromAForcedRefreshIsFreshForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour}
		cache := tokencache.New(tokens.fetch, retryAfter)
		first := expect(t, cache, tokencache.Need{}, "token-1")
		if first.IsFresh(time.Now()) {
			t.Error("a token that was not forced is fresh")
		}
		forced := expect(t, cache, tokencache.Need{Rejected: first}, "token-2")
		if !forced.IsFresh(time.Now()) || !forced.IsFresh(time.Now().Add(time.Minute-1)) {
			t.Error("a forced token is not fresh")
		}
		if forced.IsFresh(time.Now().Add(time.Minute)) || forced.IsFresh(time.Now().Add(-1)) {
			t.Error("fresh for longer than a minute, or after the clock was set back")
		}
	})
}

func TestClaims(t *testing.T) {
	tokens := new(issuer)
	cache := tokencache.New(tokens.fetch, retryAfter)
	first := expect(t, cache, tokencache.Need{}, "token-1")
	need := tokencache.Need{Rejected: first, Claims: `{"a":1}`}
	expect(t, cache, need, "token-2")
	expect(t, cache, need, "token-2")
	expect(t, cache, tokencache.Need{}, "token-2") // one with claims will do for everybody
	if tokens.count() != 2 || tokens.needs[1].Claims != need.Claims {
		t.Errorf("needs %+v", tokens.needs)
	}
}

func TestCallerWithAnotherNeedIsNotGivenTheFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		interaction := errors.New("interaction required")
		tokens := &issuer{delay: time.Second, fail: func(n int) error {
			if n == 1 {
				return interaction
			}
			return nil
		}}
		cache := tokencache.New(tokens.fetch, retryAfter)
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := cache.Get(t.Context(), tokencache.Need{Claims: "{}"}); !errors.Is(err, interaction) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		expect(t, cache, tokencache.Need{}, "token-2")
		wait.Wait()
	})
}

func TestRetryAfterHoldsForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := &throttledError{42 * time.Second}
		tokens := &issuer{fail: func(n int) error {
			if n == 1 {
				return throttled
			}
			return nil
		}}
		cache := tokencache.New(tokens.fetch, retryAfter)
		if _, err := cache.Get(t.Context(), tokencache.Need{}); err != error(throttled) { //nolint:errorlint // it is not wrapped
			t.Errorf("got %v", err)
		}
		for left := 42 * time.Second; left > 0; left -= 14 * time.Second {
			_, err := cache.Get(t.Context(), tokencache.Need{})
			paused, ok := errors.AsType[*tokencache.PausedError](err)
			if !ok || paused.Left != left || !errors.Is(err, throttled) || err.Error() != "throttled" {
				t.Errorf("got %v with %v left", err, left)
			}
			time.Sleep(14 * time.Second)
		}
		expect(t, cache, tokencache.Need{}, "token-2")
	})
}

func TestEndpointIsAskedAgainAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{fail: func(int) error { return &throttledError{24 * time.Hour} }}
		cache := tokencache.New(tokens.fetch, retryAfter)
		for range 60 {
			_, _ = cache.Get(t.Context(), tokencache.Need{})
			time.Sleep(time.Minute)
		}
		if tokens.count() != 1 {
			t.Errorf("%d fetches in an hour", tokens.count())
		}
		_, _ = cache.Get(t.Context(), tokencache.Need{})
		if tokens.count() != 2 {
			t.Errorf("%d fetches", tokens.count())
		}
	})
}

func TestEarlyRefreshHonorsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, fail: func(n int) error {
			if n == 2 {
				return &throttledError{2 * time.Minute}
			}
			return nil
		}}
		cache := tokencache.New(tokens.fetch, retryAfter)
		expect(t, cache, tokencache.Need{}, "token-1")
		time.Sleep(55 * time.Minute)
		for range 12 {
			expect(t, cache, tokencache.Need{}, "token-1")
			time.Sleep(10 * time.Second)
		}
		if tokens.count() != 2 {
			t.Errorf("%d fetches", tokens.count())
		}
		expect(t, cache, tokencache.Need{}, "token-3")
	})
}
