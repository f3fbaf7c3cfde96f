// Package lenientx509 parses certificates that Windows and OpenSSL accept and crypto/x509 rejects.
package lenientx509

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

// ParseStrict parses a certificate like x509.ParseCertificate, except that it rejects one with further values behind its
// members, which crypto/x509 passes over: a private key could be there.
func ParseStrict(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err == nil && !isExact(der) {
		return nil, errMore
	}
	return cert, err
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
// It does so by parsing a copy in which these parts are replaced. Raw, RawTBSCertificate, RawSubject, RawIssuer,
// RawSubjectPublicKeyInfo, SerialNumber and Extensions are those of der, so CheckSignature and Equal work as usual.
// If the copy cannot be parsed either, or der is longer than 64 KiB or has more than 50 extensions, the error is that of
// ParseStrict.
func Parse(der []byte) (*x509.Certificate, error) {
	cert, strictErr := ParseStrict(der)
	if strictErr == nil || !isExact(der) || len(der) > maxSize {
		return cert, strictErr
	}
	original, err := split(slices.Clone(der))
	if err != nil {
		return nil, strictErr
	}
	cert, err = original.parse()
	if err != nil {
		return nil, strictErr
	}
	return cert, nil
}

// parts are the parts of a certificate (RFC 5280, section 4.1), each with its tag and length.
type parts struct {
	raw, toBeSigned               []byte
	version                       []byte // empty in version 1
	serial                        asn1.RawValue
	algorithm, issuer             []byte
	validity                      []byte
	subject, publicKey            []byte
	uniqueIDs                     []byte
	extensions                    []extension
	outerAlgorithm, signatureBits []byte
}

// These limit the work: each extension is tried on its own.
const (
	maxSize       = 64 << 10
	maxExtensions = 50
)

var (
	errMalformed = errors.New("lenientx509: malformed certificate")
	errMore      = errors.New("the certificate holds more than its members")
)

// isExact reports whether a certificate holds its members (RFC 5280, section 4.1) and no others, which crypto/x509 would pass
// over.
func isExact(der []byte) bool {
	outer, _, _ := ber.Next(der)
	signed, rest, _ := ber.Next(outer.Body)
	_, rest, _ = ber.Next(rest) // the algorithm
	if _, rest, _ = ber.Next(rest); len(rest) > 0 {
		return false
	}
	const class, contextSpecific, number = 0xc0, 0x80, 0x1f
	const required, lastOptional = 6, 3 // from serial number to public key; version is [0], extensions are [3]
	members, optional := 0, -1
	for inner := signed.Body; len(inner) > 0; {
		var member ber.Value
		var err error
		if member, inner, err = ber.Next(inner); err != nil {
			return false
		}
		if member.Tag&class != contextSpecific {
			members++
		} else if previous := optional; int(member.Tag&number) > previous {
			optional = int(member.Tag & number)
		} else {
			return false
		}
	}
	return members == required && optional <= lastOptional
}

// split takes a certificate apart.
func split(der []byte) (*parts, error) {
	outer, err := children(der, asn1.TagSequence)
	if err != nil || len(outer) != 3 {
		return nil, errMalformed
	}
	p := &parts{raw: der, toBeSigned: outer[0].FullBytes, outerAlgorithm: outer[1].FullBytes, signatureBits: outer[2].FullBytes}
	inner, err := children(p.toBeSigned, asn1.TagSequence)
	if err != nil {
		return nil, err
	}
	if len(inner) > 0 && isContext(inner[0], 0) {
		p.version, inner = inner[0].FullBytes, inner[1:]
	}
	if len(inner) < 6 || inner[0].Tag != asn1.TagInteger || len(inner[0].Bytes) == 0 {
		return nil, errMalformed
	}
	p.serial = inner[0]
	for i, field := range []*[]byte{&p.algorithm, &p.issuer, &p.validity, &p.subject, &p.publicKey} {
		*field = inner[i+1].FullBytes
	}
	for _, optional := range inner[6:] {
		if !isContext(optional, 3) {
			p.uniqueIDs = append(p.uniqueIDs, optional.FullBytes...)
			continue
		}
		if p.extensions, err = splitExtensions(optional.Bytes); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// parse parses a copy with replaced parts, and restores the original ones in the result.
func (p *parts) parse() (*x509.Certificate, error) {
	publicKey := replacePublicKey(p.publicKey)
	extensions, unreadable := replaceExtensions(p.extensions)
	if len(extensions) > 0 {
		extensions = encode(tagExtensions, encode(tagSequence, extensions))
	}
	toBeSigned := encode(tagSequence, p.version, placeholderSerial(), p.algorithm, replaceName(p.issuer),
		replaceValidity(p.validity), replaceName(p.subject), publicKey, p.uniqueIDs, extensions)
	cert, err := x509.ParseCertificate(encode(tagSequence, toBeSigned, p.algorithm, p.signatureBits))
	if err != nil {
		return nil, err
	}
	cert.Raw, cert.RawTBSCertificate = p.raw, p.toBeSigned
	cert.RawIssuer, cert.RawSubject, cert.RawSubjectPublicKeyInfo = p.issuer, p.subject, p.publicKey
	cert.SerialNumber = signedInteger(p.serial.Bytes)
	cert.PublicKeyAlgorithm = publicKeyAlgorithm(p.publicKey)
	cert.Extensions = nil
	for _, e := range p.extensions {
		cert.Extensions = append(cert.Extensions, e.Extension)
	}
	cert.UnhandledCriticalExtensions = append(cert.UnhandledCriticalExtensions, unreadable...)
	return cert, nil
}

// placeholderSerial is a serial number that crypto/x509 accepts.
func placeholderSerial() []byte { return []byte{asn1.TagInteger, 1, 1} }

// signedInteger is the value of an INTEGER, in two's complement with any number of leading octets.
func signedInteger(octets []byte) *big.Int {
	value := new(big.Int).SetBytes(octets)
	if octets[0]&0x80 != 0 {
		value.Sub(value, new(big.Int).Lsh(big.NewInt(1), uint(len(octets))*8))
	}
	return value
}
