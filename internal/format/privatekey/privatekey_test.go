package privatekey

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "codesign", "testdata", filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func marshal(tb testing.TB, value any) []byte {
	tb.Helper()
	data, err := asn1.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestFindNamesTheKind: in which encodings keys are found is tested in test/privatekeys.
func TestFindNamesTheKind(t *testing.T) {
	for want, data := range map[string][]byte{
		"PKCS #1 private key":           readFile(t, "key-pkcs1.der"),
		"SEC 1 private key":             readFile(t, "key-sec1.der"),
		"PKCS #8 private key":           readFile(t, "key-pkcs8.der"),
		"encrypted PKCS #8 private key": readFile(t, "key-pkcs8-encrypted.der"),
		PKCS12:                          readFile(t, "p256.pfx"),
		JavaKeyStore:                    readFile(t, "tools/java-key.jks"),
		"PEM private key":               readFile(t, "key-sec1.pem"),
		"PVK private key":               []byte("\x1e\xf1\xb5\xb0\x00\x00\x00\x00"),
		"OpenSSH private key":           []byte("openssh-key-v1\x00"),
		"PuTTY private key":             []byte("PuTTY-User-Key-File-2: ssh-rsa"),
		"JWK private key":               []byte(`{"d": "AQ", "kty": "OKP"}`),
		"XML private key":               []byte("<RSAKeyValue><Modulus/><D/></RSAKeyValue><D>"),
		"strong-name private key":       []byte("\x07\x02\x00\x00\x00\x24\x00\x00RSA2"),
		"age private key":               []byte("AGE-SECRET-KEY-1QQ"),
	} {
		if got := Find(data); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := Find(readFile(t, "tools/java-trust.jceks")); got != JavaKeyStore {
		t.Errorf("JCEKS: got %q", got)
	}
}

// TestFindSeesKeysThatAreOddlyEncoded writes the version or the lengths as DER does not.
func TestFindSeesKeysThatAreOddlyEncoded(t *testing.T) {
	key := readFile(t, "key-pkcs8.der")
	body := key[3:] // of less than 256 bytes
	for name, data := range map[string][]byte{
		"a longer length":      append([]byte{0x30, 0x84, 0, 0, 0, byte(len(body))}, body...),
		"an indefinite length": append(append([]byte{0x30, 0x80}, body...), 0, 0),
		"a longer version":     append([]byte{0x30, 0x81, byte(len(body) + 1), 0x02, 0x02, 0}, body[2:]...),
		"PKCS #12":             []byte("\x30\x80\x02\x01\x03\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"),
	} {
		if Find(data) == "" {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestFindLeavesPublicThingsAlone(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"text":             []byte("content"),
		"public key":       readFile(t, "public.pem"),
		"PKCS #1 public":   x509.MarshalPKCS1PublicKey(&key.PublicKey),
		"public JWK":       []byte(`{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}`),
		"public XML":       []byte("<RSAKeyValue><Modulus>AQ==</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"),
		"public SSH key":   []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@contoso"),
		"a name":           []byte("CN=PRIVATE KEY, O=Contoso Ltd, L=Redmond, S=Washington, C=US"),
		"a GUID":           []byte("11111111-2222-3333-4444-555555555555"),
		"a line of dashes": []byte("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\nThe PRIVATE KEY is elsewhere.\n"),
	} {
		if got := Find(data); got != "" {
			t.Errorf("%s: taken for a %s", name, got)
		}
	}
}

// TestFindIsRightAboutTheTestDataOfCodesign: it finds the files with keys and no others.
func TestFindIsRightAboutTheTestDataOfCodesign(t *testing.T) {
	hasKey := func(name string) bool {
		switch filepath.Ext(name) {
		case ".p12", ".pfx", ".jks", ".jceks": // it is unknown whether there is a key inside
			return true
		case ".sh", ".go", ".java", ".md", ".txt":
			return false
		}
		return strings.HasPrefix(name, "key-") && name != "key-id.p7s" || name == "bag.pem"
	}
	err := filepath.WalkDir("../../../codesign/testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if kind := Find(data); (kind != "") != hasKey(entry.Name()) {
			t.Errorf("%s: got %q", path, kind)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFindTellsDigestsFromKeys(t *testing.T) {
	type algorithm struct{ OID asn1.ObjectIdentifier }
	type encrypted struct {
		Algorithm algorithm
		Data      []byte
	}
	for name, test := range map[string]struct {
		oid   asn1.ObjectIdentifier
		isKey bool
	}{
		"SHA-256": {asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, false}, "SHA-1": {asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, false},
		"MD5": {asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}, false}, "PBES2": {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, true},
		"unknown": {asn1.ObjectIdentifier{1, 2, 3}, true}, "PKCS #12": {asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, true},
	} {
		if got := Find(marshal(t, encrypted{algorithm{test.oid}, make([]byte, 32)})); (got != "") != test.isKey {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestFindNeedsABoundaryOfAKey(t *testing.T) {
	for text, want := range map[string]bool{
		"-----BEGIN PRIVATE KEY-----\n":           true,
		"MAA=\n-----END RSA PRIVATE KEY-----\n":   true,
		"-----BEGIN EC PRIVATE KEY":               true,
		"-----BEGIN CERTIFICATE\nPRIVATE KEY":     false,
		"-----BEGIN PUBLIC KEY-----\nPRIVATE KEY": false,
	} {
		if got := Find([]byte(text)) != ""; got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// FuzzFind shows that no bytes around a key hide it.
func FuzzFind(f *testing.F) {
	key := readFile(f, "key-sec1.der")
	f.Add([]byte{0x30, 0x80}, []byte{0})
	f.Add([]byte("\xff\xfe"), []byte("\x30\x84\xff\xff\xff\xff\x02"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----"), []byte("-----END CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, before, behind []byte) {
		Find(before)
		for _, encoded := range [][]byte{key, base64.StdEncoding.AppendEncode(nil, key), hex.AppendEncode([]byte(":"), key)} {
			if Find(bytes.Join([][]byte{before, encoded, behind}, nil)) == "" {
				t.Errorf("not found: %q", encoded)
			}
		}
	})
}
