package example

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// TimeLayout is how the examples print times, which are in UTC.
const TimeLayout = "2006-01-02 15:04:05 MST"

// MakeCertificate makes a self-signed code-signing certificate. Its key is not kept, so that two of the same name and dates
// are what a certificate authority issues for a new key.
func MakeCertificate(commonName string, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // the least that code signing allows
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	name := pkix.Name{
		CommonName: commonName, Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
		Province: []string{"Washington"}, Country: []string{"US"},
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: name, Issuer: name,
		NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// Load reads a certificate in DER or PEM. Its errors name the file.
func Load(file string) (*x509.Certificate, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%s: holds a PEM %s, not a CERTIFICATE", file, block.Type)
		}
		data = block.Bytes
	}
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("%s: not a certificate in DER or PEM: %w", file, err)
	}
	return cert, nil
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
