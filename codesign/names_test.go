package codesign_test

import (
	"crypto/x509"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/format/dn"
)

// record is what openssl prints of a certificate.
type record struct{ file, subject, issuer, sha1 string }

func opensslRecords(t *testing.T) (records []record) {
	t.Helper()
	for text := range strings.SplitSeq(strings.TrimSpace(string(readFile(t, "names/openssl.txt"))), "\n\n") {
		fields := make(map[string]string)
		for line := range strings.SplitSeq(text, "\n") {
			name, value, _ := strings.Cut(line, "=")
			fields[name] = value
		}
		records = append(records, record{fields["file"], fields["subject"], fields["issuer"], fields["sha1"]})
	}
	return records
}

// windows holds the subjects that Windows spells otherwise than openssl with RFC2253,sep_comma_plus_space: other
// keywords, quotation marks where openssl has a backslash, characters instead of UTF-8 in hexadecimal, and the parts of
// a multi-valued RDN in the order in which they are encoded. See CertNameToStr with CERT_X500_NAME_STR and
// CERT_NAME_STR_REVERSE_FLAG, https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certnametostrw.
var windows = map[string]string{
	"plain.der":  `CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US`,
	"issuer.der": `CN=Contoso, O=Contoso Ltd, L=Redmond, S=Washington, C=US`,
	"attributes.der": `E=signer@contoso.com, CN=Contoso, OID.0.9.2342.19200300.100.1.1=signer, OU=Apps, O=Contoso Ltd, ` +
		`PostalCode=98052, STREET=1 Main Street, L=Redmond, S=Washington, C=US, DC=contoso, DC=com`,
	"ev.der": `CN=Contoso Ltd, O=Contoso Ltd, L=Redmond, S=Washington, C=US, SERIALNUMBER=600413485, ` +
		`OID.2.5.4.15=Private Organization, OID.1.3.6.1.4.1.311.60.2.1.1=Redmond, ` +
		`OID.1.3.6.1.4.1.311.60.2.1.2=Washington, OID.1.3.6.1.4.1.311.60.2.1.3=US`,
	"unknown-oid.der": `CN=Contoso, OID.1.3.6.1.4.1.99999.1=what, C=US`,

	"multi-valued.der":         `SERIALNUMBER=4711 + CN=Contoso, C=US`,
	"multi-valued-special.der": `OU=f, CN="d=e" + O="a+b, c"`,

	"comma.der":              `CN="Contoso, Ltd.", C=US`,
	"plus.der":               `CN="Contoso + Fabrikam", C=US`,
	"quote.der":              `CN="The ""Contoso"" company", C=US`,
	"semicolon.der":          `CN="Contoso; Fabrikam", C=US`,
	"less.der":               `CN="Contoso < Fabrikam", C=US`,
	"greater.der":            `CN="Contoso > Fabrikam", C=US`,
	"equals.der":             `CN="Contoso = Fabrikam", C=US`,
	"hash.der":               `CN="Contoso #1", C=US`,
	"leading-hash.der":       `CN="#1 Contoso", C=US`,
	"backslash.der":          `CN=CONTOSO\signer, C=US`,
	"trailing-backslash.der": `CN=Contoso\, C=US`,
	"all-special.der":        `CN=" ,+""\<>;=# ", C=US`,
	"newline.der":            "CN=\"Contoso\nLtd\", C=US",
	"leading-space.der":      `CN=" Contoso", C=US`,
	"trailing-space.der":     `CN="Contoso ", C=US`,
	"spaces.der":             `CN="  Contoso  Ltd  ", C=US`,
	"only-space.der":         `CN=" ", C=US`,
	"empty-value.der":        `CN=Contoso, O="", C=US`,

	"utf8.der":        `CN=日本, O=Müller & Söhne`,
	"utf8-astral.der": `CN=Contoso 🔏, C=US`,
	"bmp.der":         `CN=日本, O=Müller`,
	"t61.der":         `CN=Müller`,
	"printable.der":   `CN="Contoso (Code-Signing), No. 1: a+b=c/d?", C=US`,
	"numeric.der":     `CN=Contoso, SERIALNUMBER=600 413 485`,
	"ia5.der":         `CN=code_signing@contoso, E=code@contoso.com`,
}

// TestNamesAndThumbprints compares with openssl, and with Windows where that spells a name otherwise.
func TestNamesAndThumbprints(t *testing.T) {
	for _, openssl := range opensslRecords(t) {
		t.Run(openssl.file, func(t *testing.T) {
			cert, err := x509.ParseCertificate(readFile(t, "names/"+openssl.file))
			if openssl.file == "universal.der" {
				if err == nil {
					t.Error("crypto/x509 has learnt UniversalString: put it into the table")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := intune.FromX509(cert)
			want, isOtherwise := windows[openssl.file]
			if !isOtherwise {
				want = openssl.subject
			}
			if got.Subject != want {
				t.Errorf("got %s, want %s", got.Subject, want)
			}
			if !isSame(got.Subject, openssl.subject) || !isSame(got.Issuer, openssl.issuer) {
				t.Errorf("%s by %s is not recognized as %s by %s", got.Subject, got.Issuer, openssl.subject, openssl.issuer)
			}
			if thumbprint := strings.ReplaceAll(openssl.sha1, ":", ""); got.Thumbprint() != thumbprint {
				t.Errorf("got thumbprint %s, want %s", got.Thumbprint(), thumbprint)
			}
		})
	}
}

func isSame(name, other string) bool {
	return name == other || dn.Parse(name).Compare(dn.Parse(other), dn.OthersShown) == dn.Equal
}
