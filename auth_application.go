package intune

// This file has the credentials with which an application signs in as itself: OAuth's client credentials grant with a
// secret, a certificate, or an assertion of another issuer.

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/clientassertion"
)

// ClientSecret signs an application in with a client secret. tenantID is the tenant's GUID or one of its domain names.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
func ClientSecret(tenantID, clientID, secret string) Credential {
	return &clientSecret{registration{tenantID, clientID}, func() string { return secret }}
}

// clientSecret keeps the secret in a closure, because fmt prints fields, even unexported ones.
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

// ClientCertificate signs an application in with a certificate that is registered with it. chain begins with that
// certificate. If its issuers follow, they are sent too, as sign-in by subject name and issuer requires. key signs a new
// assertion for every token, and may be in a hardware module or a key vault. It must be an RSA key, because Microsoft
// Entra ID accepts no other kind. Package clientcert reads both from a PEM or PKCS #12 file.
// See https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func ClientCertificate(tenantID, clientID string, chain []*x509.Certificate, key crypto.Signer) Credential {
	return &clientCertificate{registration{tenantID, clientID}, slices.Clone(chain), func() crypto.Signer { return key }}
}

// clientCertificate keeps the key in a closure, because fmt prints fields, even unexported ones.
type clientCertificate struct {
	registration

	chain []*x509.Certificate
	key   func() crypto.Signer
}

func (c *clientCertificate) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	assertion, err := clientassertion.Sign(c.chain, c.key(), clientassertion.Claims{
		ClientID: c.clientID, Audience: c.endpoint(req, "token"), ID: newGUID(), IssuedAt: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("sign a client assertion: %w", err)
	}
	return c.exchange(ctx, req, assertion)
}

func (c *clientCertificate) validate() error {
	if err := c.validateApplication(); err != nil {
		return err
	}
	if len(c.chain) == 0 || slices.Contains(c.chain, nil) {
		return &InputError{Name: "client certificate", Problem: "is missing"}
	}
	if notAfter := c.chain[0].NotAfter; time.Now().After(notAfter) {
		return &InputError{Name: "client certificate", Problem: "expired on " + formatTime(notAfter) + ": register its successor with the application"}
	}
	bad := func(problem string) error {
		return &InputError{Name: "key of the client certificate", Problem: problem}
	}
	public, isRSA := c.chain[0].PublicKey.(*rsa.PublicKey)
	key := c.key()
	const minBits = 2048
	switch {
	case !isRSA:
		return bad(fmt.Sprintf("is %v: Microsoft Entra ID accepts only client assertions signed with RSA, so use an RSA certificate", c.chain[0].PublicKeyAlgorithm))
	case public.N.BitLen() < minBits:
		return bad(fmt.Sprintf("has %d bits, less than %d", public.N.BitLen(), minBits))
	case key == nil, isNilPointer(key):
		return bad("is nil")
	case !public.Equal(key.Public()):
		return bad("does not belong to the first certificate of the chain")
	}
	return nil
}

func isNilPointer(v any) bool {
	value := reflect.ValueOf(v)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// ClientAssertion signs an application in with assertions of another issuer that it trusts: workload identity federation.
// assertion is called for every token. GitHubActionsAssertion, AzurePipelinesAssertion and FileAssertion are ready to use.
// See https://learn.microsoft.com/entra/workload-id/workload-identity-federation.
func ClientAssertion(tenantID, clientID string, assertion AssertionFunc) Credential {
	return &clientAssertion{registration{tenantID, clientID}, assertion}
}

type clientAssertion struct {
	registration

	assertion AssertionFunc
}

func (c *clientAssertion) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	assertion, err := c.assertion(ctx, req)
	switch {
	case err != nil:
		return nil, err
	case assertion == "":
		return nil, errors.New("the client assertion is empty")
	}
	return c.exchange(ctx, req, assertion)
}

func (c *clientAssertion) validate() error {
	if c.assertion == nil {
		return &InputError{Name: "client assertion", Problem: "is nil"}
	}
	return c.validateApplication()
}

// validateApplication also rejects the names that stand for the tenant of the person who signs in: an application has none.
func (r registration) validateApplication() error {
	if strings.EqualFold(r.tenantID, "common") || strings.EqualFold(r.tenantID, "organizations") {
		return &InputError{Name: "tenant id", Problem: "is " + r.tenantID + ": an application signs in to one tenant, so give its id"}
	}
	return r.validate()
}

// exchange exchanges an assertion about the application for a token (RFC 7523, section 2.2).
func (r registration) exchange(ctx context.Context, req TokenRequest, assertion string) (*oauth2.Token, error) {
	return r.token(ctx, req, req.Scope, url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}, assertion)
}
