package intunetest

// This file verifies the assertions of other issuers: workload identity federation. See
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation.

import (
	"crypto"
	"maps"
	"slices"
	"strings"
	"time"
)

const exchangeAudience = "api://AzureADTokenExchange"

// WithFederatedCredential lets the application sign in with a token that issuer has signed with an RSA key for the
// subject and the audience api://AzureADTokenExchange, with RS256 or PS256. Where key is nil, FederatedAssertion signs.
func WithFederatedCredential(issuer, subject string, key crypto.PublicKey) ServerOption {
	return func(s *Server) {
		s.registration.federated = append(s.registration.federated, federatedCredential{issuer, subject, key})
	}
}

type federatedCredential struct {
	issuer, subject string
	key             crypto.PublicKey // nil for the server's own
}

// FederatedAssertion returns a token as an issuer outside Microsoft Entra ID signs it, valid for an hour, for the first
// WithFederatedCredential without a key. Each of claims replaces one, and with nil removes it. FederatedAssertion panics
// where no such credential is registered.
func (s *Server) FederatedAssertion(claims map[string]any) string {
	i := slices.IndexFunc(s.registration.federated, func(f federatedCredential) bool { return f.key == nil })
	if i < 0 {
		panic("intunetest: FederatedAssertion without WithFederatedCredential(issuer, subject, nil)")
	}
	now := s.now()
	all := map[string]any{
		"iss": s.registration.federated[i].issuer, "sub": s.registration.federated[i].subject, "aud": exchangeAudience,
		"jti": newGUID(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return signJWT(s.signingKey(), signingKeyID, all)
}

// isFederated tells an assertion of another issuer from the application's own, whose issuer is a client id.
func (s *Server) isFederated(assertion *jwt) bool {
	return strings.Contains(assertion.claims.Issuer, "://") ||
		slices.ContainsFunc(s.registration.federated, func(f federatedCredential) bool { return f.issuer == assertion.claims.Issuer })
}

// checkFederated verifies an assertion of another issuer. It may be used again until it expires.
func (s *Server) checkFederated(assertion *jwt) *refusal {
	claims := &assertion.claims
	matching := slices.Clone(s.registration.federated)
	matching = slices.DeleteFunc(matching, func(f federatedCredential) bool { return f.issuer != claims.Issuer })
	if len(matching) == 0 {
		return noCredentialOfIssuer.because(claims.Issuer)
	}
	matching = slices.DeleteFunc(matching, func(f federatedCredential) bool { return f.subject != claims.Subject })
	if len(matching) == 0 {
		return noCredentialOfSubject.because(claims.Subject)
	}
	if !slices.Equal(claims.Audience, audience{exchangeAudience}) {
		return noCredentialOfAudience.because(strings.Join(claims.Audience, ", "))
	}
	isSigner := func(f federatedCredential) bool { return assertion.verify(s.federatedKey(f)) == nil }
	if !slices.ContainsFunc(matching, isSigner) {
		return invalidSignature.because("Client assertion failed signature validation.", "")
	}
	return s.checkTimes(claims)
}

func (s *Server) federatedKey(f federatedCredential) crypto.PublicKey {
	if f.key == nil {
		return &s.signingKey().PublicKey
	}
	return f.key
}
