// Package clientassertion signs the JWT with which an application proves to Microsoft Entra ID that it holds the key of
// its certificate.
package clientassertion

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"time"
)

// lifetime allows for clocks that differ. Microsoft Entra ID expects 5 to 10 minutes.
const lifetime = 10 * time.Minute

// Claims are what an assertion says.
type Claims struct {
	ClientID string
	Audience string // the URL of the token endpoint
	ID       string // unique, a GUID
	IssuedAt time.Time
}

// Sign returns an assertion in the form of RFC 7523, section 3, signed with PS256 (RFC 7518, section 3.5). key belongs to
// the first certificate of chain. The certificates are part of the assertion if there is more than one.
// See https://learn.microsoft.com/entra/identity-platform/certificate-credentials.
func Sign(chain []*x509.Certificate, key crypto.Signer, claims Claims) (string, error) {
	thumbprint := sha256.Sum256(chain[0].Raw)
	header := struct {
		Algorithm  string   `json:"alg"`
		Type       string   `json:"typ"`
		Thumbprint string   `json:"x5t#S256"`
		Chain      [][]byte `json:"x5c,omitempty"`
	}{"PS256", "JWT", base64.RawURLEncoding.EncodeToString(thumbprint[:]), nil}
	if len(chain) > 1 {
		for _, cert := range chain {
			header.Chain = append(header.Chain, cert.Raw)
		}
	}
	payload := struct {
		Audience  string `json:"aud"`
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		ID        string `json:"jti"`
		NotBefore int64  `json:"nbf"`
		IssuedAt  int64  `json:"iat"`
		Expires   int64  `json:"exp"`
	}{
		claims.Audience, claims.ClientID, claims.ClientID, claims.ID,
		claims.IssuedAt.Unix(), claims.IssuedAt.Unix(), claims.IssuedAt.Add(lifetime).Unix(),
	}
	headerJSON, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	payloadJSON, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(headerJSON) + "." + encode(payloadJSON)
	digest := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(rand.Reader, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}
