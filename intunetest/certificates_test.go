package intunetest_test

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// newExampleWire is a wire to a server that holds the example of the reference.
func newExampleWire(t *testing.T) (w *wire, item string, created map[string]any) {
	t.Helper()
	w = newWire(t)
	item, created = w.createExample()
	return w, item, created
}

func (w *wire) createExample() (item string, created map[string]any) {
	w.Helper()
	a := w.create(example)
	w.wantStatus(a, http.StatusCreated)
	created = w.object(a)
	return certificates + "/" + created["id"].(string), created
}

func (w *wire) update(item, body string) response {
	w.Helper()
	return w.send(http.MethodPatch, item, body)
}

func (w *wire) remove(item string) response {
	w.Helper()
	return w.send(http.MethodDelete, item, "")
}

func TestUpdateMerges(t *testing.T) {
	const later = "2030-01-02T03:04:05.1234567+02:00"
	tests := map[string]map[string]any{ // what is sent, to what is changed
		`{}`: {},
		`{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate"}`: {},
		`{"status":"provisioned"}`:                    {"status": "notProvisioned"}, // the service decides
		`{"subject":"CN=New","subjectName":""}`:       {"subject": "CN=New", "subjectName": ""},
		`{"issuer":"CN=New","issuerName":"CN=Other"}`: {"issuer": "CN=New", "issuerName": "CN=Other"},
		`{"expirationDateTime":"` + later + `"}`:      {"expirationDateTime": later},
		`{"uploadDateTime":"` + later + `"}`:          {"uploadDateTime": later},
		`{"subject":null}`:                            {"subject": nil},
		`{"subject":null,"subjectName":null,"issuer":null,"issuerName":null,"content":null}`: {
			"subject": nil, "subjectName": nil, "issuer": nil, "issuerName": nil},
	}
	for body, changes := range tests {
		t.Run(body, func(t *testing.T) {
			w, item, want := newExampleWire(t)
			other := w.create(example)
			a := w.update(item, body)
			w.wantStatus(a, http.StatusOK)
			for name, changed := range changes {
				want[name] = changed
			}
			if got := w.object(a); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			if read := w.get(item); read.body != a.body {
				t.Errorf("get gives %s, update gave %s", read.body, a.body)
			}
			if read := w.get(certificates + "/" + w.object(other)["id"].(string)); read.body != other.body {
				t.Errorf("another certificate has become %s", read.body)
			}
			w.wantStored(2)
		})
	}
}

func TestUpdateTakesContentAsCreateDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		item, want := w.createExample()
		cert := intunetest.NewCertificate("Contoso")
		content := base64.StdEncoding.EncodeToString(cert.Raw)
		time.Sleep(time.Second)
		a := w.update(item, `{"content":"`+content+`","subject":"CN=Kept"}`)
		w.wantStatus(a, http.StatusOK)
		got := w.object(a)
		want["uploadDateTime"] = time.Now().UTC().Format(time.RFC3339)
		want["expirationDateTime"] = cert.NotAfter.Format(time.RFC3339)
		want["subject"], want["subjectName"] = "CN=Kept", subjectOfContoso
		want["issuer"], want["issuerName"] = issuerOfContoso, issuerOfContoso
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}

		const date, none = "2030-01-02T03:04:05Z", "Y29udGVudA=="
		again := w.update(item, `{"content":"`+none+`","uploadDateTime":"`+date+`"}`) // no certificate, so nothing to read
		w.wantStatus(again, http.StatusOK)
		want["uploadDateTime"] = date
		if got := w.object(again); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

func TestUpdateOnServicesWithAWillOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithOwnUploadDates(), intunetest.WithRespelling(), intunetest.WithClockSkew(time.Hour))
		item, created := w.createExample()
		a := w.update(item, `{"subject":"CN=Contoso, S=Washington, C=US","uploadDateTime":"2030-01-02T03:04:05Z"}`)
		w.wantStatus(a, http.StatusOK)
		got := w.object(a)
		if got["subject"] != "C=US,ST=Washington,CN=Contoso" || got["uploadDateTime"] != created["uploadDateTime"] {
			t.Errorf("got %v, want the subject respelled and the upload at %v", got, created["uploadDateTime"])
		}
		a = w.update(item, `{"status":"notProvisioned"}`)
		if again := w.object(a); again["subject"] != got["subject"] {
			t.Errorf("the subject has become %v", again["subject"])
		}
		a = w.update(item, `{"content":"Y29udGVudA==","uploadDateTime":"2130-01-02T03:04:05Z"}`)
		if got, want := w.object(a)["uploadDateTime"], time.Now().UTC().Add(time.Hour).Format(time.RFC3339); got != want {
			t.Errorf("uploaded at %s, want an hour from now: %s", got, want)
		}
	})
}

func TestDeleteRemovesOne(t *testing.T) {
	w := newStockedWire(t)
	item := certificates + "/" + strings.ToUpper(w.server.Certificates()[2].ID)
	a := w.remove(item)
	w.wantStatus(a, http.StatusNoContent)
	if a.body != "" || a.header.Get("Content-Type") != "" || a.header.Get("request-id") == "" {
		t.Errorf("got %q %v", a.body, a.header)
	}
	if value, _ := w.list(certificates); subjects(value) != "A B D E" {
		t.Errorf("it holds %s", subjects(value))
	}
	w.wantStored(4)
	for _, again := range []response{w.remove(item), w.update(item, `{}`), w.get(item)} {
		w.intuneError(again, http.StatusNotFound, "ResourceNotFound")
	}
}

func TestWritesNeedTheirPermission(t *testing.T) {
	w := newWire(t, intunetest.WithPermissions("DeviceManagementApps.Read.All"))
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		w.intuneError(w.send(method, certificates+"/missing", `{}`), http.StatusForbidden, "Forbidden")
		w.graphError(w.send(method, certificates+"/missing", `{}`, "Authorization:"), http.StatusUnauthorized, "InvalidAuthenticationToken")
	}
}

func TestUploadsBecomeProvisioned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithProvisioningDelay(time.Minute))
		created := w.create(example) // which asks for provisioned
		status := func(a response) any { return w.object(a)["status"] }
		id := w.object(created)["id"].(string)
		item := certificates + "/" + id
		if got := status(created); got != "notProvisioned" {
			t.Errorf("the upload is %v", got)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		if got := status(w.update(item, `{"status":"provisioned"}`)); got != "notProvisioned" {
			t.Errorf("a nanosecond early it is %v", got)
		}
		time.Sleep(time.Nanosecond)
		if got := status(w.update(item, `{"status":"notProvisioned"}`)); got != "provisioned" {
			t.Errorf("after a minute it is %v", got)
		}
		if value, _ := w.list(certificates + query("$filter=status eq 'provisioned'")); len(value) != 1 {
			t.Errorf("the filter finds %v", value)
		}
		if got := w.server.Certificates()[0].Status; got != intune.CertificateStatusProvisioned {
			t.Errorf("the server holds it as %v", got)
		}
		if err := w.server.SetStatus(strings.ToUpper(id), intune.CertificateStatusNotProvisioned); err != nil {
			t.Error(err)
		}
		if got := status(w.get(item)); got != "notProvisioned" {
			t.Errorf("after SetStatus it is %v", got)
		}
		if err := w.server.SetStatus("missing", intune.CertificateStatusProvisioned); err == nil {
			t.Error("the status of a missing certificate is set")
		}
	})
}

func TestUploadsAreProvisionedAtTheNextLookByDefault(t *testing.T) {
	w := newWire(t, intunetest.WithProvisioningDelay(0))
	created := w.object(w.create(example))
	if read := w.object(w.get(certificates + "/" + created["id"].(string))); created["status"] != "notProvisioned" || read["status"] != "provisioned" {
		t.Errorf("created as %v, read as %v", created["status"], read["status"])
	}
}
