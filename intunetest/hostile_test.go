package intunetest_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// The emulator takes bodies of 4 MiB, and may allocate 100 MiB for one. A 64th of both shows what is too much.
const (
	hostileSize = 4 << 20 / 64
	hostileCost = 100 << 20 / 64
)

// FuzzBodiesCostLittleMemory repeats a unit, so that the body becomes deep, wide or long.
func FuzzBodiesCostLittleMemory(f *testing.F) {
	for _, seed := range [][3]string{
		{`{"subject":`, `[`, ``}, {`{"subject":"CN=A","a":`, `{"a":`, `1`}, {`{`, `"a@b":0,`, `"subject":"CN=A"}`},
		{`{`, `"subject":"CN=A",`, `"x":1}`}, {`{"subject":"`, `<`, `"}`}, {`{"x":"`, `<`, `"}`}, {`{"status":"`, `"`, ``},
		{`{"content":"`, `AAAA`, `"}`}, {`[`, `{},`, `{}]`}, {`{"requests":[`, `{},`, `{}]}`}, {`{"requests":[`, `[`, ``},
		{`{"requests":[{"id":"1","method":"POST","url":"/a","dependsOn":[`, `"",`, `""]}]}`},
		{`{"requests":[{"id":"1","method":"POST","url":"/a","headers":{"a":"`, `b`, `"}}]}`},
		{``, `a&`, ``}, {`claims=`, `%5B`, ``}, {`client_id=`, `%3C`, ``}, {`grant_type=client_credentials&client_assertion=`, `a.`, ``},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	server := intunetest.NewServer(f, intunetest.WithoutQuota())
	w := &wire{server: server, http: server.HTTPClient()}
	f.Fuzz(func(t *testing.T, before, unit, after string) {
		w.T = t
		server.Reset()
		w.token = w.accessToken(graphScope)
		body := before + strings.Repeat(unit, max(0, hostileSize-len(before)-len(after))/max(1, len(unit))) + after
		for _, target := range []struct{ path, contentType string }{
			{certificates, "application/json"}, {"/beta/$batch", "application/json"},
			{"/" + intunetest.TenantID + "/oauth2/v2.0/token", "application/x-www-form-urlencoded"},
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, server.URL()+target.path, strings.NewReader(body))
			r.Header = http.Header{"Authorization": {"Bearer " + w.token}, "Content-Type": {target.contentType}}
			var started, ended runtime.MemStats
			runtime.ReadMemStats(&started)
			server.ServeHTTP(httptest.NewRecorder(), r)
			runtime.ReadMemStats(&ended)
			if cost := ended.TotalAlloc - started.TotalAlloc; cost > hostileCost {
				t.Errorf("%s: %d bytes are allocated", target.path, cost)
			}
		}
	})
}
