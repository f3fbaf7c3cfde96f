package codesign_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// tlv writes one value in DER.
func tlv(tag byte, contents ...[]byte) []byte {
	content := slices.Concat(contents...)
	switch n := len(content); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, content...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, content...)
	case n < 0x10000:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, content...)
	default:
		return append([]byte{tag, 0x83, byte(n >> 16), byte(n >> 8), byte(n)}, content...)
	}
}

// signedData writes a SignedData around certificates and SignerInfos.
func signedData(certificates, signers []byte) []byte {
	oid := []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
	content := tlv(0x30, []byte{2, 1, 1}, tlv(0x31), tlv(0x30, oid), tlv(0xa0, certificates), tlv(0x31, signers))
	return tlv(0x30, oid, tlv(0xa0, content))
}

// program puts signatures into an .exe.
func program(t *testing.T, signatures ...[]byte) []byte {
	t.Helper()
	var table []byte
	for _, signature := range signatures {
		table = binary.LittleEndian.AppendUint32(table, uint32(len(signature)+8))
		table = append(append(table, 0, 2, 2, 0), signature...)
		table = append(table, make([]byte, -len(table)&7)...)
	}
	out := bytes.Clone(readFile(t, "unsigned.exe"))
	const securityDirectory = 4 + 20 + 112 + 4*8
	at := int(binary.LittleEndian.Uint32(out[0x3c:])) + securityDirectory
	binary.LittleEndian.PutUint32(out[at:], uint32(len(out)))
	binary.LittleEndian.PutUint32(out[at+4:], uint32(len(table)))
	return append(out, table...)
}

