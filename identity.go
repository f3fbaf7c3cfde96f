package intune

// This file says when two records are the same certificate.

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/dn"
)

// isSameDate compares a date with what a service has made of it, which may have cut it to a coarser unit.
func isSameDate(sent, kept time.Time) bool {
	for _, unit := range []time.Duration{tick, time.Microsecond, time.Millisecond, time.Second} {
		if sent.Truncate(unit).Equal(kept) {
			return true
		}
	}
	return false
}

// identity is what makes two records the same certificate. What is empty was not sent and is not compared.
type identity struct {
	content           []byte
	subjects, issuers []string // each name in every form that was sent
	expirations       []time.Time
}

func newIdentity(sent *EnterpriseCodeSigningCertificate) *identity {
	i := &identity{content: sent.Content}
	for _, cert := range []*EnterpriseCodeSigningCertificate{sent.parsed(), sent} {
		if subject := cmp.Or(cert.Subject, cert.SubjectName); subject != "" {
			i.subjects = append(i.subjects, subject)
		}
		if issuer := cmp.Or(cert.Issuer, cert.IssuerName); issuer != "" {
			i.issuers = append(i.issuers, issuer)
		}
		if !cert.ExpirationDateTime.IsZero() {
			i.expirations = append(i.expirations, cert.ExpirationDateTime)
		}
	}
	return i
}

// parsed is what Content says, nothing where it is not a certificate.
func (c *EnterpriseCodeSigningCertificate) parsed() *EnterpriseCodeSigningCertificate {
	cert, err := c.X509()
	if err != nil {
		return new(EnterpriseCodeSigningCertificate)
	}
	return FromX509(cert)
}

// match says whether a record is the same certificate, by "content" or by "names", or "".
func (i *identity) match(cert *EnterpriseCodeSigningCertificate) MatchedBy {
	if len(cert.Content) > 0 && len(i.content) > 0 {
		if bytes.Equal(cert.Content, i.content) {
			return MatchedByContent
		}
		return ""
	}
	if len(i.expirations) > 0 && !i.expires(cert) ||
		!hasName(i.subjects, cmp.Or(cert.Subject, cert.SubjectName)) ||
		len(i.issuers) > 0 && !hasName(i.issuers, cmp.Or(cert.Issuer, cert.IssuerName)) {
		return ""
	}
	return MatchedByNames
}

// expires says whether the certificate expires in the same second.
func (i *identity) expires(cert *EnterpriseCodeSigningCertificate) bool {
	return slices.ContainsFunc(i.expirations, func(t time.Time) bool { return t.Unix() == cert.ExpirationDateTime.Unix() })
}

func hasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return dn.Same(n, name) })
}
