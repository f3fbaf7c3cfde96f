package main

import (
	"os"
	"testing"
	"time"
)

type inspectJSON struct {
	File, Format, Subject, Issuer, SerialNumber, PublicKey, Thumbprint, ThumbprintSHA256 string
	NotBefore, NotAfter                                                                  time.Time
	DaysLeft                                                                             int
	Chain                                                                                []string
	Findings                                                                             []struct{ Severity, Code, Message string }
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
	f.write("utf16", []byte("\xff\xfeh\x00i\x00"))

	f.run("inspect", "new.pfx", "--password-file", "right").exits(0).prints("PKCS #12")
	f.run("inspect", "new.pfx", "--password-file", "wrong").exits(1).says("it comes from wrong", "Next: Put the password into")
	f.run("inspect", "new.pfx", "--password-file", "missing").exits(1).says("missing")
	f.run("inspect", "new.pfx", "--password-file", "utf16").exits(2).says("not in UTF-8")
	failed := decoded[struct{ Error errorJSON }](f.run("inspect", "new.pfx", "-o", "json").exits(1).says("Next: Put the password into"))
	if failed.Error.Kind != "incorrectPassword" {
		t.Errorf("got %+v", failed)
	}

	f.env = append(f.env, passwordVariable+"="+pfxPassword)
	f.run("inspect", "new.pfx").exits(0)
	f.run("inspect", "new.pfx", "--password-file", "wrong").exits(1).says("it comes from wrong")
	f.run("inspect", "new.pfx", "--password", pfxPassword).exits(2)
}
