// Package intunetest emulates the part of Microsoft Intune and Microsoft Entra ID that enterprise code-signing
// certificates need, on a real socket, for tests of this library and of the programs that use it.
//
//	server := intunetest.NewServer(t)
//	client := server.Client()
//	created, err := client.EnterpriseCodeSigningCertificates().Create(ctx, cert)
//
// It speaks the real protocol: create, get, list, update and delete under /beta and /v1.0; $filter, $select, $orderby,
// $top, $skip and $count; pages; the documented quota of 100 writes and 1000 requests in any 20 seconds; and the error
// envelopes of Graph and Intune. It is as strict as the reference of Microsoft Graph says, and has not been compared with
// a real tenant. Inject makes it fail on purpose.
//
// Applications sign in with the client secret, with a certificate (WithClientCertificate) or with the token of another
// issuer (WithFederatedCredential). Users sign in, to a public client, with a device code (ApproveDevice) or in a browser,
// by authorization code with PKCE. Every signature, code and time is checked, and refusals carry the numbers of Microsoft
// Entra ID. Access tokens are opaque. The libraries of Microsoft, which want https, can sign in WithTLS.
//
// A client of your own, with another credential than the server's, is made so:
//
//	client, err := intune.NewClient(cred, intune.WithBaseURL(server.URL()), intune.WithAuthorityURL(server.URL()),
//		intune.WithHTTPClient(server.HTTPClient()))
//
// and a credential of azidentity with the authority host server.URL() in its cloud.Configuration, the Transport
// server.HTTPClient(), and DisableInstanceDiscovery. A sign-in by browser comes back to a real socket, so it takes a
// server without a MemoryListener, or a test that follows the redirect itself.
//
// Of $filter it knows eq, ne, gt, ge, lt and le with the property on the left, startswith, and, or, not and
// parentheses. It compares text case-sensitively, and refuses what it does not know.
package intunetest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// The one tenant, and the one application in it, that a Server knows.
const (
	TenantID     = "0c2c9c5e-5f3b-4a68-9d1a-6d5a0c4e7b10"
	ClientID     = "5a7d3c1e-8f42-4b6d-a1c9-2e0f6b8d4a37"
	ClientSecret = "emulated~secret.not-for-production"
)

// Server is an emulated tenant. It is safe for concurrent use.
type Server struct {
	listener   net.Listener
	http       *http.Server
	ctx        context.Context // its end ends the requests that wait
	cancel     context.CancelFunc
	served     chan struct{}
	httpClient *http.Client // that reaches an in-memory listener, or trusts the certificate; nil where any client does

	registration  registration
	permissions   []string
	tokenLifetime time.Duration
	secure        bool // serves https
	clockAhead    time.Duration
	datesUploads  bool

	provisioningDelay time.Duration
	respells          bool
	pageSize          int
	sealKey           []byte                 // of $skiptoken
	signingKey        func() *rsa.PrivateKey // of Microsoft Entra ID

	mu          sync.Mutex
	tokens      map[string]accessToken
	challenge   string // the claims that access tokens need, "" for none
	signIns     signIns
	records     []record // in order of creation
	created     int      // how many ever were
	quota       *quota   // nil for none
	faults      []Fault
	randomFault func() Fault // nil for none
	requests    []Request
}

// ServerOption configures a Server.
type ServerOption func(*Server)

// WithListener serves on listener instead of a loopback socket of its own. To a MemoryListener, Client is wired too.
func WithListener(listener net.Listener) ServerOption {
	return func(s *Server) { s.listener = listener }
}

// WithPermissions replaces the permissions that the application has been granted, DeviceManagementApps.ReadWrite.All.
func WithPermissions(names ...string) ServerOption {
	return func(s *Server) { s.permissions = names }
}

// WithTokenLifetime replaces the lifetime of access tokens, which is an hour, in whole seconds.
func WithTokenLifetime(lifetime time.Duration) ServerOption {
	return func(s *Server) { s.tokenLifetime = lifetime }
}

// WithClockSkew sets the clock of the service ahead of the local one, or behind where it is negative.
func WithClockSkew(ahead time.Duration) ServerOption {
	return func(s *Server) { s.clockAhead = ahead }
}

// WithOwnUploadDates makes the service date uploads by its own clock, whatever the request says.
func WithOwnUploadDates() ServerOption {
	return func(s *Server) { s.datesUploads = true }
}

