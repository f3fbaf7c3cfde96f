package intunetest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestOptionsChangeTheConfigBeforeThem(t *testing.T) {
	config := intunetest.DefaultConfig()
	config.PageSize, config.Permissions = 1, []string{"DeviceManagementApps.Read.All"}
	w := newWire(t, intunetest.WithConfig(config), intunetest.WithPermissions("DeviceManagementApps.ReadWrite.All"))
	w.create(minimal)
	w.create(minimal)
	if value, _ := w.list(certificates); len(value) != 1 {
		t.Errorf("a page holds %v", value)
	}
}

func TestHostsAreInTheCertificate(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS(), func(c *intunetest.Config) { c.Hosts = []string{"graph.test", "192.0.2.1"} })
	for _, host := range []string{"graph.test", "192.0.2.1", "127.0.0.1", "::1", "localhost"} {
		if err := server.TLSCertificate().VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyTheLatestRequestsAreKept(t *testing.T) {
	w := newWire(t, func(c *intunetest.Config) { c.MaxRequests = 2 })
	for _, version := range []string{"a", "b", "c"} {
		w.get("/" + version)
	}
	if got := w.server.Requests(); len(got) != 2 || got[0].URL != "/b" || got[1].URL != "/c" || got[1].Status != 404 {
		t.Errorf("got %+v", got)
	}
}

// TestRequestsWithoutATokenCostLittleMemory: those with a known token are kept all the same.
func TestRequestsWithoutATokenCostLittleMemory(t *testing.T) {
	w := newWire(t, intunetest.WithoutQuota())
	w.wantStatus(w.create(minimal), http.StatusCreated)
	for range 20 {
		w.send(http.MethodPost, certificates, strings.Repeat("x", 1<<20), "Authorization: Bearer guessed")
		w.post("/"+intunetest.TenantID+"/oauth2/v2.0/token", strings.Repeat("x", 200<<10))
	}
	size, known := 0, 0
	for _, r := range w.server.Requests() {
		size += len(r.Body)
		if r.Who != "" {
			known++
		}
	}
	if size < 10<<20 || size > 16<<20 || known != 1 {
		t.Errorf("%d bytes are kept, and %d requests with a token", size, known)
	}
	w.server.Reset()
	if got := w.server.Requests(); len(got) != 0 {
		t.Errorf("%d requests are kept", len(got))
	}
}

func TestStartChecksTheConfig(t *testing.T) {
	for name, change := range map[string]intunetest.ServerOption{
		"maxRequests":   func(c *intunetest.Config) { c.MaxRequests = -1 },
		"people":        func(c *intunetest.Config) { c.People = nil },
		"tenantId":      func(c *intunetest.Config) { c.TenantID = "" },
		"pageSize":      intunetest.WithPageSize(0),
		"size is -1":    intunetest.WithPageSize(-1),
		"quotaWrites":   intunetest.WithQuota(0, 1, time.Second),
		"quotaRequests": intunetest.WithQuota(1, 0, time.Second),
		"quotaWindow":   intunetest.WithQuota(1, 1, 0),
	} {
		if server, err := intunetest.Start(change); err == nil {
			server.Close()
			t.Errorf("%s: it is accepted", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
