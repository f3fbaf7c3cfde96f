// Package cloudproxy lets a program under test reach an emulator at the addresses of Microsoft's services: a proxy for
// HTTPS takes its connections, whatever the host, and a temporary authority vouches for the emulator.
package cloudproxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Start serves handler at the hosts, and returns the environment variables of a program that is to find it there. They
// replace the variables of the credentials, and those of proxies. The test is skipped if Go takes its authorities from
// the system alone.
func Start(tb testing.TB, handler http.Handler, hosts ...string) (env []string) {
	tb.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		tb.Skip("SSL_CERT_FILE has no effect here")
	}
	service := httptest.NewUnstartedServer(handler)
	service.EnableHTTP2 = true
	service.TLS = &tls.Config{Certificates: []tls.Certificate{issue(tb, hosts)}, MinVersion: tls.VersionTLS12}
	service.StartTLS()
	tb.Cleanup(service.Close)
	proxy := httptest.NewServer(tunnel(service.Listener.Addr().String()))
	tb.Cleanup(proxy.Close)
	authority := filepath.Join(tb.TempDir(), "authority.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: service.Certificate().Raw}
	if err := os.WriteFile(authority, pem.EncodeToMemory(block), 0o600); err != nil {
		tb.Fatal(err)
	}
	return append(os.Environ(), "SSL_CERT_FILE="+authority, "HTTPS_PROXY="+proxy.URL, "https_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
}

// tunnel is a proxy whose tunnels all lead to one address.
func tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		service, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = service.Close()
			return
		}
		go func() {
			_, _ = io.Copy(service, buffered)
			_ = service.Close()
		}()
		_, _ = io.Copy(client, service)
		_ = client.Close()
	})
}

// issue makes a certificate for the hosts, which is its own authority.
func issue(tb testing.TB, hosts []string) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cloudproxy"}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
