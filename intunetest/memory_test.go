package intunetest_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// synctest.Test fails if a goroutine is left.
func TestClientWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		server.Inject(intunetest.Fault{Status: 503, RetryAfter: "40"})
		start := time.Now()
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
		created, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert)
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Since(start); got != 40*time.Second {
			t.Errorf("created after %s, want the 40 s that the server asked for", got)
		}
		if held := server.Certificates(); len(held) != 1 || held[0].ID != created.ID {
			t.Errorf("the server holds %v, want %v", held, created)
		}
	})
}

func TestMemoryListenerRejectsOnceClosed(t *testing.T) {
	listener := intunetest.ListenMemory()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := listener.DialContext(ended, "tcp", "localhost:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial with an ended context gives %v", err)
	}
	for range 2 {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := listener.DialContext(t.Context(), "tcp", "localhost:80"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial gives %v, want net.ErrClosed", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept gives %v, want net.ErrClosed", err)
	}
}
