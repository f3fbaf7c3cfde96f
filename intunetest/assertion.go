package intunetest

// This file verifies the assertions by which an application signs in with a certificate. See
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials.

import (
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	assertionType        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	clockSkew            = 5 * time.Minute
	maxAssertionLifetime = 10 * time.Minute
)

// WithClientCertificate registers a certificate for the application to sign in with. Its key must be an RSA key.
func WithClientCertificate(cert *x509.Certificate) ServerOption {
	return func(s *Server) { s.registration.certificates = append(s.registration.certificates, cert) }
}

// WithClientCertificateSubject lets the application sign in with any certificate that issuer has issued for the name,
// the common name or a DNS name: what Microsoft calls subject name and issuer authentication. The client sends x5c.
func WithClientCertificateSubject(name string, issuer *x509.Certificate) ServerOption {
	return func(s *Server) {
		s.registration.subjects = append(s.registration.subjects, clientSubject{name, issuer})
	}
}

type clientSubject struct {
	name   string
	issuer *x509.Certificate
}

// checkAssertion verifies an assertion of either kind.
func (s *Server) checkAssertion(c *entraCall, text string) *refusal {
	if got := c.form.Get("client_assertion_type"); got != assertionType {
		return malformedRequest.because("the parameter 'client_assertion_type' is not " + assertionType)
	}
	assertion, err := parseJWT(text)
	if err != nil {
		return malformedAssertion.because(err)
	}
	if !slices.Contains([]string{"PS256", "RS256"}, assertion.header.Algorithm) {
		return malformedAssertion.because(fmt.Sprintf("the algorithm '%s' is not supported", assertion.header.Algorithm))
	}
	if assertion.claims.Expires.IsZero() {
		return malformedAssertion.because("it never expires")
	}
	if s.isFederated(assertion) {
		return s.checkFederated(assertion)
	}
	return s.checkOwnAssertion(c, assertion)
}

// checkOwnAssertion verifies what the application has signed with the key of its certificate.
func (s *Server) checkOwnAssertion(c *entraCall, assertion *jwt) *refusal {
	claims := &assertion.claims
	switch {
	case !strings.EqualFold(assertion.header.Type, "JWT"):
		return malformedAssertion.because("the type is not JWT")
	case claims.ID == "":
		return malformedAssertion.because("it has no jti")
	case claims.Subject != claims.Issuer:
		return subjectIsNotIssuer.because()
	case !strings.EqualFold(claims.Issuer, ClientID):
		return assertionOfAnother.because()
	}
	if no := s.checkSignature(assertion); no != nil {
		return no
	}
	if !slices.ContainsFunc(claims.Audience, c.isAudience) {
		return wrongAudience.because()
	}
	if no := s.checkTimes(claims); no != nil {
		return no
	}
	if now := s.now(); claims.Expires.After(now.Add(maxAssertionLifetime + clockSkew)) {
		return claims.notValid(now)
	}
	return s.checkReplay(claims)
}

// checkSignature finds the certificate by the header, and verifies the signature with its key.
func (s *Server) checkSignature(assertion *jwt) *refusal {
	header := &assertion.header
	if header.SHA1 == "" && header.SHA256 == "" && len(header.Chain) == 0 {
		return missingThumbprint.because()
	}
	cert, no := s.findCertificate(header)
	if no != nil {
		return no
	}
	invalid := func(reason string) *refusal { return invalidSignature.because(reason, thumbprint(cert)) }
	if err := assertion.verify(cert.PublicKey); err != nil {
		return invalid("Client assertion failed signature validation: " + err.Error())
	}
	if now := s.now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return invalid(fmt.Sprintf("The key used is expired., Found key 'Start=%s, End=%s'",
			cert.NotBefore.Format(time.RFC3339), cert.NotAfter.Format(time.RFC3339)))
	}
	return nil
}

// findCertificate finds a registered certificate or, where x5c shows one that a registered issuer has issued, that.
func (s *Server) findCertificate(header *jwtHeader) (*x509.Certificate, *refusal) {
	if header.SHA1 != "" || header.SHA256 != "" {
		for _, cert := range s.registration.certificates {
			if header.names(cert) {
				return cert, nil
			}
		}
	}
	if len(header.Chain) > 0 && len(s.registration.subjects) > 0 {
		return s.checkChain(header)
	}
	named := header.SHA256
	if named == "" {
		named = header.SHA1
	}
	return nil, invalidSignature.because("The key was not found.", named)
}

// checkChain finds the issuer and the name that the certificate in x5c is registered by.
func (s *Server) checkChain(header *jwtHeader) (*x509.Certificate, *refusal) {
	var chain []*x509.Certificate
	for _, der := range header.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, malformedAssertion.because("x5c: " + err.Error())
		}
		chain = append(chain, cert)
	}
	leaf := chain[0]
	if !header.names(leaf) {
		return nil, malformedAssertion.because("x5c begins with another certificate than the one that the thumbprint names")
	}
	names := append([]string{leaf.Subject.CommonName}, leaf.DNSNames...)
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	no := wrongSubjectName.because(strings.Join(names, ", "))
	for _, registered := range s.registration.subjects {
		if !slices.Contains(names, registered.name) {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(registered.issuer)
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: s.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return leaf, nil
		}
		no = invalidSignature.because(err, thumbprint(leaf))
	}
	return nil, no
}

// names says whether the thumbprints of the header, as many as it has, are those of the certificate.
func (h *jwtHeader) names(cert *x509.Certificate) bool {
	long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw) //nolint:gosec // see above
	return (h.SHA256 == "" || isBase64(h.SHA256, long[:])) && (h.SHA1 == "" || isBase64(h.SHA1, short[:]))
}

// isBase64 compares in either alphabet, with padding or without: MSAL for Go writes x5t#S256 as no standard says.
func isBase64(text string, want []byte) bool {
	text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
	return text == base64.RawURLEncoding.EncodeToString(want)
}

// thumbprint is the SHA-1 thumbprint, as the portal shows it.
func thumbprint(cert *x509.Certificate) string {
	return fmt.Sprintf("%X", sha1.Sum(cert.Raw)) //nolint:gosec // see above
}

// isAudience says whether an assertion for this audience is for the token endpoint, or for its issuer.
func (c *entraCall) isAudience(audience string) bool {
	tenant := c.origin + "/" + c.tenant
	return strings.EqualFold(audience, tenant+"/oauth2/v2.0/token") || strings.EqualFold(audience, tenant+"/v2.0")
}

// checkTimes checks that the assertion is valid now, give or take the difference of two clocks.
func (s *Server) checkTimes(claims *jwtClaims) *refusal {
	now := s.now()
	if now.Add(clockSkew).Before(claims.NotBefore.Time) || !now.Add(-clockSkew).Before(claims.Expires.Time) {
		return claims.notValid(now)
	}
	return nil
}

func (c *jwtClaims) notValid(now time.Time) *refusal {
	return outsideValidity.because(now.Format(time.RFC3339Nano),
		c.NotBefore.Format(time.RFC3339Nano), c.Expires.Format(time.RFC3339Nano))
}

// checkReplay lets each assertion be used once. It forgets those that are no longer valid.
func (s *Server) checkReplay(claims *jwtClaims) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	maps.DeleteFunc(s.signIns.assertions, func(_ string, until time.Time) bool { return now.After(until) })
	if _, used := s.signIns.assertions[claims.ID]; used {
		return replayedAssertion.because()
	}
	s.signIns.assertions[claims.ID] = claims.Expires.Add(clockSkew)
	return nil
}
