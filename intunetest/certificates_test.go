package intunetest_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
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
func newExampleWire(t *testing.T, opts ...intunetest.ServerOption) (w *wire, item string, created map[string]any) {
	t.Helper()
	w = newWire(t, opts...)
	a := w.create(example)
	w.wantStatus(a, http.StatusCreated)
	created = w.object(a)
	return w, certificates + "/" + created["id"].(string), created
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
	w, item, want := newExampleWire(t)
	cert := intunetest.NewCertificate("Contoso")
	content := base64.StdEncoding.EncodeToString(cert.Raw)
	before := time.Now().Truncate(100 * time.Nanosecond)
	a := w.update(item, `{"content":"`+content+`","subject":"CN=Kept"}`)
	w.wantStatus(a, http.StatusOK)
	got := w.object(a)
	upload, err := time.Parse(time.RFC3339Nano, got["uploadDateTime"].(string))
	if err != nil || upload.Before(before) || upload.After(time.Now()) {
		t.Errorf("uploadDateTime is %v, want now", got["uploadDateTime"])
	}
	want["uploadDateTime"] = got["uploadDateTime"]
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
}

func TestUpdateOnServicesWithAWillOfTheirOwn(t *testing.T) {
	w, item, created := newExampleWire(t, intunetest.WithOwnUploadDates(), intunetest.WithRespelling(), intunetest.WithClockSkew(time.Hour))
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
	upload, _ := time.Parse(time.RFC3339Nano, w.object(a)["uploadDateTime"].(string))
	if ahead := time.Until(upload); ahead < 59*time.Minute || ahead > time.Hour {
		t.Errorf("uploaded %s from now, want an hour", ahead)
	}
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

func TestFaultsStrikeUpdatesAndDeletions(t *testing.T) {
	tests := []struct {
		name   string
		fault  intunetest.Fault
		status int // of the response, 0 if nothing is received, -1 for that without a fault
		done   bool
	}{
		{"none", intunetest.Fault{}, -1, true},
		{"throttled", intunetest.Fault{Status: 429}, 429, false},
		{"failed", intunetest.Fault{Status: 500}, 500, false},
		{"failed after the commit", intunetest.Fault{Status: 504, Gateway: true, Committed: true}, 504, true},
		{"lost before reading", intunetest.Fault{Drop: intunetest.DropBeforeReading}, 0, false},
		{"lost after reading", intunetest.Fault{Drop: intunetest.DropAfterReading}, 0, false},
		{"lost after the commit", intunetest.Fault{Drop: intunetest.DropAfterCommit}, 0, true},
		{"cut in the response", intunetest.Fault{Drop: intunetest.DropInResponse}, -1, true},
	}
	for _, test := range tests {
		for method, status := range map[string]int{http.MethodPatch: 200, http.MethodDelete: 204} {
			if test.status >= 0 {
				status = test.status
			}
			t.Run(test.name+" "+method, func(t *testing.T) {
				w, item, _ := newExampleWire(t)
				test.fault.Method = method
				w.server.Inject(test.fault)
				a := w.send(method, item, `{"subject":"CN=New"}`)
				isCut := test.fault.Drop == intunetest.DropInResponse && method == http.MethodPatch
				if a.status != status || isCut != errors.Is(a.err, io.ErrUnexpectedEOF) {
					t.Errorf("got %d %v, want %d", a.status, a.err, status)
				}
				held := w.server.Certificates()
				if done := len(held) == 0 || held[0].Subject == "CN=New"; done != test.done {
					t.Errorf("it holds %v", held)
				}
			})
		}
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

func TestCreateRespondsAsTheReferenceSays(t *testing.T) {
	for _, version := range []string{"beta", "v1.0"} {
		t.Run(version, func(t *testing.T) {
			w := newWire(t)
			path := strings.Replace(certificates, "beta", version, 1)
			a := w.send(http.MethodPost, path, example)
			w.wantStatus(a, http.StatusCreated)
			got := w.object(a)
			id, _ := got["id"].(string)
			if !guid.MatchString(id) {
				t.Errorf("the id is %q, want a GUID", id)
			}
			want := w.object(response{body: example})
			delete(want, "@odata.type") // which is sent only if odata.metadata=full is accepted
			want["id"], want["content"], want["status"] = id, nil, "notProvisioned"
			want["@odata.context"] = w.server.URL() + "/" + version +
				"/$metadata#deviceAppManagement/enterpriseCodeSigningCertificates/$entity"
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}

			for _, id := range []string{id, strings.ToUpper(id)} {
				read := w.send(http.MethodGet, path+"/"+id, "")
				w.wantStatus(read, http.StatusOK)
				if read.body != a.body {
					t.Errorf("get gives %s, create gave %s", read.body, a.body)
				}
			}
		})
	}
}

func TestGetOfAMissingID(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	const id = "b20d3703-3703-b20d-0337-0db203370db2"
	a := w.send(http.MethodGet, certificates+"/"+id, "")
	if message := w.intuneError(a, http.StatusNotFound, "ResourceNotFound"); !strings.Contains(message, id) {
		t.Errorf("the message is %q, want the id in it", message)
	}
}

func TestListIsInOrderOfCreation(t *testing.T) {
	w := newWire(t)
	if got, page := w.list(certificates); len(got) != 0 ||
		page["@odata.context"] != w.server.URL()+"/beta/$metadata#deviceAppManagement/enterpriseCodeSigningCertificates" {
		t.Errorf("an empty tenant lists %v", page)
	}
	var want []map[string]any
	for i := range 5 {
		a := w.create(fmt.Sprintf(`{"subject":"CN=%d"}`, 9-i))
		w.wantStatus(a, http.StatusCreated)
		created := w.object(a)
		delete(created, "@odata.context")
		want = append(want, created)
	}
	if got, _ := w.list(certificates); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
