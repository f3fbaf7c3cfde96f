package codesign_test

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// TestUploadOfEveryFormat creates the certificate of a file of each format at the emulator.
func TestUploadOfEveryFormat(t *testing.T) {
	for _, file := range []string{
		"rsa.der", "rsa-text.pem", "rsa-utf16.pem", "bag.pem", "rsa.b64", "chain-ber.p7b", "rsa-legacy.pfx", "p384.pfx", "ed25519.pfx",
		"signed.exe", "signed-p256.dll", "signed.msix", "signed.appx", "signed.msixbundle",
	} {
		cert, err := codesign.Load(testdata(file), withPassword)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
			created, err := server.Client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert.Resource())
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			var sent []byte
			for _, request := range server.Requests() {
				sent = append(sent, request.Body...)
			}
			if created.Subject != cert.Resource().Subject || !created.ExpirationDateTime.Equal(cert.Leaf.NotAfter) || bytes.Contains(sent, []byte("PRIVATE KEY")) {
				t.Errorf("%s: created %v", file, created)
			}
		})
	}
}

// TestCreateRejectsWhatCheckFindsFatal: both know when a certificate has expired.
func TestCreateRejectsWhatCheckFindsFatal(t *testing.T) {
	cert, err := codesign.Load(testdata("p256.der"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		server := intunetest.NewServer(t, intunetest.WithListener(intunetest.ListenMemory()))
		service := server.Client().EnterpriseCodeSigningCertificates()
		for _, after := range []time.Duration{0, time.Second} {
			time.Sleep(time.Until(cert.Leaf.NotAfter.Add(after)))
			isFatal := slices.ContainsFunc(cert.Check(time.Now()), func(finding codesign.Finding) bool { return finding.Severity == codesign.SeverityFatal })
			_, err := service.Create(t.Context(), cert.Resource())
			if isRejected := errors.As(err, new(*intune.InputError)); isFatal != (after > 0) || isRejected != isFatal {
				t.Errorf("%v after its end: fatal %v, created with %v", after, isFatal, err)
			}
		}
		if got := len(server.Certificates()); got != 1 {
			t.Errorf("the tenant holds %d certificates", got)
		}
	})
}

// TestOnlyThisPackageLinksTheFormats: a program that does not import it pays nothing for it, and it links no other module.
func TestOnlyThisPackageLinksTheFormats(t *testing.T) {
	const ours = "github.com/seed-230b9595/intune-go/"
	formats := []string{ours + "internal/format/pfx", ours + "codesign/internal/compound", "archive/zip"}
	for pkg, want := range map[string]bool{"..": false, ".": true} {
		list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range formats {
			if got := strings.Contains("\n"+string(list), "\n"+format+"\n"); got != want {
				t.Errorf("%s depends on %s: %v", pkg, format, got)
			}
		}
		for _, module := range []string{"github.com/smallstep/", "software.sslmate.com/", "golang.org/x/crypto"} {
			if strings.Contains("\n"+string(list), "\n"+module) {
				t.Errorf("%s depends on %s", pkg, module)
			}
		}
	}
}
