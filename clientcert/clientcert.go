// Package clientcert reads the certificate and the private key of an application from a file.
//
//	chain, key, err := clientcert.Load("app.pfx", password)
//	…
//	client, err := intune.NewClient(intune.ClientCertificateCredential(tenantID, clientID, chain, key))
//
// It is a separate package, so that programs that sign in otherwise do not link the reader of PKCS #12.
package clientcert

import (
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/advice"
	"github.com/seed-230b9595/intune-go/internal/format/keypair"
	"github.com/seed-230b9595/intune-go/internal/format/pfx"
	"github.com/seed-230b9595/intune-go/internal/format/regularfile"
	"github.com/seed-230b9595/intune-go/internal/format/unwrap"
)

// maxSize is many times the size of a certificate with its chain and key.
const maxSize = 256 << 10

// Load reads a certificate, its private key and the issuers in the same file. The file is PEM or PKCS #12, or the base64
// text of either, as key vaults and CI secrets store it. The content decides, not the name. password is for a PKCS #12
// container. chain begins with the certificate of the key. Pass chain and key to [intune.ClientCertificateCredential], or
// Load to [intune.EnvironmentCredentialWith].
//
// The file must be a regular file, or a link to one, of at most 256 KiB. Pipes and devices are not opened.
//
// If the file can't be used, the error is an [*intune.InputError]. File system errors are [*io/fs.PathError].
func Load(path, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	data, err := regularfile.ReadAll(path, maxSize)
	switch {
	case regularfile.IsUnusable(err):
		return nil, nil, &intune.InputError{Name: path, Problem: err.Error()}
	case err != nil:
		return nil, nil, err
	}
	return parse(path, data, password)
}

// Parse is like [Load], but reads the content of a file, such as a secret.
func Parse(data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	if len(data) > maxSize {
		return nil, nil, &intune.InputError{Name: "certificate", Problem: fmt.Sprintf("is too large: at most %d bytes are read", maxSize)}
	}
	return parse("certificate", data, password)
}

func parse(name string, data []byte, password string) (chain []*x509.Certificate, key crypto.Signer, err error) {
	containers, _ := unwrap.Find(data, pfx.IsContainer)
	switch len(containers) {
	case 0:
		chain, key, err = keypair.ParsePEM(data)
	case 1:
		if chain, key, err = pfx.ReadKey(containers[0], password); err == nil && key != nil {
			chain, err = keypair.Chain(chain, key)
		}
	default:
		err = errors.New("it holds more than one PKCS #12 container")
	}
	if errors.Is(err, pfx.ErrIncorrectPassword) && password == "" {
		err = advice.To(err, "pass it to Load or Parse of clientcert; EnvironmentCredentialWith takes it from AZURE_CLIENT_CERTIFICATE_PASSWORD")
	}
	if err == nil && key == nil {
		return nil, nil, &intune.InputError{Name: name, Problem: "holds no private key: export the certificate with it"}
	}
	if err != nil {
		return nil, nil, &intune.InputError{Name: name, Problem: "cannot be used to sign in", Err: err}
	}
	return chain, key, nil
}
