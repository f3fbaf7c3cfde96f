package intunetest_test

import (
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestControlIsHealthyWithoutAToken(t *testing.T) {
	w := newWire(t)
	before := len(w.server.Requests())
	a := w.send(http.MethodGet, "/_emulator/health", "", "Authorization:")
	if w.wantStatus(a, http.StatusOK); w.object(a)["status"] != "ok" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v", a.body, a.header)
	}
	if after := len(w.server.Requests()); after != before {
		t.Errorf("%d requests are recorded, want %d", after, before)
	}
}

func TestControlShowsWhatSignsIn(t *testing.T) {
	w := newWire(t)
	got := w.object(w.send(http.MethodGet, "/_emulator/settings", ""))
	want := map[string]any{
		"emulator": "intune-cert", "graphUrl": w.server.URL(), "authorityUrl": w.server.URL(),
		"tenantId": intunetest.TenantID, "clientId": intunetest.ClientID, "clientSecret": intunetest.ClientSecret,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestControlRejectsOtherOriginsAndHosts(t *testing.T) {
	config := intunetest.DefaultConfig()
	config.Hosts = []string{"emulator.test"}
	w := newWire(t, intunetest.WithConfig(config))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for headers, want := range map[string]int{
		"":                                   http.StatusOK,
		"Host: localhost:" + port:            http.StatusOK,
		"Host: [::1]:" + port:                http.StatusOK,
		"Host: emulator.test":                http.StatusOK,
		"Host: EMULATOR.test:9":              http.StatusOK,
		"Origin: " + w.server.URL():          http.StatusOK,
		"Sec-Fetch-Site: same-origin":        http.StatusOK,
		"Sec-Fetch-Site: none":               http.StatusOK,
		"Host: rebound.test":                 http.StatusForbidden,
		"Host: rebound.test:" + port:         http.StatusForbidden,
		"Host: localhost":                    http.StatusForbidden, // the port of another server
		"Host: 192.0.2.1:" + port:            http.StatusForbidden,
		"Host: 127.0.0.1.test:" + port:       http.StatusForbidden,
		"Origin: http://rebound.test":        http.StatusForbidden,
		"Origin: http://localhost:1":         http.StatusForbidden,
		"Origin: https" + w.server.URL()[4:]: http.StatusForbidden,
		"Origin: null":                       http.StatusForbidden,
		"Sec-Fetch-Site: cross-site":         http.StatusForbidden,
		"Sec-Fetch-Site: same-site":          http.StatusForbidden,
	} {
		for _, path := range []string{"/_emulator/health", "/_emulator/settings"} {
			a := w.send(http.MethodGet, path, "", headers)
			if a.err != nil || a.status != want || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %q: got %d %v %v, want %d", path, headers, a.status, a.err, a.header, want)
			}
			if strings.Contains(a.body, intunetest.ClientSecret) != (want == http.StatusOK && path != "/_emulator/health") {
				t.Errorf("%s with %q: got %s", path, headers, a.body)
			}
		}
	}
}

func TestControlIsReachedAtAllAddressesThatItListensOn(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, intunetest.WithListener(listener))
	w.wantStatus(w.send(http.MethodGet, "/_emulator/health", ""), http.StatusOK)
	w.wantStatus(w.send(http.MethodGet, "/_emulator/health", "", "Host: rebound.test"), http.StatusForbidden)
	w = newMemoryWire(t)
	w.wantStatus(w.send(http.MethodGet, "/_emulator/health", ""), http.StatusOK)
	w.wantStatus(w.send(http.MethodGet, "/_emulator/health", "", "Host: rebound.test"), http.StatusForbidden)
}

func TestControlKnowsItsPaths(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.send(http.MethodGet, "/_emulator/", ""), http.StatusNotFound)
	w.wantStatus(w.send(http.MethodPost, "/_emulator/health", ""), http.StatusMethodNotAllowed)
}
