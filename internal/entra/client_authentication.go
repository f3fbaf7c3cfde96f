package entra

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

// This file has the ways in which an application proves who it is, in the grant client_credentials.

// clientCredentials signs an application in. Secrets and keys are kept in functions, because fmt prints fields, even
// unexported ones.
type clientCredentials struct {
	application

	prove func(context.Context, Request) (parameters url.Values, secret string, err error)
}

// Token implements SignIn.
func (c *clientCredentials) Token(ctx context.Context, req Request) (*oauth2.Token, error) {
	parameters, secret, err := c.prove(ctx, req)
	if err != nil {
		return nil, err
	}
	parameters.Set("grant_type", "client_credentials")
	return c.token(ctx, req, req.Scope, parameters, secret)
}

// Check implements SignIn. It also rejects the names that stand for the tenant of the person who signs in: an application has
// none.
func (c *clientCredentials) Check() error {
	if strings.EqualFold(c.tenantID, "common") || strings.EqualFold(c.tenantID, "organizations") {
		return &InputError{Name: "tenant id", Problem: "is " + c.tenantID + ": an application signs in to one tenant, so give its id"}
	}
	return c.application.Check()
}

// ClientSecret signs an application in with a secret.
func ClientSecret(tenantID, clientID, secret string) SignIn {
	a := application{tenantID: tenantID, clientID: clientID}
	switch {
	case secret == "":
		a.Reject("client secret", "is empty")
	case strings.TrimSpace(secret) != secret:
		a.Reject("client secret", "begins or ends with white space")
	}
	return &clientCredentials{a, func(context.Context, Request) (url.Values, string, error) {
		return url.Values{"client_secret": {secret}}, secret, nil
	}}
}

// ClientCertificate signs an application in with assertions that key signs. It belongs to the first certificate of chain.
func ClientCertificate(tenantID, clientID string, chain []*x509.Certificate, key crypto.Signer) SignIn {
	a, chain := application{tenantID: tenantID, clientID: clientID}, slices.Clone(chain)
	a.checkCertificate(chain, key)
	return &clientCredentials{a, func(_ context.Context, req Request) (url.Values, string, error) {
		assertion, err := a.sign(chain, key, a.endpoint(req, "token"))
		if err != nil {
			return nil, "", fmt.Errorf("sign a client assertion: %w", err)
		}
		return bearer(assertion), assertion, nil
	}}
}

func (a *application) checkCertificate(chain []*x509.Certificate, key crypto.Signer) {
	if len(chain) == 0 || slices.Contains(chain, nil) {
		a.Reject("client certificate", "is missing")
		return
	}
	const keyName, minBits = "key of the client certificate", 2048
	public, isRSA := chain[0].PublicKey.(*rsa.PublicKey)
	switch notAfter := chain[0].NotAfter; {
	case time.Now().After(notAfter):
		a.Reject("client certificate", "expired on "+formatTime(notAfter)+": register its successor with the application")
	case !isRSA:
		a.Reject(keyName, fmt.Sprintf("is %v: Microsoft Entra ID accepts only client assertions signed with RSA, so use an RSA certificate", chain[0].PublicKeyAlgorithm))
	case public.N.BitLen() < minBits:
		a.Reject(keyName, fmt.Sprintf("has %d bits, less than %d", public.N.BitLen(), minBits))
	case key == nil, key == crypto.Signer((*rsa.PrivateKey)(nil)):
		a.Reject(keyName, "is nil")
	case !public.Equal(key.Public()):
		a.Reject(keyName, "does not belong to the first certificate of the chain")
	}
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// sign returns an assertion in the form of RFC 7523, section 3, signed with PS256 (RFC 7518, section 3.5). The certificates
// are part of the assertion if there is more than one.
// See https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func (a application) sign(chain []*x509.Certificate, key crypto.Signer, audience string) (string, error) {
	const lifetime = 10 * time.Minute // allows for clocks that differ; Microsoft Entra ID expects 5 to 10 minutes
	encode := base64.RawURLEncoding.EncodeToString
	thumbprint, now := sha256.Sum256(chain[0].Raw), time.Now()
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": encode(thumbprint[:])}
	if len(chain) > 1 {
		certificates := make([][]byte, len(chain))
		for i, cert := range chain {
			certificates[i] = cert.Raw
		}
		header["x5c"] = certificates
	}
	claims := map[string]any{
		"aud": audience, "iss": a.clientID, "sub": a.clientID, "jti": guid.New(),
		"nbf": now.Unix(), "iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
	}
	part := func(of map[string]any) string {
		text, _ := json.Marshal(of) // of texts and numbers
		return encode(text)
	}
	signed := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	return signed + "." + encode(signature), err
}

// ClientAssertion signs an application in with assertions of another issuer. nil is reported by Check.
func ClientAssertion(tenantID, clientID string, assertion func(context.Context, Request) (string, error)) SignIn {
	a := application{tenantID: tenantID, clientID: clientID}
	if assertion == nil {
		a.Reject("client assertion", "is nil")
	}
	return &clientCredentials{a, func(ctx context.Context, req Request) (url.Values, string, error) {
		text, err := assertion(ctx, req)
		if err == nil && text == "" {
			err = errors.New("the client assertion is empty")
		}
		return bearer(text), text, err
	}}
}

// bearer is the authentication of RFC 7523, section 2.2.
func bearer(assertion string) url.Values {
	return url.Values{
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	}
}
