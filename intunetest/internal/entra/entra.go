// Package entra emulates the part of Microsoft Entra ID that signs in applications and users: the endpoints for tokens,
// device codes and authorization, and the documents that describe them. It knows one tenant with its people, and one application.
package entra

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-230b9595/intune-go/internal/guid"
	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Config is the tenant, and how the application has been registered in it.
type Config struct {
	TenantID       string                `json:"tenantId"`
	Domain         string                `json:"tenantDomain"`
	People         []exchange.Person     `json:"people"` // who can sign in; the first does if the request does not name one
	ClientID       string                `json:"clientId"`
	ClientSecret   string                `json:"clientSecret"`
	Federated      []FederatedCredential `json:"federatedCredentials"`
	Permissions    []string              `json:"permissions"`    // that the application has been granted
	DeclineConsent bool                  `json:"declineConsent"` // people decline what an application asks for in a browser
	TokenLifetime  time.Duration         `json:"tokenLifetime"`

	Certificates []*x509.Certificate
	Subjects     []Subject
	Now          func() time.Time // the clock of the service
	Root         string           // of the service's addresses, without a slash at its end
}

// administrator is who can sign in if the settings name nobody.
var administrator = exchange.Person{
	ID: "d4a1f9e2-6b3c-4f58-8e7d-1c9b0a2f5e63", Name: "Contoso Administrator", UserName: "admin@contoso.example",
}

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
	devices       map[string]*device // by device code
	codes         map[string]*authorizationCode
	refreshTokens map[string]refreshToken
}

// New returns a Server that nobody has signed in to.
func New(config Config) *Server {
	config.People = slices.Clone(config.People)
	if len(config.People) == 0 {
		config.People = []exchange.Person{administrator}
	}
	for i := range config.People {
		config.People[i].ID = cmp.Or(config.People[i].ID, guid.New())
	}
	s := &Server{config: config, signingKey: sync.OnceValue(newSigningKey)}
	s.Reset()
	return s
}

// Reset forgets all that has been given out: tokens and codes.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accessTokens = make(map[string]exchange.Token)
	s.devices = make(map[string]*device)
	s.codes = make(map[string]*authorizationCode)
	s.refreshTokens = make(map[string]refreshToken)
}

// What anybody gets without a credential costs little memory.
const (
	maxForm = 64 << 10
	maxKept = 1000
)

// keep adds what anybody can get. If there is too much of it, the rest is forgotten.
func keep[V any](kept map[string]V, code string, value V) {
	if len(kept) == maxKept {
		clear(kept)
	}
	kept[code] = value
}

// endpoint is a path, and what the service does there.
type endpoint struct {
	path      string // the end of it; the tenant stands before
	method    string // "" for one that reads its requests itself
	forPeople bool   // rejections are pages
	serve     func(*Server, *call) (*exchange.Response, *rejection)
}

var endpoints = []endpoint{
	{"/oauth2/v2.0/token", http.MethodPost, false, (*Server).token},
	{"/oauth2/token", http.MethodPost, false, (*Server).tokenV1},
	{"/oauth2/v2.0/devicecode", http.MethodPost, false, (*Server).deviceCode},
	{devicePath, "", true, (*Server).devicePage},
	{"/oauth2/v2.0/authorize", http.MethodGet, true, (*Server).authorizationPage},
	{"/oauth2/v2.0/logout", http.MethodGet, true, (*Server).logoutPage},
	{"/v2.0/.well-known/openid-configuration", http.MethodGet, false, (*Server).openIDConfiguration},
	{"/discovery/v2.0/keys", http.MethodGet, false, (*Server).signingKeys},
	{"/discovery/instance", http.MethodGet, false, (*Server).instanceDiscovery},
}

// Serves reports whether the path is one of Microsoft Entra ID's.
func Serves(path string) bool {
	return slices.ContainsFunc(endpoints, func(e endpoint) bool { return strings.HasSuffix(path, e.path) })
}

// Serve carries out a request to a path that Serves reports.
func (s *Server) Serve(r *http.Request, body []byte, ids exchange.IDs) *exchange.Response {
	e := endpoints[slices.IndexFunc(endpoints, func(e endpoint) bool { return strings.HasSuffix(r.URL.Path, e.path) })]
	tenant := strings.Trim(strings.TrimSuffix(r.URL.Path, e.path), "/")
	c := &call{Request: r, body: body, tenant: tenant, origin: exchange.Origin(r), ids: ids}
	var result *exchange.Response
	rejected := s.read(c, e.method)
	if rejected == nil {
		result, rejected = e.serve(s, c)
	}
	switch {
	case rejected != nil && e.forPeople:
		result = rejected.page(c)
	case rejected != nil:
		result = rejected.response(c.ids)
	}
	result.SetHeader("client-request-id", c.ids.Client)
	result.SetHeader("Cache-Control", "no-store, no-cache")
	return result
}
