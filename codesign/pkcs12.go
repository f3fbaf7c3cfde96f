package codesign

import (
	"crypto/x509"
	"errors"

	"github.com/seed-230b9595/intune-go/internal/keypair"
	"github.com/seed-230b9595/intune-go/internal/pfx"
)

// readPKCS12 reads the certificates of a container. Its private key says which of them is meant, and goes no further.
func readPKCS12(data []byte, password string) (*contents, error) {
	certs, key, err := pfx.Open(data, password)
	switch {
	case errors.Is(err, ErrIncorrectPassword) && password == "":
		return nil, bad("is a PKCS #12 container that needs a password", err)
	case errors.Is(err, pfx.ErrNoKey):
		return nil, bad("is a PKCS #12 container without a private key, which is not read: export the certificates as .p7b or .cer", nil)
	case err != nil:
		return nil, bad("is a PKCS #12 container that cannot be opened", err)
	}
	held := &contents{format: FormatPKCS12, certs: certs}
	if key == nil {
		return held, nil
	}
	held.signers = filter(certs, func(cert *x509.Certificate) bool { return keypair.IsPair(cert, key) })
	if len(held.signers) == 0 {
		return nil, bad("is a PKCS #12 container whose private key belongs to none of its certificates", nil)
	}
	return held, nil
}
