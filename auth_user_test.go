package intune_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestBrowserThatDoesNotComeBack keeps its port only as long as the call.
func TestBrowserThatDoesNotComeBack(t *testing.T) {
	server := intunetest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	var landing string
	cred := intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
		parsed, err := url.Parse(address)
		landing = parsed.Query().Get("redirect_uri")
		cancel()
		return err
	})
	if err := use(ctx, clientOf(t, server, cred)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if resp, err := http.Get(landing); err == nil { //nolint:noctx // the address that was open
		_ = resp.Body.Close()
		t.Errorf("%s is still open", landing)
	}
}

// TestNobodyIsPromptedForATokenThatIsStillValid: an early refresh leaves the prompt to the call that needs the token.
func TestNobodyIsPromptedForATokenThatIsStillValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t, intunetest.WithTokenLifetime(time.Hour))
		var prompted int
		var revoked bool
		entra := roundTripper(func(req *http.Request) (*http.Response, error) {
			if revoked && req.URL.Path[strings.LastIndex(req.URL.Path, "/"):] == "/token" && prompted == 1 {
				return reply(400, `{"error":"invalid_grant","error_description":"AADSTS50173: revoked"}`)(req)
			}
			return server.HTTPClient().Transport.RoundTrip(req)
		})
		client := clientOf(t, server, device(server, &prompted), intune.WithHTTPClient(&http.Client{Transport: entra}))
		if err := use(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		revoked = true
		time.Sleep(56 * time.Minute)
		for range 3 {
			server.Inject(intunetest.Fault{Method: http.MethodGet, Delay: 10 * time.Second}) // time enough for a prompt
			if err := use(t.Context(), client); err != nil || prompted != 1 {
				t.Fatalf("prompted %d times, %v", prompted, err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(10 * time.Minute)
		if err := use(t.Context(), client); err != nil || prompted != 2 {
			t.Errorf("prompted %d times, %v", prompted, err)
		}
	})
}

// TestDeviceFlowEndsWithItsContext, although x/oauth2 sends its first request without it.
func TestDeviceFlowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		server.Inject(intunetest.Fault{Token: true, Delay: 50 * time.Second})
		var prompted int
		client := clientOf(t, server, device(server, &prompted))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := use(ctx, client); !errors.Is(err, context.DeadlineExceeded) || prompted != 0 {
			t.Errorf("prompted %d times, %v", prompted, err)
		}
		if err := use(t.Context(), client); err != nil || prompted != 1 || time.Since(began) > 20*time.Second {
			t.Errorf("prompted %d times, %v after %v", prompted, err, time.Since(began))
		}
	})
}

// TestLostResponseDoesNotPromptAgain: the code is redeemed with another request.
func TestLostResponseDoesNotPromptAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		var opened int
		cred := intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
			opened++
			_, err := browse(server, address)
			server.Inject(intunetest.Fault{Token: true, Status: 503}, intunetest.Fault{Token: true, Drop: intunetest.DropBeforeReading})
			return err
		})
		if err := use(t.Context(), clientOf(t, server, cred)); err != nil || opened != 1 {
			t.Errorf("opened %d times, %v", opened, err)
		}
	})
}

// keyRing is a TokenStore.
type keyRing struct {
	mu     sync.Mutex
	tokens map[string]string
	saves  int
	broken error
}

func (k *keyRing) LoadToken(_ context.Context, key string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tokens[key], k.broken
}

func (k *keyRing) SaveToken(_ context.Context, key, refreshToken string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.tokens == nil {
		k.tokens = make(map[string]string)
	}
	k.tokens[key] = refreshToken
	k.saves++
}

// device signs in at the emulator by device code; prompted counts the prompts.
func device(server *intunetest.Server, prompted *int, opts ...intune.UserOption) intune.Credential {
	return intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
		*prompted++
		return server.ApproveDevice(device.UserCode)
	}, opts...)
}

func TestTokenStoreKeepsPeopleFromSigningInAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		var prompted int
		ring := new(keyRing)
		for run := range 3 {
			if err := use(t.Context(), clientOf(t, server, device(server, &prompted, intune.WithTokenStore(ring)))); err != nil {
				t.Fatal(err)
			}
			if prompted != 1 || ring.saves != run+1 || len(ring.tokens) != 1 {
				t.Errorf("run %d: prompted %d times, saved %d times", run, prompted, ring.saves)
			}
		}
		want := server.URL() + "/" + intunetest.TenantID + "/" + intunetest.ClientID
		if ring.tokens[want] == "" {
			t.Errorf("there is nothing at %s", want)
		}
		ring.broken = errors.New("the key ring is locked")
		if err := use(t.Context(), clientOf(t, server, device(server, &prompted, intune.WithTokenStore(ring)))); !errors.Is(err, ring.broken) {
			t.Errorf("got %v", err)
		}
	})
}

