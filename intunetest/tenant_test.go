package intunetest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestAddIsAnEarlierUpload(t *testing.T) {
	w := newWire(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"), intunetest.WithQuota(1, 1000, time.Hour),
		intunetest.WithOwnUploadDates())
	before := time.Now().Add(-time.Second)
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	now := w.server.Add(cert)
	if cert.ID != "" || !guid.MatchString(now.ID) || now.Status != intune.CertificateStatusProvisioned || now.UploadDateTime.Before(before) ||
		now.Subject != cert.Subject {
		t.Errorf("got %v from %v", now, cert)
	}
	earlier := &intune.EnterpriseCodeSigningCertificate{
		ID: "b20d3703-3703-b20d-0337-0db203370db2", Content: intunetest.NewCertificate("Fabrikam").Raw,
		Status: intune.CertificateStatusNotProvisioned, UploadDateTime: time.Date(2025, 1, 2, 3, 4, 5, 600, time.UTC),
	}
	then := w.server.Add(earlier)
	if then.ID != earlier.ID || then.Status != earlier.Status || !then.UploadDateTime.Equal(earlier.UploadDateTime) ||
		!strings.HasPrefix(then.Subject, "CN=Fabrikam") || then.ExpirationDateTime.IsZero() {
		t.Errorf("got %v from %v", then, earlier)
	}
	if held := w.server.Certificates(); len(held) != 2 || held[0].String() != now.String() || held[1].String() != then.String() {
		t.Errorf("the tenant holds %v", held)
	}
	if listed, _ := w.list(certificates); len(listed) != 2 {
		t.Errorf("listed %v", listed)
	}
	for _, bad := range []*intune.EnterpriseCodeSigningCertificate{nil, {}, {ID: strings.ToUpper(earlier.ID), Subject: "CN=A"}} {
		if got := panicOf(func() { w.server.Add(bad) }); !strings.HasPrefix(got, "intunetest: Add: ") {
			t.Errorf("%v: panicked with %q", bad, got)
		}
	}
	w.wantStored(2)
}

func TestResetLeavesOnlySettings(t *testing.T) {
	w := newWire(t, intunetest.WithQuota(1, 1000, time.Hour))
	granted := w.granted(w.redeemCode(w.code()))
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.wantStatus(w.create(minimal), http.StatusTooManyRequests)
	w.server.Inject(intunetest.Fault{Status: 500})
	w.server.ChallengeClaims(`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`)
	w.server.Reset()
	if len(w.server.Requests()) != 0 {
		t.Errorf("the requests are still %v", w.server.Requests())
	}
	w.wantStored(0)
	w.wantStatus(w.send(http.MethodGet, certificates, ""), http.StatusUnauthorized)
	w.wantStatus(w.refresh(granted), http.StatusBadRequest)
	w.token = w.accessToken(graphScope)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.wantStatus(w.create(minimal), http.StatusTooManyRequests)
}
