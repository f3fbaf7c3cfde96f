package entra

// This file verifies the assertions by which an application signs in with a certificate. See
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials.

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // x5t is a SHA-1 thumbprint
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	assertionType        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	clockSkew            = 5 * time.Minute
	maxAssertionLifetime = 10 * time.Minute
)

// checkAssertion verifies an assertion of either kind.
func (s *Server) checkAssertion(c *call, text string) *rejection {
	if got := c.form.Get("client_assertion_type"); got != assertionType {
		return malformedRequest.because("the parameter 'client_assertion_type' is not " + assertionType)
	}
	assertion, err := parseJWT(text)
	if err != nil {
		return malformedAssertion.because(err)
	}
	if s.isFederated(assertion) {
		return s.checkFederated(assertion)
	}
	return s.checkOwnAssertion(c, assertion)
}

// checkOwnAssertion verifies what the application has signed with the key of its certificate.
func (s *Server) checkOwnAssertion(c *call, assertion *jwt) *rejection {
	claims := &assertion.claims
	switch {
	case !strings.EqualFold(assertion.header.Type, "JWT"):
		return malformedAssertion.because("the type is not JWT")
	case claims.ID == "":
		return malformedAssertion.because("it has no jti")
	case claims.Subject != claims.Issuer:
		return subjectIsNotIssuer.because()
	case !strings.EqualFold(claims.Issuer, s.config.ClientID):
		return assertionOfAnother.because()
	}
	if rejected := s.checkSignature(assertion); rejected != nil {
		return rejected
	}
	if !slices.ContainsFunc(claims.Audience, func(audience string) bool { return s.isAudience(c, audience) }) {
		return wrongAudience.because()
	}
	if rejected := s.checkTimes(claims); rejected != nil {
		return rejected
	}
	if now := s.config.Now(); claims.Expires.After(now.Add(maxAssertionLifetime + clockSkew)) {
		return claims.notValid(now)
	}
	return nil
}

// checkSignature finds the certificate by the header, and verifies the signature with its key.
func (s *Server) checkSignature(assertion *jwt) *rejection {
	header := &assertion.header
	if header.SHA1 == "" && header.SHA256 == "" && len(header.Chain) == 0 {
		return missingThumbprint.because()
	}
	cert, rejected := s.findCertificate(header)
	if rejected != nil {
		return rejected
	}
	invalid := func(reason string) *rejection { return invalidSignature.because(reason, thumbprint(cert)) }
	if err := assertion.verify(cert.PublicKey); err != nil {
		return invalid("Client assertion failed signature validation.")
	}
	if now := s.config.Now(); now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return invalid(fmt.Sprintf("The key used is expired., Found key 'Start=%s, End=%s'",
			cert.NotBefore.Format(time.RFC3339), cert.NotAfter.Format(time.RFC3339)))
	}
	return nil
}

// findCertificate finds a registered certificate, or the one in x5c if a registered issuer has issued it.
func (s *Server) findCertificate(header *jwtHeader) (*x509.Certificate, *rejection) {
	if header.SHA1 != "" || header.SHA256 != "" {
		for _, cert := range s.config.Certificates {
			if header.names(cert) {
				return cert, nil
			}
		}
	}
	if len(header.Chain) > 0 && len(s.config.Subjects) > 0 {
		return s.checkChain(header)
	}
	return nil, invalidSignature.because("The key was not found.", cmp.Or(header.SHA256, header.SHA1))
}

// checkChain finds the registered issuer and name to which the certificate in x5c belongs.
func (s *Server) checkChain(header *jwtHeader) (*x509.Certificate, *rejection) {
	chain, err := x509.ParseCertificates(slices.Concat(header.Chain...))
	if err != nil || len(chain) == 0 {
		return nil, malformedAssertion.because("a certificate in x5c cannot be read")
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
	rejected := wrongSubjectName.because(strings.Join(names, ", "))
	for _, registered := range s.config.Subjects {
		if !slices.Contains(names, registered.Name) {
			continue
		}
		roots := x509.NewCertPool()
		roots.AddCert(registered.Issuer)
		_, err := leaf.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: s.config.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return leaf, nil
		}
		rejected = invalidSignature.because("The certificate chain does not lead to the registered issuer.", thumbprint(leaf))
	}
	return nil, rejected
}

// names reports whether the thumbprints of the header, as many as it has, are those of the certificate.
func (h *jwtHeader) names(cert *x509.Certificate) bool {
	long, short := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw) //nolint:gosec // see above
	return (h.SHA256 == "" || isBase64(h.SHA256, long[:])) && (h.SHA1 == "" || isBase64(h.SHA1, short[:]))
}

// isBase64 compares in either alphabet, with padding or without: MSAL for Go writes x5t#S256 in a form that no standard has.
func isBase64(text string, want []byte) bool {
	text = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(text)
	return text == base64.RawURLEncoding.EncodeToString(want)
}

// thumbprint is the SHA-1 thumbprint, as the portal shows it.
func thumbprint(cert *x509.Certificate) string {
	return fmt.Sprintf("%X", sha1.Sum(cert.Raw)) //nolint:gosec // see above
}

// isAudience reports whether an assertion for this audience is for the token endpoint or for its issuer, with the tenant
// as the path spells it or by its id.
func (s *Server) isAudience(c *call, audience string) bool {
	for _, tenant := range []string{c.tenant, s.config.TenantID} {
		base := c.origin + "/" + tenant
		if strings.EqualFold(audience, base+"/oauth2/v2.0/token") || strings.EqualFold(audience, base+"/oauth2/token") || strings.EqualFold(audience, base+"/v2.0") {
			return true
		}
	}
	return false
}

// checkTimes checks that the assertion is valid now, with a tolerance for the difference of two clocks.
func (s *Server) checkTimes(claims *jwtClaims) *rejection {
	now := s.config.Now()
	if now.Add(clockSkew).Before(claims.NotBefore.Time) || !now.Add(-clockSkew).Before(claims.Expires.Time) {
		return claims.notValid(now)
	}
	return nil
}

func (c *jwtClaims) notValid(now time.Time) *rejection {
	return outsideValidity.because(now.Format(time.RFC3339Nano),
		c.NotBefore.Format(time.RFC3339Nano), c.Expires.Format(time.RFC3339Nano))
}
