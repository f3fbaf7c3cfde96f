package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// issuer is a credential that issues numbered tokens.
type issuer struct {
	lifetime time.Duration // 0: they do not expire
	delay    time.Duration
	fail     func(n int) error // nil: never

	mu       sync.Mutex
	requests []intune.TokenRequest
}

func (i *issuer) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	i.mu.Lock()
	i.requests = append(i.requests, req)
	n := len(i.requests)
	i.mu.Unlock()
	select {
	case <-time.After(i.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if i.fail != nil {
		if err := i.fail(n); err != nil {
			return nil, err
		}
	}
	token := &oauth2.Token{AccessToken: fmt.Sprintf("token-%d", n)}
	if i.lifetime > 0 {
		token.Expiry = time.Now().Add(i.lifetime)
	}
	return token, nil
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.requests)
}

// service accepts every request after a while and notes the tokens.
type service struct {
	delay time.Duration

	mu     sync.Mutex
	tokens []string
}

func (s *service) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.tokens = append(s.tokens, req.Header.Get("Authorization"))
	s.mu.Unlock()
	time.Sleep(s.delay) // virtual
	return httpmock.NewStringResponse(http.StatusOK, "{}"), nil
}

func (s *service) client(tb testing.TB, cred intune.Credential) *intune.Client {
	tb.Helper()
	return newClient(tb, cred, intune.WithHTTPClient(&http.Client{Transport: s}))
}

func get(ctx context.Context, client *intune.Client) error {
	return client.Do(ctx, "GET", "/x", nil, nil)
}

func TestOneFetchServesAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, delay: time.Second}
		client := new(service).client(t, tokens)
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				if err := get(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if err := get(t.Context(), client); err != nil || tokens.count() != 1 {
			t.Errorf("%v, %d token requests", err, tokens.count())
		}
	})
}

func TestTokenIsRefreshedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, delay: time.Second}
		graph := &service{delay: 2 * time.Second}
		client := graph.client(t, tokens)
		steps := []struct {
			sleep, want time.Duration
			fetches     int
		}{
			{0, 3 * time.Second, 1},                // cold: the call waits for the token
			{54 * time.Minute, 2 * time.Second, 1}, // warm
			{2 * time.Minute, 3 * time.Second, 2},  // in the last five minutes: refreshed by this call
			{10 * time.Minute, 2 * time.Second, 2},
		}
		for i, step := range steps {
			time.Sleep(step.sleep)
			began := time.Now()
			if err := get(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != step.want || tokens.count() != step.fetches {
				t.Errorf("call %d took %v with %d fetches, want %v with %d", i+1, took, tokens.count(), step.want, step.fetches)
			}
		}
		if got, want := fmt.Sprint(graph.tokens), "[Bearer token-1 Bearer token-1 Bearer token-2 Bearer token-2]"; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	})
}

func TestValidTokenIsUsedWhileTheEndpointFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, fail: func(n int) error {
			if n > 1 {
				return &intune.AuthError{StatusCode: http.StatusServiceUnavailable}
			}
			return nil
		}}
		client := new(service).client(t, tokens)
		for range 59 {
			if err := get(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if tokens.count() < 2 {
			t.Error("no refresh was tried")
		}
		time.Sleep(time.Minute)
		if err := get(t.Context(), client); !errors.As(err, new(*intune.AuthError)) {
			t.Errorf("once it has expired: got %v", err)
		}
	})
}

func TestCallerHonorsItsContextAlthoughTheEndpointHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{delay: time.Hour}
		client := new(service).client(t, tokens)
		patient := make(chan error)
		go func() { patient <- get(t.Context(), client) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if err := get(ctx, client); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		if err := <-patient; err != nil || tokens.count() != 1 {
			t.Errorf("the caller who waited: %v, %d fetches", err, tokens.count())
		}
	})
}

