// Package graph emulates the part of Microsoft Graph that manages enterprise code-signing certificates. See
// https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
package graph

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// Config is how the service behaves. The options of intunetest say more about the fields of the same names.
type Config struct {
	// Lookup returns what an access token stands for, and false for one that is unknown.
	Lookup func(accessToken string) (exchange.Token, bool)
	// Now is the clock of the service.
	Now func() time.Time

	License           bool          `json:"license"` // the tenant has one
	OwnUploadDates    bool          `json:"ownUploadDates"`
	Respelling        bool          `json:"respelling"`
	NamesWithout      []string      `json:"namesWithout"`   // types of attributes that names do not show
	VisibleContent    time.Duration `json:"visibleContent"` // after the upload
	PageSize          int           `json:"pageSize"`
	ProvisioningDelay time.Duration `json:"provisioningDelay"`
	QuotaWrites       int           `json:"quotaWrites"` // POST, PUT, PATCH and DELETE in any QuotaWindow
	QuotaRequests     int           `json:"quotaRequests"`
	QuotaWindow       time.Duration `json:"quotaWindow"` // 0 for no quota
	Strict            bool          `json:"strictGraph"`
}

// Server is the emulated service. It is safe for concurrent use.
type Server struct {
	config Config

	mu        sync.Mutex
	challenge string   // the claims that access tokens need, "" for none
	records   []record // in order of creation
	created   int      // how many certificates have ever been created
	requests  window   // for the quota
	writes    window
}

// New returns a Server that holds no certificates.
func New(config Config) *Server {
	s := &Server{config: config}
	s.Reset()
	return s
}

// call is a request: on its own or in a batch.
type call struct {
	*http.Request

	body     []byte
	token    exchange.Token
	origin   string // of the server, as the client reaches it
	resource resource
	at       int // the index of the certificate that is the resource
	metadata metadata
	late     time.Duration // until the certificate that the request creates can be seen
	ids      exchange.IDs
}

// Serve carries out a request. A certificate that it creates can be seen only after late.
func (s *Server) Serve(r *http.Request, body []byte, late time.Duration, ids exchange.IDs) *exchange.Response {
	c := &call{Request: r, body: body, origin: exchange.Origin(r), late: late, ids: ids}
	result := s.authenticate(c)
	if result == nil {
		result = c.decode()
	}
	switch {
	case result != nil:
	case isBatch(c.Request):
		result = s.batch(c)
	case c.URL.Path == userInfoPath:
		result = c.userInfo()
	default:
		result = s.respond(c)
	}
	if result.Status < http.StatusBadRequest {
		result.SetHeader("OData-Version", "4.0")
		result.SetHeader("Cache-Control", "no-cache")
	}
	return result
}

// respond carries out a request that is no batch.
func (s *Server) respond(c *call) *exchange.Response {
	if rejection := s.locate(c); rejection != nil {
		return rejection
	}
	op, allowed := findOperation(c.Method, c.resource.kind)
	if op == nil {
		return c.methodNotAllowed(allowed...)
	}
	if rejection := s.authorize(c); rejection != nil {
		return rejection
	}
	if s.config.Strict && c.resource.kind == item && !idForm.MatchString(c.resource.id) {
		return intuneError(http.StatusBadRequest, "BadRequest",
			fmt.Sprintf("Certificate id must be in the form of Guid, Certificate id = %s", c.resource.id), c.ids)
	}
	q, err := s.readQuery(c, op.options)
	if err != nil {
		return c.badRequest(err)
	}
	c.negotiate()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.at = s.find(c.resource.id); c.resource.kind == item && c.at < 0 {
		return c.notFound()
	}
	return op.carryOut(s, c, q)
}

// idForm is the form of the ids that the service assigns.
var idForm = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// operation is what a method does to a kind of resource. It is carried out with the lock held.
type operation struct {
	of       resourceKind
	method   string
	options  []string // of the query, that it knows
	carryOut func(*Server, *call, *query) *exchange.Response
}

var operations = []operation{
	{all, http.MethodGet, listOptions, (*Server).list},
	{all, http.MethodPost, nil, (*Server).create},
	{count, http.MethodGet, []string{"$filter"}, (*Server).count},
	{item, http.MethodGet, []string{"$select"}, (*Server).get},
	{item, http.MethodPatch, nil, (*Server).update},
	{item, http.MethodDelete, nil, (*Server).remove},
}

// findOperation returns the operation, nil for none, and the methods that the resource has.
func findOperation(method string, of resourceKind) (found *operation, methods []string) {
	for _, op := range operations {
		if op.of != of {
			continue
		}
		methods = append(methods, op.method)
		if op.method == method {
			found = &op
		}
	}
	return found, methods
}
