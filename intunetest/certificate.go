package intunetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"
)

var made atomic.Int64 // certificates, each of which expires a second later

// NewCertificate returns a code-signing certificate for tests, issued by an untrusted authority and valid for 400 days. Its
// key is not kept, so it can't sign. Equal common names give equal subjects, as Rotate needs them; if commonName is "", it gets a
// unique name. Each certificate of a process expires at a different second, as those of an authority usually do. The
// functions in changes may change it before it is signed, for example its NotAfter.
//
//	expiring := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, 20) })
func NewCertificate(commonName string, changes ...func(*x509.Certificate)) *x509.Certificate {
	if commonName == "" {
		commonName = "Contoso " + rand.Text()[:8]
	}
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(rand.Text()[:16])),
		Subject: pkix.Name{
			CommonName: commonName, Organization: []string{"Contoso Ltd"}, Locality: []string{"Redmond"},
			Province: []string{"Washington"}, Country: []string{"US"},
		},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, 400).Add(-time.Hour + time.Duration(made.Add(1))*time.Second),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
	}
	for _, change := range changes {
		change(template)
	}
	authority := &x509.Certificate{Subject: pkix.Name{
		CommonName: "Contoso Code Signing CA", Organization: []string{"Contoso Ltd"}, Country: []string{"US"},
	}}
	cert, err := sign(template, authority)
	if err != nil {
		panic(fmt.Sprintf("intunetest: NewCertificate: %v", err))
	}
	return cert.Leaf
}

// sign makes a certificate with a new key.
func sign(template, issuer *x509.Certificate) (tls.Certificate, error) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader) // never fails
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
