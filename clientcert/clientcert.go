// Package clientcert reads the certificate by which an application signs in, with its private key, from a file.
//
//	chain, key, err := clientcert.Load("app.pfx", password)
//	…
//	client, err := intune.NewClient(intune.ClientCertificate(tenantID, clientID, chain, key))
//
// It is a package of its own because PKCS #12 takes a library that programs which sign in otherwise need not link.
package clientcert

import (
	"crypto"
	"crypto/x509"
	"errors"
	"os"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/keypair"
	"github.com/seed-230b9595/intune-go/internal/pfx"
	"github.com/seed-230b9595/intune-go/internal/privatekey"
)

// Load reads a certificate, its private key, and the issuers that come with them, from a PEM or PKCS #12 file. The format is
// recognised by the content; password is that of a PKCS #12 container. chain begins with the certificate of the key.
//
// It fits intune.EnvironmentCredentialWith. A file that cannot be used is an *intune.InputError; one that cannot be read is
// an *fs.PathError.
func Load(path, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	data, err := os.ReadFile(path) //nolint:gosec // the file that the caller names
	if err != nil {
		return nil, nil, err
	}
	if privatekey.Find(data) != privatekey.PKCS12 {
		chain, key, err = keypair.ParsePEM(data)
	} else if chain, key, err = pfx.Open(data, password); err == nil && key != nil {
		chain, err = keypair.Chain(chain, key)
	}
	if err == nil && key == nil || errors.Is(err, pfx.ErrNoKey) {
		return nil, nil, &intune.InputError{Name: path, Problem: "holds no private key: export the certificate with it"}
	}
	if err != nil {
		return nil, nil, &intune.InputError{Name: path, Problem: "cannot be used to sign in", Err: err}
	}
	return chain, key, nil
}
