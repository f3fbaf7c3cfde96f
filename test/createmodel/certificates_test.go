package createmodel

// This file makes the certificates that are created, and spells their names as services do.

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// attribute is a part of a distinguished name, with the names that programs give to its type.
type attribute struct{ windows, openSSL, oid, value string }

type distinguishedName []attribute

func newName(common, organization string) distinguishedName {
	return distinguishedName{
		{"CN", "CN", "OID.2.5.4.3", common},
		{"O", "O", "2.5.4.10", organization},
		{"L", "L", "2.5.4.7", "Redmond"},
		{"S", "ST", "OID.2.5.4.8", "Washington"},
		{"C", "C", "2.5.4.6", "US"},
		{"E", "emailAddress", "1.2.840.113549.1.9.1", "it@contoso.com"},
	}
}

func (n distinguishedName) pkix() pkix.Name {
	return pkix.Name{
		CommonName: n[0].value, Organization: []string{n[1].value}, Locality: []string{n[2].value},
		Province: []string{n[3].value}, Country: []string{n[4].value},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, Value: n[5].value}},
	}
}

// spelling is how a service writes names.
type spelling string

const (
	asSent       spelling = "as sent"
	inWindows    spelling = "as Windows does"
	inOpenSSL    spelling = "as OpenSSL does, in the other order"
	inOIDs       spelling = "with OIDs"
	inUpperCase  spelling = "in upper case"
	commonName   spelling = "CN= alone"
	bareName     spelling = "the bare common name"
	namesDropped spelling = "dropped"
)

// write returns the name in a spelling. sent is the text that was sent.
func (n distinguishedName) write(s spelling, sent string) string {
	switch s {
	case asSent:
		return sent
	case inWindows:
		return n.join(", ", func(a attribute) string { return a.windows + "=" + a.value })
	case inOpenSSL:
		reversed := slices.Clone(n)
		slices.Reverse(reversed)
		return reversed.join(",", func(a attribute) string { return a.openSSL + "=" + a.value })
	case inOIDs:
		return n.join(", ", func(a attribute) string { return a.oid + "=" + a.value })
	case inUpperCase:
		return strings.ToUpper(n.write(inWindows, sent))
	case commonName:
		return "CN=" + n[0].value
	case bareName:
		return n[0].value
	case namesDropped:
	}
	return ""
}

func (n distinguishedName) join(separator string, write func(attribute) string) string {
	parts := make([]string, 0, len(n))
	for _, a := range n {
		parts = append(parts, write(a))
	}
	return strings.Join(parts, separator)
}

// certificate is one that is created, by the client under test or by another.
type certificate struct {
	subject, issuer distinguishedName
	resource        *intune.EnterpriseCodeSigningCertificate // as FromX509 gives it
}

// kinship is what a certificate is to another one.
type kinship int

const (
	foreign  kinship = iota // the common names differ
	reissue                 // the common names are equal
	sameCert                // it is the same certificate
)

func (c *certificate) kinshipTo(other *certificate) kinship {
	switch {
	case c == other:
		return sameCert
	case c.subject[0].value == other.subject[0].value:
		return reissue
	}
	return foreign
}

// pool holds the certificates of all runs: contoso and its re-issues, one of the same common name but another
// organization, and those of others.
type pool struct{ contoso, sibling, fabrikam, tailspin []*certificate }

// certificates returns the pool. Making it takes a few milliseconds.
var certificates = sync.OnceValue(func() *pool {
	issuer := newName("Contoso Issuing CA", "Contoso Ltd")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	issue := func(subject distinguishedName, days ...int) (issued []*certificate) {
		for _, day := range days {
			issued = append(issued, newCertificate(key, subject, issuer, day))
		}
		return issued
	}
	return &pool{
		contoso:  issue(newName("Contoso", "Contoso Ltd"), 300, 400, 301, 700),
		sibling:  issue(newName("Contoso", "Contoso GmbH"), 500),
		fabrikam: issue(newName("Fabrikam", "Fabrikam Inc"), 350, 650),
		tailspin: issue(newName("Tailspin", "Tailspin Toys"), 310),
	}
})

// newCertificate makes a certificate that expires so many days after the first day of all runs, at noon.
func newCertificate(key *ecdsa.PrivateKey, subject, issuer distinguishedName, days int) *certificate {
	const afterAllRuns = 3 * 365
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(days)), Subject: subject.pkix(),
		NotBefore: firstDay.AddDate(-3, 0, 0), NotAfter: firstDay.AddDate(0, 0, days+afterAllRuns).Add(12*time.Hour + 34*time.Second),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, &x509.Certificate{Subject: issuer.pkix()}, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &certificate{subject: subject, issuer: issuer, resource: intune.FromX509(parsed)}
}
