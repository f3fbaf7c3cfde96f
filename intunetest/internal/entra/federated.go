package entra

// This file verifies the assertions of other issuers: workload identity federation. See
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation.

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

// ExchangeAudience is the audience of most federated credentials.
const ExchangeAudience = "api://AzureADTokenExchange"

// FederatedCredential lets the application sign in with a token that Issuer has signed for Subject and Audience.
type FederatedCredential struct {
	Issuer, Subject, Audience string
	Keys                      []crypto.PublicKey // none for the server's own
}

// ParseKeys reads public keys: a JSON Web Key Set, or PEM with keys and certificates.
func ParseKeys(data []byte) ([]crypto.PublicKey, error) {
	if text := bytes.TrimSpace(data); len(text) > 0 && text[0] == '{' {
		return parseKeySet(text)
	}
	var keys []crypto.PublicKey
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseKeyBlock(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return checkKeys(keys)
}

func parseKeyBlock(block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return cert.PublicKey, nil
	case "PUBLIC KEY":
		return x509.ParsePKIXPublicKey(block.Bytes)
	}
	return nil, fmt.Errorf("the PEM block %q is neither a public key nor a certificate", block.Type)
}

func parseKeySet(data []byte) ([]crypto.PublicKey, error) {
	var set struct {
		Keys []struct {
			Type     string `json:"kty"`
			Modulus  string `json:"n"`
			Exponent string `json:"e"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, err
	}
	var keys []crypto.PublicKey
	for _, key := range set.Keys {
		if key.Type != "RSA" {
			continue
		}
		modulus, err := decodeBase64URL(key.Modulus)
		if err != nil {
			return nil, err
		}
		exponent, err := decodeBase64URL(key.Exponent)
		if err != nil {
			return nil, err
		}
		keys = append(keys, &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())})
	}
	return checkKeys(keys)
}

// checkKeys wants RSA keys, one at least: Microsoft Entra ID takes tokens that are signed with RS256.
func checkKeys(keys []crypto.PublicKey) ([]crypto.PublicKey, error) {
	isOther := func(key crypto.PublicKey) bool { _, isRSA := key.(*rsa.PublicKey); return !isRSA }
	if len(keys) == 0 || slices.ContainsFunc(keys, isOther) {
		return nil, errors.New("want public keys of type RSA, in PEM or as a JSON Web Key Set")
	}
	return keys, nil
}

// FederatedAssertion returns a token as an issuer outside Microsoft Entra ID signs it, valid for an hour, for the first
// credential without a key. Each of claims replaces one, and nil removes it. It panics if no such credential is registered.
func (s *Server) FederatedAssertion(claims map[string]any) string {
	i := slices.IndexFunc(s.config.Federated, func(f FederatedCredential) bool { return len(f.Keys) == 0 })
	if i < 0 {
		panic("intunetest: FederatedAssertion without WithFederatedCredential(issuer, subject, nil)")
	}
	now := s.config.Now()
	all := map[string]any{
		"iss": s.config.Federated[i].Issuer, "sub": s.config.Federated[i].Subject, "aud": s.config.Federated[i].Audience,
		"jti": guid.New(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return signJWT(s.signingKey(), signingKeyID, all)
}

// isFederated distinguishes an assertion of another issuer from the application's own, whose issuer is a client id.
func (s *Server) isFederated(assertion *jwt) bool {
	return strings.Contains(assertion.claims.Issuer, "://") ||
		slices.ContainsFunc(s.config.Federated, func(f FederatedCredential) bool { return f.Issuer == assertion.claims.Issuer })
}

// checkFederated verifies an assertion of another issuer. It may be used again until it expires.
func (s *Server) checkFederated(assertion *jwt) *rejection {
	claims := &assertion.claims
	matching := slices.Clone(s.config.Federated)
	matching = slices.DeleteFunc(matching, func(f FederatedCredential) bool { return f.Issuer != claims.Issuer })
	if len(matching) == 0 {
		return noCredentialOfIssuer.because(claims.Issuer)
	}
	matching = slices.DeleteFunc(matching, func(f FederatedCredential) bool { return f.Subject != claims.Subject })
	if len(matching) == 0 {
		return noCredentialOfSubject.because(claims.Subject)
	}
	matching = slices.DeleteFunc(matching, func(f FederatedCredential) bool { return !slices.Equal(claims.Audience, audience{f.Audience}) })
	if len(matching) == 0 {
		return noCredentialOfAudience.because(strings.Join(claims.Audience, ", "))
	}
	isSigner := func(key crypto.PublicKey) bool { return assertion.verify(key) == nil }
	if !slices.ContainsFunc(matching, func(f FederatedCredential) bool { return slices.ContainsFunc(s.federatedKeys(f), isSigner) }) {
		return invalidSignature.because("Client assertion failed signature validation.", "")
	}
	return s.checkTimes(claims)
}

func (s *Server) federatedKeys(f FederatedCredential) []crypto.PublicKey {
	if len(f.Keys) == 0 {
		return []crypto.PublicKey{&s.signingKey().PublicKey}
	}
	return f.Keys
}