// WithRespelling makes the service spell distinguished names in another way than they were sent, and cut times to the
// second.
func WithRespelling() ServerOption {
	return func(s *Server) { s.respells = true }
}

// WithPageSize replaces the number of certificates that the service puts on a page at most, which is 100.
func WithPageSize(n int) ServerOption {
	return func(s *Server) { s.pageSize = n }
}

// WithProvisioningDelay sets how long an upload stays notProvisioned. The response to an upload always says
// notProvisioned. Without a delay, the first request after it finds the certificate provisioned. A status that a client
// sends changes nothing.
func WithProvisioningDelay(delay time.Duration) ServerOption {
	return func(s *Server) { s.provisioningDelay = delay }
}

// NewServer starts a Server for a test, which closes it at its end.
func NewServer(tb testing.TB, opts ...ServerOption) *Server {
	tb.Helper()
	s, err := Start(opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a Server outside tests. The caller closes it.
func Start(opts ...ServerOption) (*Server, error) {
	s := &Server{
		served:        make(chan struct{}),
		permissions:   []string{permissionReadWrite},
		tokenLifetime: time.Hour,
		tokens:        make(map[string]accessToken),
		signIns:       newSignIns(),
		signingKey:    sync.OnceValue(newSigningKey),
		pageSize:      100,
		sealKey:       []byte(rand.Text()),
		quota:         newQuota(100, 1000, 20*time.Second),
	}
	for _, opt := range opts {
		opt(s)
	}
	if s.pageSize < 1 {
		return nil, fmt.Errorf("intunetest: a page of %d certificates leads nowhere", s.pageSize)
	}
	if s.quota != nil && (s.quota.writes.limit < 1 || s.quota.requests.limit < 1 || s.quota.writes.period <= 0) {
		return nil, errors.New("intunetest: a quota needs limits of at least 1 and a window longer than 0")
	}
	if s.listener == nil {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("intunetest: %w", err)
		}
		s.listener = listener
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.ctx, s.cancel = ctx, cancel
	s.http = &http.Server{
		Handler: s, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	if err := s.connect(); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer close(s.served)
		_ = s.serve() // ends with http.ErrServerClosed
	}()
	return s, nil
}

// Close closes the listener and all connections.
func (s *Server) Close() {
	s.cancel()
	_ = s.http.Close()
	<-s.served
}

// URL is the root of both Graph and Microsoft Entra ID, without a slash at its end.
func (s *Server) URL() string { return s.scheme() + "://" + s.listener.Addr().String() }

// Credential returns the credential of the application that the server knows.
func (s *Server) Credential() intune.Credential {
	return intune.ClientSecret(TenantID, ClientID, ClientSecret)
}

// Client returns a client that is wired to the server. It panics where NewClient refuses one of opts.
func (s *Server) Client(opts ...intune.Option) *intune.Client {
	wired := []intune.Option{intune.WithBaseURL(s.URL()), intune.WithAuthorityURL(s.URL())}
	if s.httpClient != nil {
		wired = append(wired, intune.WithHTTPClient(s.httpClient))
	}
	client, err := intune.NewClient(s.Credential(), append(wired, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err))
	}
	return client
}

// Certificates returns what the tenant holds, in order of creation.
func (s *Server) Certificates() []intune.EnterpriseCodeSigningCertificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	certificates := make([]intune.EnterpriseCodeSigningCertificate, 0, len(s.records))
	for _, r := range s.records {
		shown := r.at(time.Now())
		certificates = append(certificates, shown.certificate())
	}
	return certificates
}

// SetStatus sets the status of a certificate, which then stays as it is. The error says that no certificate has the id.
func (s *Server) SetStatus(id string, status intune.CertificateStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.records, func(r record) bool { return strings.EqualFold(r.ID, id) })
	if i < 0 {
		return fmt.Errorf("intunetest: no certificate has the id %q", id)
	}
	s.records[i].Status, s.records[i].provisioned = status, time.Time{}
	return nil
}

// Request is a request that arrived, as it stood on the wire but for the secrets, which are masked.
type Request struct {
	Time   time.Time
	Method string
	URL    string // the path and the query
	Header http.Header
	Body   []byte
	Status int // of the answer, 0 where the connection was closed before its status line
}

// Requests returns what arrived, in order of arrival, the requests for tokens included.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}
