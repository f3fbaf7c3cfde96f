//go:build ignore

// Names writes the certificates of names/: self-signed ones whose names are hard to write down.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"
	"unicode/utf16"
)

// Object identifiers of attributes, in DER.
const (
	cn               = "\x55\x04\x03"
	serialNumber     = "\x55\x04\x05"
	country          = "\x55\x04\x06"
	locality         = "\x55\x04\x07"
	state            = "\x55\x04\x08"
	street           = "\x55\x04\x09"
	organization     = "\x55\x04\x0A"
	unit             = "\x55\x04\x0B"
	businessCategory = "\x55\x04\x0F"
	postalCode       = "\x55\x04\x11"
	email            = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01"
	dc               = "\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19"
	uid              = "\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x01"
	jurisdictionL    = "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x01"
	jurisdictionST   = "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x02"
	jurisdictionC    = "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x03"
	unknown          = "\x2B\x06\x01\x04\x01\x86\x8D\x1F\x01" // 1.3.6.1.4.1.99999.1
)

const tagUniversalString = 28

type (
	attribute struct {
		oid   string
		tag   int
		value string // as it is in the certificate
	}
	rdn  []attribute
	name []rdn
)

func text(oid, value string) attribute      { return attribute{oid, asn1.TagUTF8String, value} }
func printable(oid, value string) attribute { return attribute{oid, asn1.TagPrintableString, value} }
func ia5(oid, value string) attribute       { return attribute{oid, asn1.TagIA5String, value} }

// of returns a name with one attribute in each relative name.
func of(attributes ...attribute) name {
	var n name
	for _, a := range attributes {
		n = append(n, rdn{a})
	}
	return n
}

// common returns C=US, CN=value.
func common(value string) name { return of(printable(country, "US"), text(cn, value)) }

var contoso = of(printable(country, "US"), text(state, "Washington"), text(locality, "Redmond"),
	text(organization, "Contoso Ltd"), text(cn, "Contoso"))

var certificates = []struct {
	file            string
	subject, issuer name // self-signed without an issuer
}{
	{file: "plain", subject: contoso},
	{file: "issuer", subject: contoso, issuer: of(printable(country, "US"), text(organization, "Contoso, Ltd."), text(cn, "Contoso Code Signing CA"))},
	{file: "empty", subject: name{}},
	{file: "multi-valued", subject: name{{printable(country, "US")}, {text(cn, "Contoso"), printable(serialNumber, "4711")}}},
	{file: "multi-valued-special", subject: name{{text(organization, "a+b, c"), text(cn, "d=e")}, {text(unit, "f")}}},
	{file: "repeated", subject: of(printable(country, "US"), text(unit, "One"), text(unit, "Two"), text(cn, "Contoso"))},

	{file: "comma", subject: common("Contoso, Ltd.")},
	{file: "plus", subject: common("Contoso + Fabrikam")},
	{file: "quote", subject: common(`The "Contoso" company`)},
	{file: "semicolon", subject: common("Contoso; Fabrikam")},
	{file: "less", subject: common("Contoso < Fabrikam")},
	{file: "greater", subject: common("Contoso > Fabrikam")},
	{file: "equals", subject: common("Contoso = Fabrikam")},
	{file: "hash", subject: common("Contoso #1")},
	{file: "leading-hash", subject: common("#1 Contoso")},
	{file: "backslash", subject: common(`CONTOSO\signer`)},
	{file: "trailing-backslash", subject: common(`Contoso\`)},
	{file: "leading-space", subject: common(" Contoso")},
	{file: "trailing-space", subject: common("Contoso ")},
	{file: "spaces", subject: common("  Contoso  Ltd  ")},
	{file: "only-space", subject: common(" ")},
	{file: "newline", subject: common("Contoso\nLtd")},
	{file: "all-special", subject: common(` ,+"\<>;=# `)},
	{file: "empty-value", subject: of(printable(country, "US"), text(organization, ""), text(cn, "Contoso"))},

	{file: "attributes", subject: of(ia5(dc, "com"), ia5(dc, "contoso"), printable(country, "US"), text(state, "Washington"),
		text(locality, "Redmond"), text(street, "1 Main Street"), printable(postalCode, "98052"), text(organization, "Contoso Ltd"),
		text(unit, "Apps"), text(uid, "signer"), text(cn, "Contoso"), ia5(email, "signer@contoso.com"))},
	{file: "ev", subject: of(printable(jurisdictionC, "US"), text(jurisdictionST, "Washington"), text(jurisdictionL, "Redmond"),
		text(businessCategory, "Private Organization"), printable(serialNumber, "600413485"), printable(country, "US"),
		text(state, "Washington"), text(locality, "Redmond"), text(organization, "Contoso Ltd"), text(cn, "Contoso Ltd"))},
	{file: "unknown-oid", subject: of(printable(country, "US"), text(unknown, "what"), text(cn, "Contoso"))},

	{file: "utf8", subject: of(text(organization, "Müller & Söhne"), text(cn, "日本"))},
	{file: "utf8-astral", subject: common("Contoso 🔏")},
	{file: "bmp", subject: of(attribute{organization, asn1.TagBMPString, bmp("Müller")}, attribute{cn, asn1.TagBMPString, bmp("日本")})},
	{file: "t61", subject: of(attribute{cn, asn1.TagT61String, "M\xFCller"})},
	{file: "universal", subject: of(attribute{organization, tagUniversalString, universal("Müller")}, attribute{cn, tagUniversalString, universal("日本")})},
	{file: "printable", subject: of(printable(country, "US"), printable(cn, "Contoso (Code-Signing), No. 1: a+b=c/d?"))},
	{file: "numeric", subject: of(attribute{serialNumber, asn1.TagNumericString, "600 413 485"}, text(cn, "Contoso"))},
	{file: "ia5", subject: of(ia5(email, "code@contoso.com"), ia5(cn, "code_signing@contoso"))},
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run names.go directory")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	for i, c := range certificates {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(int64(0x2001 + i)), RawSubject: marshal(c.subject),
			NotBefore: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC),
		}
		issuer := template
		if c.issuer != nil {
			issuer = &x509.Certificate{RawSubject: marshal(c.issuer)}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
		check(err)
		check(os.WriteFile(filepath.Join(os.Args[1], c.file+".der"), der, 0o644))
	}
}

func marshal(n name) []byte {
	type pair struct{ OID, Value asn1.RawValue }
	raw := make([]asn1.RawValue, len(n))
	for i, r := range n {
		var set []pair
		for _, a := range r {
			set = append(set, pair{
				asn1.RawValue{Tag: asn1.TagOID, Bytes: []byte(a.oid)}, asn1.RawValue{Tag: a.tag, Bytes: []byte(a.value)},
			})
		}
		der, err := asn1.MarshalWithParams(set, "set")
		check(err)
		raw[i].FullBytes = der
	}
	der, err := asn1.Marshal(raw)
	check(err)
	return der
}

func bmp(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return string(b)
}

func universal(s string) string {
	var b []byte
	for _, r := range s {
		b = binary.BigEndian.AppendUint32(b, uint32(r))
	}
	return string(b)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