// TestRefreshTokenThatIsNoLongerValidLeadsToThePrompt, whichever way Microsoft Entra ID says it.
func TestRefreshTokenThatIsNoLongerValidLeadsToThePrompt(t *testing.T) {
	for code, isFinal := range map[string]bool{
		"invalid_grant": false, "interaction_required": false, "consent_required": false, "login_required": false,
		"unauthorized_client": true,
	} {
		synctest.Test(t, func(t *testing.T) {
			server := memoryServer(t)
			var prompted int
			entra := roundTripper(func(req *http.Request) (*http.Response, error) {
				if strings.HasSuffix(req.URL.Path, "/token") && prompted == 0 {
					return reply(400, `{"error":"`+code+`","error_description":"AADSTS65001: no"}`)(req)
				}
				return server.HTTPClient().Transport.RoundTrip(req)
			})
			cred := device(server, &prompted, intune.WithTokenStore(oldToken{}))
			err := use(t.Context(), clientOf(t, server, cred, intune.WithHTTPClient(&http.Client{Transport: entra})))
			if (err != nil) != isFinal || (prompted == 0) != isFinal {
				t.Errorf("%s: prompted %d times, %v", code, prompted, err)
			}
		})
	}
}

// TestTransientFailureOfARefreshPromptsNobody, because the refresh token may still be valid.
func TestTransientFailureOfARefreshPromptsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t, intunetest.WithTokenLifetime(time.Hour))
		var prompted int
		client := clientOf(t, server, device(server, &prompted))
		for range 2 {
			if err := use(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
			server.Inject(intunetest.Fault{Token: true, Status: 503}, intunetest.Fault{Token: true, Status: 429})
		}
		if prompted != 1 {
			t.Errorf("prompted %d times", prompted)
		}
	})
}

func TestSeveralClientsPromptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		var prompted int
		cred := intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(ctx context.Context, device *oauth2.DeviceAuthResponse) error {
			prompted++
			go func() { // as slow as people are
				time.Sleep(time.Minute)
				if err := server.ApproveDevice(device.UserCode); err != nil {
					t.Error(err)
				}
			}()
			return ctx.Err()
		})
		var clients sync.WaitGroup
		for range 5 {
			client := clientOf(t, server, cred)
			for range 5 {
				clients.Go(func() {
					if err := use(t.Context(), client); err != nil {
						t.Error(err)
					}
				})
			}
		}
		clients.Wait()
		if prompted != 1 {
			t.Errorf("prompted %d times", prompted)
		}
	})
}

// TestLostPollDoesNotPromptAgain, because the person may have entered the code already.
func TestLostPollDoesNotPromptAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		var prompted int
		cred := intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, device *oauth2.DeviceAuthResponse) error {
			prompted++
			server.Inject(
				intunetest.Fault{Token: true, Drop: intunetest.DropBeforeReading},
				intunetest.Fault{Token: true, Status: 503},
				intunetest.Fault{Token: true, Status: 200, Gateway: true},
			)
			time.AfterFunc(20*time.Second, func() { _ = server.ApproveDevice(device.UserCode) })
			return nil
		})
		if err := use(t.Context(), clientOf(t, server, cred)); err != nil || prompted != 1 {
			t.Errorf("prompted %d times, %v", prompted, err)
		}
	})
}

func TestPromptThatFailsEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		for _, failure := range []error{errors.New("there is no terminal"), context.Canceled, timeout{}} {
			var prompts int
			for name, cred := range map[string]intune.Credential{
				"device":  intune.DeviceCodeCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, *oauth2.DeviceAuthResponse) error { prompts++; return failure }),
				"browser": intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(context.Context, string) error { prompts++; return failure }),
			} {
				prompts = 0
				if err := use(t.Context(), clientOf(t, server, cred)); !errors.Is(err, failure) || prompts != 1 {
					t.Errorf("%s: got %v after %d prompts", name, err, prompts)
				}
			}
		}
	})
}

func TestAuthorizationCodeUsesPKCE(t *testing.T) {
	server := intunetest.NewServer(t)
	cred := intune.AuthorizationCodeCredential(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
		parsed, err := url.Parse(address)
		if err != nil {
			return err
		}
		query := parsed.Query()
		if query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43 || query.Get("state") == "" {
			t.Errorf("the parameters are %v", query)
		}
		_, err = browse(server, address)
		return err
	})
	if err := use(t.Context(), clientOf(t, server, cred)); err != nil {
		t.Error(err)
	}
}
