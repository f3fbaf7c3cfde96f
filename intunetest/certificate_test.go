package intunetest_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// The names in a certificate of NewCertificate("Contoso"), as Windows writes them.
const (
	subjectOfContoso = "CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US"
	issuerOfContoso  = "CN=Contoso Code Signing CA, O=Contoso Ltd, C=US"
)

func TestNewCertificateHasNoFindings(t *testing.T) {
	cert, err := codesign.Parse(intunetest.NewCertificate("").Raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range cert.Check(time.Now()) {
		t.Error(finding)
	}
}

func TestNewCertificateIsNewEachTime(t *testing.T) {
	a, b := intunetest.NewCertificate(""), intunetest.NewCertificate("")
	if a.Subject.String() == b.Subject.String() || a.SerialNumber.Cmp(b.SerialNumber) == 0 || a.NotAfter.Equal(b.NotAfter) {
		t.Errorf("two certificates of %s and %s, until %s and %s", a.Subject, b.Subject, a.NotAfter, b.NotAfter)
	}
}

func TestNewCertificateCanBeChanged(t *testing.T) {
	soon := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	cert := intunetest.NewCertificate("Contoso", func(c *x509.Certificate) { c.NotAfter = soon })
	if cert.Subject.CommonName != "Contoso" || !cert.NotAfter.Equal(soon) || cert.Issuer.String() == cert.Subject.String() {
		t.Errorf("got %s until %s by %s", cert.Subject, cert.NotAfter, cert.Issuer)
	}
}
