package intunetest

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest/internal/entra"
	"github.com/seed-230b9595/intune-go/intunetest/internal/graph"
)

// The default tenant of a [Server], and the application in it.
const (
	TenantID     = "0c2c9c5e-5f3b-4a68-9d1a-6d5a0c4e7b10"
	TenantDomain = "contoso.onmicrosoft.com" // can stand for TenantID in the paths of Microsoft Entra ID
	ClientID     = "5a7d3c1e-8f42-4b6d-a1c9-2e0f6b8d4a37"
	ClientSecret = "emulated~secret.not-for-production"
)

// Server is an emulated tenant, from [NewServer] or [Start]. It is safe for concurrent use.
type Server struct {
	config     config
	graph      *graph.Server
	entra      *entra.Server
	control    http.Handler
	http       *http.Server
	ctx        context.Context // its end ends the requests that wait
	cancel     context.CancelFunc
	httpClient *http.Client // that reaches an in-memory listener, or trusts the certificate; nil if any client does

	mu           sync.Mutex
	faults       []*queued
	requests     []*recorded
	bytesArrived int
	random       *rand.Rand // for faults with a Rate
}

// NewServer starts a [Server] for a test and closes it when the test ends.
func NewServer(tb testing.TB, opts ...ServerOption) *Server {
	tb.Helper()
	s, err := Start(opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a [Server] outside tests. The caller must call [Server.Close].
func Start(opts ...ServerOption) (*Server, error) {
	s := &Server{config: defaultConfig()}
	for _, opt := range opts {
		opt(&s.config)
	}
	if err := s.config.check(); err != nil {
		return nil, fmt.Errorf("intunetest: %w", err)
	}
	if s.config.listener == nil {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("intunetest: %w", err)
		}
		s.config.listener = listener
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return s.ctx }, ConnContext: withConn,
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	s.random = rand.New(rand.NewPCG(s.config.seed, s.config.seed)) //nolint:gosec // to be repeatable
	s.config.entra.Now, s.config.entra.Root = s.now, s.URL()
	s.entra = entra.New(s.config.entra)
	s.config.graph.Now, s.config.graph.Lookup = s.now, s.entra.Lookup // all that Graph learns from Microsoft Entra ID
	s.graph = graph.New(s.config.graph)
	s.control = s.newControl()
	listener := s.config.listener
	if s.config.TLS {
		listener = tls.NewListener(listener, s.http.TLSConfig)
	}
	go func() { _ = s.http.Serve(listener) }() // ends with http.ErrServerClosed
	return s, nil
}

// now is the time by the clock of the service.
func (s *Server) now() time.Time { return time.Now().Add(s.config.ClockSkew).UTC() }

// Close closes the listener and all connections.
func (s *Server) Close() {
	s.cancel()
	_ = s.http.Close()
}

// URL returns the root of both Graph and Microsoft Entra ID, without a trailing slash. If the server listens on all
// addresses, it is the loopback one.
func (s *Server) URL() string {
	host, scheme := s.config.listener.Addr().String(), "http"
	if tcp, isTCP := s.config.listener.Addr().(*net.TCPAddr); isTCP && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	if s.config.TLS {
		scheme = "https"
	}
	return scheme + "://" + host
}

// Credential returns the credential of the server's application.
func (s *Server) Credential() intune.Credential {
	return intune.ClientSecretCredential(s.config.entra.TenantID, s.config.entra.ClientID, s.config.entra.ClientSecret)
}

// Client returns a client that talks to the server. It panics if [intune.NewClient] rejects one of opts.
func (s *Server) Client(opts ...intune.Option) *intune.Client {
	own := []intune.Option{intune.WithBaseURL(s.URL()), intune.WithAuthorityURL(s.URL())}
	if s.httpClient != nil {
		own = append(own, intune.WithHTTPClient(s.httpClient))
	}
	client, err := intune.NewClient(s.Credential(), append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err))
	}
	return client
}

// HTTPClient returns a new client that reaches the server, even in memory, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	client := *cmp.Or(s.httpClient, new(http.Client))
	return &client
}
