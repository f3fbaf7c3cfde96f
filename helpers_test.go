package intune_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	path    = "/deviceAppManagement/enterpriseCodeSigningCertificates"
	aToken  = "the-access-token-that-must-not-show"
	aSecret = "the~client~secret~that~must~not~show"
	tenant  = "contoso.onmicrosoft.com"
	app     = "00000000-1111-2222-3333-444444444444"
)

// created is a response to Create that keeps the contract.
const created = `{"id":"b20d3703-3703-b20d-0337-0db203370db2","subject":"CN=Contoso","status":"provisioned"}`

// wire is a transport that gives scripted responses, one after the other, and keeps what was sent.
type wire struct {
	tb        testing.TB
	mock      *httpmock.MockTransport
	responses []httpmock.Responder
	requests  []*http.Request
	bodies    []string
	times     []time.Time
}

func newWire(tb testing.TB, responses ...httpmock.Responder) *wire {
	tb.Helper()
	w := &wire{tb: tb, mock: httpmock.NewMockTransport(), responses: responses}
	w.mock.RegisterNoResponder(w.next)
	return w
}

func (w *wire) next(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			w.tb.Errorf("request body: %v", err)
		}
		body = string(data)
	}
	w.requests, w.bodies, w.times = append(w.requests, req), append(w.bodies, body), append(w.times, time.Now())
	if len(w.requests) > len(w.responses) {
		w.tb.Errorf("request %d: %s %s was not expected", len(w.requests), req.Method, req.URL)
		return nil, errors.New("no response is scripted")
	}
	return w.responses[len(w.requests)-1](req)
}

// client returns a client on the wire, signed in with aToken.
func (w *wire) client(opts ...intune.Option) *intune.Client {
	w.tb.Helper()
	wired := []intune.Option{intune.WithHTTPClient(&http.Client{Transport: w.mock}), intune.WithRetry(soon)}
	return newClient(w.tb, staticToken(), append(wired, opts...)...)
}

// soon is a policy that believes in absence after the first look.
var soon = intune.RetryPolicy{ReconcileWindow: time.Nanosecond}

func newClient(tb testing.TB, cred intune.Credential, opts ...intune.Option) *intune.Client {
	tb.Helper()
	client, err := intune.NewClient(cred, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// over returns a client whose requests go to a service of the test's own.
func over(tb testing.TB, service roundTripper, opts ...intune.Option) *intune.Client {
	tb.Helper()
	return newClient(tb, staticToken(), append(opts, intune.WithHTTPClient(&http.Client{Transport: service}))...)
}

func staticToken() intune.Credential {
	return intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: aToken}))
}

// reply is a canned response. Headers come in pairs; the content type is JSON unless they say otherwise.
func reply(status int, body string, headers ...string) httpmock.Responder {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return httpmock.NewStringResponder(status, body).HeaderSet(header)
}

// lost is a connection that broke, on a transport without hooks.
func lost() httpmock.Responder { return httpmock.NewErrorResponder(io.ErrUnexpectedEOF) }

// cut is a response whose body breaks off.
func cut(status int, body string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body) + 1),
			Body: io.NopCloser(io.MultiReader(stringReader(body), failingReader{})),
		}, nil
	}
}

// unfinished begins a response, and sends nothing more until the context of the request ends.
func unfinished(begin string) httpmock.Responder {
	return func(req *http.Request) (*http.Response, error) {
		body, writer := io.Pipe()
		go func() {
			_, _ = io.WriteString(writer, begin)
			<-req.Context().Done()
			_ = writer.CloseWithError(req.Context().Err())
		}()
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: req}, nil
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func stringReader(s string) io.Reader { return io.LimitReader(endless(s), int64(len(s))) }

// endless repeats a text for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e[i%len(e)]
	}
	return len(p), nil
}

// graphRefusal is an error in Graph's shape.
func graphRefusal(code string) string {
	return `{"error":{"code":"` + code + `","message":"no","innerError":{"request-id":"inner"}}}`
}

func create(client *intune.Client, opts ...intune.RequestOption) (*intune.EnterpriseCodeSigningCertificate, error) {
	return createContext(context.Background(), client, opts...)
}

func createContext(ctx context.Context, client *intune.Client, opts ...intune.RequestOption) (*intune.EnterpriseCodeSigningCertificate, error) {
	cert := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=Contoso"}
	return client.EnterpriseCodeSigningCertificates().Create(ctx, cert, opts...)
}

// newCertificate makes a code-signing certificate.
func newCertificate(tb testing.TB) *x509.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	name := pkix.Name{
		CommonName: "Contoso", Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
		Province: []string{"Washington"}, Country: []string{"US"},
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(42), Subject: name, NotBefore: time.Now(), NotAfter: time.Now().AddDate(0, 0, 460),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
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

func tlsAtMost11() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// credential is a Credential that a test writes itself.
type credential func(context.Context, intune.TokenRequest) (*oauth2.Token, error)

func (c credential) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	return c(ctx, req)
}

const gatewayPage = "<html><body>Service Unavailable</body></html>"

func middleware(do func(next http.RoundTripper, req *http.Request) (*http.Response, error)) intune.Option {
	return intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) { return do(next, req) })
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func memoryServer(t *testing.T, opts ...intunetest.ServerOption) *intunetest.Server {
	t.Helper()
	return intunetest.NewServer(t, append(opts, intunetest.WithListener(intunetest.ListenMemory()))...)
}

// fast is a retry policy under which tests over real sockets do not wait.
var fast = intune.WithRetry(intune.RetryPolicy{MinDelay: 1, MaxDelay: 1, ReconcileWindow: 1})

// inject queues faults for creates.
func inject(server *intunetest.Server, faults ...intunetest.Fault) {
	for _, fault := range faults {
		fault.Method = http.MethodPost
		server.Inject(fault)
	}
}

// services are the ways in which a service may treat what it is sent.
var services = map[string][]intunetest.ServerOption{
	"keeps what it is sent":                    nil,
	"dates uploads itself":                     {intunetest.WithOwnUploadDates()},
	"dates uploads itself, ten minutes ahead":  {intunetest.WithOwnUploadDates(), intunetest.WithClockSkew(10 * time.Minute)},
	"dates uploads itself, ten minutes behind": {intunetest.WithOwnUploadDates(), intunetest.WithClockSkew(-10 * time.Minute)},
	"spells names anew and cuts times":         {intunetest.WithRespelling(), intunetest.WithClockSkew(10 * time.Minute)},
	"dates, spells and cuts":                   {intunetest.WithRespelling(), intunetest.WithOwnUploadDates()},
}

const anID = "b20d3703-3703-b20d-0337-0db203370db2"

func certificates(w *wire) *intune.EnterpriseCodeSigningCertificatesService {
	w.tb.Helper()
	return w.client().EnterpriseCodeSigningCertificates()
}

// virtual runs a test in virtual time. It begins in the year 2000 plus two days, because a date before that year counts as
// not shown.
func virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Helper()
		time.Sleep(48 * time.Hour)
		test(t)
	})
}
