package main

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func idsOf(records []recordJSON) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestListMarksTheDeployedCertificate(t *testing.T) {
	f := newFixture(t, intunetest.WithPageSize(2))
	old := f.seed(oldContoso())
	other := f.seed(intunetest.NewCertificate("Fabrikam"))
	latest := f.seed(contoso())

	got := decoded[listJSON](f.run("list", "-o", "json").exits(0))
	if ids := idsOf(got.Certificates); !slices.Equal(ids, []string{old, other, latest}) {
		t.Errorf("got %v", ids)
	}
	for _, r := range got.Certificates {
		if r.isDeployed() != (r.ID == latest) {
			t.Errorf("%s: deployed is %v", r.ID, r.isDeployed())
		}
		if r.Subject == "" || r.Issuer == "" || r.Status != "provisioned" || r.ExpirationDateTime == nil || r.UploadDateTime == nil {
			t.Errorf("got %+v", r)
		}
	}
	f.run("list").exits(0).prints(latest+" (deployed by Intune)", "\nuploaded      20", "in 399 days")

	expiring := decoded[listJSON](f.run("list", "--expiring", "30d", "-o", "json").exits(0))
	if ids := idsOf(expiring.Certificates); !slices.Equal(ids, []string{old}) {
		t.Errorf("expiring: %v", ids)
	}
	filtered := decoded[listJSON](f.run("list", "--filter", "startswith(subject,'CN=Contoso')", "--expiring", "460d", "-o", "json").exits(0))
	if ids := idsOf(filtered.Certificates); !slices.Equal(ids, []string{old, latest}) {
		t.Errorf("filtered: %v", ids)
	}
	f.run("list", "--filter", "nonsense").exits(1).says("Next: Correct --filter. The properties are id, status, subject")
	f.run("list", "--expiring", "soon").exits(2).says("want days, hours and minutes, such as 30d")
}

func TestListOfAnEmptyTenant(t *testing.T) {
	f := newFixture(t)
	f.run("list").exits(0).prints("No certificates.")
	if got := decoded[listJSON](f.run("list", "-o", "json").exits(0)); got.Certificates == nil || len(got.Certificates) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestGetShowsOneCertificate(t *testing.T) {
	f := newFixture(t)
	id := f.seed(contoso())
	got := decoded[struct{ Certificate recordJSON }](f.run("get", id, "-o", "json").exits(0))
	if got.Certificate.ID != id || !got.Certificate.isDeployed() {
		t.Errorf("got %+v", got)
	}
	f.run("get", id).exits(0).prints(id+" (deployed by Intune)", "CN=Contoso Apps")
	missing := decoded[struct{ Error errorJSON }](f.run("get", "missing", "-o", "json").exits(1).says("Next: "))
	if missing.Error.Kind != "notFound" || missing.Error.Message == "" || missing.Error.NextStep == "" {
		t.Errorf("got %+v", missing)
	}
}

func TestFindRecognizesACertificate(t *testing.T) {
	f := newFixture(t)
	cert := f.writeCertificate("new.cer", contoso())
	f.run("find", "new.cer").exits(0).prints("new.cer is not in the tenant.")
	id := f.seed(cert)
	type found struct {
		File, Thumbprint         string
		Certificates, Candidates []recordJSON
		Error                    *errorJSON
	}
	got := decoded[found](f.run("find", "new.cer", "-o", "json").exits(0))
	if ids := idsOf(got.Certificates); !slices.Equal(ids, []string{id}) || got.Certificates[0].MatchedBy != "names" || !got.Certificates[0].isDeployed() {
		t.Errorf("got %+v", got)
	}
	// The same names, and an expiration on the next day: it may or may not be the certificate.
	f.writeCertificate("reissued.cer", func() *certificate {
		return contoso(func(c *certificate) { c.NotAfter = cert.NotAfter.AddDate(0, 0, 1) })
	}())
	ambiguous := decoded[found](f.run("find", "reissued.cer", "-o", "json").exits(1).says("Next: Compare the records"))
	if ids := idsOf(ambiguous.Candidates); !slices.Equal(ids, []string{id}) || ambiguous.Error.Kind != "ambiguousMatch" {
		t.Errorf("got %+v", ambiguous)
	}
	if done := f.run("find", "reissued.cer").exits(1).prints("It is unclear whether reissued.cer is in the tenant"); strings.Contains(done.stdout, "is not in the tenant") {
		t.Errorf("prints %s", done.stdout)
	}
}

func TestExpiringExitsWith3(t *testing.T) {
	f := newFixture(t)
	in := func(days int) *certificate {
		return intunetest.NewCertificate("", func(c *certificate) { c.NotAfter = time.Now().AddDate(0, 0, days) })
	}
	in20, _, in10 := f.seed(in(20)), f.seed(in(200)), f.seed(in(10))
	got := decoded[listJSON](f.run("expiring", "--within", "30d", "-o", "json").exits(3))
	if ids := idsOf(got.Certificates); !slices.Equal(ids, []string{in10, in20}) {
		t.Errorf("got %v", ids)
	}
	f.run("expiring").exits(3).prints(in10, in20)
	none := decoded[listJSON](f.run("expiring", "--within", "5d", "-o", "json").exits(0))
	if none.Certificates == nil || len(none.Certificates) != 0 {
		t.Errorf("got %+v", none)
	}
	f.run("expiring", "--within", "5d").exits(0).prints("No certificate expires")

	deployed := decoded[listJSON](f.run("expiring", "--deployed", "-o", "json").exits(3))
	if ids := idsOf(deployed.Certificates); !slices.Equal(ids, []string{in10}) {
		t.Errorf("deployed: %v", ids)
	}
	f.seed(in(300))
	f.run("expiring", "--deployed").exits(0).prints("No certificate expires")
}

// TestNothingDeployedIsAnAlarm: somebody may have deleted the certificate.
func TestNothingDeployedIsAnAlarm(t *testing.T) {
	f := newFixture(t)
	f.run("expiring", "--deployed").exits(3).prints("Intune deploys no certificate.\n")
	if got := decoded[listJSON](f.run("expiring", "--deployed", "-o", "json").exits(3)); !got.NoneDeployed || got.Certificates == nil {
		t.Errorf("got %+v", got)
	}
	f.run("expiring").exits(0)
	f.Inject(intunetest.Fault{Method: "GET", Status: 404})
	f.run("expiring", "--deployed").exits(1)
}

func TestExpiringFailsDifferentlyIfTheTenantCannotBeAsked(t *testing.T) {
	f := newFixture(t, intunetest.WithPermissions("User.Read"))
	f.run("expiring").exits(1).says("Next: In Microsoft Entra ID, grant DeviceManagementApps.ReadWrite.All")
}

type certificate = x509.Certificate
