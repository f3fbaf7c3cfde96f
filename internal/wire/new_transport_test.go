package wire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRenewedTransportLeavesAConnectionThatIsInUse: over HTTP/2, closing idle connections is not enough for a new one.
func TestRenewedTransportLeavesAConnectionThatIsInUse(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-release
		}
		_, _ = io.WriteString(w, r.Proto+" "+r.RemoteAddr)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := NewTransport()
	transport.TLSClientConfig.RootCAs = roots
	own := New(Config{Client: &http.Client{Transport: transport}})
	get := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		resp, err := own.own.Load().RoundTrip(req)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer func() { _ = resp.Body.Close() }()
		response, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return string(response)
	}
	slow := make(chan string)
	go func() { slow <- get("/slow") }()
	<-entered
	before := get("/")
	stale := own.own.Load()
	own.renew(stale)
	own.renew(stale) // by another call that met the same 503: the new one stays
	renewed := own.own.Load()
	after, again := get("/"), get("/")
	close(release)
	if old := <-slow; old != before || !strings.HasPrefix(old, "HTTP/2.0 ") {
		t.Errorf("before: %q and %q, want one connection of HTTP/2", old, before)
	}
	if after == before || again != after || own.own.Load() != renewed {
		t.Errorf("before %q, after %q and %q, want one new connection", before, after, again)
	}
	renewed.CloseIdleConnections()
}
