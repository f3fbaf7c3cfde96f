package main

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestRotateReplacesTheCertificateOnce(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	cert := f.writeCertificate("new.cer", contoso())
	args := []string{"rotate", "new.cer", "--delete-old", "--wait", "1m", "-o", "json"}

	got := decoded[rotateJSON](f.run(args...).exits(0))
	ids := f.ids()
	if len(ids) != 1 || ids[0] == old {
		t.Fatalf("the tenant has %v", ids)
	}
	if got.Certificate == nil || got.Certificate.ID != ids[0] || !got.Certificate.isDeployed() || got.Certificate.Status != "provisioned" {
		t.Errorf("certificate: %+v", got.Certificate)
	}
	if !got.Certificate.ExpirationDateTime.Equal(cert.NotAfter) || *got.Certificate.DaysLeft != 399 {
		t.Errorf("expires %v, in %d days", got.Certificate.ExpirationDateTime, *got.Certificate.DaysLeft)
	}
	if !got.Created || got.DryRun || got.File != "new.cer" || got.Error != nil || len(got.Findings) != 0 {
		t.Errorf("got %+v", got)
	}
	if len(got.Old) != 1 || got.Old[0].ID != old || !slices.Equal(got.Deleted, []string{old}) {
		t.Errorf("old %+v, deleted %v", got.Old, got.Deleted)
	}

	again := decoded[rotateJSON](f.run(args...).exits(0))
	if again.Created || again.MatchedBy != "names" || again.Certificate.ID != ids[0] || len(again.Deleted) != 0 {
		t.Errorf("again: %+v", again)
	}
	f.wantIDs(ids...)
}

func TestRotateDryRunChangesNothing(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	got := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "--dry-run", "-o", "json").exits(0))
	if !got.DryRun || got.Created || !got.WouldCreate || len(got.Deleted) != 0 || !slices.Equal(got.WouldDelete, []string{old}) {
		t.Errorf("got %+v", got)
	}
	if got.Certificate.ID != "" || !got.Certificate.isKnownNotToBeDeployed() || !got.Old[0].isDeployed() {
		t.Errorf("the new one %+v, the old one %+v", got.Certificate, got.Old[0])
	}
	f.wantIDs(old)
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "72h", "--dry-run").exits(0).prints("Would upload")
	f.run("rotate", "new.cer", "--delete-old", "--dry-run").exits(0).prints("Would upload new.cer", "Would delete "+old)
}

func TestRotateExitsWith5WhileTheNewOneIsNotReady(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	tests := map[string][]string{
		"not provisioned":      {"rotate", "new.cer", "--delete-old"},
		"the wait has run out": {"rotate", "new.cer", "--wait", "100ms"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			next := "Next: Run the same command again later"
			got := f.run(append(args, "-o", "json")...).exits(5).says(next)
			result := decoded[rotateJSON](got)
			if result.Error.Kind != "notProvisioned" || result.Certificate == nil || !result.Certificate.isDeployed() || !result.Old[0].isKnownNotToBeDeployed() {
				t.Errorf("got %+v", result)
			}
			if strings.Contains(result.Error.Message, "again later") {
				t.Errorf("the message repeats the next step: %s", result.Error.Message)
			}
		})
	}
	if ids := f.ids(); len(ids) != 2 || ids[0] != old {
		t.Errorf("the tenant has %v", ids)
	}
}

func TestRotateExitsWith6IfTheCertificateIsNotTheLatest(t *testing.T) {
	t.Run("a stale job", func(t *testing.T) {
		f := newFixture(t)
		id := f.seed(contoso())
		f.writeCertificate("old.cer", oldContoso())
		done := f.run("rotate", "old.cer", "--delete-old", "-o", "json").exits(6).says("Next: old.cer was not uploaded.")
		got := decoded[rotateJSON](done)
		if got.Error.Kind != "notLatest" {
			t.Errorf("got %+v", got)
		}
		f.wantIDs(id)
	})
	t.Run("a later upload", func(t *testing.T) {
		f := newFixture(t)
		f.writeCertificate("new.cer", contoso())
		f.run("rotate", "new.cer").exits(0)
		other := f.seed(intunetest.NewCertificate("Fabrikam"))
		f.run("rotate", "new.cer").exits(6).says(other, "NewSubject")
	})
}

func TestRotateSaysWhatIsDeployedAfterAFailedDelete(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodDelete, Status: http.StatusForbidden})
	got := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "-o", "json").exits(1))
	if !got.Certificate.isDeployed() || !got.Old[0].isKnownNotToBeDeployed() || got.Old[0].ID != old {
		t.Errorf("got %+v, %+v", got.Certificate, got.Old)
	}
}

func TestRotateRejectsWhatShouldNotBeUploaded(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("expired.cer", contoso(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.AddDate(0, 0, -400), c.NotBefore.Add(-time.Hour)
	}))
	f.writeCertificate("ca.cer", contoso(func(c *x509.Certificate) { c.IsCA = true }))
	f.run("rotate", "expired.cer").exits(1).says("expired")
	f.writeCertificate("tls.cer", contoso(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }))
	f.run("rotate", "expired.cer").exits(1).says("allow it with --allow-expired")
	f.run("rotate", "tls.cer").exits(1).says("not for code signing", "Next: If that is intended, confirm it with --thumbprint")
	f.run("upload", "tls.cer").exits(1).says("not for code signing", "Next: If that is intended, confirm it with --thumbprint")
	f.run("inspect", "tls.cer").exits(0).prints("upload and rotate reject it without --thumbprint ")
	f.run("inspect", "expired.cer").exits(0).prints("upload and rotate reject it without --allow-expired")
	f.run("rotate", "ca.cer").exits(1).says("certificate of an authority", "Next: If that is intended, confirm it with --thumbprint")
	f.run("rotate", "missing.cer").exits(1).says("missing.cer", "Next: Check the name of the file.")
	f.wantIDs()
	f.run("rotate", "expired.cer", "--allow-expired").exits(0)
}

func TestRotateSaysThatItWaitsForProvisioning(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	f.writeCertificate("new.cer", contoso())
	r := f.start("rotate", "new.cer", "--wait", "1h")
	eventually(t, "the remark", func() bool { return r.stderr.String() == "Waiting for provisioning.\n" })
	id := f.ids()[0]
	if err := f.SetStatus(id, intune.CertificateStatusProvisioned); err != nil {
		t.Fatal(err)
	}
	r.wait().exits(0).prints("provisioned")
}

// TestRotateThatCannotLookAgainHasNotFinished: a 404 of a listing does not say that an earlier run has finished.
func TestRotateThatCannotLookAgainHasNotFinished(t *testing.T) {
	f := newFixture(t)
	f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: "GET", Delay: 1}, intunetest.Fault{Method: "GET", Delay: 1}, intunetest.Fault{Method: "GET", Status: 404})
	f.run("rotate", "new.cer", "--delete-old").exits(1)
	if got := f.ids(); len(got) != 2 {
		t.Errorf("the tenant has %v", got)
	}
}