// TestForeignContextErrorIsTransient: the credential's own context ended, not the caller's.
func TestForeignContextErrorIsTransient(t *testing.T) {
	for _, foreign := range []error{context.Canceled, fmt.Errorf("vault: %w", context.DeadlineExceeded)} {
		synctest.Test(t, func(t *testing.T) {
			tokens := &issuer{fail: func(n int) error {
				if n == 1 {
					return foreign
				}
				return nil
			}}
			if err := get(t.Context(), new(service).client(t, tokens)); err != nil || tokens.count() != 2 {
				t.Errorf("%v: got %v after %d fetches", foreign, err, tokens.count())
			}
			tokens = &issuer{fail: func(int) error { return foreign }}
			err := get(t.Context(), new(service).client(t, tokens))
			if err == nil || errors.Is(err, foreign) || !strings.Contains(err.Error(), foreign.Error()) || tokens.count() != 4 {
				t.Errorf("%v for ever: got %v after %d fetches", foreign, err, tokens.count())
			}
		})
	}
}

func TestA401ForcesOneRefreshForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{lifetime: time.Hour, delay: time.Second}
		revoked := roundTripper(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			status := http.StatusOK
			if req.Header.Get("Authorization") == "Bearer token-1" {
				status = http.StatusUnauthorized
			}
			return httpmock.NewStringResponse(status, "{}"), nil
		})
		client := newClient(t, tokens, intune.WithHTTPClient(&http.Client{Transport: revoked}))
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				if err := get(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if tokens.count() != 2 || tokens.requests[0].Refresh || !tokens.requests[1].Refresh {
			t.Errorf("token requests %+v, want one, then one with Refresh", tokens.requests)
		}
	})
}

func TestTransientFailuresAreRetriedWithoutAToken(t *testing.T) {
	transient := []error{
		&intune.AuthError{StatusCode: 503}, &intune.AuthError{StatusCode: 429}, timeout{},
		fmt.Errorf("wrapped: %w", &intune.AuthError{StatusCode: 500}),
	}
	for _, failure := range transient {
		synctest.Test(t, func(t *testing.T) {
			tokens := &issuer{fail: func(n int) error {
				if n < 4 {
					return failure
				}
				return nil
			}}
			if err := new(service).client(t, tokens).Do(t.Context(), "POST", "/x", nil, nil); err != nil || tokens.count() != 4 {
				t.Errorf("%v: got %v after %d token requests", failure, err, tokens.count())
			}
			tokens = &issuer{fail: func(int) error { return failure }}
			err := new(service).client(t, tokens).Do(t.Context(), "POST", "/x", nil, nil)
			if !errors.Is(err, failure) || tokens.count() != 4 || errors.As(err, new(*intune.OutcomeUnknownError)) {
				t.Errorf("%v for ever: got %v after %d token requests", failure, err, tokens.count())
			}
		})
	}
}

func TestRejectionIsFinal(t *testing.T) {
	for _, failure := range []error{&intune.AuthError{StatusCode: 401, AADSTS: 7000215}, errors.New("the vault is sealed")} {
		tokens := &issuer{fail: func(int) error { return failure }}
		err := new(service).client(t, tokens).Do(t.Context(), "POST", "/x", nil, nil)
		if !errors.Is(err, failure) || tokens.count() != 1 {
			t.Errorf("got %v after %d token requests", err, tokens.count())
		}
	}
}

func TestRetryAfterOfTheTokenEndpointIsHonored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := &issuer{fail: func(n int) error {
			if n == 1 {
				return &intune.AuthError{StatusCode: 429, RetryAfter: 42 * time.Second}
			}
			return nil
		}}
		began := time.Now()
		if err := get(t.Context(), new(service).client(t, tokens)); err != nil || time.Since(began) != 42*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestUnusableTokensAreNotSent(t *testing.T) {
	for _, token := range []*oauth2.Token{nil, {}, {AccessToken: "a b"}, {AccessToken: "a\r\nX: b"}, {AccessToken: "é"}} {
		graph := new(service)
		cred := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) { return token, nil })
		if err := get(t.Context(), graph.client(t, cred)); err == nil || len(graph.tokens) > 0 {
			t.Errorf("%v: got %v", token, err)
		}
	}
}

