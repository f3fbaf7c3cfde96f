package dn

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"testing"
	"unicode/utf16"
)

// of returns a name of types and values in turn, each in a relative name of its own.
func of(typesAndValues ...any) (name pkix.RDNSequence) {
	for pair := range slices.Chunk(typesAndValues, 2) {
		name = append(name, pkix.RelativeDistinguishedNameSET{{Type: types[pair[0].(string)], Value: pair[1]}})
	}
	return name
}

// inOne puts all attributes into one relative name.
func inOne(typesAndValues ...any) pkix.RDNSequence {
	return pkix.RDNSequence{slices.Concat(of(typesAndValues...)...)}
}

var types = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "serialNumber": {2, 5, 4, 5}, "C": {2, 5, 4, 6}, "L": {2, 5, 4, 7}, "ST": {2, 5, 4, 8}, "street": {2, 5, 4, 9},
	"O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "businessCategory": {2, 5, 4, 15}, "postalCode": {2, 5, 4, 17},
	"email": {1, 2, 840, 113549, 1, 9, 1}, "DC": {0, 9, 2342, 19200300, 100, 1, 25}, "UID": {0, 9, 2342, 19200300, 100, 1, 1},
	"jurisdictionL": {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 1}, "jurisdictionST": {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 2},
	"jurisdictionC": {1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3}, "unknown": {1, 3, 6, 1, 4, 1, 99999, 1},
}

func ofType(tag int, octets string) asn1.RawValue {
	return asn1.RawValue{Tag: tag, Bytes: []byte(octets)}
}

func bmp(text string) asn1.RawValue {
	var octets []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = binary.BigEndian.AppendUint16(octets, unit)
	}
	return ofType(asn1.TagBMPString, string(octets))
}

func universal(text string) asn1.RawValue {
	const tagUniversalString = 28
	var octets []byte
	for _, char := range text {
		octets = binary.BigEndian.AppendUint32(octets, uint32(char))
	}
	return ofType(tagUniversalString, string(octets))
}

