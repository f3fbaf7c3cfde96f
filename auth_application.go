package intune

// This file has the credentials by which an application signs in as itself: OAuth's client credentials grant.

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
)

// ClientSecret signs an application in with a client secret. tenantID is the tenant's GUID or one of its domain names.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
func ClientSecret(tenantID, clientID, secret string) Credential {
	return &clientSecret{registration{tenantID, clientID}, func() string { return secret }}
}

// clientSecret keeps the secret in a closure, because fmt prints fields, the unexported ones too.
type clientSecret struct {
	registration

	secret func() string
}

func (c *clientSecret) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	return c.token(ctx, req, req.Scope, url.Values{"client_secret": {c.secret()}}, c.secret())
}

func (c *clientSecret) validate() error {
	if err := c.validateApplication(); err != nil {
		return err
	}
	switch secret := c.secret(); {
	case secret == "":
		return &InputError{Name: "client secret", Problem: "is empty"}
	case strings.TrimSpace(secret) != secret:
		return &InputError{Name: "client secret", Problem: "begins or ends with white space"}
	}
	return nil
}

// ClientAssertion signs an application in with assertions of another issuer that it trusts: workload identity federation.
// assertion is called for every token; its context carries the client's own *http.Client under oauth2.HTTPClient, and has
// its deadline. GitHubActionsAssertion, AzurePipelinesAssertion and FileAssertion are ready ones.
// See https://learn.microsoft.com/entra/workload-id/workload-identity-federation.
func ClientAssertion(tenantID, clientID string, assertion func(context.Context) (string, error)) Credential {
	return &clientAssertion{registration{tenantID, clientID}, assertion}
}

type clientAssertion struct {
	registration

	assertion func(context.Context) (string, error)
}

func (c *clientAssertion) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	assertion, err := c.assertion(withHTTPClient(ctx, req))
	switch {
	case err != nil:
		return nil, err
	case assertion == "":
		return nil, errors.New("the client assertion is empty")
	}
	return c.tokenFor(ctx, req, assertion)
}

func (c *clientAssertion) validate() error {
	if c.assertion == nil {
		return &InputError{Name: "client assertion", Problem: "is nil"}
	}
	return c.validateApplication()
}

// validateApplication also refuses what stands for the tenant of whoever signs in: an application has none.
func (r registration) validateApplication() error {
	if strings.EqualFold(r.tenantID, "common") || strings.EqualFold(r.tenantID, "organizations") {
		return &InputError{Name: "tenant id", Problem: "is " + r.tenantID + ": an application signs in to one tenant, so want its id"}
	}
	return r.validate()
}

// tokenFor exchanges an assertion about the application, ours or another issuer's, for a token (RFC 7523, section 2.2).
func (r registration) tokenFor(ctx context.Context, req TokenRequest, assertion string) (*oauth2.Token, error) {
	return r.token(ctx, req, req.Scope, url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}, assertion)
}
