package codesign_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/codesign"
)

// TestPEMAroundNothing is well-formed, except that it holds no certificate.
func TestPEMAroundNothing(t *testing.T) {
	for _, kind := range []string{"CERTIFICATE", "PKCS7", "TRUSTED CERTIFICATE"} {
		for _, data := range []string{"", "AAAA"} {
			_, err := codesign.Parse([]byte("-----BEGIN " + kind + "-----\n" + data + "\n-----END " + kind + "-----\n"))
			if err == nil || !strings.Contains(err.Error(), "holds no certificate") {
				t.Errorf("%s %q: got %v", kind, data, err)
			}
		}
	}
}

// TestFilesThatToolsHaveMangled are right except for what editors, variables and web forms have done to them.
func TestFilesThatToolsHaveMangled(t *testing.T) {
	der, text := readFile(t, "p256.der"), string(readFile(t, "chain.pem"))
	for name, data := range map[string]string{
		"DER with a line end":       string(der) + "\r\n",
		"DER with zeros":            string(der) + "\x00\x00\x00",
		"old line ends":             strings.ReplaceAll(text, "\n", "\r"),
		"no line ends":              strings.ReplaceAll(text, "\n", ""),
		"spaces for line ends":      strings.ReplaceAll(text, "\n", " "),
		"escaped line ends":         strings.ReplaceAll(text, "\n", `\n`),
		"escaped Windows line ends": strings.ReplaceAll(text, "\n", `\r\n`),
		"indented":                  "  " + strings.ReplaceAll(text, "\n", "\n  "),
		"blank lines":               "\n" + strings.ReplaceAll(text, "-----\n", "-----\n\n"),
	} {
		got, err := codesign.Parse([]byte(data))
		if err != nil || got.Leaf.Subject.CommonName != "Contoso p256" {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for want, tail := range map[string][]byte{"has other data after the certificate": []byte("junk"), "holds a private key": readFile(t, "key-pkcs8.der")} {
		if _, err := codesign.Parse(append(bytes.Clone(der), tail...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s: got %v", want, err)
		}
	}
	damaged := strings.Replace(text, "-----BEGIN CERTIFICATE-----\nM", "-----BEGIN CERTIFICATE-----\nN", 2)
	if _, err := codesign.Parse([]byte(damaged)); err == nil || !strings.Contains(err.Error(), "PEM block 1") {
		t.Errorf("got %v", err)
	}
}
