package example

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// MakeCertificate makes a code-signing certificate, of an authority that does not exist. No key is kept, so that two of the
// same name and dates are what a certificate authority issues for a new key.
func MakeCertificate(commonName string, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // the least that code signing allows
	if err != nil {
		return nil, err
	}
	return IssueCertificate(&key.PublicKey, commonName, notBefore, notAfter)
}

// IssueCertificate is MakeCertificate for a key of the caller's.
func IssueCertificate(public crypto.PublicKey, commonName string, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	name := func(commonName string) pkix.Name {
		return pkix.Name{
			CommonName: commonName, Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
			Province: []string{"Washington"}, Country: []string{"US"},
		}
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: name(commonName),
		NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
	}
	issuer := &x509.Certificate{Subject: name("intune-go example CA")}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, authority)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Object is the certificate as a JSON object with its id, which is not part of what the library would send.
func Object(cert *intune.EnterpriseCodeSigningCertificate) (map[string]any, error) {
	data, err := json.Marshal(cert)
	if err != nil {
		return nil, err
	}
	object := make(map[string]any)
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	object["id"] = cert.ID
	return object, nil
}
