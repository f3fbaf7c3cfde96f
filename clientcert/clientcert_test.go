package clientcert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/clientcert"
	"github.com/seed-230b9595/intune-go/codesign"
)

// pair is an application's certificate and its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newPair(t *testing.T, key crypto.Signer, err error) pair {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pair{cert, key}
}

func (p pair) pkcs8(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

const password = "pässword"

func container(t *testing.T, p pair, others ...*x509.Certificate) []byte {
	t.Helper()
	data, err := pkcs12.Modern.Encode(p.key, p.cert, others, password)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pairs(t *testing.T) (rsaPair, ecPair pair) {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	rsaPair = newPair(t, rsaKey, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return rsaPair, newPair(t, ecKey, err)
}

func TestLoad(t *testing.T) {
	app, other := pairs(t)
	sec1, err := x509.MarshalECPrivateKey(other.key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	pbmac1, err := pkcs12.Modern2026.Encode(app.key, app.cert, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	cert, issuer := block("CERTIFICATE", app.cert.Raw), block("CERTIFICATE", other.cert.Raw)
	for name, test := range map[string]struct {
		file []byte
		want pair
	}{
		"PEM, key first":        {bytes.Join([][]byte{app.pkcs8(t), cert}, nil), app},
		"PEM, key last":         {bytes.Join([][]byte{cert, app.pkcs8(t)}, nil), app},
		"PEM, PKCS #1":          {bytes.Join([][]byte{cert, block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(app.key.(*rsa.PrivateKey)))}, nil), app},
		"PEM, SEC 1":            {bytes.Join([][]byte{block("EC PARAMETERS", []byte{5, 0}), block("EC PRIVATE KEY", sec1), issuer}, nil), other},
		"PEM, chain reversed":   {bytes.Join([][]byte{issuer, []byte("Bag Attributes\n"), cert, app.pkcs8(t)}, nil), app},
		"PKCS #12":              {container(t, app), app},
		"PKCS #12 with a chain": {container(t, app, other.cert), app},
		"PKCS #12 with PBMAC1":  {pbmac1, app},
	} {
		chain, key, err := clientcert.Load(write(t, test.file), password)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !chain[0].Equal(test.want.cert) || key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(test.want.key.Public()) != true {
			t.Errorf("%s: got %v", name, chain[0].Subject)
		}
	}
}

func TestLoadSaysWhyAFileCannotBeUsed(t *testing.T) {
	app, other := pairs(t)
	cert := block("CERTIFICATE", app.cert.Raw)
	legacy := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("sealed")})
	for name, test := range map[string]struct {
		file     []byte
		password string
		want     string
	}{
		"no key":              {cert, "", "a certificate without its private key"},
		"two keys":            {bytes.Join([][]byte{cert, app.pkcs8(t), other.pkcs8(t)}, nil), "", "2 private keys"},
		"no certificate":      {app.pkcs8(t), "", "no certificate for its private key"},
		"another's":           {bytes.Join([][]byte{cert, other.pkcs8(t)}, nil), "", "no certificate for its private key"},
		"encrypted":           {bytes.Join([][]byte{cert, block("ENCRYPTED PRIVATE KEY", []byte("sealed"))}, nil), password, "the private key is encrypted"},
		"encrypted, old":      {bytes.Join([][]byte{cert, legacy}, nil), password, "the private key is encrypted"},
		"damaged key":         {bytes.Join([][]byte{cert, block("PRIVATE KEY", []byte("secret"))}, nil), "", "the private key cannot be read"},
		"damaged certificate": {bytes.Join([][]byte{block("CERTIFICATE", []byte("x")), app.pkcs8(t)}, nil), "", "a certificate cannot be read"},
		"wrong password":      {container(t, app), "wrong", "the password is incorrect"},
		"no password":         {container(t, app), "", "cannot be used to sign in: it needs a password: pass it to Load or Parse"},
		"garbage":             {[]byte("garbage"), "", "neither PEM nor PKCS #12"},
	} {
		path := write(t, test.file)
		chain, key, err := clientcert.Load(path, test.password)
		if chain != nil || key != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, %v", name, chain, err)
			continue
		}
		if isPassword := strings.Contains(name, " password"); errors.Is(err, codesign.ErrIncorrectPassword) != isPassword {
			t.Errorf("%s: the sentinel of codesign is in the error: %t", name, !isPassword)
		}
		if !strings.HasPrefix(err.Error(), path) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := clientcert.Load("missing.pem", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestParseReadsSecrets takes what key vaults and CI secrets hold.
func TestParseReadsSecrets(t *testing.T) {
	app, _ := pairs(t)
	pfx := container(t, app)
	text := base64.StdEncoding.EncodeToString(pfx)
	combined := slices.Concat(app.pkcs8(t), block("CERTIFICATE", app.cert.Raw))
	for name, secret := range map[string]string{
		"PKCS #12":            string(pfx),
		"base64":              text,
		"base64, line end":    text + "\r\n",
		"base64url":           base64.RawURLEncoding.EncodeToString(pfx),
		"quoted":              `"` + text + `"`,
		"in the JSON of az":   `{"contentType": "application/x-pkcs12", "value": "` + text + `"}`,
		"in a variable":       "APP_PFX=" + text,
		"certutil -encode":    string(block("CERTIFICATE", pfx)),
		"a byte-order mark":   "\xef\xbb\xbf" + text,
		"UTF-16":              "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00",
		"PEM":                 string(combined),
		"PEM in base64":       base64.StdEncoding.EncodeToString(combined),
		"PEM with escapes":    strings.ReplaceAll(string(combined), "\n", `\n`),
		"PEM in JSON strings": `{"cert":"` + strings.ReplaceAll(string(combined), "\n", `\n`) + `"}`,
	} {
		chain, key, err := clientcert.Parse([]byte(secret), password)
		if err != nil || !chain[0].Equal(app.cert) || key.Public().(*rsa.PublicKey).Equal(app.key.Public()) != true {
			t.Errorf("%s: got %v, %v", name, chain, err)
		}
	}
	for want, secret := range map[string][]byte{
		"certificate cannot be used to sign in: it is a Git LFS pointer": []byte("version https://git-lfs.github.com/spec/v1\n"),
		"it is a binary file that was read as text":                      bytes.ToValidUTF8(pfx, []byte("\ufffd")),
		"a certificate without its private key":                          base64.StdEncoding.AppendEncode(nil, app.cert.Raw),
		"it holds more than one PKCS #12 container":                      []byte(text + "\n:\n" + base64.StdEncoding.EncodeToString(container(t, app, app.cert))),
		"it is empty":        nil,
		"is too large":       make([]byte, 256<<10+1),
		"neither PEM nor":    []byte("the certificate of the application"),
		"the password is in": container(t, app)[:len(pfx)],
	} {
		_, key, err := clientcert.Parse(secret, "wrong")
		if key != nil || !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// TestLoadReadsLittle: a file of 400 MiB is rejected without reading it, and what is no file is not opened.
func TestLoadReadsLittle(t *testing.T) {
	path := write(t, nil)
	if err := os.Truncate(path, 400<<20); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := clientcert.Load(path, "")
	runtime.ReadMemStats(&after)
	if !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), path+" is too large") {
		t.Errorf("got %v", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 2<<20 {
		t.Errorf("%d bytes were allocated", allocated)
	}
	for _, path := range []string{t.TempDir(), "/dev/zero", "/dev/null"} {
		if _, err := os.Stat(path); err != nil {
			continue // on Windows
		}
		if _, _, err := clientcert.Load(path, ""); !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), "is not a regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

// TestLoadOfOtherToolsContainers reads what NSS, GnuTLS, Java, BouncyCastle and node-forge write.
func TestLoadOfOtherToolsContainers(t *testing.T) {
	files := map[string]string{
		"nss-not-ascii.p12": "hunter2-Pässwörd", "gnutls-null.p12": "",
		"java-modern.p12": "secretsecret", "java-legacy.p12": "secretsecret", "bouncycastle-pkcs12.p12": "secretsecret", "forge-3des.p12": "hunter2",
		"openssl-no-mac.p12": "hunter2", "openssl-PBE-RC2-40.p12": "hunter2-Pässwörd", "trailing-zeros.p12": "hunter2",
		"negative.p12": "hunter2",
	}
	if os.Getenv("INTUNE_ALL_CASES") != "" { // these derive keys by many iterations
		files["nss-aes256cbc.p12"], files["gnutls-aes-256.p12"] = "hunter2", "hunter2"
	}
	for file, password := range files {
		chain, key, err := clientcert.Load(filepath.Join("../codesign/testdata/tools", file), password)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()) {
			t.Errorf("%s: got %v", file, chain[0].Subject)
		}
	}
	for file, want := range map[string]string{"java-trust.p12": "holds no private key", "java-two-keys.p12": "several private keys"} {
		if _, _, err := clientcert.Load(filepath.Join("../codesign/testdata/tools", file), "secretsecret"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

// FuzzParse: what comes of data is a certificate with its key, or an error without it.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"key-first.pem", "key-last.pem", "bag.pem", "rsa.b64", "rsa-nopassword-nomac.pfx", "truncated.pfx"} {
		data, err := os.ReadFile(filepath.Join("..", "codesign", "testdata", file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(base64.StdEncoding.AppendEncode(nil, data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chain, key, err := clientcert.Parse(data, "")
		switch {
		case err != nil && (chain != nil || key != nil || !errors.As(err, new(*intune.InputError))):
			t.Errorf("got %v, %T, %v", chain, key, err)
		case err == nil && !chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(key.Public()):
			t.Error("the key is another's")
		}
	})
}
