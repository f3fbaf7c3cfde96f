package codesign

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"software.sslmate.com/src/go-pkcs12"
)

// readPKCS12 reads the certificates of a container. Its private key says which of them is meant, and goes no further.
func readPKCS12(data []byte, password string) (*contents, error) {
	if iterates(data, maxNesting) {
		return nil, bad("is a PKCS #12 container that would take too long to open", nil)
	}
	key, cert, others, err := pkcs12.DecodeChain(data, password)
	if err == nil {
		certs := append(others, cert)
		return &contents{FormatPKCS12, certs, filter(certs, func(cert *x509.Certificate) bool { return belongs(cert, key) })}, nil
	}
	if trusted, notATrustStore := pkcs12.DecodeTrustStore(data, password); notATrustStore == nil {
		return &contents{format: FormatPKCS12, certs: trusted}, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) || errors.Is(err, pkcs12.ErrDecryption) {
		err = ErrIncorrectPassword
	}
	return nil, bad("is a PKCS #12 container that cannot be opened", err)
}

func belongs(cert *x509.Certificate, key any) bool {
	signer, isSigner := key.(crypto.Signer)
	public, isComparable := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return isSigner && isComparable && public.Equal(signer.Public())
}

// maxIterations is about a second of work. OpenSSL and Windows use some 2000, browsers up to 600,000.
const maxIterations = 1_000_000

// iterates says whether deriving a key from the password would take more than maxIterations. In all schemes that
// PKCS #12 uses, the count is the INTEGER after the OCTET STRING of the salt (RFC 7292, section 4 and appendix C; RFC 8018,
// appendix A). Only what is not encrypted itself can be looked at.
func iterates(data []byte, levels int) bool {
	afterSalt := false
	for len(data) > 0 && levels > 0 {
		var value asn1.RawValue
		rest, err := asn1.Unmarshal(data, &value)
		if err != nil {
			return false
		}
		universal := value.Class == asn1.ClassUniversal
		isCount := universal && value.Tag == asn1.TagInteger && afterSalt
		if isCount && new(big.Int).SetBytes(value.Bytes).Cmp(big.NewInt(maxIterations)) > 0 {
			return true
		}
		afterSalt = universal && value.Tag == asn1.TagOctetString
		if (value.IsCompound || afterSalt) && iterates(value.Bytes, levels-1) {
			return true
		}
		data = rest
	}
	return false
}
