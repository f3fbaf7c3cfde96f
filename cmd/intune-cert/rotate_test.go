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
	args := []string{"rotate", "new.cer", "--delete-old", "--overlap", "0", "--wait", "1m", "-o", "json"}

	done := f.run(args...).exits(0).prints(`"wouldCreate": false`, `"wouldDelete": []`)
	got := decoded[rotateJSON](done)
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
	if got.Previous == nil || got.Previous.ID != old || !got.Previous.isKnownNotToBeDeployed() {
		t.Errorf("previous: %+v", got.Previous)
	}
	if len(got.Old) != 1 || got.Old[0].ID != old || !slices.Equal(got.Deleted, []string{old}) {
		t.Errorf("old %+v, deleted %v", got.Old, got.Deleted)
	}

	again := decoded[rotateJSON](f.run(args...).exits(0))
	if again.Created || again.MatchedBy != "names" || again.Certificate.ID != ids[0] || len(again.Deleted) != 0 || again.Previous != nil {
		t.Errorf("again: %+v", again)
	}
	f.wantIDs(ids...)
}

func TestRotateDryRunChangesNothing(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	got := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "--overlap", "0", "--dry-run", "-o", "json").exits(0))
	if !got.DryRun || got.Created || !got.WouldCreate || len(got.Deleted) != 0 || !slices.Equal(got.WouldDelete, []string{old}) {
		t.Errorf("got %+v", got)
	}
	if got.Certificate.ID != "" || !got.Certificate.isKnownNotToBeDeployed() || !got.Old[0].isDeployed() {
		t.Errorf("the new one %+v, the old one %+v", got.Certificate, got.Old[0])
	}
	f.wantIDs(old)
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "0", "--dry-run").exits(0).
		prints("Deployed now: "+old+", CN=Contoso Apps, ", "Would upload new.cer", "Replaces "+old, "would be deleted")
}

func TestRotateKeepsTheOldOneFor30Days(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	f.run("rotate", "new.cer", "--delete-old", "--dry-run").exits(0).prints("Would upload", "UTC deletes it")
	for _, wantCreated := range []bool{true, false} {
		got := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "-o", "json").exits(0))
		if got.Created != wantCreated || len(got.Deleted) != 0 || !slices.Equal(got.Pending, []string{old}) || got.Error != nil {
			t.Errorf("got %+v", got)
		}
		if left := time.Until(*got.PendingUntil).Round(time.Hour); left != 30*day {
			t.Errorf("pending for %v", left)
		}
	}
	f.run("rotate", "new.cer", "--delete-old").exits(0).
		prints("recognized by names and dates: the service does not show the content", "Replaces "+old, ": a run after 20", " UTC deletes it")
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "72h", "-o", "json").exits(0)
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "0").exits(0).prints("Replaces "+old, ": deleted\n")
	f.run("rotate", "new.cer").exits(0)
	if ids := f.ids(); len(ids) != 1 || ids[0] == old {
		t.Errorf("the tenant has %v", ids)
	}
}

func TestRotateDeploysAnotherSubjectOnlyIfAllowed(t *testing.T) {
	f := newFixture(t)
	id := f.seed(intunetest.NewCertificate("Fabrikam"))
	f.writeCertificate("new.cer", contoso())
	for _, args := range [][]string{{"--delete-old"}, {"--dry-run"}} {
		done := f.run(append([]string{"rotate", "new.cer", "-o", "json"}, args...)...).exits(6).says("Next: Check that new.cer is the right file", "run once:\nintune-cert rotate new.cer"+strings.Replace(" "+args[0], " --dry-run", "", 1)+" --output json --new-subject\n")
		if got := decoded[rotateJSON](done); got.Error.Kind != "otherSubject" || !strings.Contains(got.Error.Message, id) {
			t.Errorf("got %+v", got.Error)
		}
	}
	f.wantIDs(id)
	f.run("rotate", "new.cer", "--new-subject", "--delete-old", "--overlap", "0").exits(0).prints("Deployed until now: "+id+", CN=Fabrikam", "Uploaded new.cer")
	if ids := f.ids(); len(ids) != 2 {
		t.Errorf("the tenant has %v: that of another publisher must stay", ids)
	}
}

