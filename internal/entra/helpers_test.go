package entra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	"github.com/seed-230b9595/intune-go/internal/entra"
)

const (
	tenant  = "contoso.onmicrosoft.com"
	app     = "00000000-1111-2222-3333-444444444444"
	aSecret = "the~client~secret~that~must~not~show"
	aToken  = `{"access_token":"t","expires_in":3599}`
)

// endpoint gives scripted responses, one after the other, and keeps what was sent.
type endpoint struct {
	tb        testing.TB
	responses []httpmock.Responder
	requests  []*http.Request
	forms     []url.Values
	times     []time.Time
}

func newEndpoint(tb testing.TB, responses ...httpmock.Responder) *endpoint {
	tb.Helper()
	return &endpoint{tb: tb, responses: responses}
}

func (e *endpoint) RoundTrip(req *http.Request) (*http.Response, error) {
	form := url.Values{}
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		if form, err = url.ParseQuery(string(body)); err != nil {
			return nil, err
		}
	}
	e.requests, e.forms, e.times = append(e.requests, req), append(e.forms, form), append(e.times, time.Now())
	if len(e.requests) > len(e.responses) {
		e.tb.Errorf("request %d: %s %s was not expected", len(e.requests), req.Method, req.URL)
		return nil, errors.New("no response is scripted")
	}
	return e.responses[len(e.requests)-1](req)
}

// request is for a token that this endpoint issues.
func (e *endpoint) request() entra.Request {
	return entra.Request{
		AuthorityURL: "https://login.example", Scope: "https://graph.microsoft.com/.default", HTTPClient: &http.Client{Transport: e},
	}
}

// signIn signs in with a secret.
func (e *endpoint) signIn() error {
	_, err := entra.ClientSecret(tenant, app, aSecret).Token(e.tb.Context(), e.request())
	return err
}

// reply is a canned response. Headers come in pairs; the content type is JSON unless they say otherwise.
func reply(status int, body string, headers ...string) httpmock.Responder {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(header)
}

// errorAs is errors.As for one type, with a failure where it does not find it.
func errorAs[T error](tb testing.TB, err error) T {
	tb.Helper()
	var target T
	if !errors.As(err, &target) {
		tb.Fatalf("got %T %v, want a %T in it", err, err, target)
	}
	return target
}

var applicationKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// applicationCertificate is what an application signs in with.
func applicationCertificate(tb testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	tb.Helper()
	key, err := applicationKey()
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "intune-go tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return key, cert
}
