// Package pfx opens PKCS #12 containers that may be hostile.
package pfx

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"software.sslmate.com/src/go-pkcs12"
)

// ErrIncorrectPassword says that the container has another password.
var ErrIncorrectPassword = errors.New("the password is incorrect")

// ErrNoKey says that the container holds no private key, and such ones are not read.
var ErrNoKey = errors.New("it holds no private key")

// Open returns the certificates of a container, as they come, and its private key; key is nil for a trust store, which
// has none. A container that needs no password is opened with any.
func Open(data []byte, password string) (certs []*x509.Certificate, key crypto.Signer, err error) {
	if _, err := asn1.Unmarshal(data, new(asn1.RawValue)); err != nil {
		return nil, nil, errors.New("it is cut short or damaged")
	}
	if iterates(data, maxNesting) {
		return nil, nil, fmt.Errorf("it derives its key by more than %d iterations, which would take too long", maxIterations)
	}
	certs, key, err = decode(data, password)
	if err != nil && password != "" {
		if certs, key, err := decode(data, ""); err == nil {
			return certs, key, nil
		}
	}
	return certs, key, err
}

func decode(data []byte, password string) ([]*x509.Certificate, crypto.Signer, error) {
	private, cert, others, err := pkcs12.DecodeChain(data, password)
	if err == nil {
		signer, isSigner := private.(crypto.Signer)
		if !isSigner {
			return nil, nil, errors.New("its private key is not for signing")
		}
		return append([]*x509.Certificate{cert}, others...), signer, nil
	}
	if trusted, notATrustStore := pkcs12.DecodeTrustStore(data, password); notATrustStore == nil {
		return trusted, nil, nil
	}
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return nil, nil, ErrIncorrectPassword
	case err.Error() == "pkcs12: private key missing":
		return nil, nil, ErrNoKey
	}
	return nil, nil, err
}

const (
	// maxIterations is about a second of work. OpenSSL and Windows use some 2000, browsers up to 600,000.
	maxIterations = 1_000_000

	maxNesting = 64
)

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
