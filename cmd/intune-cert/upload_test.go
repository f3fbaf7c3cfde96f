package main

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// outcomes counts the outcomes of an upload.
func outcomes(result uploadJSON) map[string]int {
	counts := make(map[string]int)
	for _, file := range result.Files {
		counts[file.Outcome]++
	}
	return counts
}

func wantOutcomes(t *testing.T, result uploadJSON, want map[string]int) {
	t.Helper()
	if have := outcomes(result); fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v: %+v", have, want, result.Error)
	}
}

func TestUploadUploadsEachFile(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("folder/a.cer", intunetest.NewCertificate("A"))
	f.writeCertificate("folder/b.cer", intunetest.NewCertificate("B"))
	f.writeCertificate("c.cer", intunetest.NewCertificate("C"))

	got := decoded[uploadJSON](f.run("upload", "folder/*.cer", "c.cer", "-o", "json").exits(0))
	wantOutcomes(t, got, map[string]int{"uploaded": 3})
	if last := got.Files[2]; last.File != "c.cer" || last.Certificate == nil || !strings.Contains(last.Certificate.Subject, "CN=C") {
		t.Errorf("got %+v", last)
	}
	for i, file := range got.Files {
		if file.Certificate.isDeployed() != (i == 2) || file.Certificate.IsDeployed == nil || file.Findings == nil {
			t.Errorf("got %+v", file)
		}
	}
	f.run("upload", "folder/*.cer", "c.cer").exits(0).
		prints("Uploaded c.cer as ", "3 uploaded", "Intune deploys c.cer.")
	if len(f.ids()) != 6 {
		t.Errorf("the tenant has %v", f.ids())
	}
}

func TestUploadGoesOnAfterAFileThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.write("bad.cer", []byte("no certificate"))
	f.writeCertificate("good.cer", contoso())
	got := decoded[uploadJSON](f.run("upload", "bad.cer", "missing.cer", "good.cer", "-o", "json").exits(1))
	wantOutcomes(t, got, map[string]int{"failed": 2, "uploaded": 1})
	if got.Files[0].Error == nil || got.Files[0].File != "bad.cer" || got.Files[1].Error == nil || got.Files[1].File != "missing.cer" {
		t.Errorf("got %+v", got.Files)
	}
}

func TestUploadExpandsPatterns(t *testing.T) {
	f := newFixture(t)
	f.writeMany("many", 3)
	f.writeCertificate("[1].cer", contoso())
	got := decoded[uploadJSON](f.run("upload", "many/*.cer", "[1].cer", "-o", "json").exits(0))
	wantOutcomes(t, got, map[string]int{"uploaded": 4})
	f.run("upload", "none/*.cer").exits(2).says("no file matches none/*.cer")
	f.run("rotate", "many/*.cer").exits(2).says("many/*.cer matches 3 files: name one of them")
	f.run("inspect", "many/00*").exits(0).prints("00.cer")
}

func TestUploadDryRunUploadsNothing(t *testing.T) {
	f := newFixture(t)
	id := f.seed(oldContoso())
	f.writeMany("many", 3)
	f.write("bad.cer", []byte("no certificate"))
	f.run("upload", "many/*.cer", "--dry-run").exits(0).prints(
		filepath.FromSlash("Would upload many/00.cer"), "3 would be uploaded", filepath.FromSlash("Intune would deploy many/02.cer, the last one."))
	got := decoded[uploadJSON](f.run("upload", "many/*.cer", "bad.cer", "--dry-run", "-o", "json").exits(1))
	wantOutcomes(t, got, map[string]int{"wouldUpload": 3, "failed": 1})
	if !got.DryRun {
		t.Errorf("got %+v", got)
	}
	f.wantIDs(id)
}

func TestUploadShowsFindingsBelowTheirFile(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("old.cer", oldContoso())
	f.writeCertificate("new.cer", contoso())
	done := f.run("upload", "old.cer", "new.cer", "--dry-run").exits(0).prints("Would upload old.cer\nwarning: expires-soon: ")
	if n := strings.Count(done.stdout, "expires-soon"); n != 1 {
		t.Errorf("the finding shows %d times:\n%s", n, done.stdout)
	}
}

// TestUploadKeepsTheOrder: Intune deploys the last upload, so it must not depend on chance which one that is.
func TestUploadKeepsTheOrder(t *testing.T) {
	const total = 12
	f := newFixture(t)
	f.writeMany("ordered", total)
	for i := range total {
		f.Inject(intunetest.Fault{Method: http.MethodPost, Delay: time.Duration(total-i) * 5 * time.Millisecond})
	}
	got := decoded[uploadJSON](f.run("upload", "ordered/*.cer", "-o", "json").exits(0))
	for i, file := range got.Files {
		if i > 0 && !file.Certificate.UploadDateTime.After(*got.Files[i-1].Certificate.UploadDateTime) {
			t.Errorf("%s is not later than the one before it", file.File)
		}
	}
	if !got.Files[total-1].Certificate.isDeployed() {
		t.Errorf("the last one is not deployed: %+v", got.Files[total-1])
	}
}

