package codesign

import (
	"bytes"
	"crypto/x509"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// isDER says whether data begins like a certificate: with a SEQUENCE in a SEQUENCE.
func isDER(data []byte) bool { return firstInSequence(data).Tag == ber.Sequence }

// firstInSequence returns what stands first in the SEQUENCE that data begins with, complete or not.
func firstInSequence(data []byte) (first ber.Value) {
	if outer, _, err := ber.Beginning(data); err == nil && outer.Tag == ber.Sequence {
		first, _, _ = ber.Beginning(outer.Body)
	}
	return first
}

// certificatesOf returns data up to what is no SEQUENCE: a word behind base64 looks like part of it.
func certificatesOf(data []byte) []byte {
	rest := data
	for {
		value, behind, err := ber.Next(rest)
		if err != nil || value.Tag != ber.Sequence {
			break
		}
		rest = behind
	}
	if whole := data[:len(data)-len(rest)]; len(whole) > 0 {
		return whole
	}
	return data
}

// readDER reads certificates, one behind the other, up to the end or to the white space or zeros that some tools leave there.
func readDER(data []byte) (*contents, error) {
	held := &contents{format: FormatDER}
	for len(bytes.Trim(data, " \t\r\n\x00")) > 0 {
		value, rest, err := ber.Next(data)
		if err != nil {
			return nil, held.noCertificateIn(data, err)
		}
		cert, err := lenientx509.Parse(value.Raw)
		if err != nil {
			return nil, held.noCertificateIn(value.Raw, err)
		}
		held.certs = append(held.certs, cert)
		data = rest
	}
	return held, nil
}

// noCertificateIn says what data is instead.
func (held *contents) noCertificateIn(der []byte, err error) error {
	if len(held.certs) > 0 {
		return bad("has other data after the certificate: export only the certificate", err)
	}
	if _, err := x509.ParseCertificateRequest(der); err == nil {
		return onlyRequest()
	}
	if _, err := x509.ParseRevocationList(der); err == nil {
		return bad("holds a revocation list instead of a certificate", nil)
	}
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return bad("holds a public key: the certificate is in another file", nil)
	}
	return bad("holds no certificate that can be read", err)
}
