// Package lenientx509 parses certificates that Windows and OpenSSL accept and crypto/x509 rejects.
package lenientx509

import (
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// ParseStrict parses a certificate like x509.ParseCertificate, except that it rejects one with further values behind its
// members, which crypto/x509 passes over: a private key could be there.
func ParseStrict(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if _, err := split(der); err != nil {
		return nil, err
	}
	return cert, nil
}

// Parse parses a certificate like ParseStrict. What that accepts comes out the same. In addition, Parse accepts certificates
// with:
//
//   - a serial number that is negative or has superfluous leading octets. SerialNumber is its signed value;
//   - a public key that crypto/x509 cannot use, for example on a curve other than the NIST ones or with explicit curve
//     parameters. PublicKeyAlgorithm is then set (ECDSA for any curve), and PublicKey is nil;
//   - names with string types or characters that crypto/x509 does not know, and times in forms other than that of RFC 5280;
//   - different encodings of the signature algorithm inside and outside the signed part. SignatureAlgorithm is the inner one;
//   - extensions that occur twice, that cannot be parsed, or that must not be critical but are. All are in Extensions. The
//     fields of one that cannot be parsed are zero, and if it is critical, it is in UnhandledCriticalExtensions.
//
// It does so by parsing a copy without these parts, which it reads by itself. Raw, RawTBSCertificate, RawSubject, RawIssuer,
// RawSubjectPublicKeyInfo, SerialNumber and Extensions are those of der, so CheckSignature and Equal work as usual.
// If the copy cannot be parsed either, or der is longer than 64 KiB or has more than 50 extensions, the error is that of
// ParseStrict.
func Parse(der []byte) (*x509.Certificate, error) {
	cert, strictErr := ParseStrict(der)
	if strictErr == nil || len(der) > maxSize {
		return cert, strictErr
	}
	original, err := split(slices.Clone(der))
	if err != nil {
		return nil, strictErr
	}
	if cert, err = original.parse(); err != nil {
		return nil, strictErr
	}
	return cert, nil
}

// Expiration returns when a certificate expires. It accepts what Parse does, but builds nothing in memory, and does not read
// what serial numbers, algorithms, keys and extensions say.
func Expiration(der []byte) (time.Time, error) {
	p, err := split(der)
	if err != nil {
		return time.Time{}, err
	}
	return parseTime(p.notAfter)
}

// These limit the work: each extension is tried on its own.
const (
	maxSize       = 64 << 10
	maxExtensions = 50
)

// parse parses a copy of what crypto/x509 knows how to read, and reads the rest.
func (p parts) parse() (*x509.Certificate, error) {
	readable, extensions, unreadable, err := p.readExtensions()
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(encodeCertificate(p.version, p.algorithm, p.uniqueIDs, readable, p.signature))
	if err != nil {
		return nil, err
	}
	if cert.NotBefore, err = parseTime(p.notBefore); err != nil {
		return nil, err
	}
	if cert.NotAfter, err = parseTime(p.notAfter); err != nil {
		return nil, err
	}
	issuer, err := dn.Decode(p.issuer)
	if err != nil {
		return nil, err
	}
	subject, err := dn.Decode(p.subject)
	if err != nil {
		return nil, err
	}
	cert.Issuer.FillFromRDNSequence(&issuer)
	cert.Subject.FillFromRDNSequence(&subject)
	cert.PublicKey, cert.PublicKeyAlgorithm = parsePublicKey(p.publicKey)
	cert.SerialNumber = signedInteger(p.serial)
	cert.Raw, cert.RawTBSCertificate = p.raw, p.toBeSigned
	cert.RawIssuer, cert.RawSubject, cert.RawSubjectPublicKeyInfo = p.issuer, p.subject, p.publicKey
	cert.Extensions = extensions
	cert.UnhandledCriticalExtensions = append(cert.UnhandledCriticalExtensions, unreadable...)
	return cert, nil
}

// encodeCertificate returns a certificate with some parts, and nothing in the others that could be wrong.
func encodeCertificate(version, algorithm, uniqueIDs, extensions, signature []byte) []byte {
	empty := encode(tagSequence)
	date := encode(asn1.TagGeneralizedTime, []byte("20260101000000Z"))
	serial := encode(asn1.TagInteger, []byte{1})
	publicKey := encode(tagSequence, unknownAlgorithm, noBits)
	if len(extensions) > 0 {
		extensions = encode(tagExtensions, encode(tagSequence, extensions))
	}
	toBeSigned := encode(tagSequence, version, serial, algorithm, empty, encode(tagSequence, date, date), empty,
		publicKey, uniqueIDs, extensions)
	return encode(tagSequence, toBeSigned, algorithm, signature)
}

// What stands for a part that does not matter.
var (
	version3         = []byte{0xa0, 3, asn1.TagInteger, 1, 2}
	unknownAlgorithm = encode(tagSequence, []byte{asn1.TagOID, 1, 0})
	noBits           = []byte{asn1.TagBitString, 1, 0}
)

// signedInteger is the value of an INTEGER, in two's complement with any number of leading octets.
func signedInteger(octets []byte) *big.Int {
	value := new(big.Int).SetBytes(octets)
	if octets[0]&0x80 != 0 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(len(octets))*8))
	}
	return value
}

// parseTime reads a time with or without seconds, fractions of them, and an offset, as X.680 allows it.
func parseTime(value ber.Value) (time.Time, error) {
	var layouts []string
	switch value.Tag {
	case asn1.TagUTCTime:
		layouts = []string{"060102150405Z0700", "0601021504Z0700"}
	case asn1.TagGeneralizedTime:
		layouts = []string{"20060102150405Z0700", "200601021504Z0700", "2006010215Z0700", "20060102150405"}
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, string(value.Body))
		if err != nil {
			continue
		}
		const firstYearOfUTCTime = 1950 // RFC 5280, section 4.1.2.5.1; time.Parse begins with 1969
		if value.Tag == asn1.TagUTCTime && t.Year() >= firstYearOfUTCTime+100 {
			t = t.AddDate(-100, 0, 0)
		}
		return t.UTC(), nil
	}
	return time.Time{}, errMalformed
}