// TestUploadSaysWhyAndWhatToDoOnce: on standard error, errors in a row share a next step.
func TestUploadSaysWhyAndWhatToDoOnce(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("ca.cer", contoso(func(c *x509.Certificate) { c.IsCA = true }))
	f.run("upload", "ca.cer").exits(1).prints("Failed: ca.cer\n1 failed\n").
		says("intune-cert: ca.cer was not confirmed: the certificate is", "\nNext: If that is intended, confirm it with\n--thumbprint")
	done := f.run("upload", "missing1.cer", "missing2.cer", "ca.cer").exits(1)
	lines := strings.Split(strings.TrimSpace(done.stderr), "\n")
	if len(lines) != 6 || !strings.Contains(lines[0], "missing1.cer") || !strings.Contains(lines[1], "missing2.cer") ||
		lines[2] != "Next: Check the name of the file." || !strings.Contains(lines[3], "ca.cer") || !strings.HasPrefix(lines[4], "Next: ") || !strings.HasPrefix(lines[5], "--thumbprint ") {
		t.Errorf("says\n%s", done.stderr)
	}
	got := decoded[uploadJSON](f.run("upload", "missing1.cer", "ca.cer", "-o", "json").exits(1))
	if got.Error.Message != "2 failed" || got.Error.NextStep != "Look at the error of each." {
		t.Errorf("got %+v", got.Error)
	}
}

func TestUploadExitsWith4IfTheOutcomeIsUnknown(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(
		intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit},
		intunetest.Fault{Method: http.MethodGet, Status: http.StatusForbidden},
	)
	done := f.run("upload", "new.cer", "-o", "json").exits(4).says("new.cer: the upload may have succeeded: Post \"", ": the connection was lost; the", "Next: In a few minutes, run rotate, which uploads", "in the tenant:\nintune-cert rotate new.cer\n")
	got := decoded[uploadJSON](done)
	wantOutcomes(t, got, map[string]int{"unknown": 1})
	if got.Error.Kind != "outcomeUnknown" || got.Files[0].Error.Kind != "outcomeUnknown" {
		t.Errorf("got %+v", got)
	}
	f.run("rotate", "new.cer").exits(0).prints("is in the tenant already")
}

func TestUnknownOutcomeNamesWhatTheUploadMayBe(t *testing.T) {
	err := &intune.OutcomeUnknownError{Err: io.EOF, Candidates: []*intune.EnterpriseCodeSigningCertificate{{ID: "a"}, {ID: "b"}}}
	if got, want := describe(err), "the upload may have succeeded, as record a, as record b: the connection was lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUploadSaysThatALostResponseIsReconciled(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})
	f.run("upload", "new.cer").exits(0).says("A response was lost: searching for the certificate, which can take a minute.")
	if len(f.ids()) != 1 {
		t.Errorf("the tenant has %v", f.ids())
	}
}

// writeMany writes n certificates into a folder.
func (f *fixture) writeMany(folder string, n int) {
	f.t.Helper()
	for i := range n {
		f.writeCertificate(fmt.Sprintf("%s/%02d.cer", folder, i), intunetest.NewCertificate(fmt.Sprintf("Contoso %02d", i)))
	}
}

func TestInterruptedUploadSaysWhatIsMissing(t *testing.T) {
	const total, before = 10, 3
	f := newFixture(t)
	f.writeMany("many", total)
	for range before {
		f.Inject(intunetest.Fault{Method: http.MethodPost})
	}
	f.Inject(intunetest.Fault{Method: http.MethodPost, ResponseDelay: time.Hour})
	r := f.start("upload", "many/*.cer", "-o", "json")
	eventually(t, "the upload hangs", func() bool { return len(f.ids()) == before+1 })
	done := r.interrupt().exits(4).says("in the tenant:\nintune-cert rotate many/03.cer")
	got := decoded[uploadJSON](done)
	wantOutcomes(t, got, map[string]int{"uploaded": before, "unknown": 1, "notTried": total - before - 1})
	if !strings.HasPrefix(got.Error.Message, "3 uploaded, 1 of unknown outcome, 6 not uploaded: many/03.cer: ") {
		t.Errorf("got %+v", got.Error)
	}
}

func TestInterruptWithNoUploadUnderWayExitsWith130(t *testing.T) {
	for command, method := range map[string]string{"upload": http.MethodPost, "rotate": http.MethodGet} {
		t.Run(command, func(t *testing.T) {
			f := newFixture(t)
			f.writeCertificate("new.cer", contoso())
			f.Inject(intunetest.Fault{Method: method, Status: http.StatusTooManyRequests, RetryAfter: "3000"})
			r := f.start(command, "new.cer")
			eventually(t, "it waits", func() bool { return strings.Contains(r.stderr.String(), "Waiting for the quota.") })
			r.interrupt().exits(130).says("Next: Run the same command again to continue.")
			f.wantIDs()
		})
	}
}

func TestInterruptedRotateExitsWith4IfAnUploadWasUnderWay(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodPost, ResponseDelay: time.Hour})
	r := f.start("rotate", "new.cer", "-o", "json")
	eventually(t, "the upload hangs", func() bool { return len(f.ids()) == 1 })
	r.interrupt().exits(4).says("Next: ")
	f.run("rotate", "new.cer").exits(0).prints("is in the tenant already")
}

func TestInterruptedSearchIsToldInPlainWords(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	f.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit}, intunetest.Fault{Method: http.MethodGet, ResponseDelay: time.Hour})
	r := f.start("upload", "new.cer")
	eventually(t, "it searches", func() bool { return strings.Contains(r.stderr.String(), "A response was lost") })
	r.interrupt().exits(4).says("the connection was lost; interrupted before the search for the certificate ended")
}

func TestUploadTakesExpiredCertificatesOnlyIfAllowed(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("expired.cer", contoso(func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = c.NotBefore.AddDate(0, 0, -400), c.NotBefore.Add(-time.Hour)
	}))
	f.run("upload", "expired.cer").exits(1).says("expired.cer expired on ", "add --allow-expired")
	f.run("upload", "expired.cer", "--allow-expired").exits(0).prints("fatal: expired: ", "Intune deploys expired.cer.")
}
