package intunetest

// This file tells whether a client is who it says: a confidential one by a secret or an assertion, a public one by
// having neither.

import (
	"slices"
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

// checkPublic checks that the client is the application, and shows no credential.
func checkPublic(c *entraCall) *refusal {
	switch {
	case !isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case c.form.Has("client_secret"), c.form.Has("client_assertion"):
		return publicWithCredential.because()
	}
	return nil
}

func isClient(c *entraCall) bool { return strings.EqualFold(c.form.Get("client_id"), ClientID) }

// askUser reads the scope that a public client asks a user for.
func (s *Server) askUser(c *entraCall) (*grant, *refusal) {
	if no := c.require("scope"); no != nil {
		return nil, no
	}
	asked, no := parseScope(c.form.Get("scope"))
	if no != nil {
		return nil, no
	}
	if no := s.checkConsent(asked); no != nil {
		return nil, no
	}
	return &grant{asked, c.form.Get("claims"), c.form.Get("nonce"), new(session)}, nil
}

// checkConsent checks that the application has been granted what it asks for.
func (s *Server) checkConsent(asked scope) *refusal {
	for _, name := range asked.permissions {
		if !slices.Contains(s.permissions, name) {
			return notConsented.because(name)
		}
	}
	return nil
}
