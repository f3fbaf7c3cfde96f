package codesign

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
)

// The object identifiers that are looked for, encoded without tag and length.
const (
	oidSignedData      = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"     // 1.2.840.113549.1.7.2
	oidNestedSignature = "\x2b\x06\x01\x04\x01\x82\x37\x02\x04\x01" // 1.3.6.1.4.1.311.2.4.1
)

// These limit the work for PKCS #7. A hostile file may hold thousands of tiny certificates, each of which takes much more
// memory when it is parsed.
const (
	maxCount      = 500
	maxTotal      = 1 << 20
	maxOdd        = 32 // certificates that crypto/x509 rejects
	maxSignatures = 16 // nested in each other or side by side
)

var errTooMany = errors.New("it holds too many certificates")

// isPKCS7 says whether data is a ContentInfo (RFC 5652, section 3), which begins with its type.
func isPKCS7(data []byte) bool { return firstInSequence(data).Tag == ber.OID }

// readPKCS7 reads the certificates of a SignedData, and who has signed it. Without a signature, it is a bag of certificates.
func readPKCS7(data []byte, format Format) (*contents, error) {
	return (&signedDataReader{format: format}).readFile(data)
}

// readSignature reads the PKCS #7 by which a program or package is signed.
func readSignature(data []byte, format Format) (*contents, error) {
	return (&signedDataReader{format: format}).readSignature(data)
}

// signedDataReader reads the SignedData of a file: one or several, with those that are nested in them. The limits are for all
// of them together.
type signedDataReader struct {
	format            Format
	count, odd, total int // of certificates, of those that crypto/x509 rejects, and of bytes, so far
	signatures        int
}

func (r *signedDataReader) readSignature(data []byte) (*contents, error) {
	held, err := r.readFile(data)
	if err == nil && len(held.signers) == 0 {
		return nil, bad("holds PKCS #7 data without a signature", nil)
	}
	return held, err
}

func (r *signedDataReader) readFile(data []byte) (*contents, error) {
	before := r.signatures
	held, err := r.read(data)
	switch {
	case err != nil:
		return nil, bad("holds PKCS #7 data that cannot be read", err)
	case r.signatures == before || len(held.signers) > 0:
		return held, nil
	case len(held.unreadable) > 0:
		return nil, held.unreadable[0]
	}
	return nil, bad("is signed, but without the certificate of the signer", nil)
}

// read returns what a SignedData holds. Bytes behind it do not matter: installers of browsers note there who has downloaded
// them.
//
//	ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT SignedData }
//	SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo, certificates [0], crls [1], signerInfos }
func (r *signedDataReader) read(data []byte) (*contents, error) {
	outer, _, err := ber.Next(data)
	if err != nil {
		return nil, err
	}
	if kind := outer.Child(0); string(kind.Body) != oidSignedData {
		return nil, errors.New("it is encrypted, or has another type without certificates")
	}
	parts, err := outer.Child(1).Child(0).Children(3, 6)
	if err != nil {
		return nil, err
	}
	held := &contents{format: r.format}
	for _, part := range parts[3:] {
		switch part.Tag {
		case ber.Context(0):
			err = r.readCertificates(part.Body, held)
		case ber.Set:
			err = r.readSigners(part, held)
		}
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}

// readCertificates reads CertificateSet. One that cannot be read does not hide the others. Attribute certificates, which
// have a tag of their own, are passed over.
func (r *signedDataReader) readCertificates(set []byte, held *contents) error {
	for len(set) > 0 {
		value, rest, err := ber.Next(set)
		if err != nil {
			return err
		}
		set = rest
		if value.Tag != ber.Sequence {
			continue
		}
		r.count++
		if r.total += len(value.Raw); r.count > maxCount || r.total > maxTotal {
			return errTooMany
		}
		cert, err := r.parse(value.Raw)
		if err != nil {
			held.unreadable = append(held.unreadable, bad("holds a certificate that cannot be read", err))
			continue
		}
		held.certs = append(held.certs, cert)
	}
	return nil
}

func (r *signedDataReader) parse(der []byte) (*x509.Certificate, error) {
	cert, err := lenientx509.ParseStrict(der)
	if err != nil && r.odd < maxOdd {
		r.odd++
		cert, err = lenientx509.Parse(der)
	}
	return cert, err
}

// readSigners reads SignerInfos, a SET OF SignerInfo.
//
//	SignerInfo ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0], signatureAlgorithm, signature, unsignedAttrs [1] }
func (r *signedDataReader) readSigners(set ber.Value, held *contents) error {
	infos, err := set.Children(0, maxSignatures)
	if err != nil {
		return err
	}
	for _, info := range infos {
		r.signatures++
		parts, err := info.Children(2, 7)
		if err != nil {
			return err
		}
		isSigner, err := parseSignerID(parts[1])
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(held.certs, isSigner); i >= 0 {
			held.signers = append(held.signers, held.certs[i])
		}
		if last := parts[len(parts)-1]; last.Tag == ber.Context(1) {
			held.others = append(held.others, r.readNested(last.Body)...)
		}
	}
	return nil
}

// parseSignerID returns whether a certificate is the one that a SignerIdentifier names: by its issuer and serial number, or
// by its key, SignerIdentifier ::= CHOICE { SEQUENCE { issuer, serialNumber }, [0] IMPLICIT SubjectKeyIdentifier }.
func parseSignerID(id ber.Value) (func(*x509.Certificate) bool, error) {
	if id.Is(ber.Context(0)) {
		keyID, err := id.Octets()
		return func(cert *x509.Certificate) bool { return bytes.Equal(cert.SubjectKeyId, keyID) }, err
	}
	issuer, serial := id.Child(0).Raw, id.Child(1).Body
	return func(cert *x509.Certificate) bool {
		return bytes.Equal(cert.RawIssuer, issuer) && bytes.Equal(serialOctets(cert), minimal(serial))
	}, nil
}

// readNested reads the unsigned attributes, in which a program has its second signature (signtool's /as, osslsigncode's
// -nest). One that cannot be read does not matter to the first.
func (r *signedDataReader) readNested(attributes []byte) (found []*contents) {
	for len(attributes) > 0 {
		attribute, rest, err := ber.Next(attributes)
		if err != nil {
			return found
		}
		attributes = rest
		if kind := attribute.Child(0); string(kind.Body) != oidNestedSignature {
			continue
		}
		nested, _ := attribute.Child(1).Children(0, maxSignatures)
		for _, signature := range nested {
			if r.signatures++; r.signatures > maxSignatures {
				return found
			}
			if held, err := r.read(signature.Raw); err == nil {
				found = append(append(found, held), held.others...)
			}
		}
	}
	return found
}
