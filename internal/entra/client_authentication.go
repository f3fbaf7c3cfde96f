package entra

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
	"github.com/seed-230b9595/intune-go/internal/guid"
)

// This file has the ways in which an application proves who it is, in the grant client_credentials. Secrets and keys are
// kept in functions, because fmt prints fields, even unexported ones.

// ClientSecret signs an application in with a secret.
func ClientSecret(tenantID, clientID, secret string) SignIn {
	return &clientSecret{application{tenantID, clientID}, func() string { return secret }}
}

type clientSecret struct {
	application

	secret func() string
}

func (c *clientSecret) Token(ctx context.Context, req Request) (*oauth2.Token, error) {
	return c.byClientCredentials(ctx, req, url.Values{"client_secret": {c.secret()}}, c.secret())
}

func (c *clientSecret) Check() error {
	if err := c.checkTenant(); err != nil {
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

// ClientCertificate signs an application in with assertions that key signs. It belongs to the first certificate of chain.
func ClientCertificate(tenantID, clientID string, chain []*x509.Certificate, key crypto.Signer) SignIn {
	return &clientCertificate{application{tenantID, clientID}, slices.Clone(chain), func() crypto.Signer { return key }}
}

type clientCertificate struct {
	application

	chain []*x509.Certificate
	key   func() crypto.Signer
}

func (c *clientCertificate) Token(ctx context.Context, req Request) (*oauth2.Token, error) {
	assertion, err := clientassertion.Sign(c.chain, c.key(), clientassertion.Claims{
		ClientID: c.clientID, Audience: c.endpoint(req, "token"), ID: guid.New(), IssuedAt: time.Now(),
	})
	if err != nil {
		return nil, fmt.Errorf("sign a client assertion: %w", err)
	}
	return c.byAssertion(ctx, req, assertion)
}

func (c *clientCertificate) Check() error {
	if err := c.checkTenant(); err != nil {
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

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// ClientAssertion signs an application in with assertions of another issuer. nil is reported by Check.
func ClientAssertion(tenantID, clientID string, assertion func(context.Context, Request) (string, error)) SignIn {
	return &clientAssertion{application{tenantID, clientID}, assertion}
}

type clientAssertion struct {
	application

	assertion func(context.Context, Request) (string, error)
}

func (c *clientAssertion) Token(ctx context.Context, req Request) (*oauth2.Token, error) {
	assertion, err := c.assertion(ctx, req)
	switch {
	case err != nil:
		return nil, err
	case assertion == "":
		return nil, errors.New("the client assertion is empty")
	}
	return c.byAssertion(ctx, req, assertion)
}

func (c *clientAssertion) Check() error {
	if c.assertion == nil {
		return &InputError{Name: "client assertion", Problem: "is nil"}
	}
	return c.checkTenant()
}

// checkTenant also rejects the names that stand for the tenant of the person who signs in: an application has none.
func (a application) checkTenant() error {
	if strings.EqualFold(a.tenantID, "common") || strings.EqualFold(a.tenantID, "organizations") {
		return &InputError{Name: "tenant id", Problem: "is " + a.tenantID + ": an application signs in to one tenant, so give its id"}
	}
	return a.Check()
}

// byAssertion is the authentication of RFC 7523, section 2.2.
func (a application) byAssertion(ctx context.Context, req Request, assertion string) (*oauth2.Token, error) {
	return a.byClientCredentials(ctx, req, url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}, assertion)
}

func (a application) byClientCredentials(ctx context.Context, req Request, authentication url.Values, secret string) (*oauth2.Token, error) {
	authentication.Set("grant_type", "client_credentials")
	return a.token(ctx, req, req.Scope, authentication, secret)
}