func msix(t *testing.T, signature []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for name, content := range map[string][]byte{"AppxManifest.xml": nil, "AppxSignature.p7x": append([]byte("PKCX"), signature...)} {
		file, err := archive.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestHostileFilesCostLittle: no file takes more than 64 MiB, whatever it holds. If one takes minutes, its work is not bounded.
func TestHostileFilesCostLittle(t *testing.T) {
	const mebibyte = 1 << 20
	cert := readFile(t, "p256.der")
	odd := readFile(t, "tools/negative.der")
	indefinite := func(size int) []byte { return bytes.Repeat([]byte{0x30, 0x80}, size/2) }
	closed := func(size, levels int) []byte {
		return slices.Concat(bytes.Repeat([]byte{0x30, 0x80}, levels), bytes.Repeat([]byte{5, 0}, (size-4*levels)/2), make([]byte, 2*levels))
	}
	oid := []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
	chunks := tlv(0x30, []byte{2, 1, 3}, tlv(0x30, []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"), tlv(0xa0, tlv(0x24, bytes.Repeat([]byte{4, 1, 0}, 20_000)))))
	signer := tlv(0x30, []byte{2, 1, 1}, tlv(0x80, []byte("key")))
	tinyCertificates := bytes.Repeat(tinyCertificate(t), 250*1024/300)
	nested := signedData(cert, nil)
	for range 30 {
		attribute := tlv(0x30, []byte("\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x04\x01"), tlv(0x31, nested))
		signer := tlv(0x30, []byte{2, 1, 1}, tlv(0x80, []byte("key")), tlv(0x30), tlv(0x30), tlv(4), tlv(0xa1, attribute))
		nested = signedData(cert, signer)
	}
	// A MAC of two million iterations, which is allowed, and matches no password.
	expensive := tlv(0x30, []byte{2, 1, 3}, tlv(0x30, []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"), tlv(0xa0, tlv(4, tlv(0x30)))),
		tlv(0x30, tlv(0x30, tlv(0x30, []byte("\x06\x05\x2b\x0e\x03\x02\x1a")), tlv(4, make([]byte, 20))), tlv(4, []byte("salt")), []byte{2, 3, 0x1e, 0x84, 0x80}))
	for name, data := range map[string][]byte{
		"nesting without end in a program":   program(t, append(slices.Clone(oidSequence), indefinite(mebibyte)...)),
		"nesting with an end in a program":   program(t, closed(4*mebibyte-100, 60)),
		"nesting in a package":               msix(t, append(slices.Clone(oidSequence), indefinite(mebibyte-100)...)),
		"nesting in a package, with an end":  msix(t, closed(mebibyte-100, 60)),
		"nesting in a signature":             tlv(0x30, oid, closed(4*mebibyte-100, 60)),
		"many certificates":                  signedData(bytes.Repeat(cert, 4*mebibyte/len(cert)-10), nil),
		"many odd certificates":              signedData(bytes.Repeat(odd, 4*mebibyte/len(odd)-10), nil),
		"many unreadable extensions":         signedData(bytes.Repeat(oddCertificate(50, 600), 32), nil),
		"too many extensions":                signedData(bytes.Repeat(oddCertificate(3000, 1), 20), nil),
		"many odd certificates in DER":       bytes.Repeat(oddCertificate(50, 1), 100),
		"odd certificates in a program":      program(t, slices.Repeat([][]byte{signedData(slices.Concat(tinyCertificate(t), bytes.Repeat(oddCertificate(50, 600), 8)), signer)}, 16)...),
		"many tiny certificates":             signedData(bytes.Repeat([]byte{0x30, 0}, mebibyte), nil),
		"many signatures in a program":       program(t, slices.Repeat([][]byte{signedData(tinyCertificates, signer)}, 16)...),
		"many signers":                       signedData(cert, bytes.Repeat(tlv(0x30, []byte{2, 1, 1}, tlv(0x80)), 100_000)),
		"signatures in signatures":           nested,
		"a string in many parts":             chunks,
		"many signature blocks":              bytes.Repeat([]byte("# SIG # Begin signature block\n"), 4*mebibyte/31),
		"marks that are no signature blocks": bytes.Repeat([]byte("x# SIG # Begin signature block"), 4*mebibyte/31),
		"many PEM blocks":                    bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), 1000),
		"many containers in PEM":             bytes.Repeat(pem.EncodeToMemory(&pem.Block{Type: "PKCS12", Bytes: expensive}), 64<<10/len(expensive)/2),
		"base64 of base64":                   bytes.Repeat([]byte("TUFBPQ"), 10_000),
		"base64 of many certificates":        base64.StdEncoding.AppendEncode(nil, bytes.Repeat(cert, 48<<10/len(cert))),
		"escapes of escapes":                 []byte("%" + strings.Repeat("25", 32<<10)),
		"many certificates in DER":           bytes.Repeat(cert, 64<<10/len(cert)),
	} {
		got := allocated(func() { _, _ = codesign.Parse(data, withPassword) })
		if got > 64*mebibyte {
			t.Errorf("%s: %d MiB were allocated", name, got/mebibyte)
		}
	}
}

// tinyCertificate makes a certificate that takes much more memory than its few bytes when it is parsed.
func tinyCertificate(t *testing.T) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), SubjectKeyId: []byte("key"), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// oidSequence begins what looks like PKCS #7 of indefinite length.
var oidSequence = []byte("\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")

// TestManyCertificatesAreRejected shows that the limits do not hide behind another error.
func TestManyCertificatesAreRejected(t *testing.T) {
	cert := readFile(t, "p256.der")
	if _, err := codesign.Parse(signedData(bytes.Repeat(cert, 501), nil)); err == nil || !strings.Contains(err.Error(), "too many certificates") {
		t.Errorf("got %v", err)
	}
	if _, err := codesign.Parse(signedData(bytes.Repeat(cert, 500), nil)); err != nil {
		t.Errorf("got %v", err)
	}
}

// oddCertificate makes one that crypto/x509 rejects, with extensions that it cannot read.
func oddCertificate(extensions, size int) []byte {
	var all []byte
	for i := range extensions {
		all = append(all, tlv(0x30, []byte{6, 3, 0x55, 0x1d, 0x11}, tlv(4, bytes.Repeat([]byte{byte(i)}, size)))...)
	}
	date, empty := tlv(0x18, []byte("20260101000000Z")), tlv(0x30)
	algorithm := tlv(0x30, []byte{6, 1, 0})
	signed := tlv(0x30, []byte{0xa0, 3, 2, 1, 2, 2, 1, 0x80}, algorithm, empty, tlv(0x30, date, date), empty, tlv(0x30, algorithm, []byte{3, 1, 0}), tlv(0xa3, tlv(0x30, all)))
	return tlv(0x30, signed, algorithm, []byte{3, 1, 0})
}
