package main

import (
	"encoding/binary"
	"os"
	"testing"
	"time"
	"unicode/utf16"
)

type inspectJSON struct {
	File, Format, Subject, Issuer, SerialNumber, PublicKey, Thumbprint, ThumbprintSHA256 string
	NotBefore, NotAfter                                                                  time.Time
	DaysLeft                                                                             int
	Chain                                                                                []string
	Findings                                                                             []struct{ Severity, Code, Message string }
	RejectedUnless                                                                       string
}

func TestInspectNeedsNoNetwork(t *testing.T) {
	f := newFixture(t)
	cert := f.writeCertificate("old.cer", oldContoso())
	got := decoded[inspectJSON](f.run("inspect", "old.cer", "-o", "json").exits(0))
	if got.Format != "DER" || got.PublicKey != "ECDSA P-256" || !got.NotAfter.Equal(cert.NotAfter) || len(got.Thumbprint) != 40 ||
		len(got.ThumbprintSHA256) != 64 || got.SerialNumber == "" || got.Subject == "" || got.Chain == nil {
		t.Errorf("got %+v", got)
	}
	if len(got.Findings) != 1 || got.Findings[0].Code != "expires-soon" {
		t.Errorf("findings: %+v", got.Findings)
	}
	f.run("inspect", "old.cer").exits(0).prints("expires-soon", "SHA-256", "CN=Contoso Apps")
	if requests := f.Requests(); len(requests) != 0 {
		t.Errorf("sent %d requests", len(requests))
	}
}

const pfxPassword = "hunter2-Pässwörd" // of the files in codesign/testdata

// writePFX copies a .pfx file into the folder.
func (f *fixture) writePFX(name string) {
	f.t.Helper()
	data, err := os.ReadFile("../../codesign/testdata/p256.pfx")
	if err != nil {
		f.t.Fatal(err)
	}
	f.write(name, data)
}

func TestPasswordsComeFromAFileOrTheEnvironment(t *testing.T) {
	f := newFixture(t)
	f.writePFX("new.pfx")
	f.write("right", []byte("\uFEFF"+pfxPassword+"\r\n"))
	f.write("wrong", []byte("wrong"))
	f.write("latin1", []byte("P\xe4ssw\xf6rd"))
	powershell := []byte("\xff\xfe") // as Windows PowerShell writes with ">"
	for _, unit := range utf16.Encode([]rune(pfxPassword + "\r\n")) {
		powershell = binary.LittleEndian.AppendUint16(powershell, unit)
	}
	f.write("powershell", powershell)

	f.run("inspect", "new.pfx", "--password-file", "right").exits(0).prints("PKCS #12")
	f.run("inspect", "new.pfx", "--password-file", "wrong").exits(1).says("the password from wrong is not the one of new.pfx", "Next: Correct the password in wrong.")
	f.run("inspect", "new.pfx", "--password-file", "missing").exits(1).says("missing")
	f.run("inspect", "new.pfx", "--password-file", "latin1").exits(1).says("not in UTF-8", "Next: Save the file as UTF-8.")
	f.run("inspect", "new.pfx", "--password-file", "powershell").exits(0)
	failed := decoded[struct{ Error errorJSON }](f.run("inspect", "new.pfx", "-o", "json").exits(1).says("new.pfx needs a password, and none was given", "Next: Put it into a file"))
	if failed.Error.Kind != "incorrectPassword" {
		t.Errorf("got %+v", failed)
	}
	container, err := os.ReadFile(f.path("new.pfx"))
	if err != nil {
		t.Fatal(err)
	}
	f.runWith(container, "inspect", "-").exits(1).says("standard input needs a password, and none was given")
	f.runWith(container, "inspect", "-", "--password-file", "wrong").exits(1).says("the password from wrong is not the one of standard input")

	f.env = append(f.env, passwordVariable+"="+pfxPassword)
	f.run("inspect", "new.pfx").exits(0)
	f.run("inspect", "new.pfx", "--password-file", "wrong").exits(1).says("Next: Correct the password in wrong.")
	f.run("inspect", "new.pfx", "--password", pfxPassword).exits(2)
}

func TestInspectCountsTheDaysOfCenturies(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("long.cer", contoso(func(c *certificate) { c.NotAfter = time.Date(9966, 1, 1, 0, 0, 0, 0, time.UTC) }))
	if got := decoded[inspectJSON](f.run("inspect", "long.cer", "-o", "json").exits(0)); got.DaysLeft < 2_800_000 {
		t.Errorf("%d days", got.DaysLeft)
	}
}

func TestInspectOfAFolderOrSeveralAuthorities(t *testing.T) {
	f := newFixture(t)
	authority := func() []byte { return pemOf(contoso(func(c *certificate) { c.IsCA = true })) }
	f.write("folder/two.pem", append(authority(), authority()...))
	f.run("inspect", "folder").exits(1).says("folder is not a regular file", "Next: Name one of its files.\n")
	f.run("inspect", "folder/two.pem").exits(1).says("holds several certificates", "Next: Choose one with --thumbprint.")
}
