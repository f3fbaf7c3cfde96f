package intunetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

const (
	permissionReadWrite    = "DeviceManagementApps.ReadWrite.All"
	permissionRead         = "DeviceManagementApps.Read.All"
	permissionConfigurable = "DeviceManagementConfiguration.ReadWrite.All"

	collection = "deviceAppManagement/enterpriseCodeSigningCertificates"
	odataType  = "#microsoft.graph.enterpriseCodeSigningCertificate"
)

// call is a request to Microsoft Graph, and what its path says.
type call struct {
	*http.Request

	body        []byte
	version, id string
	late        time.Duration // until what it creates shows
	ids         ids
}

// graph answers a request to Microsoft Graph.
func (s *Server) graph(r *http.Request, body []byte, late time.Duration, ids ids) *answer {
	if refusal := s.authorize(r, ids); refusal != nil {
		return refusal
	}
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	id, isItem := strings.CutPrefix(path, collection+"/")
	c := &call{r, body, version, id, late, ids}
	switch {
	case !acceptsJSON(r):
		return graphError(http.StatusNotAcceptable, "NotAcceptable", "The service answers in application/json alone.", ids)
	case version != string(intune.Beta) && version != string(intune.V1):
		return graphError(http.StatusNotFound, "BadRequest", "Invalid version: "+version, ids)
	case path != collection && !isItem:
		return c.badRequest(fmt.Errorf("resource not found for the segment '%s'", path))
	}
	if r.URL.RawQuery != "" {
		return graphError(http.StatusNotImplemented, "NotImplemented", "The emulator does not know query options.", ids)
	}
	operation := s.route(r.Method, isItem)
	if operation == nil {
		return graphError(http.StatusMethodNotAllowed, "BadRequest", "The method is not supported for this resource.", ids)
	}
	return operation(c)
}

func (s *Server) route(method string, isItem bool) (operation func(*call) *answer) {
	switch {
	case method == http.MethodGet && isItem:
		return s.get
	case method == http.MethodPatch && isItem:
		return s.update
	case method == http.MethodDelete && isItem:
		return s.remove
	case method == http.MethodGet:
		return s.list
	case method == http.MethodPost && !isItem:
		return s.create
	}
	return nil
}

func (c *call) badRequest(err error) *answer {
	return graphError(http.StatusBadRequest, "BadRequest", err.Error(), c.ids)
}

func (c *call) notFound() *answer {
	return intuneError(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist.", c.id), c.ids)
}

// authorize checks the bearer token and what it permits.
func (s *Server) authorize(r *http.Request, ids ids) *answer {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	granted, known := s.tokens[token]
	s.mu.Unlock()
	unauthorized := func(message string) *answer {
		a := graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", message, ids)
		a.setHeader("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`)
		return a
	}
	switch {
	case !isBearer || token == "":
		return unauthorized("Access token is empty.")
	case !known:
		return unauthorized("CompactToken parsing failed with error code: 80049217")
	case !time.Now().Before(granted.expires):
		return unauthorized("Lifetime validation failed, the token is expired.")
	case !slices.Contains(graphResources, granted.resource):
		return unauthorized("Access token validation failure. Invalid audience.")
	}
	sufficient := []string{permissionReadWrite, permissionConfigurable}
	if r.Method == http.MethodGet {
		sufficient = append(sufficient, permissionRead)
	}
	if slices.ContainsFunc(granted.permissions, func(name string) bool { return slices.Contains(sufficient, name) }) {
		return nil
	}
	return intuneError(http.StatusForbidden, "Forbidden", "Application is not authorized to perform this operation. "+
		"Application must have one of the following scopes: "+strings.Join(sufficient, ", "), ids)
}

func acceptsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "application/json") || strings.Contains(accept, "*/*")
}
