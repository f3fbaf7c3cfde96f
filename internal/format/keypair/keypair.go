// Package keypair reads a certificate and its private key from PEM.
package keypair

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/format/lenientx509"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

// ParsePEM reads one private key, that is not encrypted, its certificate and the other certificates around them, in any
// order, in whatever encodings the text is wrapped. chain begins with the certificate of the key. Errors hold nothing of the
// key.
func ParsePEM(data []byte) (chain []*x509.Certificate, key crypto.Signer, err error) {
	var keys []crypto.Signer
	var certs []*x509.Certificate
	texts, _ := unwrap.Find(data, unwrap.IsPEM)
	for block := range unwrap.PEM(bytes.Join(texts, nil)) {
		switch {
		case strings.HasSuffix(block.Type, "CERTIFICATE"):
			cert, err := lenientx509.Parse(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("a certificate cannot be read: %w", err)
			}
			certs = append(certs, cert)
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return nil, nil, errors.New("the private key is encrypted, which is supported only in PKCS #12: convert the file with openssl pkcs12 -export")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key, err := parseKey(block)
			if err != nil {
				return nil, nil, err
			}
			keys = append(keys, key)
		}
	}
	switch {
	case len(keys) == 0 && len(certs) == 0 && !holdsCertificate(data):
		return nil, nil, errors.New("it " + cmp.Or(unwrap.Mistake(data), "is neither PEM nor PKCS #12"))
	case len(keys) == 0:
		return nil, nil, errors.New("it holds a certificate without its private key")
	case len(keys) > 1:
		return nil, nil, fmt.Errorf("it holds %d private keys instead of one", len(keys))
	}
	chain, err = Chain(certs, keys[0])
	return chain, keys[0], err
}

// holdsCertificate reports whether data is a certificate that is not in PEM, or holds one.
func holdsCertificate(data []byte) bool {
	found, _ := unwrap.Find(data, func(layer []byte) bool {
		_, err := lenientx509.Parse(layer)
		return err == nil
	})
	return len(found) > 0
}

// parseKey says of an error no more than that there was one, because others could quote the key.
func parseKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if signer, ok := key.(crypto.Signer); ok && err == nil {
		return signer, nil
	}
	return nil, errors.New("the private key cannot be read")
}

// Chain puts the certificate of key in front.
func Chain(certs []*x509.Certificate, key crypto.Signer) ([]*x509.Certificate, error) {
	i := slices.IndexFunc(certs, func(cert *x509.Certificate) bool {
		public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		return ok && public.Equal(key.Public())
	})
	if i < 0 {
		return nil, errors.New("it has no certificate for its private key")
	}
	return slices.Concat(certs[i:i+1], certs[:i], certs[i+1:]), nil
}
