// Package secrets_test makes services and gateways repeat the secrets that they are sent, and looks for them in everything that
// the library returns and logs.
package secrets_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	path   = "/deviceAppManagement/enterpriseCodeSigningCertificates"
	tenant = "contoso.onmicrosoft.com"
	app    = "00000000-1111-2222-3333-444444444444"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// reply is a canned response. Headers come in pairs; the content type is JSON unless they say otherwise.
func reply(status int, body string, headers ...string) roundTripper {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
	}
}

// first gives the response to the first request, and loses the connections of those that follow.
func first(response roundTripper) roundTripper {
	var once sync.Once
	return func(req *http.Request) (resp *http.Response, err error) {
		err = errors.New("the connection is lost")
		once.Do(func() { resp, err = response(req) })
		return resp, err
	}
}

func newClient(t *testing.T, cred intune.Credential, service http.RoundTripper, opts ...intune.Option) *intune.Client {
	t.Helper()
	client, err := intune.NewClient(cred, append(opts, intune.WithHTTPClient(&http.Client{Transport: service}))...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var applicationKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// applicationCertificate is what an application signs in with.
func applicationCertificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := applicationKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}
