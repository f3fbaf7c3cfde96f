package codesign

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
)

// contents has the contents of a file. A certificate may occur several times.
type contents struct {
	format Format
	certs  []*x509.Certificate

	// signers are those of certs that the file itself points out: the signer, or the owners of its private keys.
	signers []*x509.Certificate

	// others are the further signatures of a file, of which a thumbprint may choose the signer.
	others []*contents

	// unreadable says why some certificates are not in certs.
	unreadable []error

	hasKey bool // a private key
}

// add takes over what a part of a file holds.
func (held *contents) add(more *contents) {
	if held.format == "" {
		held.format = more.format
	}
	held.certs = append(held.certs, more.certs...)
	held.signers = append(held.signers, more.signers...)
	held.others = append(held.others, more.others...)
	held.unreadable = append(held.unreadable, more.unreadable...)
	held.hasKey = held.hasKey || more.hasKey
}

// choose says which of the certificates is meant: the one with the thumbprint, if that is given.
func (held *contents) choose(thumbprint *string) (*Certificate, error) {
	certs, candidates := distinct(held.certs), held.candidates()
	switch {
	case thumbprint != nil:
		return held.chooseByThumbprint(*thumbprint)
	case len(candidates) == 1:
		return held.certificate(candidates[0], certs), nil
	case len(candidates) > 1:
		return nil, bad("is ambiguous", &AmbiguousError{candidates})
	case len(held.unreadable) > 0:
		return nil, held.unreadable[0]
	case len(certs) == 0:
		return nil, bad("holds no certificate", nil)
	}
	return nil, bad("holds several certificates, and it is not clear which one is for code signing", &AmbiguousError{certs})
}

// chooseByThumbprint looks in all signatures, and takes the chain from the same one.
func (held *contents) chooseByThumbprint(thumbprint string) (*Certificate, error) {
	var candidates, all []*x509.Certificate
	for _, signature := range append([]*contents{held}, held.others...) {
		certs := distinct(signature.certs)
		i := slices.IndexFunc(certs, func(cert *x509.Certificate) bool { return thumbprintOf(cert) == thumbprint })
		if i >= 0 {
			return held.certificate(certs[i], certs), nil
		}
		candidates, all = append(candidates, signature.candidates()...), append(all, certs...)
	}
	if len(candidates) == 0 {
		candidates = all
	}
	return nil, bad("holds no certificate with the thumbprint "+thumbprint, &AmbiguousError{distinct(candidates)})
}

func (held *contents) certificate(leaf *x509.Certificate, certs []*x509.Certificate) *Certificate {
	return &Certificate{Leaf: leaf, Chain: chain(leaf, certs), Format: held.format, isWithKey: held.hasKey}
}

// candidates returns the certificates that may be meant.
func (held *contents) candidates() []*x509.Certificate {
	certs := distinct(held.certs)
	if signers := distinct(held.signers); len(signers) > 0 {
		if ends := endEntities(signers, signers); len(ends) > 0 {
			return ends
		}
		return signers
	}
	if len(certs) == 1 && len(held.unreadable) == 0 {
		return certs
	}
	candidates := signing(endEntities(certs, certs))
	if len(held.unreadable) > 0 {
		return candidates
	}
	if len(candidates) == 0 {
		candidates = filter(endEntities(certs, certs), isForAnyUse)
	}
	return candidates
}

// endEntities returns the certificates that are no CA and have not issued another.
func endEntities(certs, all []*x509.Certificate) []*x509.Certificate {
	return filter(certs, func(cert *x509.Certificate) bool { return !cert.IsCA && !issuedAny(cert, all) })
}

// signing returns the certificates for code signing. Those with a key that crypto/x509 cannot use count only if there is no
// other, because Windows does not verify what they sign.
func signing(certs []*x509.Certificate) []*x509.Certificate {
	candidates := filter(certs, isForCodeSigning)
	if usable := filter(candidates, func(cert *x509.Certificate) bool { return cert.PublicKey != nil }); len(usable) > 0 {
		return usable
	}
	return candidates
}

func isForCodeSigning(cert *x509.Certificate) bool {
	return slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageCodeSigning)
}

// isForAnyUse reports whether cert may be used for everything: it has no extended key usage, or anyExtendedKeyUsage.
func isForAnyUse(cert *x509.Certificate) bool {
	return !hasExtension(cert, 2, 5, 29, 37) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func hasExtension(cert *x509.Certificate, id ...int) bool {
	return slices.ContainsFunc(cert.Extensions, func(extension pkix.Extension) bool { return slices.Equal(extension.Id, id) })
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

// distinct returns each certificate once.
func distinct(certs []*x509.Certificate) (distinct []*x509.Certificate) {
	seen := make(map[string]bool)
	for _, cert := range certs {
		if !seen[string(cert.Raw)] {
			seen[string(cert.Raw)] = true
			distinct = append(distinct, cert)
		}
	}
	return distinct
}
