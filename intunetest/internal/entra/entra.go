// Package entra emulates the part of Microsoft Entra ID that signs in applications and users: the endpoints for tokens,
// device codes and authorization, and the documents that describe them. It knows one tenant with its people, and one application.
package entra

import (
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Config is the tenant, and how the application has been registered in it.
type Config struct {
	TenantID, Domain       string
	People                 []*exchange.Person // one at least
	ClientID, ClientSecret string
	Certificates           []*x509.Certificate
	Subjects               []Subject
	Federated              []FederatedCredential
	Permissions            []string // that the application has been granted
	DeclineConsent         bool     // people decline what an application asks for in a browser
	TokenLifetime          time.Duration
	Strict                 bool             // see intunetest.WithStrictEntra
	Now                    func() time.Time // the clock of the service
	Root                   string           // of the service's addresses, without a slash at its end
}

// MaxBody is how much of a request's body the service takes.
const MaxBody = 256 << 10

// Subject lets the application sign in with any certificate that Issuer has issued for Name.
type Subject struct {
	Name   string
	Issuer *x509.Certificate
}

// Server is the emulated service. It is safe for concurrent use.
type Server struct {
	config     Config
	signingKey func() *rsa.PrivateKey // of id tokens

	mu            sync.Mutex
	accessTokens  map[string]exchange.Token
	assertions    map[string]time.Time // used ones by jti, and until when they are remembered
	devices       map[string]*device   // by device code
	codes         map[string]*authorizationCode
	refreshTokens map[string]*refreshToken
}

// New returns a Server that nobody has signed in to.
func New(config Config) *Server {
	s := &Server{config: config, signingKey: sync.OnceValue(newSigningKey)}
	s.Reset()
	return s
}

// Reset forgets all that has been given out: tokens and codes.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accessTokens = make(map[string]exchange.Token)
	s.assertions = make(map[string]time.Time)
	s.devices = make(map[string]*device)
	s.codes = make(map[string]*authorizationCode)
	s.refreshTokens = make(map[string]*refreshToken)
}

// endpoints by the ends of their paths. The tenant stands before.
var endpoints = []struct {
	path  string
	serve func(*Server, *call) (*exchange.Response, *rejection)
}{
	{"/oauth2/v2.0/token", (*Server).token},
	{"/oauth2/token", (*Server).tokenV1},
	{"/oauth2/v2.0/devicecode", (*Server).deviceCode},
	{devicePath, (*Server).devicePage},
	{"/oauth2/v2.0/authorize", (*Server).authorizationPage},
	{"/oauth2/v2.0/logout", (*Server).logoutPage},
	{"/v2.0/.well-known/openid-configuration", (*Server).openIDConfiguration},
	{"/discovery/v2.0/keys", (*Server).signingKeys},
	{"/discovery/instance", (*Server).instanceDiscovery},
}

// Serves reports whether the path is one of Microsoft Entra ID's.
func Serves(path string) bool {
	serve, _ := route(path)
	return serve != nil
}

// route finds the endpoint and the tenant of a path.
func route(path string) (serve func(*Server, *call) (*exchange.Response, *rejection), tenant string) {
	for _, e := range endpoints {
		if before, found := strings.CutSuffix(path, e.path); found {
			return e.serve, strings.Trim(before, "/")
		}
	}
	return nil, ""
}

// Serve carries out a request to a path that Serves reports.
func (s *Server) Serve(r *http.Request, body []byte, ids exchange.IDs) *exchange.Response {
	serve, tenant := route(r.URL.Path)
	c := &call{Request: r, body: body, tenant: tenant, origin: exchange.Origin(r), ids: ids}
	result, rejected := serve(s, c)
	if rejected != nil {
		result = rejected.response(c.ids)
	}
	result.SetHeader("client-request-id", c.ids.Client)
	result.SetHeader("Cache-Control", "no-store, no-cache")
	return result
}

// hasRoom reports whether one more can be kept of what anybody gets without a credential. It forgets what has expired.
func hasRoom[V any](kept map[string]V, isExpired func(V) bool) bool {
	const most = 10_000
	if len(kept) < most {
		return true
	}
	maps.DeleteFunc(kept, func(_ string, value V) bool { return isExpired(value) })
	return len(kept) < most
}
