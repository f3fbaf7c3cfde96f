package codesign_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

const password = "hunter2-Pässwörd" // of the containers in testdata

var withPassword = codesign.WithPassword(password)

func testdata(name string) string { return filepath.Join("testdata", filepath.FromSlash(name)) }

func readFile(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(testdata(name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// load reads a file in both ways, and they are to agree.
func load(t *testing.T, name string, opts ...codesign.Option) (*codesign.Certificate, error) {
	t.Helper()
	loaded, err := codesign.Load(testdata(name), opts...)
	parsed, parseErr := codesign.Parse(readFile(t, name), opts...)
	if !reflect.DeepEqual(loaded, parsed) || (err == nil) != (parseErr == nil) {
		t.Errorf("Load: %v; Parse: %v", err, parseErr)
	}
	return loaded, err
}

func commonNames(certs []*x509.Certificate) string {
	names := make([]string, len(certs))
	for i, cert := range certs {
		names[i] = cert.Subject.CommonName
	}
	return strings.Join(names, ", ")
}

func TestLoadRecognizesTheFormatByTheContent(t *testing.T) {
	const cas = "Contoso Code Signing CA, Contoso Root CA"
	tests := []struct {
		file   string
		format codesign.Format
		leaf   string
		chain  string
		opts   []codesign.Option
	}{
		{file: "rsa.der", format: codesign.FormatDER, leaf: "Contoso rsa"},
		{file: "p256.der", format: codesign.FormatDER, leaf: "Contoso p256"},
		{file: "p384.der", format: codesign.FormatDER, leaf: "Contoso p384"},
		{file: "ed25519.der", format: codesign.FormatDER, leaf: "Contoso ed25519"},
		{file: "chain.der", format: codesign.FormatDER, leaf: "Contoso p256", chain: cas},
		{file: "intermediate.der", format: codesign.FormatDER, leaf: "Contoso Code Signing CA"},

		{file: "rsa.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "rsa-crlf.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "rsa-bom.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "rsa-utf16.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "rsa-text.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "rsa-trusted.pem", format: codesign.FormatPEM, leaf: "Contoso rsa"},
		{file: "chain.pem", format: codesign.FormatPEM, leaf: "Contoso p256", chain: cas},
		{file: "chain-reversed.pem", format: codesign.FormatPEM, leaf: "Contoso p256", chain: cas},
		{file: "key-first.pem", format: codesign.FormatPEM, leaf: "Contoso p256"},
		{file: "key-last.pem", format: codesign.FormatPEM, leaf: "Contoso p256"},
		{file: "bag.pem", format: codesign.FormatPEM, leaf: "Contoso p256", chain: cas},

		{file: "rsa.b64", format: codesign.FormatBase64, leaf: "Contoso rsa"},
		{file: "rsa-oneline.b64", format: codesign.FormatBase64, leaf: "Contoso rsa"},
		{file: "rsa-utf16.b64", format: codesign.FormatBase64, leaf: "Contoso rsa"},

		{file: "chain.p7b", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},
		{file: "chain-pem.p7b", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},
		{file: "chain-says-certificate.p7b", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},
		{file: "chain-ber.p7b", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},
		{file: "signed.p7s", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},
		{file: "signed-ber.p7s", format: codesign.FormatPKCS7, leaf: "Contoso p256", chain: cas},

		{file: "rsa.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "p256.pfx", format: codesign.FormatPKCS12, leaf: "Contoso p256", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "p384.pfx", format: codesign.FormatPKCS12, leaf: "Contoso p384", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "ed25519.pfx", format: codesign.FormatPKCS12, leaf: "Contoso ed25519", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "rsa-legacy.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "rsa-empty.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas},
		{file: "rsa-nopassword-nomac.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas},
		{file: "rsa-empty.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "rsa-nopassword-nomac.pfx", format: codesign.FormatPKCS12, leaf: "Contoso rsa", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "certs-only.pfx", format: codesign.FormatPKCS12, leaf: "Contoso p256", chain: cas, opts: []codesign.Option{withPassword}},
		{file: "p256-leaf-last.pfx", format: codesign.FormatPKCS12, leaf: "Contoso p256", chain: cas, opts: []codesign.Option{withPassword}},

		{file: "signed.exe", format: codesign.FormatPE, leaf: "Contoso rsa", chain: cas},
		{file: "signed-p256.dll", format: codesign.FormatPE, leaf: "Contoso p256", chain: cas},
		{file: "signed-nested.exe", format: codesign.FormatPE, leaf: "Contoso rsa", chain: cas},

		{file: "signed.msix", format: codesign.FormatMSIX, leaf: "Contoso p256", chain: cas},
		{file: "signed.appx", format: codesign.FormatMSIX, leaf: "Contoso rsa", chain: cas},
		{file: "signed.msixbundle", format: codesign.FormatMSIXBundle, leaf: "Contoso p256", chain: cas},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			got, err := load(t, test.file, test.opts...)
			if err != nil {
				t.Fatal(err)
			}
			if leaf := got.Leaf.Subject.CommonName; leaf != test.leaf || got.Format != test.format || commonNames(got.Chain) != test.chain {
				t.Errorf("got %s %q with the chain %q", got.Format, leaf, commonNames(got.Chain))
			}
			if upload := got.Resource(); string(upload.Content) != string(got.Leaf.Raw) || upload.Thumbprint() != got.Thumbprint() {
				t.Errorf("uploads %v", upload)
			}
		})
	}
}

func TestLoadSaysWhyAFileCannotBeUsed(t *testing.T) {
	for file, want := range map[string]string{
		"two-leaves.pem":          "is ambiguous: choose by thumbprint: ",
		"cas.pem":                 "holds several certificates, and it is not clear which one is for code signing: choose by thumbprint: ",
		"truncated.pem":           "1 of its 1 PEM blocks",
		"truncated.pfx":           "it is truncated or damaged",
		"key-pkcs1.pem":           "holds a private key (PEM private key)",
		"key-sec1.pem":            "holds a private key (PEM private key)",
		"key-pkcs8.pem":           "holds a private key (PEM private key)",
		"key-pkcs8-encrypted.pem": "holds a private key (PEM private key)",
		"key-pkcs1.der":           "holds a private key (PKCS #1",
		"key-sec1.der":            "holds a private key (SEC 1",
		"key-pkcs8.der":           "holds a private key (PKCS #8",
		"key-pkcs8-encrypted.der": "holds a private key (encrypted PKCS #8",
		"request.pem":             "holds a certificate request",
		"crl.pem":                 `only PEM of the type "X509 CRL"`,
		"public.pem":              `only PEM of the type "PUBLIC KEY"`,
		"unsigned.exe":            "is a program that is not signed",
		"unsigned.dll":            "is a program that is not signed",
		"unsigned.msix":           "is a package that is not signed",
		"unsigned.msixbundle":     "is a package that is not signed",
		"make.sh":                 "no known format",
	} {
		t.Run(file, func(t *testing.T) {
			got, err := load(t, file, withPassword)
			input := (*intune.InputError)(nil)
			if got != nil || !errors.As(err, &input) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v, %v", got, err)
			}
			if input.Name != testdata(file) {
				t.Errorf("it is said of %q", input.Name)
			}
		})
	}
}

func TestAmbiguityListsTheCandidates(t *testing.T) {
	_, err := load(t, "two-leaves.pem")
	ambiguous := (*codesign.AmbiguousError)(nil)
	if !errors.As(err, &ambiguous) || commonNames(ambiguous.Candidates) != "Contoso rsa, Contoso p256" {
		t.Fatalf("got %v", err)
	}
	for _, cert := range ambiguous.Candidates {
		if thumbprint := intune.FromX509(cert).Thumbprint(); !strings.Contains(err.Error(), thumbprint) {
			t.Errorf("%v does not name %s", err, thumbprint)
		}
	}
}

func TestThumbprintChooses(t *testing.T) {
	for _, file := range []string{"two-leaves.pem", "chain.p7b", "signed.msix", "p256.pfx"} {
		leaf := mustLoad(t, "p256.der")
		spelled := "\u200e" + strings.ToLower(leaf.Thumbprint()[:2]+":"+leaf.Thumbprint()[2:4]+" "+leaf.Thumbprint()[4:6]+"-"+leaf.Thumbprint()[6:])
		got, err := load(t, file, withPassword, codesign.WithThumbprint(spelled))
		if err != nil || !got.Leaf.Equal(leaf.Leaf) {
			t.Errorf("%s: got %v, %v", file, got, err)
		}
	}
	root, err := load(t, "chain.pem", codesign.WithThumbprint(mustLoad(t, "root.der").Thumbprint()))
	if err != nil || root.Leaf.Subject.CommonName != "Contoso Root CA" || len(root.Chain) != 2 {
		t.Errorf("got %v, %v", root, err)
	}
	if _, err := load(t, "rsa.der", codesign.WithThumbprint(strings.Repeat("0", 40))); err == nil || !strings.Contains(err.Error(), "no certificate with the thumbprint 0000") {
		t.Errorf("got %v", err)
	}
}

func TestOptionsThatCannotBeUsed(t *testing.T) {
	for want, opt := range map[string]codesign.Option{
		"nil": nil, "thumbprint is not a SHA-1 thumbprint": codesign.WithThumbprint(""),
		"which has 40 hexadecimal digits": codesign.WithThumbprint("9A28"), "40 hex": codesign.WithThumbprint(strings.Repeat("z", 40)),
	} {
		if _, err := load(t, "rsa.der", opt); !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: got %v", want, err)
		}
	}
}

// TestTextThatHoldsAFile has base64 as tools, secrets, scripts and APIs hold it.
func TestTextThatHoldsAFile(t *testing.T) {
	for file, format := range map[string]codesign.Format{
		"p256.der": codesign.FormatBase64, "chain.der": codesign.FormatBase64, "chain.pem": codesign.FormatPEM, "chain.p7b": codesign.FormatPKCS7,
		"p256.pfx": codesign.FormatPKCS12, "tools/bouncycastle-pkcs12-def.p12": codesign.FormatPKCS12,
	} {
		data := readFile(t, file)
		options := map[bool]codesign.Option{true: codesign.WithPassword("secretsecret"), false: withPassword}[strings.HasPrefix(file, "tools/")]
		want, err := codesign.Parse(data, options)
		if err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString(data)
		for name, encoded := range map[string]string{
			"base64url":             base64.URLEncoding.EncodeToString(data),
			"base64url, no padding": base64.RawURLEncoding.EncodeToString(data),
			"in quotation marks":    `"` + text + `"` + "\r\n",
			"in apostrophes":        "'" + text + "'",
			"with a label":          "certificate: " + text + "\n",
			"behind words":          "The certificate of Contoso " + text,
			"in a variable":         "PFX_BASE64=" + text + "\npassword=hunter2\n",
			"in YAML, no padding":   "data:\n  pfx: " + base64.RawStdEncoding.EncodeToString(data) + "\n  password: hunter2\n",
			"in JSON":               `{"id": "https://contoso.vault.azure.net/secrets/app", "value": "` + text + `", "contentType": "application/x-pkcs12"}`,
			"in JSON, escaped":      `{"value":"` + strings.NewReplacer("/", `\/`, "+", `\u002B`).Replace(text) + `"}`,
			"in XML":                "<X509Certificate>\n" + text + "\n</X509Certificate>",
			"in a data URL":         "data:application/octet-stream;base64," + text,
			"UTF-16 without a mark": utf16(text+"\r\n", true),
			"a BOM in front":        "\xef\xbb\xbf" + text,
			"base64 twice":          base64.StdEncoding.EncodeToString([]byte(text)),
			"hexadecimal":           hex.EncodeToString(data),
			"hexadecimal, 0x":       "0x" + strings.ToUpper(hex.EncodeToString(data)),
			"a list of bytes":       strings.Trim(fmt.Sprintf("%d", data), "[]"),
			"a Buffer in JSON":      `{"type":"Buffer","data":` + strings.ReplaceAll(fmt.Sprintf("%d", data), " ", ",") + "}",
			"behind a number sign":  "# " + text,
		} {
			got, err := codesign.Parse([]byte(encoded), options)
			if err != nil {
				t.Errorf("%s, %s: %v", file, name, err)
				continue
			}
			if !got.Leaf.Equal(want.Leaf) || len(got.Chain) != len(want.Chain) || got.Format != format {
				t.Errorf("%s, %s: got %s %v with %d more", file, name, got.Format, got.Leaf.Subject, len(got.Chain))
			}
		}
	}
}

// TestTextThatHoldsSeveralFiles: one is not preferred to the other.
func TestTextThatHoldsSeveralFiles(t *testing.T) {
	rsa, p256 := base64.StdEncoding.EncodeToString(readFile(t, "rsa.der")), base64.StdEncoding.EncodeToString(readFile(t, "p256.der"))
	listing := `{"value":[{"content":"` + rsa + `"},{"content":"` + p256 + `"},{"content":"` + rsa + `"}]}`
	_, err := codesign.Parse([]byte(listing))
	if ambiguous := (*codesign.AmbiguousError)(nil); !errors.As(err, &ambiguous) || commonNames(ambiguous.Candidates) != "Contoso rsa, Contoso p256" {
		t.Errorf("got %v", err)
	}
	got, err := codesign.Parse([]byte(listing), codesign.WithThumbprint(mustLoad(t, "p256.der").Thumbprint()))
	if err != nil || got.Leaf.Subject.CommonName != "Contoso p256" {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestFilesThatPeopleGiveByMistake: package unwrap has more of them.
func TestFilesThatPeopleGiveByMistake(t *testing.T) {
	for want, data := range map[string][]byte{
		"is a Git LFS pointer instead of the file: run git lfs pull":     []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 3475\n"),
		"is a binary file that was read as text, which has destroyed it": bytes.ToValidUTF8(readFile(t, "p256.der"), []byte("\ufffd")),
		"is a serialized certificate store (.sst)":                       []byte("\x00\x00\x00\x00CERT\x20\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"),
		"is JSON that contains no file":                                  []byte(`{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","content":null,"subject":"CN=Contoso, O=Contoso Ltd, C=US"}`),
		"is a web page":                                                  []byte("<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head></html>"),
		"holds a public key":                                             pemContent(t, "public.pem"),
		"holds a revocation list":                                        pemContent(t, "crl.pem"),
		"holds a certificate request":                                    pemContent(t, "request.pem"),
		"is an SSH key":                                                  []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@contoso\n"),
		"is empty":                                                       []byte(" \r\n"),
		"has no known format":                                            []byte("The certificate is in the vault of Contoso.\n"),
		"is larger than 64 KiB":                                          bytes.Repeat([]byte("certificate\n"), 10_000),
		"is larger than 4 MiB":                                           bytes.Repeat([]byte("certificate\n"), 1_000_000),
		"begins as a ZIP file, but":                                      []byte("PK\x03\x04\ufffd\ufffd"),
	} {
		if got, err := codesign.Parse(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v", want, got, err)
		}
	}
}

func pemContent(t *testing.T, file string) []byte {
	t.Helper()
	block, _ := pem.Decode(readFile(t, file))
	return block.Bytes
}

func mustLoad(t *testing.T, file string) *codesign.Certificate {
	t.Helper()
	cert, err := codesign.Load(testdata(file))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestLoadOfWhatIsNoFile(t *testing.T) {
	if _, err := codesign.Load(testdata("missing.cer")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := codesign.Load("testdata"); err == nil {
		t.Error("a folder is taken for a certificate")
	}
	empty := filepath.Join(t.TempDir(), "empty.cer")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := codesign.Load(empty); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("empty: %v", err)
	}
}

func TestLoadOpensNoPipe(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = reader.Close(), writer.Close() }()
	path := fmt.Sprintf("/dev/fd/%d", reader.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /dev/fd here")
	}
	for _, path := range []string{path, "/dev/null", "/dev/zero", t.TempDir()} {
		if _, err := codesign.Load(path); !errors.As(err, new(*intune.InputError)) || !strings.Contains(err.Error(), path+" is not a regular file") {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
