package privatekey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func rsaKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func must(tb testing.TB) func([]byte, error) []byte {
	tb.Helper()
	return func(data []byte, err error) []byte {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return data
	}
}

func certificate(tb testing.TB) []byte {
	tb.Helper()
	key := rsaKey(tb)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "PRIVATE KEY"},
		NotAfter: time.Now().Add(time.Hour),
	}
	return must(tb)(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
}

type (
	algorithm struct{ OID asn1.ObjectIdentifier }
	encrypted struct {
		Algorithm algorithm
		Data      []byte
	}
	contentInfo struct {
		OID     asn1.ObjectIdentifier
		Content []byte `asn1:"tag:0,explicit"`
	}
	pfx struct {
		Version  int
		AuthSafe contentInfo
	}
)

func keys(tb testing.TB) map[string][]byte {
	tb.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	key := rsaKey(tb)
	return map[string][]byte{
		"PKCS #1 private key": x509.MarshalPKCS1PrivateKey(key),
		"SEC 1 private key":   must(tb)(x509.MarshalECPrivateKey(ec)),
		"PKCS #8 private key": must(tb)(x509.MarshalPKCS8PrivateKey(key)),
		"encrypted PKCS #8 private key": must(tb)(asn1.Marshal(encrypted{
			algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, []byte("sealed"),
		})),
		"PKCS #12 container": must(tb)(asn1.Marshal(pfx{3, contentInfo{
			asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, []byte("bags"),
		}})),
	}
}

func TestFindSeesEveryFormatHoweverItIsWrapped(t *testing.T) {
	cert := certificate(t)
	for want, key := range keys(t) {
		wrapped := map[string][]byte{
			"alone":                key,
			"behind a certificate": append(bytes.Clone(cert), key...),
			"cut short":            key[:len(key)-3],
			"mislabelled as PEM":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key}),
			"base64":               []byte(base64.StdEncoding.EncodeToString(key) + "\r\n"),
		}
		for how, data := range wrapped {
			if got := Find(data); got != want {
				t.Errorf("%s, %s: got %q", want, how, got)
			}
		}
	}
}

func TestFindSeesIndefiniteLengths(t *testing.T) {
	container := []byte{0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
	if got := Find(container); got != "PKCS #12 container" {
		t.Errorf("got %q", got)
	}
}

func TestFindSeesPEMOfAnyKind(t *testing.T) {
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate(t)})
	for _, kind := range []string{"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"} {
		key := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("secret")})
		var utf16 []byte
		for _, b := range key {
			utf16 = append(utf16, b, 0)
		}
		for how, data := range map[string][]byte{
			"alone": key, "behind a certificate": append(bytes.Clone(cert), key...), "cut short": key[:40], "UTF-16": utf16,
		} {
			if Find(data) == "" {
				t.Errorf("%s, %s: not found", kind, how)
			}
		}
	}
}

func TestFindLeavesPublicThingsAlone(t *testing.T) {
	key := rsaKey(t)
	cert := certificate(t)
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"text":             []byte("content"),
		"certificate":      cert,
		"certificate, PEM": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		"PKIX public key":  must(t)(x509.MarshalPKIXPublicKey(&key.PublicKey)),
		"PKCS #1 public":   x509.MarshalPKCS1PublicKey(&key.PublicKey),
	} {
		if got := Find(data); got != "" {
			t.Errorf("%s: taken for a %s", name, got)
		}
	}
}

// FuzzFind shows that no bytes in front of a whole key hide it, as long as they are whole values themselves.
func FuzzFind(f *testing.F) {
	key := x509.MarshalPKCS1PrivateKey(rsaKey(f))
	f.Add([]byte{0x30, 0x80}, true)
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x02}, false)
	f.Add([]byte("-----BEGIN CERTIFICATE-----"), false)
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		Find(data)
		if !wrap {
			return
		}
		octets := must(t)(asn1.Marshal(data))
		if Find(append(octets, key...)) == "" {
			t.Error("a key behind an OCTET STRING was not found")
		}
	})
}

// TestFindSeesThroughEncodings takes keys as they come out of secret stores, editors and PowerShell.
func TestFindSeesThroughEncodings(t *testing.T) {
	der := must(t)(x509.MarshalPKCS8PrivateKey(rsaKey(t)))
	armoured := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	text := base64.StdEncoding.EncodeToString(der)
	utf16 := []byte{0xff, 0xfe}
	for _, b := range []byte(text) {
		utf16 = append(utf16, b, 0)
	}
	for how, data := range map[string][]byte{
		"base64 of PEM":               []byte(base64.StdEncoding.EncodeToString(armoured)),
		"base64 with a BOM":           []byte("\xef\xbb\xbf" + text),
		"base64 in UTF-16":            utf16,
		"base64 cut short":            []byte(text[:len(text)-5]),
		"base64url without padding":   []byte(base64.RawURLEncoding.EncodeToString(der)),
		"base64 with something after": []byte(text + "\n#"),
		"DER behind a line break":     append([]byte("\r\n"), der...),
		"DER behind a BOM":            append([]byte("\xef\xbb\xbf"), der...),
	} {
		if Find(data) == "" {
			t.Errorf("%s: not found", how)
		}
	}
}

func TestFindSeesFilesThatAreNotDER(t *testing.T) {
	for data, want := range map[string]string{
		"\x1e\xf1\xb5\xb0\x00\x00\x00\x00": "PVK private key",
		"\xfe\xed\xfe\xed\x00\x00\x00\x02": "Java key store",
		"\xce\xce\xce\xce\x00\x00\x00\x02": "Java key store",
	} {
		for _, file := range []string{data, base64.StdEncoding.EncodeToString([]byte(data + "and all the rest of the key"))} {
			if got := Find([]byte(file)); got != want {
				t.Errorf("%q: got %q, want %q", file, got, want)
			}
		}
	}
}

// TestFindIsRightAboutTheTestDataOfCodesign: it finds the files with keys and no others.
func TestFindIsRightAboutTheTestDataOfCodesign(t *testing.T) {
	hasKey := func(name string) bool {
		switch filepath.Ext(name) {
		case ".p12", ".pfx", ".jks", ".jceks": // whether there is a key inside cannot be told
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
	digest := func(oid ...int) []byte {
		return must(t)(asn1.Marshal(encrypted{algorithm{oid}, make([]byte, 32)}))
	}
	for name, data := range map[string][]byte{
		"SHA-256": digest(2, 16, 840, 1, 101, 3, 4, 2, 1), "SHA-1": digest(1, 3, 14, 3, 2, 26), "MD5": digest(1, 2, 840, 113549, 2, 5),
	} {
		if got := Find(data); got != "" {
			t.Errorf("%s is taken for a %s", name, got)
		}
	}
	for name, data := range map[string][]byte{
		"PBES2": digest(1, 2, 840, 113549, 1, 5, 13), "unknown": digest(1, 2, 3), "PKCS #12": digest(1, 2, 840, 113549, 1, 12, 1, 3),
	} {
		if Find(data) == "" {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestFindNeedsABoundaryOfAKey(t *testing.T) {
	cert := "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
	for text, want := range map[string]bool{
		cert + "The PRIVATE KEY is elsewhere.\n": false,
		cert + "-----BEGIN PRIVATE KEY-----\n":   true,
		"MAA=\n-----END RSA PRIVATE KEY-----\n":  true,
		"-----BEGIN EC PRIVATE KEY":              true,
		"-----BEGIN CERTIFICATE\nPRIVATE KEY":    false,
	} {
		if got := Find([]byte(text)) != ""; got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}