func TestErrorsOfOAuthClientsAreAuthErrors(t *testing.T) {
	rejected := &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, ErrorCode: "invalid_grant", ErrorDescription: "AADSTS70043: expired"}
	cred := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
		return nil, fmt.Errorf("outer: %w", rejected)
	})
	err := get(t.Context(), newClient(t, cred))
	if got := errorAs[*intune.AuthError](t, err); got.AADSTS != 70043 || got.StatusCode != 400 {
		t.Errorf("got %+v", got)
	}
}

// TestClaimsChallengeIsMetOnce, with either status, and also after a fresh token has been tried.
func TestClaimsChallengeIsMetOnce(t *testing.T) {
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	challenge := func(status int) httpmock.Responder {
		return reply(status, graphRefusal("InvalidAuthenticationToken"), "WWW-Authenticate", `Bearer error="insufficient_claims", claims="`+b64([]byte(claims))+`"`)
	}
	plain, good := reply(401, graphRefusal("InvalidAuthenticationToken")), reply(200, "{}")
	for name, test := range map[string]struct {
		responses []httpmock.Responder
		claims    []string // of the token requests
		fails     bool
	}{
		"401":                     {[]httpmock.Responder{challenge(401), good}, []string{"", claims}, false},
		"403":                     {[]httpmock.Responder{challenge(403), good}, []string{"", claims}, false},
		"after a plain 401":       {[]httpmock.Responder{plain, challenge(401), good}, []string{"", "", claims}, false},
		"403 twice":               {[]httpmock.Responder{challenge(403), challenge(403)}, []string{"", claims}, true},
		"403 without a challenge": {[]httpmock.Responder{reply(403, graphRefusal("Forbidden"))}, []string{""}, true},
	} {
		var asked []string
		cred := credential(func(_ context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
			asked = append(asked, req.Claims)
			return &oauth2.Token{AccessToken: aToken + strings.Repeat("x", len(asked))}, nil
		})
		w := newWire(t, test.responses...)
		err := get(t.Context(), newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock}), fast))
		if (err != nil) != test.fails || !slices.Equal(asked, test.claims) || len(w.requests) != len(test.responses) {
			t.Errorf("%s: %v after %d requests, asked for %q", name, err, len(w.requests), asked)
		}
	}
}

// TestPanicOfACredentialReachesItsCaller, and the next calls work.
func TestPanicOfACredentialReachesItsCaller(t *testing.T) {
	tokens := &issuer{fail: func(n int) error {
		if n == 1 {
			panic("mine")
		}
		return nil
	}}
	client := new(service).client(t, tokens)
	func() {
		defer func() {
			if r := recover(); r != "mine" {
				t.Errorf("recovered %v", r)
			}
		}()
		_ = get(t.Context(), client)
	}()
	if err := get(t.Context(), client); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// TestMissingPermissionCostsOneRefresh, not one for each create: Intune says it with a 401, which a new token does not change.
func TestMissingPermissionCostsOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		client := clientOf(t, server, server.Credential())
		reject := intunetest.Fault{Method: http.MethodPost, Status: http.StatusUnauthorized}
		for range 100 {
			server.Inject(reject, reject) // as often as a create may be sent
			if _, err := createContext(t.Context(), client); !errors.Is(err, intune.ErrUnauthorized) {
				t.Fatalf("got %v", err)
			}
		}
		if got := tokens(server); got != 2 {
			t.Errorf("%d sign-ins for 100 creates", got)
		}
		time.Sleep(time.Minute)
		server.Inject(reject, reject)
		if _, err := createContext(t.Context(), client); !errors.Is(err, intune.ErrUnauthorized) || tokens(server) != 3 {
			t.Errorf("after a minute: %v, %d sign-ins", err, tokens(server))
		}
	})
}

