package intunetest

// This file tells whether a client is who it says: by a secret or an assertion.

import (
	"strings"
)

// redeemCredentials is the grant of an application that signs in by itself.
func (s *Server) redeemCredentials(c *entraCall) (*grant, *refusal) {
	if no := s.authenticate(c); no != nil {
		return nil, no
	}
	asked, no := parseScope(c.form.Get("scope"))
	switch {
	case no != nil:
		return nil, no
	case asked.permissions != nil:
		return nil, invalidScope.because()
	}
	return &grant{scope: asked}, nil
}

// authenticate checks the credential of a confidential client.
func (s *Server) authenticate(c *entraCall) *refusal {
	secret, assertion := c.form.Get("client_secret"), c.form.Get("client_assertion")
	switch {
	case !isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case secret == "" && assertion == "":
		return missingCredential.because()
	case secret != "" && assertion != "":
		return malformedRequest.because("'client_assertion' and 'client_secret' exclude each other")
	case assertion != "":
		return s.checkAssertion(c, assertion)
	case secret != ClientSecret:
		return wrongSecret.because()
	}
	return nil
}

func isClient(c *entraCall) bool { return strings.EqualFold(c.form.Get("client_id"), ClientID) }
