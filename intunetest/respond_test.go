package intunetest_test

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestResponsesCarryGraphsHeaders(t *testing.T) {
	w := newWire(t)
	created := w.create(minimal)
	for name, a := range map[string]response{"created": created, "listed": w.get(certificates), "counted": w.get(certificates + "/$count")} {
		for header, want := range map[string]string{
			"OData-Version": "4.0", "Cache-Control": "no-cache", "Vary": "Accept-Encoding", "Access-Control-Allow-Origin": "*",
			"Location": "", "Strict-Transport-Security": "", // no source has a Location, and this is not TLS
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
	missing := w.get(certificates + "/missing")
	if missing.header.Get("OData-Version") != "" || missing.header.Get("Vary") == "" {
		t.Errorf("an error has %v", missing.header)
	}
}

func TestResponsesOverTLS(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithTLS())
	resp, err := server.HTTPClient().Get(server.URL() + certificates) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %s %v", resp.Proto, resp.Header)
	}
}

func TestResponsesAreCompressedIfAccepted(t *testing.T) {
	w := newWire(t)
	plain := w.get(certificates) // net/http decompresses it
	for header, isGzip := range map[string]bool{
		"gzip": true, "deflate, GZIP;q=0.5": true, "*": true, "identity": false, "gzip;q=0": false, "br": false, "": false, "\x00": false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+certificates, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = http.Header{"Authorization": {"Bearer " + w.token}, "Accept-Encoding": {strings.Trim(header, "\x00")}}
		resp, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = resp.Body
		if isGzip {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(body)
		_ = resp.Body.Close()
		if err != nil || string(got) != plain.body || (resp.Header.Get("Content-Encoding") == "gzip") != isGzip {
			t.Errorf("%q: got %v %q, %v", header, resp.Header, got, err)
		}
	}
}

func TestPagesOfOtherOriginsMayUseGraph(t *testing.T) {
	w := newWire(t)
	w.server.Inject(intunetest.Fault{Status: http.StatusServiceUnavailable}) // which strikes the request, not the question before it
	for _, path := range []string{certificates, certificates + "/1", "/" + intunetest.TenantID + "/oauth2/v2.0/token"} {
		a := w.send(http.MethodOptions, path, "", "Authorization:", "Origin: https://app.test",
			"Access-Control-Request-Method: PATCH", "Access-Control-Request-Headers: authorization,client-request-id")
		w.wantStatus(a, http.StatusOK)
		for header, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "authorization,client-request-id",
		} {
			if got := a.header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
		if !strings.Contains(a.header.Get("Access-Control-Allow-Methods"), http.MethodPatch) {
			t.Errorf("%s: got %v", path, a.header)
		}
	}
	w.wantStatus(w.get(certificates), http.StatusServiceUnavailable)
	a := w.send(http.MethodGet, certificates, "", "Origin: https://app.test")
	if w.wantStatus(a, http.StatusOK); !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Retry-After") {
		t.Errorf("got %v", slices.Collect(maps.Keys(a.header)))
	}
	w.wantStatus(w.send(http.MethodOptions, certificates, ""), http.StatusMethodNotAllowed) // no browser's question
}
