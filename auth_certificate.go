package intune

// This file signs an application in with a certificate.

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/expiry"
)

// ClientCertificate signs an application in with a certificate that is registered with it. chain begins with that
// certificate; where its issuers follow, they are sent along, which sign-in by subject name and issuer needs. key signs
// a new assertion for every token, and may be in a hardware module or a key vault. It must be RSA: Microsoft Entra ID
// takes no other. Package clientcert reads both from a PEM or PKCS #12 file.
// See https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func ClientCertificate(tenantID, clientID string, chain []*x509.Certificate, key crypto.Signer) Credential {
	return &clientCertificate{registration{tenantID, clientID}, slices.Clone(chain), func() crypto.Signer { return key }}
}

// clientCertificate keeps the key in a closure, because fmt prints fields, the unexported ones too.
type clientCertificate struct {
	registration

	chain []*x509.Certificate
	key   func() crypto.Signer
}

func (c *clientCertificate) Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error) {
	assertion, err := c.assertion(c.endpoint(req, "token"), time.Now())
	if err != nil {
		return nil, fmt.Errorf("sign a client assertion: %w", err)
	}
	return c.tokenFor(ctx, req, assertion)
}

func (c *clientCertificate) validate() error {
	if err := c.validateApplication(); err != nil {
		return err
	}
	if len(c.chain) == 0 || slices.Contains(c.chain, nil) {
		return &InputError{Name: "client certificate", Problem: "is missing"}
	}
	if problem := expiry.Problem(c.chain[0], time.Now()); problem != "" {
		return &InputError{Name: "client certificate", Problem: problem + ": register its successor with the application"}
	}
	bad := func(problem string) error {
		return &InputError{Name: "key of the client certificate", Problem: problem}
	}
	public, isRSA := c.chain[0].PublicKey.(*rsa.PublicKey)
	key := c.key()
	const minBits = 2048
	switch {
	case !isRSA:
		return bad(fmt.Sprintf("is %v: Microsoft Entra ID takes client assertions that are signed with RSA, and no others, so make an RSA certificate", c.chain[0].PublicKeyAlgorithm))
	case public.N.BitLen() < minBits:
		return bad(fmt.Sprintf("has %d bits, less than %d", public.N.BitLen(), minBits))
	case key == nil, isNilPointer(key):
		return bad("is nil")
	case !public.Equal(key.Public()):
		return bad("belongs to another certificate than the first of the chain")
	}
	return nil
}

func isNilPointer(v any) bool {
	value := reflect.ValueOf(v)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

// assertionLifetime allows for clocks that differ: Microsoft Entra ID wants 5 to 10 minutes.
const assertionLifetime = 10 * time.Minute

// assertion makes a JWT of the form of RFC 7523, section 3, signed with PS256 (RFC 7518, section 3.5).
func (c *clientCertificate) assertion(audience string, now time.Time) (string, error) {
	thumbprint := sha256.Sum256(c.chain[0].Raw)
	header := struct {
		Algorithm  string   `json:"alg"`
		Type       string   `json:"typ"`
		Thumbprint string   `json:"x5t#S256"`
		Chain      [][]byte `json:"x5c,omitempty"`
	}{"PS256", "JWT", base64.RawURLEncoding.EncodeToString(thumbprint[:]), nil}
	if len(c.chain) > 1 {
		for _, cert := range c.chain {
			header.Chain = append(header.Chain, cert.Raw)
		}
	}
	claims := struct {
		Audience  string `json:"aud"`
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		ID        string `json:"jti"`
		NotBefore int64  `json:"nbf"`
		IssuedAt  int64  `json:"iat"`
		Expires   int64  `json:"exp"`
	}{audience, c.clientID, c.clientID, newGUID(), now.Unix(), now.Unix(), now.Add(assertionLifetime).Unix()}
	var signed strings.Builder
	for _, part := range []any{header, claims} {
		data, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		signed.WriteString(base64.RawURLEncoding.EncodeToString(data) + ".")
	}
	token := strings.TrimSuffix(signed.String(), ".")
	digest := sha256.Sum256([]byte(token))
	signature, err := c.key().Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	if err != nil {
		return "", err
	}
	return token + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
