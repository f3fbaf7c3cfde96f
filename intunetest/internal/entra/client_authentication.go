package entra

// This file decides whether a client is who it says: a confidential one by a secret or an assertion, a public one by
// having neither.

import (
	"net/url"
	"strings"
)

// readBasic moves the credentials of HTTP Basic into the form, where the others stand: RFC 6749, section 2.3.1.
func (c *call) readBasic() *rejection {
	id, secret, isBasic := c.BasicAuth()
	if !isBasic {
		return nil
	}
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	switch {
	case idErr != nil, secretErr != nil:
		return malformedRequest.because("the Authorization header is not form-encoded")
	case c.form.Has("client_secret"):
		return malformedRequest.because("the client secret is sent twice")
	case c.form.Has("client_id") && !strings.EqualFold(c.form.Get("client_id"), id):
		return malformedRequest.because("the Authorization header and 'client_id' differ")
	}
	c.form.Set("client_id", id)
	c.form.Set("client_secret", secret)
	return nil
}

// redeemCredentials is the grant of an application that signs in by itself.
func (s *Server) redeemCredentials(c *call) (*grant, *rejection) {
	asked, rejected := parseScope(c.form.Get("scope"))
	switch {
	case isShared(c.tenant):
		return nil, sharedTenant.because(s.config.ClientID, c.tenant)
	case rejected != nil:
		return nil, rejected
	case asked.permissions != nil:
		return nil, notDefaultScope.because(c.form.Get("scope"))
	}
	return &grant{scope: asked}, nil
}

// authenticate checks the credential of a confidential client.
func (s *Server) authenticate(c *call) *rejection {
	secret, assertion := c.form.Get("client_secret"), c.form.Get("client_assertion")
	switch {
	case !s.isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case secret == "" && assertion == "":
		return missingCredential.because()
	case secret != "" && assertion != "":
		return malformedRequest.because("'client_assertion' and 'client_secret' exclude each other")
	case assertion != "":
		return s.checkAssertion(c, assertion)
	case secret != s.config.ClientSecret:
		return wrongSecret.because()
	}
	return nil
}

// checkPublic checks that the client is the application, and sends no credential.
func (s *Server) checkPublic(c *call) *rejection {
	switch {
	case !s.isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case c.form.Has("client_secret"), c.form.Has("client_assertion"):
		return publicWithCredential.because()
	}
	return nil
}

// checkClient checks a client that may be confidential or public: if it sends a credential, that must be right.
func (s *Server) checkClient(c *call) *rejection {
	if c.form.Has("client_secret") || c.form.Has("client_assertion") {
		return s.authenticate(c)
	}
	return s.checkPublic(c)
}
