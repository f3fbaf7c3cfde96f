package interop_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

// issue makes a certificate of issuer's, or one that signs itself where issuer is nil.
func issue(tb testing.TB, name string, issuer *pair) *pair {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: issuer == nil, BasicConstraintsValid: true,
	}
	p := &pair{template, key}
	if issuer == nil {
		issuer = p
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		tb.Fatal(err)
	}
	if p.cert, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return p
}
