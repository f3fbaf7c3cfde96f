package intunetest_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestClientIsWiredToTheServer(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithProvisioningDelay(time.Hour))
	cert := intunetest.NewCertificate("Contoso")
	service := server.Client(intune.WithAPIVersion(intune.APIVersionV1)).EnterpriseCodeSigningCertificates()
	created, err := service.Create(t.Context(), &intune.EnterpriseCodeSigningCertificate{Content: cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	held := server.Certificates()
	if len(held) != 1 {
		t.Fatalf("the server holds %v, want one certificate", held)
	}
	// String prints every field that identifies a certificate.
	if got := held[0]; got.String() != created.String() || got.ID == "" || !got.ExpirationDateTime.Equal(cert.NotAfter) {
		t.Errorf("the server holds %v, the client got %v", got, created)
	}
	requests := server.Requests()
	if got := requests[len(requests)-1].URL; !strings.HasPrefix(got, "/v1.0/") {
		t.Errorf("the request went to %s: the option is lost", got)
	}
}

func TestClientPanicsOnABadOption(t *testing.T) {
	server := intunetest.NewServer(t)
	if got := panicOf(func() { server.Client(intune.WithAPIVersion("v2.0")) }); !strings.Contains(got, "WithAPIVersion") {
		t.Errorf("panicked with %q, want the name of the option", got)
	}
}

func TestCredentialFollowsTheCloud(t *testing.T) {
	server := intunetest.NewServer(t)
	for _, cloud := range []intune.Cloud{intune.CloudPublic, intune.CloudUSGovernmentL4, intune.CloudUSGovernmentL5, intune.CloudChina} {
		client := server.Client(intune.WithCloud(cloud))
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
		if _, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert); err != nil {
			t.Errorf("%s: %v", cloud, err)
		}
	}
}

func TestStartServesUntilClose(t *testing.T) {
	server, err := intunetest.Start()
	if err != nil {
		t.Fatal(err)
	}
	address, onLoopback := strings.CutPrefix(server.URL(), "http://")
	if !onLoopback || !strings.HasPrefix(address, "127.0.0.1:") {
		t.Errorf("the URL is %s, want one on loopback", server.URL())
	}
	idle, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	server.Close()
	server.Close() // as deferred calls do
	if conn, err := net.Dial("tcp", address); err == nil {
		_ = conn.Close()
		t.Error("it still listens")
	}
}

func TestWithListenerServesOnIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, intunetest.WithListener(listener))
	if want := "http://" + listener.Addr().String(); w.server.URL() != want {
		t.Errorf("the URL is %s, want %s", w.server.URL(), want)
	}
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.server.Close()
	_ = listener.(*net.TCPListener).SetDeadline(time.Now())
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept gives %v after Close, want net.ErrClosed", err)
	}
}

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
