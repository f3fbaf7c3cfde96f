package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestProxyThatDoesNotConnect: net/http's error would be no more than "Forbidden".
func TestProxyThatDoesNotConnect(t *testing.T) {
	for status, isFinal := range map[int]bool{403: true, 407: true, 400: true, 408: false, 429: false, 502: false, 503: false, 504: false} {
		var asked *http.Request
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r
			http.Error(w, "the-words-of-the-proxy", status)
		}))
		defer proxy.Close()
		address, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		host := address.Host
		address.User = url.UserPassword("an-employee", "the-password-that-must-not-show")
		tr := New(Config{Origin: "https://graph.example"})
		tr.own = newPool(func() *http.Transport {
			base := newTransport()
			base.Proxy = http.ProxyURL(address)
			return base
		})
		_, ofGraph := attempt(t.Context(), tr, "https://graph.example", false)
		_, ofEntra := tr.TokenClient().Get("https://login.example/token") //nolint:noctx // a test
		for service, err := range map[string]error{"graph.example:443": ofGraph, "login.example:443": ofEntra} {
			var denied *ProxyError
			if !errors.As(err, &denied) || *denied != (ProxyError{host, service, status}) || IsFinal(err) != isFinal {
				t.Errorf("%s, %d: got %v", service, status, err)
				continue
			}
			if text := err.Error(); !strings.Contains(text, "the proxy "+host+" does not connect to "+service+": ") || strings.Contains(text, "must-not-show") || strings.Contains(text, "employee") {
				t.Errorf("%s, %d: got %q", service, status, text)
			}
		}
		if asked.Method != http.MethodConnect || asked.Header.Get("Proxy-Authorization") == "" {
			t.Errorf("the proxy was asked %s, %v", asked.Method, asked.Header)
		}
		tr.CloseIdleConnections()
	}
}
