// Package graph emulates the part of Microsoft Graph that manages enterprise code-signing certificates. See
// https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
package graph

import (
	"crypto/rand"
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

	License             bool          `json:"license"` // the tenant has one
	OwnUploadDates      bool          `json:"ownUploadDates"`
	Respelling          bool          `json:"respelling"`
	NamesWithout        []string      `json:"namesWithout"`   // types of attributes that names do not show
	VisibleContent      time.Duration `json:"visibleContent"` // after the upload
	PageSize            int           `json:"pageSize"`
	ProvisioningDelay   time.Duration `json:"provisioningDelay"`
	QuotaWrites         int           `json:"quotaWrites"` // POST, PUT, PATCH and DELETE in any QuotaWindow
	QuotaRequests       int           `json:"quotaRequests"`
	QuotaWindow         time.Duration `json:"quotaWindow"`
	WithoutV1Collection bool          `json:"withoutV1Collection"`
	Strict              bool          `json:"strictGraph"`
}

// HasQuota reports whether there is a quota: there is none if all of its settings are 0.
func (c *Config) HasQuota() bool {
	return c.QuotaWrites != 0 || c.QuotaRequests != 0 || c.QuotaWindow != 0
}

// Server is the emulated service. It is safe for concurrent use.
type Server struct {
	config  Config
	sealKey []byte // of $skiptoken

	mu        sync.Mutex
	challenge string   // the claims that access tokens need, "" for none
	records   []record // in order of creation
	created   int      // how many certificates have ever been created
	quota     quota
}

// New returns a Server that holds no certificates.
func New(config Config) *Server {
	s := &Server{config: config, sealKey: []byte(rand.Text())}
	s.Reset()
	return s
}

// call is a request: on its own or in a batch.
type call struct {
	*http.Request

	body     []byte
	origin   string // of the server, as the client reaches it
	resource resource
	metadata metadata
	late     time.Duration // until the certificate that the request creates can be seen
	ids      exchange.IDs
}

// Serve carries out a request. A certificate that it creates can be seen only after late.
func (s *Server) Serve(r *http.Request, body []byte, late time.Duration, ids exchange.IDs) *exchange.Response {
	c := &call{Request: r, body: body, origin: exchange.Origin(r), late: late, ids: ids}
	result := s.serve(c)
	if result.Status < http.StatusBadRequest {
		result.SetHeader("OData-Version", "4.0")
		result.SetHeader("Cache-Control", "no-cache")
	}
	return result
}

func (s *Server) serve(c *call) *exchange.Response {
	if rejection := s.authenticate(c); rejection != nil {
		return rejection
	}
	if rejection := c.decode(); rejection != nil {
		return rejection
	}
	switch {
	case isBatch(c.Request):
		return s.batch(c)
	case c.URL.Path == userInfoPath:
		return s.userInfo(c)
	}
	return s.respond(c)
}

// respond carries out a request that is no batch.
func (s *Server) respond(c *call) *exchange.Response {
	if rejection := s.locate(c); rejection != nil {
		return rejection
	}
	operation, known := s.route(c.Method, c.resource)
	if operation == nil {
		return c.methodNotAllowed(s.methodsFor(c.resource)...)
	}
	if rejection := s.authorize(c); rejection != nil {
		return rejection
	}
	if s.config.Strict && c.resource.isItem && !idForm.MatchString(c.resource.id) {
		return intuneError(http.StatusBadRequest, "BadRequest",
			fmt.Sprintf("Certificate id must be in the form of Guid, Certificate id = %s", c.resource.id), c.ids)
	}
	given, err := s.parseOptions(c, known)
	if err != nil {
		return c.badRequest(err)
	}
	if err := c.negotiate(given); err != nil {
		return c.badRequest(err)
	}
	if s.config.Strict && !c.acceptsJSON() {
		return c.fail(http.StatusNotAcceptable, "NotAcceptable", "The requested media type is not supported.")
	}
	return operation(c, given)
}

// idForm is the form of the ids that the service assigns.
var idForm = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// methodsFor returns the methods that a resource has.
func (s *Server) methodsFor(of resource) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		if operation, _ := s.route(method, of); operation != nil {
			methods = append(methods, method)
		}
	}
	return methods
}

// route finds the operation and the query options that it knows.
func (s *Server) route(method string, of resource) (operation func(*call, options) *exchange.Response, known []string) {
	switch {
	case of.isCount && method == http.MethodGet:
		return s.count, []string{"$filter", "$format"}
	case of.isCount:
		return nil, nil
	case of.isItem && method == http.MethodGet:
		return s.get, []string{"$select", "$format"}
	case of.isItem && method == http.MethodPatch:
		return s.update, []string{"$format"}
	case of.isItem && method == http.MethodDelete:
		return s.remove, nil
	case of.isItem:
		return nil, nil
	case method == http.MethodGet:
		return s.list, listOptions
	case method == http.MethodPost:
		return s.create, []string{"$format"}
	}
	return nil, nil
}
