package connections_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
)

// connectProxy is a proxy that rejects the first requests to connect, and serves those that follow.
func connectProxy(t *testing.T, status, rejections int) (address *url.URL, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(requests.Add(1)) <= rejections {
			http.Error(w, "the words of the proxy", status)
			return
		}
		target, err := net.Dial("tcp", r.Host) //nolint:noctx // a test
		if err != nil {
			t.Error(err)
			return
		}
		w.WriteHeader(http.StatusOK)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { _, _ = io.Copy(target, buffered) }()
		go func() {
			_, _ = io.Copy(conn, target)
			_ = conn.Close()
		}()
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("an-employee", "the-password-that-must-not-show")
	return address, requests
}

// TestProxyThatRejectsTheConnection is named with its status. A denial is final, a failure is not, and nothing was sent.
func TestProxyThatRejectsTheConnection(t *testing.T) {
	service := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, created)
	}))
	service.EnableHTTP2 = true
	service.StartTLS()
	defer service.Close()
	trusted := service.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, kind := range []string{"NewTransport", "another transport"} {
		for status, attempts := range map[int]int{403: 1, 407: 1, 400: 1, 502: 3, 503: 3} {
			address, requests := connectProxy(t, status, 3)
			transport := intune.NewTransport()
			transport.Proxy, transport.TLSClientConfig.RootCAs = http.ProxyURL(address), trusted
			if kind != "NewTransport" {
				transport.OnProxyConnectResponse, transport.HTTP2 = nil, nil
			}
			var meta intune.Response
			client := newClient(t, signedIn(), intune.WithBaseURL(service.URL), intune.WithHTTPClient(&http.Client{Transport: transport}),
				intune.WithRetry(intune.RetryPolicy{MaxAttempts: 3, MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1}))
			err := create(t.Context(), client, intune.WithResponse(&meta))
			if err == nil || errors.As(err, new(*intune.OutcomeUnknownError)) || meta.Attempts != attempts || int(requests.Load()) != attempts {
				t.Fatalf("%s, %d: %v in %d attempts, %d requests to the proxy", kind, status, err, meta.Attempts, requests.Load())
			}
			text := err.Error()
			if !strings.Contains(text, fmt.Sprintf("the proxy %s does not connect to ", address.Host)) || !strings.Contains(text, fmt.Sprint(status)) ||
				strings.Contains(text, "must-not-show") || strings.Contains(text, "employee") {
				t.Errorf("%s, %d: got %s", kind, status, text)
			}
			requests.Store(0)
			signsIn := newClient(t, intune.ClientSecretCredential("contoso.onmicrosoft.com", "00000000-1111-2222-3333-444444444444", "the~client~secret"), intune.WithBaseURL(service.URL), intune.WithAuthorityURL(service.URL),
				intune.WithHTTPClient(&http.Client{Transport: transport}), intune.WithRetry(intune.RetryPolicy{MaxAttempts: 3, MinDelay: 1, MaxDelay: 1}))
			err = create(t.Context(), signsIn)
			if err == nil || !strings.Contains(err.Error(), "the proxy "+address.Host) || int(requests.Load()) != attempts {
				t.Errorf("%s, %d: a sign-in: %v after %d requests to the proxy", kind, status, err, requests.Load())
			}
			requests.Store(3)
			if err := create(t.Context(), client); err != nil {
				t.Errorf("%s, %d: through the proxy: %v", kind, status, err)
			}
			client.CloseIdleConnections()
		}
	}
}
