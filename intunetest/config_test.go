package intunetest_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestConfigIsReadFromAFile(t *testing.T) {
	want := intunetest.DefaultConfig()
	want.TLS, want.Hosts, want.ClockSkew, want.QuotaWindow, want.StrictGraph = true, []string{"graph.test"}, -time.Minute, 3*time.Second, true
	got := intunetest.DefaultConfig()
	const file = `{"tls":true,"hosts":["graph.test"],"clockSkew":"-1m","quotaWindow":"3s","strictGraph":true,"comment":"ignored"}`
	if err := json.Unmarshal([]byte(file), &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for _, bad := range []string{`{"clockSkew":"soon"}`, `{"clockSkew":60}`, `{"pageSize":"many"}`} {
		if err := json.Unmarshal([]byte(bad), new(intunetest.Config)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

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
	config := intunetest.DefaultConfig()
	config.TLS, config.Hosts = true, []string{"graph.test", "192.0.2.1"}
	server := intunetest.NewServer(t, intunetest.WithConfig(config))
	for _, host := range []string{"graph.test", "192.0.2.1", "127.0.0.1", "localhost"} {
		if err := server.TLSCertificate().VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyTheLatestRequestsAreKept(t *testing.T) {
	config := intunetest.DefaultConfig()
	config.MaxRequests = 2
	w := newWire(t, intunetest.WithConfig(config))
	for _, version := range []string{"a", "b", "c"} {
		w.get("/" + version)
	}
	if got := w.server.Requests(); len(got) != 2 || got[0].URL != "/b" || got[1].URL != "/c" || got[1].Status != 404 {
		t.Errorf("got %+v", got)
	}
	config.MaxRequests = -1
	if server, err := intunetest.Start(intunetest.WithConfig(config)); err == nil {
		server.Close()
		t.Error("-1 is accepted")
	}
}
