package intunetest

import (
	"fmt"
	"net/http"

	intune "github.com/seed-230b9595/intune-go"
)

// Credential returns the credential of the application that the server knows.
func (s *Server) Credential() intune.Credential {
	return intune.ClientSecretCredential(s.config.TenantID, s.config.ClientID, s.config.ClientSecret)
}

// Client returns a client that talks to the server. It panics if NewClient rejects one of opts.
func (s *Server) Client(opts ...intune.Option) *intune.Client {
	own := []intune.Option{intune.WithBaseURL(s.URL()), intune.WithAuthorityURL(s.URL())}
	if s.httpClient != nil {
		own = append(own, intune.WithHTTPClient(s.httpClient))
	}
	client, err := intune.NewClient(s.Credential(), append(own, opts...)...)
	if err != nil {
		panic(fmt.Sprintf("intunetest: %v", err))
	}
	return client
}

// HTTPClient returns a new client that reaches the server, even in memory, and trusts its certificate.
func (s *Server) HTTPClient() *http.Client {
	client := new(http.Client)
	if s.httpClient != nil {
		*client = *s.httpClient
	}
	return client
}