// TestRefreshThatBringsTheSameTokenIsNotRepeated: a managed identity returns the token of its own cache. With each call that
// is rejected, the service sees two requests, and the credential none after the first refresh.
func TestRefreshThatBringsTheSameTokenIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var forced, asked atomic.Int32
		cred := credential(func(_ context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
			asked.Add(1)
			if req.Refresh {
				forced.Add(1)
			}
			time.Sleep(time.Second)
			return &oauth2.Token{AccessToken: aToken, Expiry: time.Now().Add(time.Hour)}, nil
		})
		var sent atomic.Int32
		graph := roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Duration(sent.Add(1)%7) * time.Second)
			return httpmock.NewStringResponse(http.StatusUnauthorized, graphRefusal("InvalidAuthenticationToken")), nil
		})
		client := newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: graph}))
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				if err := get(t.Context(), client); !errors.Is(err, intune.ErrUnauthorized) {
					t.Errorf("got %v", err)
				}
			})
		}
		calls.Wait()
		if forced.Load() != 1 || asked.Load() != 2 || sent.Load() > 200 {
			t.Errorf("asked %d times, %d forced, for %d requests", asked.Load(), forced.Load(), sent.Load())
		}
	})
}

// TestFreshTokenIsRefreshedForAClaimsChallenge.
func TestFreshTokenIsRefreshedForAClaimsChallenge(t *testing.T) {
	challenge := reply(401, graphRefusal("InvalidAuthenticationToken"), "WWW-Authenticate", `Bearer claims="`+b64([]byte(`{"a":1}`))+`"`)
	plain, good := reply(401, graphRefusal("InvalidAuthenticationToken")), reply(200, "{}")
	w := newWire(t, plain, good, challenge, good)
	fetches := &issuer{}
	client := newClient(t, fetches, intune.WithHTTPClient(&http.Client{Transport: w.mock}))
	for range 2 {
		if err := get(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if fetches.count() != 3 || fetches.requests[2].Claims != `{"a":1}` {
		t.Errorf("token requests %+v", fetches.requests)
	}
}

// TestLongRetryAfterOfTheTokenEndpointEndsEveryCallAtOnce, not only the first one.
func TestLongRetryAfterOfTheTokenEndpointEndsEveryCallAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, reply(429, `{"error":"temporarily_unavailable"}`, "Retry-After", "7200"))
		client := newClient(t, intune.ClientSecretCredential(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
		began := time.Now()
		for range 3 {
			if err := get(t.Context(), client); intune.RetryAfter(err) < 7199*time.Second || time.Since(began) > 0 || len(w.requests) != 1 {
				t.Errorf("%v after %v and %d requests", err, time.Since(began), len(w.requests))
			}
			began = time.Now()
		}
	})
}

// TestSlowSignInAfterAWaitIsNoLostRequest: the time limit of an attempt begins after all waits.
func TestSlowSignInAfterAWaitIsNoLostRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
			time.Sleep(90 * time.Second)
			return &oauth2.Token{AccessToken: aToken, Expiry: time.Now().Add(10 * time.Minute)}, nil
		})
		w := newWire(t, reply(201, created), reply(201, created))
		client := newClient(t, slow, intune.WithHTTPClient(&http.Client{Transport: w.mock}), intune.WithQuota(intune.Quota{Requests: 1, Window: 30 * time.Minute}))
		for range 2 {
			if _, err := create(client); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestTokenThatExpiresWhileARequestWaitsIsReplaced: a wait for the quota can be longer than the life of a token.
func TestTokenThatExpiresWhileARequestWaitsIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t, intunetest.WithTokenLifetime(10*time.Minute))
		client := server.Client(intune.WithQuota(intune.Quota{Requests: 1, Window: 30 * time.Minute}))
		for range 3 {
			if _, err := create(client); err != nil {
				t.Fatal(err)
			}
		}
		for _, req := range server.Requests() {
			if req.Status == http.StatusUnauthorized {
				t.Errorf("%s %s was sent with a token that had expired", req.Method, req.URL)
			}
		}
	})
}
