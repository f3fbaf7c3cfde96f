package byhand_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seed-230b9595/intune-go/bench/internal/byhand"
	"github.com/seed-230b9595/intune-go/bench/internal/loopback"
)

func newClient(t *testing.T, handler http.HandlerFunc) *byhand.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &byhand.Client{
		HTTP: byhand.NewHTTPClient(), GraphURL: server.URL, AuthorityURL: server.URL,
		TenantID: "contoso.onmicrosoft.com", ClientID: "app", Secret: "secret",
	}
}

func TestCreateSignsInOnce(t *testing.T) {
	var signIns atomic.Int64
	handler := loopback.Handler()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			signIns.Add(1)
		}
		handler.ServeHTTP(w, r)
	})
	var ids sync.Map
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			created, err := client.Create(t.Context(), []byte("content"))
			if err != nil {
				t.Error(err)
				return
			}
			if _, known := ids.LoadOrStore(created.ID, true); known || created.ExpirationDateTime.IsZero() {
				t.Errorf("created %+v", created)
			}
		})
	}
	all.Wait()
	if got := signIns.Load(); got != 1 {
		t.Errorf("signed in %d times", got)
	}
}

func TestCreateTakesNothingButA201ForSuccess(t *testing.T) {
	handler := loopback.Handler()
	client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			handler.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if _, err := client.Create(t.Context(), []byte("content")); err == nil || !strings.Contains(err.Error(), "202 Accepted") {
		t.Errorf("got %v", err)
	}
}
