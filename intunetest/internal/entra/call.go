package entra

// This file reads a request, and hides its secrets before it is recorded.

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

// call is a request, and what its path and its form say.
type call struct {
	*http.Request

	body   []byte
	tenant string // as the path spells it
	origin string // of the server, as the client reaches it
	form   url.Values
	isV1   bool // of the endpoint of version 1
	ids    exchange.IDs
}

// read checks the method, if there is one to check, and the tenant, and reads the form: the body's or, of a GET, the query's.
func (s *Server) read(c *call, method string) *rejection {
	if method == "" {
		return nil
	}
	encoded := c.URL.RawQuery
	if method == http.MethodPost {
		encoded = string(c.body)
	}
	form, err := url.ParseQuery(encoded)
	if id := form.Get("client-request-id"); id != "" && c.Header.Get("client-request-id") == "" {
		c.ids.Client = id // MSAL for JavaScript sends it in the form
	}
	switch {
	case c.Method != method:
		return wrongMethod.because(method)
	case len(encoded) > maxForm:
		return malformedRequest.because("it is too long")
	case err != nil, method == http.MethodPost && !exchange.IsMediaType(c.Header, "application/x-www-form-urlencoded"):
		return noForm.because()
	case !s.isTenant(c.tenant) && !isShared(c.tenant):
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

// isTenant reports whether the name is the tenant's: its id or its domain.
func (s *Server) isTenant(name string) bool {
	return strings.EqualFold(name, s.config.TenantID) || strings.EqualFold(name, s.config.Domain)
}

// isShared reports whether the name is one under which users of any tenant sign in.
func isShared(name string) bool {
	return slices.Contains([]string{"organizations", "common"}, strings.ToLower(name))
}

// require rejects a request that lacks one of the parameters.
func (c *call) require(names ...string) *rejection {
	for _, name := range names {
		if c.form.Get(name) == "" {
			return missingParameter.because(name)
		}
	}
	return nil
}

func (s *Server) isClient(c *call) bool {
	return strings.EqualFold(c.form.Get("client_id"), s.config.ClientID)
}

func isObject(text string) bool {
	var object map[string]any
	return json.Unmarshal([]byte(text), &object) == nil && object != nil
}

var secretParameters = []string{
	"assertion", "client_assertion", "client_secret", "code", "code_verifier", "device_code", "password", "refresh_token",
}

// Mask hides the secrets of a request's body. If the body cannot be read, it hides all of it.
func Mask(r *http.Request, body string) string {
	if body != "" && !exchange.IsMediaType(r.Header, "application/x-www-form-urlencoded") {
		return "***"
	}
	return masked(body)
}

// MaskURL returns the path and the query of a request. No secret belongs there, but one may be.
func MaskURL(r *http.Request) string {
	u := *r.URL
	u.RawQuery = masked(u.RawQuery)
	return u.RequestURI()
}

func masked(encoded string) string {
	form, err := url.ParseQuery(encoded)
	if err != nil {
		return "***"
	}
	for _, name := range secretParameters {
		if form.Has(name) {
			form.Set(name, "***")
		}
	}
	return form.Encode()
}
