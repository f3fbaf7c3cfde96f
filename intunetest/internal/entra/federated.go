package entra

// This file verifies the assertions of other issuers: workload identity federation. See
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation.

import (
	"cmp"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

// FederatedCredential lets the application sign in with a token that Issuer has signed for Subject and Audience.
type FederatedCredential struct {
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience"` // api://AzureADTokenExchange if it is ""
	Keys     []Key  `json:"keys"`     // none for the server's own
}

func (f FederatedCredential) audience() string {
	return cmp.Or(f.Audience, "api://AzureADTokenExchange")
}

// Key is a public key. Microsoft Entra ID takes tokens that are signed with RSA keys.
type Key struct{ crypto.PublicKey }

// UnmarshalJSON reads a key as it stands in a JSON Web Key Set.
func (k *Key) UnmarshalJSON(data []byte) error {
	var key struct {
		Type     string `json:"kty"`
		Modulus  string `json:"n"`
		Exponent string `json:"e"`
	}
	if err := json.Unmarshal(data, &key); err != nil {
		return err
	}
	modulus, err := decodeBase64URL(key.Modulus)
	exponent, exponentErr := decodeBase64URL(key.Exponent)
	if err != nil || exponentErr != nil || key.Type != "RSA" {
		return errors.New("want RSA keys of a JSON Web Key Set")
	}
	k.PublicKey = &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	return nil
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
		"iss": s.config.Federated[i].Issuer, "sub": s.config.Federated[i].Subject, "aud": s.config.Federated[i].audience(),
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
	claims, matching := &assertion.claims, s.config.Federated
	isSigner := func(key Key) bool { return assertion.verify(key.PublicKey) == nil }
	for _, step := range []struct {
		fits     func(FederatedCredential) bool
		rejected *rejection // if none fits
	}{
		{func(f FederatedCredential) bool { return f.Issuer == claims.Issuer }, noCredentialOfIssuer.because(claims.Issuer)},
		{func(f FederatedCredential) bool { return f.Subject == claims.Subject }, noCredentialOfSubject.because(claims.Subject)},
		{
			func(f FederatedCredential) bool { return slices.Equal(claims.Audience, audience{f.audience()}) },
			noCredentialOfAudience.because(strings.Join(claims.Audience, ", ")),
		},
		{
			func(f FederatedCredential) bool { return slices.ContainsFunc(s.federatedKeys(f), isSigner) },
			invalidSignature.because("Client assertion failed signature validation.", ""),
		},
	} {
		matching = slices.DeleteFunc(slices.Clone(matching), func(f FederatedCredential) bool { return !step.fits(f) })
		if len(matching) == 0 {
			return step.rejected
		}
	}
	return s.checkTimes(claims)
}

func (s *Server) federatedKeys(f FederatedCredential) []Key {
	if len(f.Keys) == 0 {
		return []Key{{&s.signingKey().PublicKey}}
	}
	return f.Keys
}
