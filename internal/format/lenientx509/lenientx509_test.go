package lenientx509

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/internal/format/ber"
)

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestParseAgreesWithOpenSSL compares with what openssl printed when the certificates were made.
func TestParseAgreesWithOpenSSL(t *testing.T) {
	hasNoKey := map[string]bool{"brainpool.der": true, "brainpool-negative.der": true, "secp256k1.der": true, "explicit.der": true, "ed448.der": true, "pss.der": true}
	for text := range strings.SplitSeq(strings.TrimSpace(string(readFile(t, "openssl.txt"))), "\n\n") {
		openssl := make(map[string]string)
		for line := range strings.SplitSeq(text, "\n") {
			name, value, _ := strings.Cut(line, "=")
			openssl[name] = value
		}
		file := openssl["file"]
		t.Run(file, func(t *testing.T) {
			der := readFile(t, file)
			cert, err := Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			serial, _ := new(big.Int).SetString(openssl["serial"], 16)
			if cert.SerialNumber.Cmp(serial) != 0 || cert.Subject.String() != openssl["subject"] {
				t.Errorf("got serial number %x of %s", cert.SerialNumber, cert.Subject)
			}
			if sum := sha1.Sum(cert.Raw); strings.ReplaceAll(openssl["sha1"], ":", "") != strings.ToUpper(hex.EncodeToString(sum[:])) {
				t.Error("Raw has another fingerprint")
			}
			if (cert.PublicKey == nil) != hasNoKey[file] {
				t.Errorf("PublicKey is %T", cert.PublicKey)
			}
			if !cert.IsCA || len(cert.ExtKeyUsage) != 1 || len(cert.SubjectKeyId) == 0 || len(cert.Extensions) < 3 {
				t.Errorf("extensions are missing: %v", cert.Extensions)
			}
			if cert.PublicKey != nil && cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) != nil {
				t.Error("the signature does not match")
			}
		})
	}
}