func TestRotateForceGoesBack(t *testing.T) {
	f := newFixture(t)
	earlier := f.writeCertificate("earlier.cer", contoso(func(c *certificate) { c.NotAfter = time.Now().AddDate(0, 6, 0) }))
	f.seed(earlier)
	later := f.seed(f.writeCertificate("later.cer", contoso()))
	f.run("rotate", "earlier.cer").exits(6).says("run once:\nintune-cert rotate earlier.cer --force\n")
	f.run("rotate", "earlier.cer", "--force", "--dry-run").exits(0).prints(later + " would stay until a person deletes it:\nintune-cert delete " + later + "\n")
	got := decoded[rotateJSON](f.run("rotate", "earlier.cer", "--force", "-o", "json").exits(0))
	if !got.Created || got.Previous == nil || got.Previous.ID != later || !got.Certificate.isDeployed() {
		t.Errorf("got %+v", got)
	}
	again := decoded[rotateJSON](f.run("rotate", "later.cer", "--force", "-o", "json").exits(0)).Certificate.ID
	f.run("rotate", "earlier.cer", "--force").exits(0).
		prints("Deployed until now: "+again, "--delete-old deletes it after the overlap\n", again+" stays until a person deletes it:\nintune-cert delete "+again+"\n")
	f.run("rotate", "earlier.cer").exits(0).prints("is in the tenant already")
}

func TestRotateExitsWith5IfTheNewOneIsNotProvisionedInTime(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	for name, test := range map[string]struct {
		args    []string
		message string
	}{
		"nothing was waited for": {[]string{"--delete-old", "--overlap", "0"}, "is not provisioned yet, so the old one stays"},
		"the wait has run out":   {[]string{"--wait", "100ms"}, "is not provisioned after a wait of 100ms"},
	} {
		t.Run(name, func(t *testing.T) {
			done := f.run(append([]string{"rotate", "new.cer", "-o", "json"}, test.args...)...).exits(5).says("Next: Run the same command again later")
			got := decoded[rotateJSON](done)
			if got.Error.Kind != "notProvisioned" || !strings.Contains(got.Error.Message, test.message) {
				t.Errorf("got %+v", got.Error)
			}
			if got.Certificate == nil || !got.Certificate.isDeployed() || !got.Old[0].isKnownNotToBeDeployed() {
				t.Errorf("got %+v, %+v", got.Certificate, got.Old)
			}
		})
	}
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "0").exits(5).prints(": a later run deletes it\n")
	if ids := f.ids(); len(ids) != 2 || ids[0] != old {
		t.Errorf("the tenant has %v", ids)
	}
}

func TestRotateExitsWith6IfTheCertificateIsNotTheLatest(t *testing.T) {
	f := newFixture(t)
	id := f.seed(contoso())
	f.writeCertificate("old.cer", oldContoso())
	done := f.run("rotate", "old.cer", "--delete-old", "-o", "json").exits(6).says("Next: If the other certificate is the right one", "To go back to old.cer, run once:\nintune-cert rotate old.cer --delete-old --output json --force\n")
	if got := decoded[rotateJSON](done); got.Error.Kind != "notLatest" {
		t.Errorf("got %+v", got)
	}
	f.wantIDs(id)
}

func TestRotateSaysWhatIsDeployedAfterAFailedDelete(t *testing.T) {
	f := newFixture(t)
	old := f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodDelete, Status: http.StatusForbidden})
	got := decoded[rotateJSON](f.run("rotate", "new.cer", "--delete-old", "--overlap", "0", "-o", "json").exits(1))
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
	f.run("rotate", "expired.cer").exits(1).says("add --allow-expired")
	f.run("rotate", "tls.cer").exits(1).says("not for code signing", "Next: If that is intended, confirm it with\n--thumbprint")
	f.run("upload", "tls.cer").exits(1).says("not for code signing", "Next: If that is intended, confirm it with\n--thumbprint")
	f.run("inspect", "tls.cer").exits(0).prints("upload and rotate need --thumbprint ")
	f.run("inspect", "expired.cer").exits(0).prints("upload and rotate need --allow-expired")
	f.run("rotate", "ca.cer").exits(1).says("a CA certificate", "Next: If that is intended, confirm it with\n--thumbprint")
	f.run("rotate", "missing.cer").exits(1).says("intune-cert: missing.cer: ", "Next: Check the name of the file.")
	f.writeCertificate("early.cer", contoso(func(c *x509.Certificate) { c.NotBefore = time.Now().AddDate(0, 0, 7) }))
	f.run("rotate", "early.cer").exits(1).says("intune-cert: early.cer is not valid before 20", "Next: Run the same command again then.")
	f.wantIDs()
	f.run("rotate", "expired.cer", "--allow-expired").exits(0)
}

