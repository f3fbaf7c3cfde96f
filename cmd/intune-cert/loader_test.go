package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

func TestCertificateFromStandardInput(t *testing.T) {
	f := newFixture(t)
	cert := contoso()
	got := decoded[inspectJSON](f.runWith(pemOf(cert), "inspect", "-", "-o", "json").exits(0))
	if got.File != "-" || got.Format != "PEM" {
		t.Errorf("got %+v", got)
	}
	f.runWith(cert.Raw, "rotate", "-").exits(0).prints("Uploaded -")
	f.runWith(cert.Raw, "find", "-").exits(0).prints("recognized")
	f.runWith(cert.Raw, "upload", "-", "--dry-run").exits(0)
	f.writePFX("new.pfx")
	f.write("password", []byte(pfxPassword))
	for name, stdin := range map[string][]byte{"nothing": nil, "no certificate": []byte("text")} {
		f.runWith(stdin, "inspect", "-").exits(1).says("intune-cert: standard input ")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	f.runWith(make([]byte, 4<<20+1), "rotate", "-").exits(1).says("standard input has more than 4 MiB")
	f.runWith(append(pemOf(cert), bytes.Repeat([]byte("#\n"), 8<<10)...), "inspect", "-").exits(0)
}

func TestNamedPipesAreRejectedInWords(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs mkfifo")
	}
	f := newFixture(t)
	if err := exec.CommandContext(t.Context(), "mkfifo", f.path("pipe")).Run(); err != nil {
		t.Skip(err)
	}
	for _, command := range []string{"inspect", "rotate", "upload", "find"} {
		f.run(command, "pipe").exits(1).says("pipe is not a regular file, but a directory, a pipe or a device", `Next: Pass the certificate on standard input, with "-" instead of a file name.`)
	}
}

func TestAFolderIsRejectedWithWhatTheCommandTakes(t *testing.T) {
	f := newFixture(t)
	f.write("folder/new.cer", nil)
	for _, command := range []string{"rotate", "find"} {
		f.run(command, "folder").exits(1).says("Next: Name one of its files.\n")
	}
}

// TestWhatHardlyAnybodyMeansHasToBeConfirmed: elsewhere than on a terminal with the thumbprint.
func TestWhatHardlyAnybodyMeansHasToBeConfirmed(t *testing.T) {
	for name, change := range map[string]func(*certificate){
		"a CA certificate":           func(c *certificate) { c.IsCA = true },
		"is not for code signing":    func(c *certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
		"valid for less than 8 days": func(c *certificate) { c.NotAfter = c.NotBefore.AddDate(0, 0, 3) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.writeCertificate("odd.cer", contoso(change))
			thumbprint := decoded[inspectJSON](f.run("inspect", "odd.cer", "-o", "json").exits(0)).Thumbprint
			f.run("inspect", "odd.cer").exits(0).prints("upload and rotate need --thumbprint " + thumbprint)
			for _, command := range []string{"rotate", "upload"} {
				f.run(command, "odd.cer").exits(1).says(name, "Next: If that is intended, confirm it with\n--thumbprint "+thumbprint)
			}
			f.wantIDs()
			f.run("rotate", "odd.cer", "--thumbprint", thumbprint).exits(0)
			f.run("upload", "odd.cer", "--thumbprint", thumbprint).exits(0)
		})
	}
}

// TestAPrivateKeyBesideTheCertificateIsAFinding: workflows commit such files.
func TestAPrivateKeyBesideTheCertificateIsAFinding(t *testing.T) {
	f := newFixture(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f.write("both.pem", append(pemOf(contoso()), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...))
	f.run("inspect", "both.pem").exits(0).prints("private-key: ")
	f.run("rotate", "both.pem").exits(0).prints("private-key: ")
	for _, request := range f.Requests() {
		if strings.Contains(request.Body, "PRIVATE KEY") {
			t.Error("the key was sent")
		}
	}
}
