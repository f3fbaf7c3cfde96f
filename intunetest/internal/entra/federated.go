package entra

// This file verifies the assertions of other issuers: workload identity federation. See
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation.

import (
	"crypto"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

const exchangeAudience = "api://AzureADTokenExchange"

// FederatedCredential lets the application sign in with a token that Issuer has signed for Subject.
type FederatedCredential struct {
	Issuer, Subject string
	Key             crypto.PublicKey // nil for the server's own
}

// FederatedAssertion returns a token as an issuer outside Microsoft Entra ID signs it, valid for an hour, for the first
// credential without a key. Each of claims replaces one, and nil removes it. It panics if no such credential is registered.
func (s *Server) FederatedAssertion(claims map[string]any) string {
	i := slices.IndexFunc(s.config.Federated, func(f FederatedCredential) bool { return f.Key == nil })
	if i < 0 {
		panic("intunetest: FederatedAssertion without WithFederatedCredential(issuer, subject, nil)")
	}
	now := s.config.Now()
	all := map[string]any{
		"iss": s.config.Federated[i].Issuer, "sub": s.config.Federated[i].Subject, "aud": exchangeAudience,
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
	if !slices.Equal(claims.Audience, audience{exchangeAudience}) {
		return noCredentialOfAudience.because(strings.Join(claims.Audience, ", "))
	}
	isSigner := func(f FederatedCredential) bool { return assertion.verify(s.federatedKey(f)) == nil }
	if !slices.ContainsFunc(matching, isSigner) {
		return invalidSignature.because("Client assertion failed signature validation.", "")
	}
	return s.checkTimes(claims)
}

func (s *Server) federatedKey(f FederatedCredential) crypto.PublicKey {
	if f.Key == nil {
		return &s.signingKey().PublicKey
	}
	return f.Key
}
