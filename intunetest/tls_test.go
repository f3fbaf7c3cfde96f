package intunetest_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestTLS(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS())
	if !strings.HasPrefix(server.URL(), "https://127.0.0.1:") {
		t.Errorf("the URL is %s", server.URL())
	}
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	if _, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert); err != nil {
		t.Error(err)
	}
	w := &wire{T: t, server: server, http: server.HTTPClient()}
	w.granted(w.signIn())

	w.http = new(http.Client)
	var distrusted x509.UnknownAuthorityError
	if a := w.signIn(); !errors.As(a.err, &distrusted) {
		t.Errorf("a client that does not know the certificate gets %d %v", a.status, a.err)
	}
	other := &wire{T: t, server: server, http: intunetest.NewServer(t, intunetest.WithTLS()).HTTPClient()}
	if a := other.signIn(); !errors.As(a.err, &distrusted) {
		t.Errorf("a client that knows another certificate gets %d %v", a.status, a.err)
	}
}

func TestFaultsLoseConnectionsOverTLS(t *testing.T) {
	w := newTLSWire(t)
	w.granted(w.signIn())
	w.server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})
	if a := w.create(minimal); a.err == nil || strings.Contains(a.err.Error(), "stream error") {
		t.Errorf("got %d, %v, want a lost connection", a.status, a.err)
	}
	w.wantStored(1)
}

func TestHTTPClientReachesTheServer(t *testing.T) {
	for _, opts := range [][]intunetest.ServerOption{
		nil, {intunetest.WithListener(intunetest.ListenMemory())}, {intunetest.WithTLS()},
		{intunetest.WithTLS(), intunetest.WithListener(intunetest.ListenMemory())},
	} {
		server := intunetest.NewServer(t, opts...)
		w := &wire{T: t, server: server, http: server.HTTPClient()}
		w.granted(w.signIn())
		if isTLS := strings.HasPrefix(server.URL(), "https:"); isTLS != (server.TLSCertificate() != nil) {
			t.Errorf("%s has the certificate %v", server.URL(), server.TLSCertificate())
		}
	}
}