func TestRotateSaysThatItWaitsForProvisioning(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	f.writeCertificate("new.cer", contoso())
	r := f.start("rotate", "new.cer", "--wait", "1h")
	eventually(t, "the remark", func() bool { return r.stderr.String() == "Waiting for provisioning, up to 1h.\n" })
	id := f.ids()[0]
	if err := f.SetStatus(id, intune.CertificateStatusProvisioned); err != nil {
		t.Fatal(err)
	}
	r.wait().exits(0).prints("provisioned")
}

func TestInterruptedRotateSaysThatItWaited(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	f.writeCertificate("new.cer", contoso())
	r := f.start("rotate", "new.cer", "--wait", "1h")
	eventually(t, "it waits", func() bool { return strings.Contains(r.stderr.String(), "Waiting for provisioning") })
	r.interrupt().exits(130).says("interrupted: the new certificate "+f.ids()[0]+" is not provisioned yet", "Next: Run the same command again to continue.")
}

func TestInterruptedForcedRotateIsRunAgainWithoutForce(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodPost, ResponseDelay: time.Hour})
	r := f.start("rotate", "new.cer", "--force")
	eventually(t, "the upload hangs", func() bool { return len(f.ids()) == 1 })
	r.interrupt().exits(4).says("Next: Run the same command without --force in a few minutes")
}

// TestNextStepsRepeatTheCommandLine: without --allow-expired, the suggested command failed for another reason.
func TestNextStepsRepeatTheCommandLine(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("last year.cer", contoso(func(c *certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.AddDate(0, 0, -400), c.NotBefore.Add(-time.Hour)
	}))
	f.seed(contoso())
	f.run("rotate", "last year.cer", "--allow-expired", "--emulator", f.URL()).exits(6).
		says("run once:\n" + `intune-cert rotate 'last year.cer' --allow-expired --emulator ` + f.URL() + " --force\n")
	f.run("rotate", "last year.cer", "--allow-expired", "--dry-run", "--delete-old", "--overlap", "0", "--wait", "1d12h").exits(6).
		says("run once:\n" + `intune-cert rotate 'last year.cer' --allow-expired --delete-old --overlap 0 --wait 1d12h --force` + "\n")
	f.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit}, intunetest.Fault{Method: http.MethodGet, Status: http.StatusForbidden})
	f.run("upload", "last year.cer", "--allow-expired").exits(4).says("only if it is not in the tenant:\nintune-cert rotate 'last year.cer' --allow-expired\n")
	f.run("get", "missing", "-o", "yaml", "--emulator", f.URL()).exits(1).says("run\nintune-cert list --emulator " + f.URL() + "\n")
}

// TestGoingBackToAnotherPublisherIsSuggestedAtOnce: --new-subject was suggested first, and then --force.
func TestGoingBackToAnotherPublisherIsSuggestedAtOnce(t *testing.T) {
	f := newFixture(t)
	f.seed(f.writeCertificate("fabrikam.cer", intunetest.NewCertificate("Fabrikam")))
	f.writeCertificate("contoso.cer", contoso())
	f.run("rotate", "contoso.cer", "--new-subject").exits(0)
	f.run("rotate", "fabrikam.cer").exits(6).says("If it is, run once:\nintune-cert rotate fabrikam.cer --force\n")
	f.run("rotate", "fabrikam.cer", "--force").exits(0)
}

// TestDeployedIsUnclearForAllCommandsAlike: equal dates without a part below a microsecond have no order.
func TestDeployedIsUnclearForAllCommandsAlike(t *testing.T) {
	f := newFixture(t)
	cert := f.writeCertificate("new.cer", contoso())
	for range 2 {
		record := intune.FromX509(cert)
		record.UploadDateTime = time.Now().UTC().Truncate(time.Minute)
		f.Add(record)
	}
	got := decoded[rotateJSON](f.run("rotate", "new.cer", "-o", "json").exits(0))
	listed := decoded[listJSON](f.run("list", "-o", "json").exits(0).says("do not show which certificate Intune deploys"))
	if got.Certificate.IsDeployed != nil || listed.Certificates[0].IsDeployed != nil {
		t.Errorf("got %+v, %+v", got.Certificate, listed)
	}
}

// TestRotateThatCannotLookAgainHasNotFinished: a 404 of a listing does not say that an earlier run has finished.
func TestRotateThatCannotLookAgainHasNotFinished(t *testing.T) {
	f := newFixture(t)
	f.seed(oldContoso())
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: "GET", Delay: 1}, intunetest.Fault{Method: "GET", Delay: 1}, intunetest.Fault{Method: "GET", Status: 404})
	f.run("rotate", "new.cer", "--delete-old", "--overlap", "0").exits(1)
	if got := f.ids(); len(got) != 2 {
		t.Errorf("the tenant has %v", got)
	}
}
