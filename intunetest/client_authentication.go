package intunetest

// This file tells whether a client is who it says: by a secret.

import (
	"strings"
)

// redeemCredentials is the grant of an application that signs in by itself.
func (*Server) redeemCredentials(c *entraCall) (*grant, *refusal) {
	if no := authenticate(c); no != nil {
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
func authenticate(c *entraCall) *refusal {
	secret := c.form.Get("client_secret")
	switch {
	case !isClient(c):
		return unknownApplication.because(c.form.Get("client_id"))
	case secret == "":
		return missingCredential.because()
	case secret != ClientSecret:
		return wrongSecret.because()
	}
	return nil
}

func isClient(c *entraCall) bool { return strings.EqualFold(c.form.Get("client_id"), ClientID) }
