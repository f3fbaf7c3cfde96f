package intunetest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestGraphRejectsWhatItDoesNotServe(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	item := certificates + "/" + w.server.Certificates()[0].ID
	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, "/beta/deviceAppManagement/mobileApps", http.StatusBadRequest, "BadRequest"},
		{http.MethodGet, "/beta", http.StatusBadRequest, "BadRequest"},
		{http.MethodPost, strings.Replace(certificates, "beta", "v2.0", 1), http.StatusNotFound, "ResourceNotFound"},
		{http.MethodPost, strings.TrimPrefix(certificates, "/beta"), http.StatusNotFound, "ResourceNotFound"},
		{http.MethodGet, item + "/subject", http.StatusBadRequest, "BadRequest"},
		{http.MethodGet, certificates + "(" + w.server.Certificates()[0].ID + ")", http.StatusBadRequest, "BadRequest"},
		{http.MethodGet, certificates + "('')", http.StatusBadRequest, "BadRequest"},
		{http.MethodPut, certificates, http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodDelete, certificates, http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodPost, item, http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodPatch, certificates, http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodPut, item, http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodDelete, certificates + "/$count", http.StatusMethodNotAllowed, "BadRequest"},
		{http.MethodPost, certificates + "?$select=id", http.StatusBadRequest, "BadRequest"},
		{http.MethodPatch, item + "?$select=id", http.StatusBadRequest, "BadRequest"},
		{http.MethodDelete, item + "?$select=id", http.StatusBadRequest, "BadRequest"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			w.T = t
			w.graphError(w.send(test.method, test.path, minimal), test.status, test.code)
			w.wantStored(1)
		})
	}
}

// See https://learn.microsoft.com/graph/traverse-the-graph.
func TestPathsMayBeSpelledInAnyCase(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	id := w.server.Certificates()[0].ID
	item := w.get(certificates + "/" + id)
	for _, path := range []string{
		strings.ToUpper(certificates) + "/" + strings.ToUpper(id), strings.ToLower(certificates) + "/" + id,
		certificates + "/" + id + "/", certificates + "('" + id + "')", strings.ToUpper(certificates) + "(%27" + id + "%27)",
	} {
		if a := w.get(path); a.body != item.body {
			t.Errorf("%s: got %d %s, want %s", path, a.status, a.body, item.body)
		}
	}
	w.wantStatus(w.send(http.MethodPost, strings.ToLower(certificates)+"/", minimal), http.StatusCreated)
	if a := w.get(strings.ToLower(certificates) + "/$COUNT"); a.body != "2" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	missing := w.get(certificates + "('it''s%2Fmissing')")
	if message := w.intuneError(missing, http.StatusNotFound, "ResourceNotFound"); !strings.Contains(message, "'it's/missing'") {
		t.Errorf("the message is %q", message)
	}
}

func TestStrictGraphWantsPathsAsTheReferenceSpellsThem(t *testing.T) {
	w := newWire(t, intunetest.WithStrictGraph())
	w.wantStatus(w.get(certificates), http.StatusOK)
	w.graphError(w.get(strings.ToLower(certificates)), http.StatusBadRequest, "BadRequest")
	for _, id := range []string{"1", "b20d3703-3703-b20d-0337-0db203370db", "b20d37033703b20d03370db203370db2"} {
		if message := w.intuneError(w.get(certificates+"/"+id), http.StatusBadRequest, "BadRequest"); !strings.HasSuffix(message, " = "+id) {
			t.Errorf("the message is %q", message)
		}
	}
	w.wantStatus(w.get(certificates+"/B20D3703-3703-b20d-0337-0db203370db2"), http.StatusNotFound)
}

// TestOtherMethodsAreNotAllowed: the response says which ones are, whatever the permissions.
func TestOtherMethodsAreNotAllowed(t *testing.T) {
	w, item, _ := newExampleWire(t)
	for path, allowed := range map[string]string{certificates: "GET, POST", item: "GET, PATCH, DELETE", certificates + "/$count": "GET"} {
		a := w.send(http.MethodPut, path, "{}")
		w.graphError(a, http.StatusMethodNotAllowed, "BadRequest")
		head := newWire(t, intunetest.WithPermissions()).send(http.MethodHead, path, "")
		w.wantStatus(head, http.StatusMethodNotAllowed)
		for _, got := range []string{a.header.Get("Allow"), head.header.Get("Allow")} {
			if got != allowed {
				t.Errorf("%s: allows %q, want %q", path, got, allowed)
			}
		}
	}
}
