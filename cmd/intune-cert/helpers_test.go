package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

// lockedBuffer is safe for concurrent use.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// newTestApp returns a run of the program that writes to files.
func newTestApp(t *testing.T) *app {
	t.Helper()
	writer := func() *console.Writer {
		file, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = file.Close() })
		return console.NewWriter(file)
	}
	terminal := &console.Terminal{In: os.Stdin, Out: writer(), Err: writer()}
	terminal.Progress = console.NewProgress(terminal.Err)
	a, _ := newApp(terminal)
	return a
}

func clientTrusting(roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
