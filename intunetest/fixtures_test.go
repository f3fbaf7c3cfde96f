package intunetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// example is the request of https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
const example = `{
  "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate",
  "content": "Y29udGVudA==",
  "status": "provisioned",
  "subjectName": "Subject Name value",
  "subject": "Subject value",
  "issuerName": "Issuer Name value",
  "issuer": "Issuer value",
  "expirationDateTime": "2016-12-31T23:57:57.2481234-08:00",
  "uploadDateTime": "2016-12-31T23:58:46.5747426-08:00"
}`

func makeCertificate(t *testing.T) (der []byte, notAfter time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	notAfter = time.Date(2027, 6, 5, 4, 3, 2, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter,
		Subject: pkix.Name{CommonName: "Contoso", Province: []string{"Washington"}, Country: []string{"US"}},
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "Contoso CA", Country: []string{"US"}}}
	der, err = x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, notAfter
}
