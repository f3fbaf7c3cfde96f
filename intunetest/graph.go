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

	wwwAuthenticate = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`
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
	isCount := isItem && id == "$count"
	c := &call{r, body, version, id, late, ids}
	switch {
	case !accepts(r, isCount):
		return graphError(http.StatusNotAcceptable, "NotAcceptable", "The service answers in application/json alone.", ids)
	case version != string(intune.APIVersionBeta) && version != string(intune.APIVersionV1):
		return graphError(http.StatusNotFound, "BadRequest", "Invalid version: "+version, ids)
	case path != collection && !isItem:
		return c.badRequest(fmt.Errorf("resource not found for the segment '%s'", path))
	}
	operation, known := s.route(r.Method, isItem, isCount)
	if operation == nil {
		return graphError(http.StatusMethodNotAllowed, "BadRequest", "The method is not supported for this resource.", ids)
	}
	given, err := parseOptions(r.URL.RawQuery, known)
	if err != nil {
		return c.badRequest(err)
	}
	return operation(c, given)
}

// route finds the operation and the query options that it knows.
func (s *Server) route(method string, isItem, isCount bool) (operation func(*call, options) *answer, known []string) {
	switch {
	case method == http.MethodGet && isCount:
		return s.count, []string{"$filter"}
	case isCount:
		return nil, nil
	case method == http.MethodGet && isItem:
		return s.get, []string{"$select"}
	case method == http.MethodPatch && isItem:
		return s.update, nil
	case method == http.MethodDelete && isItem:
		return s.remove, nil
	case method == http.MethodGet && !isItem:
		return s.list, listOptions
	case method == http.MethodPost && !isItem:
		return s.create, nil
	}
	return nil, nil
}

func (c *call) badRequest(err error) *answer {
	return graphError(http.StatusBadRequest, "BadRequest", err.Error(), c.ids)
}

func (c *call) notFound() *answer {
	return intuneError(http.StatusNotFound, "ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist.", c.id), c.ids)
}

// authorize checks the bearer token and what it permits.
func (s *Server) authorize(r *http.Request, ids ids) *answer {
	token := bearer(r)
	s.mu.Lock()
	granted, known := s.tokens[token]
	challenge := s.challenge
	s.mu.Unlock()
	unauthorized := func(message string) *answer {
		a := graphError(http.StatusUnauthorized, "InvalidAuthenticationToken", message, ids)
		a.setHeader("WWW-Authenticate", wwwAuthenticate)
		return a
	}
	switch {
	case token == "":
		return unauthorized("Access token is empty.")
	case !known:
		return unauthorized("CompactToken parsing failed with error code: 80049217")
	case !time.Now().Before(granted.expires):
		return unauthorized("Lifetime validation failed, the token is expired.")
	case !slices.Contains(graphResources, granted.resource):
		return unauthorized("Access token validation failure. Invalid audience.")
	case !satisfies(granted.claims, challenge):
		return answerChallenge(challenge, ids)
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

// bearer is the access token of a request, "" where it has none.
func bearer(r *http.Request) string {
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		return ""
	}
	return token
}

// accepts says whether the client takes the answer: JSON or, for a bare count, plain text.
func accepts(r *http.Request, isCount bool) bool {
	accept := r.Header.Get("Accept")
	return accept == "" || strings.Contains(accept, "application/json") || strings.Contains(accept, "*/*") ||
		isCount && strings.Contains(accept, "text/plain")
}
