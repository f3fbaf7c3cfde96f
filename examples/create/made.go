package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"time"
)

// makeCertificate writes a self-signed code-signing certificate to a temporary .cer file. Its key is not kept.
func makeCertificate() (file string, err error) {
	const bits = 3072 // the least that code signing allows
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	name := pkix.Name{
		CommonName: "intune-go example (safe to delete)", Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
		Province: []string{"Washington"}, Country: []string{"US"},
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: name, Issuer: name,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp("", "contoso-*.cer")
	if err != nil {
		return "", err
	}
	if _, err := out.Write(der); err != nil {
		_ = out.Close()
		return "", err
	}
	return out.Name(), out.Close()
}