// TestWindows has names as Windows spells them, and as openssl does with -nameopt RFC2253,sep_comma_plus_space: other keywords, a
// backslash where Windows has quotation marks, UTF-8 in hexadecimal, and the parts of a multi-valued name in another order. See
// CertNameToStr with CERT_X500_NAME_STR and CERT_NAME_STR_REVERSE_FLAG,
// https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certnametostrw.
func TestWindows(t *testing.T) {
	for _, test := range []struct {
		name             pkix.RDNSequence
		windows, openssl string
	}{
		{of("C", "US", "ST", "Washington", "L", "Redmond", "O", "Contoso Ltd", "CN", "Contoso"),
			`CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US`, `CN=Contoso, O=Contoso Ltd, L=Redmond, ST=Washington, C=US`},
		{of("DC", "com", "DC", "contoso", "C", "US", "ST", "Washington", "street", "1 Main Street", "postalCode", "98052", "UID", "signer", "email", "signer@contoso.com"),
			`E=signer@contoso.com, OID.0.9.2342.19200300.100.1.1=signer, PostalCode=98052, STREET=1 Main Street, S=Washington, C=US, DC=contoso, DC=com`,
			`emailAddress=signer@contoso.com, UID=signer, postalCode=98052, street=1 Main Street, ST=Washington, C=US, DC=contoso, DC=com`},
		{of("jurisdictionC", "US", "jurisdictionST", "Washington", "jurisdictionL", "Redmond", "businessCategory", "Private Organization", "serialNumber", "600413485"),
			`SERIALNUMBER=600413485, OID.2.5.4.15=Private Organization, OID.1.3.6.1.4.1.311.60.2.1.1=Redmond, ` +
				`OID.1.3.6.1.4.1.311.60.2.1.2=Washington, OID.1.3.6.1.4.1.311.60.2.1.3=US`,
			`serialNumber=600413485, businessCategory=Private Organization, jurisdictionL=Redmond, jurisdictionST=Washington, jurisdictionC=US`},
		{of("unknown", ofType(asn1.TagUTF8String, "what"), "CN", "Contoso"),
			`CN=Contoso, OID.1.3.6.1.4.1.99999.1=what`, `CN=Contoso, 1.3.6.1.4.1.99999.1=#0C0477686174`},
		{of("C", "US", "OU", "One", "OU", "Two", "CN", "Contoso"), `CN=Contoso, OU=Two, OU=One, C=US`, `CN=Contoso, OU=Two, OU=One, C=US`},
		{inOne("CN", "Contoso", "serialNumber", "4711"), `SERIALNUMBER=4711 + CN=Contoso`, `CN=Contoso + serialNumber=4711`},
		{inOne("CN", "d=e", "O", "a+b, c"), `CN="d=e" + O="a+b, c"`, `O=a\+b\, c + CN=d=e`},
		{pkix.RDNSequence{}, ``, ``},

		{of("CN", "Contoso, Ltd."), `CN="Contoso, Ltd."`, `CN=Contoso\, Ltd.`},
		{of("CN", "Contoso + Fabrikam"), `CN="Contoso + Fabrikam"`, `CN=Contoso \+ Fabrikam`},
		{of("CN", `The "Contoso" company`), `CN="The ""Contoso"" company"`, `CN=The \"Contoso\" company`},
		{of("CN", "Contoso; Fabrikam"), `CN="Contoso; Fabrikam"`, `CN=Contoso\; Fabrikam`},
		{of("CN", "Contoso < Fabrikam"), `CN="Contoso < Fabrikam"`, `CN=Contoso \< Fabrikam`},
		{of("CN", "Contoso > Fabrikam"), `CN="Contoso > Fabrikam"`, `CN=Contoso \> Fabrikam`},
		{of("CN", "Contoso = Fabrikam"), `CN="Contoso = Fabrikam"`, `CN=Contoso = Fabrikam`},
		{of("CN", "Contoso #1"), `CN="Contoso #1"`, `CN=Contoso #1`},
		{of("CN", "#1 Contoso"), `CN="#1 Contoso"`, `CN=\#1 Contoso`},
		{of("CN", `CONTOSO\signer`), `CN=CONTOSO\signer`, `CN=CONTOSO\\signer`},
		{of("C", "US", "CN", `Contoso\`), `CN=Contoso\, C=US`, `CN=Contoso\\, C=US`},
		{of("CN", " Contoso"), `CN=" Contoso"`, `CN=\ Contoso`},
		{of("CN", "Contoso "), `CN="Contoso "`, `CN=Contoso\ `},
		{of("CN", "  Contoso  Ltd  "), `CN="  Contoso  Ltd  "`, `CN=\  Contoso  Ltd \ `},
		{of("CN", " "), `CN=" "`, `CN=\ `},
		{of("CN", "Contoso\nLtd"), "CN=\"Contoso\nLtd\"", `CN=Contoso\0ALtd`},
		{of("CN", ` ,+"\<>;=# `), `CN=" ,+""\<>;=# "`, `CN=\ \,\+\"\\\<\>\;=#\ `},
		{of("C", "US", "O", "", "CN", "Contoso"), `CN=Contoso, O="", C=US`, `CN=Contoso, O=, C=US`},

		{of("O", "Müller & Söhne", "CN", "日本"), `CN=日本, O=Müller & Söhne`, `CN=\E6\97\A5\E6\9C\AC, O=M\C3\BCller & S\C3\B6hne`},
		{of("CN", "Contoso 🔏"), `CN=Contoso 🔏`, `CN=Contoso \F0\9F\94\8F`},
		{of("O", bmp("Müller"), "CN", bmp("日本")), `CN=日本, O=Müller`, `CN=\E6\97\A5\E6\9C\AC, O=M\C3\BCller`},
		{of("O", universal("Müller"), "CN", universal("日本😀")), `CN=日本😀, O=Müller`, `CN=\E6\97\A5\E6\9C\AC\F0\9F\98\80, O=M\C3\BCller`},
		{of("CN", ofType(asn1.TagT61String, "M\xFCller")), `CN=Müller`, `CN=M\C3\BCller`},
		{of("CN", ofType(asn1.TagPrintableString, "Contoso (Code-Signing), No. 1: a+b=c/d?")),
			`CN="Contoso (Code-Signing), No. 1: a+b=c/d?"`, `CN=Contoso (Code-Signing)\, No. 1: a\+b=c/d?`},
		{of("serialNumber", ofType(asn1.TagNumericString, "600 413 485")), `SERIALNUMBER=600 413 485`, `serialNumber=600 413 485`},
		{of("email", ofType(asn1.TagIA5String, "code@contoso.com"), "CN", ofType(asn1.TagIA5String, "code_signing@contoso")),
			`CN=code_signing@contoso, E=code@contoso.com`, `CN=code_signing@contoso, emailAddress=code@contoso.com`},
		{of("CN", 42), "CN=#02012A", "CN=#02012A"},
	} {
		t.Run(test.windows, func(t *testing.T) {
			der, err := asn1.Marshal(test.name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Windows(der)
			if err != nil || got != test.windows {
				t.Errorf("got %q, %v", got, err)
			}
			if got != test.openssl && !equal(got, test.openssl) {
				t.Errorf("%q is not recognized as %q", got, test.openssl)
			}
		})
	}
}

func TestWindowsRejectsWhatIsNoName(t *testing.T) {
	for _, der := range [][]byte{nil, {0x02, 0x01, 0x01}, {0x30, 0x00, 0x00}} {
		if got, err := Windows(der); err == nil {
			t.Errorf("% x: got %q, want an error", der, got)
		}
	}
}
