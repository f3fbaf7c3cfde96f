package codesign

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// contents is what a file holds.
type contents struct {
	format  Format
	certs   []*x509.Certificate
	signers []*x509.Certificate // those of certs that the file itself points out, if it does
}

// choose says which of the certificates is meant: the one with the thumbprint, where that is given.
func (held *contents) choose(thumbprint *string) (*Certificate, error) {
	certs, candidates := distinct(held.certs), distinct(held.signers)
	switch {
	case len(certs) == 0:
		return nil, bad("holds no certificate", nil)
	case thumbprint != nil:
		candidates = filter(certs, func(cert *x509.Certificate) bool { return thumbprintOf(cert) == *thumbprint })
		if len(candidates) == 0 {
			return nil, bad("holds no certificate with the thumbprint "+*thumbprint, nil)
		}
	case len(candidates) == 0:
		candidates = leaves(certs)
	}
	switch len(candidates) {
	case 0:
		return nil, bad("holds no certificate for code signing", &AmbiguousError{certs})
	case 1:
		return &Certificate{Leaf: candidates[0], Chain: chain(candidates[0], certs), Format: held.format}, nil
	}
	return nil, bad("is ambiguous", &AmbiguousError{candidates})
}

// leaves returns the certificates that may be meant where nothing says which. One that stands alone is; of several, those
// for code signing, or else those that are for everything. None is a CA, nor has it issued another.
func leaves(certs []*x509.Certificate) []*x509.Certificate {
	if len(certs) == 1 {
		return certs
	}
	ends := filter(certs, func(cert *x509.Certificate) bool { return !cert.IsCA && !issuedAny(cert, certs) })
	signing := filter(ends, func(cert *x509.Certificate) bool {
		return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
	})
	if len(signing) > 0 {
		return signing
	}
	return filter(ends, func(cert *x509.Certificate) bool {
		return len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
	})
}

// chain returns the certificates other than leaf: its issuer, that one's issuer and so on, then the rest as they came.
func chain(leaf *x509.Certificate, certs []*x509.Certificate) (chain []*x509.Certificate) {
	rest := filter(certs, func(cert *x509.Certificate) bool { return !cert.Equal(leaf) })
	for last := leaf; ; {
		i := slices.IndexFunc(rest, func(cert *x509.Certificate) bool { return issued(cert, last) })
		if i < 0 {
			return append(chain, rest...)
		}
		last = rest[i]
		chain = append(chain, last)
		rest = slices.Delete(rest, i, i+1)
	}
}

func issuedAny(cert *x509.Certificate, others []*x509.Certificate) bool {
	return slices.ContainsFunc(others, func(other *x509.Certificate) bool { return !other.Equal(cert) && issued(cert, other) })
}

// issued compares names and key identifiers. Signatures are not verified, as the package says.
func issued(issuer, cert *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, cert.RawIssuer) &&
		(len(issuer.SubjectKeyId) == 0 || len(cert.AuthorityKeyId) == 0 || bytes.Equal(issuer.SubjectKeyId, cert.AuthorityKeyId))
}

func filter(certs []*x509.Certificate, keep func(*x509.Certificate) bool) (kept []*x509.Certificate) {
	for _, cert := range certs {
		if keep(cert) {
			kept = append(kept, cert)
		}
	}
	return kept
}

func distinct(certs []*x509.Certificate) (distinct []*x509.Certificate) {
	for _, cert := range certs {
		if !slices.ContainsFunc(distinct, cert.Equal) {
			distinct = append(distinct, cert)
		}
	}
	return distinct
}
