package intune_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestNobodyIsPromptedForATokenThatIsStillValid: a refresh in the background that needs the person leaves it to the call
// that needs the token.
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
				t.Fatalf("asked %d times, %v", prompted, err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(10 * time.Minute)
		if err := use(t.Context(), client); err != nil || prompted != 2 {
			t.Errorf("asked %d times, %v", prompted, err)
		}
	})
}

// TestErrorsOfFilesAreFinal: they are net.Errors as well, but do not pass.
func TestErrorsOfFilesAreFinal(t *testing.T) {
	_, missing := os.Open("missing")
	var asked int
	for name, cred := range map[string]intune.Credential{
		"assertion": intune.ClientAssertion(tenant, app, func(context.Context) (string, error) { asked++; return "", missing }),
		"prompt":    intune.AuthorizationCode(tenant, app, func(context.Context, string) error { asked++; return missing }),
	} {
		asked = 0
		if err := get(t.Context(), newClient(t, cred)); !errors.Is(err, os.ErrNotExist) || asked != 1 {
			t.Errorf("%s: asked %d times, %v", name, asked, err)
		}
	}
}

// authorityThat answers every request with a body.
func authorityThat(t *testing.T, status int, body string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = strings.NewReplacer("%secret%", r.Form.Get("client_secret")).WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestHostileIntervalsDoNotPanic(t *testing.T) {
	for _, interval := range []string{"-1", "9300000000", "0"} {
		server := authorityThat(t, 200, `{"device_code":"d","user_code":"u","verification_uri":"v","interval":`+interval+`,"expires_in":1}`)
		cred := intune.DeviceCode(tenant, app, func(context.Context, *oauth2.DeviceAuthResponse) error { return nil })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := get(ctx, newClient(t, cred, intune.WithAuthorityURL(server.URL))); err == nil || strings.Contains(err.Error(), "panicked") {
			t.Errorf("%s: got %v", interval, err)
		}
		cancel()
	}
}

// TestCallbacksThatNeverReturn: whatever a callback does, the calls that wait for it end, and the next ones work.
func TestCallbacksThatNeverReturn(t *testing.T) {
	good := true
	for name, bad := range map[string]func(){"panics": func() { panic("mine") }, "gives up": runtime.Goexit} {
		good = false
		cred := credential(func(context.Context, intune.TokenRequest) (*oauth2.Token, error) {
			if !good {
				bad()
			}
			return &oauth2.Token{AccessToken: aToken}, nil
		})
		w := newWire(t, reply(200, "{}"))
		client := newClient(t, cred, intune.WithHTTPClient(&http.Client{Transport: w.mock}))
		if err := get(t.Context(), client); err == nil || !strings.Contains(err.Error(), "the credential") {
			t.Errorf("%s: got %v", name, err)
		}
		good = true
		if err := get(t.Context(), client); err != nil {
			t.Errorf("%s: afterwards %v", name, err)
		}
	}
}

// TestDeviceFlowEndsWithItsContext: x/oauth2 leaves the context out of its first request.
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
			t.Errorf("asked %d times, %v", prompted, err)
		}
		if err := use(t.Context(), client); err != nil || prompted != 1 || time.Since(began) > 20*time.Second {
			t.Errorf("asked %d times, %v after %v", prompted, err, time.Since(began))
		}
	})
}

// TestAnswersThatQuoteSecrets are no refusals, but net/http and encoding/json quote them.
func TestAnswersThatQuoteSecrets(t *testing.T) {
	secret := intune.ClientSecret(tenant, app, aSecret)
	for name, body := range map[string]string{"expires_in": `{"access_token":"t","expires_in":"%secret%"}`, "nonsense": `%secret%`} {
		err := get(t.Context(), newClient(t, secret, intune.WithAuthorityURL(authorityThat(t, 200, body).URL)))
		if err == nil || strings.Contains(fmt.Sprintf("%+v", err), aSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	quoting := roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("malformed MIME header: %q", req.Header.Get("Authorization"))
	})
	err := get(t.Context(), newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: quoting}), fast))
	if err == nil || strings.Contains(err.Error(), aToken) {
		t.Errorf("got %v", err)
	}
}

// TestCodeIsRedeemedThoughAnAnswerIsLost: nobody signs in twice because of a 503.
func TestCodeIsRedeemedThoughAnAnswerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryServer(t)
		var opened int
		cred := intune.AuthorizationCode(intunetest.TenantID, intunetest.ClientID, func(_ context.Context, address string) error {
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

// TestLongPauseOfTheTokenEndpointEndsEveryCallAtOnce, not only the first one.
func TestLongPauseOfTheTokenEndpointEndsEveryCallAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t, reply(429, `{"error":"temporarily_unavailable"}`, "Retry-After", "7200"))
		client := newClient(t, intune.ClientSecret(tenant, app, aSecret), intune.WithHTTPClient(&http.Client{Transport: w.mock}))
		began := time.Now()
		for range 3 {
			if err := get(t.Context(), client); err == nil || time.Since(began) > 0 || len(w.requests) != 1 {
				t.Errorf("%v after %v and %d requests", err, time.Since(began), len(w.requests))
			}
			began = time.Now()
		}
	})
}

func TestTenantsThatNoApplicationSignsInTo(t *testing.T) {
	for _, id := range []string{"common", "Organizations"} {
		if _, err := intune.NewClient(intune.ClientSecret(id, app, aSecret)); !errors.As(err, new(*intune.InputError)) {
			t.Errorf("%s: got %v", id, err)
		}
		open := func(context.Context, string) error { return nil }
		if _, err := intune.NewClient(intune.AuthorizationCode(id, app, open)); err != nil {
			t.Errorf("%s for a person: %v", id, err)
		}
	}
	if _, err := intune.NewClient(intune.ClientSecret("9188040D-6c67-4c5b-b112-36a304b66dad", app, aSecret)); err == nil {
		t.Error("the tenant of personal accounts is accepted")
	}
}