func TestParseSaysWhatKindOfKeyItCannotUse(t *testing.T) {
	for file, want := range map[string]x509.PublicKeyAlgorithm{
		"brainpool.der": x509.ECDSA, "secp256k1.der": x509.ECDSA, "explicit.der": x509.ECDSA, "brainpool-negative.der": x509.ECDSA,
		"ed448.der": x509.UnknownPublicKeyAlgorithm, "pss.der": x509.UnknownPublicKeyAlgorithm,
	} {
		cert, err := Parse(readFile(t, file))
		if err != nil || cert.PublicKeyAlgorithm != want || cert.PublicKey != nil {
			t.Errorf("%s: got %v %T, %v", file, cert.PublicKeyAlgorithm, cert.PublicKey, err)
		}
	}
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// template makes a certificate with an RSA key, and returns its parts for a test to change.
func template(tb testing.TB) parts {
	tb.Helper()
	key, err := rsaKey()
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Contoso"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, SubjectKeyId: []byte{1, 2, 3},
		NotBefore: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2027, 6, 1, 12, 30, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := split(der)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// encoded puts the parts together, as they are.
func (p parts) encoded() []byte {
	toBeSigned := encode(tagSequence, p.version, encode(asn1.TagInteger, p.serial), p.algorithm, p.issuer,
		encode(tagSequence, p.notBefore.Raw, p.notAfter.Raw), p.subject, p.publicKey, p.uniqueIDs, encode(tagExtensions, encode(tagSequence, p.extensions)))
	return encode(tagSequence, toBeSigned, p.outerAlgorithm, p.signature)
}

func name(tag byte, value string) []byte {
	return encode(tagSequence, encode(ber.Set, encode(tagSequence, []byte{asn1.TagOID, 3, 0x55, 4, 3}, encode(tag, []byte(value)))))
}

func (p *parts) extend(id, value string, critical ...byte) {
	p.extensions = slices.Concat(p.extensions, encode(tagSequence, encode(asn1.TagOID, []byte(id)), critical, encode(asn1.TagOctetString, []byte(value))))
}

// TestParseAcceptsWhatCryptoX509Rejects has one kind of fault in each certificate.
func TestParseAcceptsWhatCryptoX509Rejects(t *testing.T) {
	const universalString, bmpString, visibleString = 28, 30, 26
	critical := []byte{asn1.TagBoolean, 1, 0xff}
	valid := func(tag byte, from, to string) func(*parts) {
		return func(p *parts) {
			p.notBefore.Raw, p.notAfter.Raw = encode(tag, []byte(from)), encode(tag, []byte(to))
		}
	}
	isNamed := func(want string) func(*x509.Certificate) bool {
		return func(cert *x509.Certificate) bool { return cert.Subject.CommonName == want }
	}
	ends := func(want time.Time) func(*x509.Certificate) bool {
		return func(cert *x509.Certificate) bool { return cert.NotAfter.Equal(want) }
	}
	hasSerial := func(want int64) func(*x509.Certificate) bool {
		return func(cert *x509.Certificate) bool { return cert.SerialNumber.Cmp(big.NewInt(want)) == 0 }
	}
	halfPastTwelve := time.Date(2027, 6, 1, 12, 30, 0, 0, time.UTC)
	for what, test := range map[string]struct {
		change func(p *parts)
		check  func(*x509.Certificate) bool
	}{
		"serial number with leading zeros":   {func(p *parts) { p.serial = []byte{0, 0, 7} }, hasSerial(7)},
		"negative one with leading ones":     {func(p *parts) { p.serial = []byte{0xff, 0xff, 0xfe} }, hasSerial(-2)},
		"negative in one octet":              {func(p *parts) { p.serial = []byte{0x80} }, hasSerial(-128)},
		"UniversalString":                    {func(p *parts) { p.subject = name(universalString, "\x00\x00\x00H\x00\x00\x00i") }, isNamed("Hi")},
		"VisibleString":                      {func(p *parts) { p.subject = name(visibleString, "Hi") }, isNamed("Hi")},
		"BMPString outside the plane":        {func(p *parts) { p.subject = name(bmpString, "\xd8\x3d\xdd\x0f") }, isNamed("🔏")},
		"PrintableString with other letters": {func(p *parts) { p.subject = name(asn1.TagPrintableString, "Contoso_1@x") }, isNamed("Contoso_1@x")},
		"UTF8String in Latin-1":              {func(p *parts) { p.subject = name(asn1.TagUTF8String, "M\xfcller") }, isNamed("M\ufffdller")},
		"issuer in VisibleString":            {func(p *parts) { p.issuer = name(visibleString, "Hi") }, func(c *x509.Certificate) bool { return c.Issuer.CommonName == "Hi" }},
		"attribute that is no text":          {func(p *parts) { p.subject = name(asn1.TagInteger, "\x07") }, isNamed("#020107")},
		"UTCTime with the offset zero":       {valid(asn1.TagUTCTime, "260601000000Z", "270601123000+0000"), ends(halfPastTwelve)},
		"GeneralizedTime with fractions":     {valid(asn1.TagGeneralizedTime, "20260601000000Z", "20270601123000.00Z"), ends(halfPastTwelve)},
		"UTCTime of the last century":        {valid(asn1.TagUTCTime, "6001010000+0000", "6101010000+0000"), ends(time.Date(1961, 1, 1, 0, 0, 0, 0, time.UTC))},
		"another encoding of the algorithm": {func(p *parts) {
			p.outerAlgorithm = bytes.TrimSuffix(p.outerAlgorithm, []byte{5, 0})
			p.outerAlgorithm[1] -= 2
		}, func(c *x509.Certificate) bool { return c.SignatureAlgorithm == x509.SHA256WithRSA }},
		"RSA without NULL": {withoutNull, func(c *x509.Certificate) bool { return c.PublicKey != nil && c.PublicKeyAlgorithm == x509.RSA }},
		"a public key that is nonsense": {func(p *parts) { p.publicKey = encode(tagSequence, nil) }, func(c *x509.Certificate) bool {
			return c.PublicKey == nil && c.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm
		}},
		"a point that is not on its curve": {func(p *parts) {
			p256 := encode(tagSequence, []byte("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"))
			p.publicKey = encode(tagSequence, p256, encode(asn1.TagBitString, make([]byte, 66)))
		}, func(c *x509.Certificate) bool { return c.PublicKey == nil && c.PublicKeyAlgorithm == x509.ECDSA }},
		"extension that occurs twice":       {func(p *parts) { p.extensions = slices.Repeat(p.extensions, 2) }, func(c *x509.Certificate) bool { return len(c.Extensions) == 4 && len(c.ExtKeyUsage) == 1 }},
		"critical authority key identifier": {func(p *parts) { p.extend("\x55\x1d\x23", "\x30\x03\x80\x01\x09", critical...) }, func(c *x509.Certificate) bool { return string(c.AuthorityKeyId) == "\x09" && c.Extensions[2].Critical }},
		"critical, in BER":                  {func(p *parts) { p.extend("\x55\x1d\x13", "\x30\x03\x01\x01\xff", asn1.TagBoolean, 1, 1) }, func(c *x509.Certificate) bool { return c.IsCA && c.Extensions[2].Critical }},
		"URI that cannot be parsed": {func(p *parts) { p.extend("\x55\x1d\x11", "\x30\x04\x86\x02:/") }, func(c *x509.Certificate) bool {
			return len(c.Extensions) == 3 && len(c.UnhandledCriticalExtensions) == 0
		}},
		"critical URI that cannot be parsed": {func(p *parts) { p.extend("\x55\x1d\x11", "\x30\x04\x86\x02:/", critical...) }, func(c *x509.Certificate) bool { return len(c.UnhandledCriticalExtensions) == 1 }},
		"policy that occurs twice": {func(p *parts) {
			p.extend("\x55\x1d\x20", "\x30\x0e\x30\x05\x06\x03\x55\x1d\x20\x30\x05\x06\x03\x55\x1d\x20")
		}, func(c *x509.Certificate) bool { return len(c.Policies) == 0 }},
		"IP address of five octets": {func(p *parts) { p.extend("\x55\x1d\x11", "\x30\x07\x87\x0512345") }, func(c *x509.Certificate) bool { return len(c.IPAddresses) == 0 }},
		"several of these": {func(p *parts) {
			p.serial = []byte{0xf0}
			p.subject = name(visibleString, "Hi")
			withoutNull(p)
		}, hasSerial(-16)},
	} {
		t.Run(what, func(t *testing.T) {
			p := template(t)
			test.change(&p)
			der := p.encoded()
			if _, err := x509.ParseCertificate(der); err == nil {
				t.Error("crypto/x509 accepts it: this tests nothing")
			}
			cert, err := Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(cert) {
				t.Errorf("got %+v", cert)
			}
			checkRaw(t, cert, der)
		})
	}
}

// withoutNull leaves out the parameters of an RSA key.
func withoutNull(p *parts) {
	key, _, _ := ber.Next(p.publicKey)
	algorithm := encode(tagSequence, key.Child(0).Child(0).Raw)
	p.publicKey = encode(tagSequence, algorithm, key.Child(1).Raw)
}

// checkRaw makes sure that everything raw comes from der itself.
func checkRaw(t *testing.T, cert *x509.Certificate, der []byte) {
	t.Helper()
	if !bytes.Equal(cert.Raw, der) {
		t.Error("Raw is not the input")
	}
	for what, part := range map[string][]byte{
		"RawTBSCertificate": cert.RawTBSCertificate, "RawSubject": cert.RawSubject, "RawIssuer": cert.RawIssuer,
		"RawSubjectPublicKeyInfo": cert.RawSubjectPublicKeyInfo,
	} {
		if !bytes.Contains(der, part) {
			t.Errorf("%s is not a part of the input", what)
		}
	}
	for _, e := range cert.Extensions {
		if !bytes.Contains(der, e.Value) {
			t.Errorf("extension %v is not a part of the input", e.Id)
		}
	}
}

func TestParseReturnsTheErrorOfCryptoX509(t *testing.T) {
	good := readFile(t, "negative.der")
	for what, der := range map[string][]byte{
		"nothing": nil, "text": []byte("certificate"), "truncated": good[:len(good)-1], "bytes after the end": append(bytes.Clone(good), 0),
		"empty sequence": {0x30, 0}, "no serial number": {0x30, 0x06, 0x30, 0, 0x30, 0, 3, 0},
	} {
		_, want := x509.ParseCertificate(der)
		cert, err := Parse(der)
		if cert != nil || err == nil || err.Error() != want.Error() {
			t.Errorf("%s: got %v, %v", what, cert, err)
		}
	}
}

// TestParseKeepsNothingOfItsInput: a caller may reuse the bytes.
func TestParseKeepsNothingOfItsInput(t *testing.T) {
	der := readFile(t, "brainpool-negative.der")
	cert, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(der)
	clear(der)
	checkRaw(t, cert, want)
}

func TestCompressedPoint(t *testing.T) {
	cert, err := Parse(readFile(t, "compressed.der"))
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P384() {
		t.Errorf("got %T", cert.PublicKey)
	}
}

// TestParseRejectsMoreThanOneCertificate hides a value where crypto/x509 does not look.
func TestParseRejectsMoreThanOneCertificate(t *testing.T) {
	hidden := encode(asn1.TagOctetString, []byte("hidden"))
	files, err := filepath.Glob("testdata/*.der")
	if err != nil {
		t.Fatal(err)
	}
	certs := map[string]parts{"accepted by crypto/x509": template(t)}
	for _, file := range files {
		if certs[file], err = split(readFile(t, filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	for name, p := range certs {
		signed, _, _ := ber.Next(p.toBeSigned)
		extensions := encode(tagSequence, p.extensions)
		withoutExtensions := bytes.TrimSuffix(signed.Body, encode(tagExtensions, extensions))
		dated, named := p, p
		dated.notAfter.Raw = slices.Concat(p.notAfter.Raw, hidden)
		attribute := encode(tagSequence, encode(asn1.TagOID, []byte{0x55, 4, 3}), encode(asn1.TagUTF8String, []byte("Contoso")), hidden)
		named.subject = encode(tagSequence, encode(ber.Set, attribute))
		for where, der := range map[string][]byte{
			"behind the signature":       encode(tagSequence, p.toBeSigned, p.outerAlgorithm, p.signature, hidden),
			"in the part that is signed": encode(tagSequence, encode(tagSequence, signed.Body, hidden), p.outerAlgorithm, p.signature),
			"behind the extensions":      encode(tagSequence, encode(tagSequence, withoutExtensions, encode(tagExtensions, extensions, hidden)), p.outerAlgorithm, p.signature),
			"behind the dates":           dated.encoded(),
			"in a name":                  named.encoded(),
			"behind the certificate":     append(bytes.Clone(p.raw), hidden...),
		} {
			if cert, err := Parse(der); err == nil {
				t.Errorf("%s, %s: got %v", name, where, cert.Subject)
			}
			if _, err := Expiration(der); err == nil {
				t.Errorf("%s, %s: it expires", name, where)
			}
		}
	}
}

func TestExpirationIsThatOfParse(t *testing.T) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil {
		t.Fatal(err)
	}
	certs := [][]byte{template(t).encoded()}
	for _, file := range files {
		certs = append(certs, readFile(t, filepath.Base(file)))
	}
	for i, der := range certs {
		cert, err := Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Expiration(der); err != nil || !got.Equal(cert.NotAfter) {
			t.Errorf("%d: got %v, %v, want %v", i, got, err, cert.NotAfter)
		}
		if got, err := Expiration(append(der[:len(der):len(der)], 0)); err == nil {
			t.Errorf("%d with a byte more: got %v", i, got)
		}
	}
}

func TestExpirationOfAnUsualCertificateBuildsNothing(t *testing.T) {
	der := template(t).encoded()
	if got := testing.AllocsPerRun(10, func() { _, _ = Expiration(der) }); got > 2 {
		t.Errorf("%v allocations", got)
	}
}

// FuzzParse compares with crypto/x509 as far as that goes, and Expiration with Parse.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.der")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(readFile(f, filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		strict, strictErr := x509.ParseCertificate(der)
		_, splitErr := split(der)
		expires, expirationErr := Expiration(der)
		cert, err := Parse(der)
		if err == nil && (expirationErr != nil || !expires.Equal(cert.NotAfter)) {
			t.Errorf("got %v, %v, want %v", expires, expirationErr, cert.NotAfter)
		}
		switch {
		case strictErr == nil && splitErr == nil && !reflect.DeepEqual(cert, strict):
			t.Errorf("got %v, %v", cert, err)
		case err == nil:
			checkRaw(t, cert, der)
			if splitErr != nil {
				t.Error("there is more in it")
			}
			_ = fmt.Sprint(cert.Subject, cert.SerialNumber, cert.CheckSignatureFrom(cert))
		}
	})
}
