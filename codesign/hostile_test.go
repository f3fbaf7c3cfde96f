package codesign_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// allocated is how many bytes a call allocates.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// packageSignature is the content of the AppxSignature.p7x of a signed package.
func packageSignature(t *testing.T) []byte {
	t.Helper()
	data := readFile(t, "signed.msix")
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := fs.ReadFile(archive, "AppxSignature.p7x")
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

// part is a file in a package; zeros are that many more bytes behind its content.
type part struct {
	name    string
	content []byte
	zeros   int64
}

// writePackage writes parts that are not compressed. out may be sparse.
func writePackage(t *testing.T, out io.Writer, parts ...part) {
	t.Helper()
	archive := zip.NewWriter(out)
	for _, part := range parts {
		header := &zip.FileHeader{Name: part.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(part.content)}
		header.UncompressedSize64 = uint64(len(part.content)) + uint64(part.zeros)
		header.CompressedSize64 = header.UncompressedSize64
		file, err := archive.CreateRaw(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(part.content); err != nil {
			t.Fatal(err)
		}
		for left := part.zeros; left > 0; left -= int64(len(zeros)) {
			if _, err := file.Write(zeros[:min(left, int64(len(zeros)))]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

var zeros = make([]byte, 1<<20)

// sparseFile leaves holes where zeros are written.
type sparseFile struct{ *os.File }

func (s sparseFile) Write(p []byte) (int, error) {
	if &p[0] != &zeros[0] {
		return s.File.Write(p)
	}
	_, err := s.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}

func makePackage(t *testing.T, parts ...part) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "made.msix")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	writePackage(t, sparseFile{file}, parts...)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

var manifest = part{name: "AppxManifest.xml", content: []byte("<Package/>")}

func TestPackageOfTwoGigabytesCostsLittleMemory(t *testing.T) {
	path := makePackage(t, manifest, part{name: "game.pak", zeros: 2 << 30}, part{name: "AppxSignature.p7x", content: packageSignature(t)})
	got := allocated(func() {
		if cert, err := codesign.Load(path); err != nil || cert.Leaf.Subject.CommonName != "Contoso p256" {
			t.Errorf("got %v, %v", cert, err)
		}
	})
	if got > 1<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

func TestHostilePackages(t *testing.T) {
	signature := part{name: "AppxSignature.p7x", content: packageSignature(t)}
	elsewhere := func(name string) part { return part{name: name, content: signature.content} }
	many := []part{manifest}
	for i := range 100_000 {
		many = append(many, part{name: fmt.Sprintf("assets/%0100d", i)})
	}
	tests := map[string]struct {
		parts []part
		want  string
	}{
		"signed twice":                 {[]part{manifest, signature, signature}, "more than one"},
		"signed twice in another case": {[]part{manifest, signature, elsewhere("APPXSIGNATURE.P7X")}, "more than one"},
		"signed outside":               {[]part{manifest, elsewhere("../AppxSignature.p7x"), elsewhere(`..\AppxSignature.p7x`), elsewhere("/AppxSignature.p7x")}, "not signed"},
		"not a package":                {[]part{signature}, "not an MSIX or APPX package"},
		"too many parts":               {many, "its directory has more than 8 MiB"},
		"a huge signature":             {[]part{manifest, {name: "AppxSignature.p7x", zeros: 1 << 30}}, "more than 1048576 bytes"},
		"not a signature":              {[]part{manifest, {name: "AppxSignature.p7x", content: []byte("PK")}}, "is not a signature"},
		"nothing in the signature":     {[]part{manifest, {name: "AppxSignature.p7x", content: []byte("PKCX")}}, "cannot be read"},
		"damaged":                      {[]part{manifest, {name: "AppxSignature.p7x", content: signature.content[:200]}}, "cannot be read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := makePackage(t, test.parts...)
			got := allocated(func() {
				cert, err := codesign.Load(path)
				if cert != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, %v", cert, err)
				}
			})
			if got > 40<<20 {
				t.Errorf("%d bytes were allocated", got)
			}
		})
	}
}

// TestZIPBomb has a signature that is much larger unpacked than it says, or says that it is.
func TestZIPBomb(t *testing.T) {
	var compressed bytes.Buffer
	deflate, err := flate.NewWriter(&compressed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := deflate.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := deflate.Close(); err != nil {
		t.Fatal(err)
	}
	for _, claimed := range []uint64{100, 64 << 20, 1 << 62} {
		var out bytes.Buffer
		archive := zip.NewWriter(&out)
		if _, err := archive.Create(manifest.name); err != nil {
			t.Fatal(err)
		}
		file, err := archive.CreateRaw(&zip.FileHeader{
			Name: "AppxSignature.p7x", Method: zip.Deflate, CompressedSize64: uint64(compressed.Len()), UncompressedSize64: claimed,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(compressed.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			if cert, err := codesign.Parse(out.Bytes()); err == nil {
				t.Errorf("%d: got %v", claimed, cert)
			}
		})
		if got > 8<<20 {
			t.Errorf("%d: %d bytes were allocated", claimed, got)
		}
	}
}

// TestDeclaredPartsCostNothing says in the end of a ZIP64 directory that there are as many parts as the file has room for.
func TestDeclaredPartsCostNothing(t *testing.T) {
	const size = 1 << 30
	end := bytes.NewBuffer(nil)
	write := func(values ...any) {
		for _, value := range values {
			if err := binary.Write(end, binary.LittleEndian, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	const records = size / 31
	write([]byte("PK\x06\x06"), uint64(44), uint16(45), uint16(45), uint32(0), uint32(0), uint64(records), uint64(records), uint64(46), uint64(0))
	write([]byte("PK\x06\x07"), uint32(0), uint64(size), uint32(1))
	write([]byte("PK\x05\x06"), uint16(0), uint16(0), uint16(0xffff), uint16(0xffff), uint32(0xffffffff), uint32(0xffffffff), uint16(0))
	path := filepath.Join(t.TempDir(), "hostile.msix")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("PK\x03\x04"); err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(end.Bytes(), size); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	got := allocated(func() {
		if _, err := codesign.Load(path); err == nil || !strings.Contains(err.Error(), "its directory has more than 8 MiB") {
			t.Errorf("got %v", err)
		}
	})
	if got > 1<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
}

func TestSizeOfBareFiles(t *testing.T) {
	pem := readFile(t, "rsa.pem")
	for extra, want := range map[int]bool{64<<10 - len(pem): true, 64<<10 - len(pem) + 1: false} {
		_, err := codesign.Parse(append(bytes.Clone(pem), bytes.Repeat([]byte("\n"), extra)...))
		if (err == nil) != want {
			t.Errorf("%d bytes: %v", len(pem)+extra, err)
		}
	}
}

// TestDeepNesting: the parser of PKCS #7 calls itself for each level.
func TestDeepNesting(t *testing.T) {
	deep := append([]byte{0x30, 0x80, 0x06, 0x01, 0x00}, bytes.Repeat([]byte{0x30, 0x80}, 30_000)...)
	if _, err := codesign.Parse(deep); err == nil || !strings.Contains(err.Error(), "truncated or damaged") {
		t.Errorf("got %v", err)
	}
}

// TestTruncatedFiles cuts files short at up to a thousand places: what is left is an error, or holds a certificate of the file.
func TestTruncatedFiles(t *testing.T) {
	lengths := 150 // of each file
	if os.Getenv("INTUNE_ALL_CASES") != "" {
		lengths = 1000
	}
	for _, file := range []string{"chain.der", "chain.pem", "rsa.b64", "chain.p7b", "chain-ber.p7b", "signed.exe", "signed.msix", "rsa-nopassword-nomac.pfx"} {
		data := readFile(t, file)
		whole, err := codesign.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		known := append([]*x509.Certificate{whole.Leaf}, whole.Chain...)
		for length := 0; length < len(data); length += 1 + len(data)/lengths {
			cert, err := codesign.Parse(data[:length])
			switch {
			case err == nil && !slices.ContainsFunc(known, cert.Leaf.Equal):
				t.Errorf("%s: %d bytes hold another certificate", file, length)
			case err != nil && !errors.As(err, new(*intune.InputError)):
				t.Errorf("%s: %d bytes: %v", file, length, err)
			}
		}
	}
}

// TestCertificatesThatHoldMoreThanTheirMembers hides a key where crypto/x509 does not look.
func TestCertificatesThatHoldMoreThanTheirMembers(t *testing.T) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(readFile(t, "p256.der"), &outer); err != nil {
		t.Fatal(err)
	}
	cert := tlv(0x30, outer.Bytes, readFile(t, "key-pkcs8.der"))
	for format, data := range map[string][]byte{
		"DER":     cert,
		"PEM":     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		"PKCS #7": signedData(cert, nil),
	} {
		if read, err := codesign.Parse(data); err == nil {
			t.Errorf("%s: got %v", format, read.Leaf.Subject)
		}
	}
}
