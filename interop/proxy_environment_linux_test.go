package interop_test

// Squid as the proxy in HTTPS_PROXY, which net/http reads once for each process and does not use for loopback. So the client
// is a process of its own, and knows the service by a name that squid alone can resolve.

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	throughProxy = "INTEROP_SERVICE_BEHIND_PROXY" // the service's root, for the process that is the client
	trusting     = "INTEROP_AUTHORITY"            // its authority, in PEM
	serviceName  = "graph.inside.example"
)

func TestProxyOfTheEnvironment(t *testing.T) {
	if root := os.Getenv(throughProxy); root != "" {
		createThroughProxy(t, root)
		return
	}
	t.Parallel()
	const signIn = "auth_param basic program /usr/lib/squid/basic_fake_auth\nauth_param basic children 1\nacl staff proxy_auth an-employee\n"
	for _, test := range []struct{ name, rules, user, want string }{
		{"open", "", "", "created"},
		{"signed in", signIn + "http_access deny !staff", "an-employee:" + password + "@", "created"},
		{"denied", "http_access deny all", "an-employee:" + password + "@", "does not connect to {service}: 403 Forbidden: allow this address at the proxy"},
		{"not signed in", signIn + "http_access deny !staff", "", "407 Proxy Authentication Required: the proxy requires a user name and a password"},
		{"another user", signIn + "http_access deny !staff", "somebody:" + password + "@", "407 Proxy Authentication Required: the proxy requires a user name and a password"},
		{"a bare character", "", "an-employee:#" + password + "@", "HTTPS_PROXY is not a URL: percent-encode the special characters"},
		{"a bare at-sign", "", "an-employee:/" + password + "@", "HTTPS_PROXY is not a URL: percent-encode the special characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := intunetest.NewServer(t, intunetest.WithHosts(serviceName), intunetest.WithTLS())
			service := serviceName + strings.TrimPrefix(server.URL(), "https://127.0.0.1")
			address := squid(t, route{rules: "hosts_file " + hostsFile(t) + "\n" + test.rules})
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
			cmd.Env = append(os.Environ(), "NO_PROXY=", "no_proxy=", "https_proxy=", "HTTPS_PROXY=http://"+test.user+address,
				throughProxy+"=https://"+service, trusting+"="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.TLSCertificate().Raw})))
			output, err := cmd.CombinedOutput()
			want := strings.ReplaceAll(test.want, "{service}", service)
			if err != nil || !strings.Contains(string(output), want) || strings.Contains(string(output), password) {
				t.Errorf("%v: got %s, want %s", err, output, want)
			}
		})
	}
}

// hostsFile returns a file in which squid finds the service. It is readable for the user that squid becomes if it is root.
func hostsFile(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "hosts")
	if err := os.WriteFile(file, []byte("127.0.0.1 "+serviceName+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, above := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// createThroughProxy is the client. It prints all that it knows about the outcome.
func createThroughProxy(t *testing.T, root string) {
	t.Helper()
	transport := intune.NewTransport()
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(os.Getenv(trusting)))
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := intune.NewClient(intune.ClientSecretCredential(intunetest.TenantID, intunetest.ClientID, intunetest.ClientSecret),
		intune.WithBaseURL(root), intune.WithAuthorityURL(root), intune.WithLogger(logger), hasty,
		intune.WithHTTPClient(&http.Client{Transport: transport}))
	if err == nil {
		_, err = client.EnterpriseCodeSigningCertificates().Create(t.Context(), intune.FromX509(intunetest.NewCertificate("")))
	}
	if err == nil {
		fmt.Println("created")
	}
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Printf("%v\n%#v\n", err, err)
		logger.Error("failed", "error", err)
	}
}
