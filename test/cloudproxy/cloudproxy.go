// Package cloudproxy lets a program under test reach an emulator at the addresses of Microsoft's services: a proxy for
// HTTPS takes its connections, whatever the host, and the program trusts the certificate of the emulator.
package cloudproxy

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// Start starts an emulator, and returns the environment variables of a program that is to find it at the addresses of
// Microsoft's services and to sign in there. They replace the variables of proxies and of all sign-ins. The test is
// skipped if Go takes its authorities from the system alone.
func Start(tb testing.TB, opts ...intunetest.ServerOption) (server *intunetest.Server, env []string) {
	tb.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		tb.Skip("SSL_CERT_FILE has no effect here")
	}
	opts = append(opts, intunetest.WithTLS(), intunetest.WithHosts("graph.microsoft.com", "login.microsoftonline.com"))
	server = intunetest.NewServer(tb, opts...)
	proxy := httptest.NewServer(tunnel(strings.TrimPrefix(server.URL(), "https://")))
	tb.Cleanup(proxy.Close)
	authority := filepath.Join(tb.TempDir(), "authority.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.TLSCertificate().Raw}
	if err := os.WriteFile(authority, pem.EncodeToMemory(block), 0o600); err != nil {
		tb.Fatal(err)
	}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AZURE_") && !strings.HasPrefix(variable, "ACTIONS_") && !strings.HasPrefix(variable, "SYSTEM_") {
			env = append(env, variable)
		}
	}
	return server, append(env,
		"AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret,
		"SSL_CERT_FILE="+authority, "HTTPS_PROXY="+proxy.URL, "https_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
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
