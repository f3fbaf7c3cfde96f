package intunetest

// This file finds the endpoint of Microsoft Entra ID that a request is for, and reads the request.

import (
	"crypto/x509"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// entraCall is a request to Microsoft Entra ID.
type entraCall struct {
	*http.Request

	body   []byte
	tenant string // as the path spells it
	origin string // of the server, as the client reaches it
	form   url.Values
	ids    ids
}

// registration is how the application has been registered.
type registration struct {
	certificates    []*x509.Certificate
	subjects        []clientSubject
	federated       []federatedCredential
	declinesConsent bool // the user does
}

// signIns are those that have begun, and what has been given out for them.
type signIns struct {
	assertions    map[string]time.Time // used ones by jti, and until when they are remembered
	devices       map[string]*device   // by device code
	codes         map[string]*authorizationCode
	refreshTokens map[string]*refreshToken
}

func newSignIns() signIns {
	return signIns{
		make(map[string]time.Time), make(map[string]*device), make(map[string]*authorizationCode), make(map[string]*refreshToken),
	}
}

type entraEndpoint func(*Server, *entraCall) (*answer, *refusal)

// entraEndpoints by the ends of their paths. The tenant stands before.
var entraEndpoints = []struct {
	path  string
	serve entraEndpoint
}{
	{"/oauth2/v2.0/token", (*Server).token},
	{"/oauth2/v2.0/devicecode", (*Server).deviceCode},
	{devicePath, (*Server).devicePage},
	{"/oauth2/v2.0/authorize", (*Server).authorizationPage},
	{"/v2.0/.well-known/openid-configuration", (*Server).openIDConfiguration},
	{"/discovery/v2.0/keys", (*Server).signingKeys},
	{"/common/discovery/instance", (*Server).instanceDiscovery},
}

// findEndpoint returns nil for a path of Microsoft Graph.
func findEndpoint(path string) (serve entraEndpoint, tenant string) {
	for _, e := range entraEndpoints {
		if before, found := strings.CutSuffix(path, e.path); found {
			return e.serve, strings.Trim(before, "/")
		}
	}
	return nil, ""
}

func isEntra(path string) bool {
	endpoint, _ := findEndpoint(path)
	return endpoint != nil
}

// entra answers a request to Microsoft Entra ID.
func (s *Server) entra(r *http.Request, body []byte, ids ids) *answer {
	serve, tenant := findEndpoint(r.URL.Path)
	result, no := serve(s, &entraCall{Request: r, body: body, tenant: tenant, origin: s.scheme() + "://" + r.Host, ids: ids})
	if no != nil {
		result = no.answer(ids)
	}
	result.setHeader("Cache-Control", "no-store, no-cache")
	return result
}

// read checks the method and the tenant, and reads the form: the body's or, of a GET, the query's.
func (c *entraCall) read(method string) *refusal {
	encoded := c.URL.RawQuery
	if method == http.MethodPost {
		encoded = string(c.body)
	}
	form, err := url.ParseQuery(encoded)
	switch {
	case c.Method != method:
		return wrongMethod.because(method)
	case err != nil, method == http.MethodPost && !isMediaType(c.Request, "application/x-www-form-urlencoded"):
		return noForm.because()
	case !strings.EqualFold(c.tenant, TenantID):
		return unknownTenant.because(c.tenant)
	}
	for name, values := range form {
		if len(values) > 1 {
			return duplicatedParameter.because(name)
		}
	}
	if claims := form.Get("claims"); claims != "" && !isObject(claims) {
		return malformedRequest.because("the parameter 'claims' is not a JSON object")
	}
	c.form = form
	return nil
}

// require returns a refusal for the first of the parameters that is missing.
func (c *entraCall) require(names ...string) *refusal {
	for _, name := range names {
		if c.form.Get(name) == "" {
			return missingParameter.because(name)
		}
	}
	return nil
}

func isMediaType(r *http.Request, want string) bool {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && got == want
}

func isObject(text string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}
