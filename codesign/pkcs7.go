package codesign

import (
	"bytes"
	"crypto/x509"

	"github.com/smallstep/pkcs7"

	"github.com/seed-230b9595/intune-go/internal/der"
)

// maxNesting bounds what a hostile file makes the parser do; a signature with a time stamp inside has about twenty levels.
const maxNesting = 64

// isPKCS7 says whether data is a ContentInfo (RFC 5652, section 3), which begins with its type.
func isPKCS7(data []byte) bool {
	outer, _, _ := der.Next(data)
	first, _, ok := der.Next(outer.Body)
	return ok && outer.Tag == der.Sequence && first.Tag == der.OID
}

// parsePKCS7 returns the certificates of a SignedData, and those among them that have signed it.
func parsePKCS7(data []byte) (certs, signers []*x509.Certificate, err error) {
	if der.IsDeep(data, maxNesting) {
		return nil, nil, bad("holds PKCS #7 that is nested too deeply", nil)
	}
	parsed, err := pkcs7.Parse(data)
	if err != nil {
		return nil, nil, bad("holds PKCS #7 that cannot be read", err)
	}
	for _, signer := range parsed.Signers {
		id := signer.IssuerAndSerialNumber
		for _, cert := range parsed.Certificates {
			if bytes.Equal(cert.RawIssuer, id.IssuerName.FullBytes) && cert.SerialNumber.Cmp(id.SerialNumber) == 0 {
				signers = append(signers, cert)
			}
		}
	}
	return parsed.Certificates, signers, nil
}

// maxSignature bounds the signature of a program or package. A program's may hold a hash of each of its pages.
const maxSignature = 1 << 20

// readSignature reads the PKCS #7 by which a program or package is signed.
func readSignature(data []byte, format Format) (*contents, error) {
	certs, signers, err := parsePKCS7(data)
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, bad("is signed, but without the certificate of the signer", nil)
	}
	return &contents{format, certs, signers}, nil
}
