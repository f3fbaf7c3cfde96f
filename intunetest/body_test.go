package intunetest_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	payload = "BadRequest"
	model   = "ModelValidationFailure"
)

// badBodies are rejected by create and by update.
var badBodies = []struct{ name, body, code, message string }{
	{"empty", ``, payload, "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."},
	{"null", `null`, payload, "Unable to read JSON"},
	{"no JSON", `subject=CN%3DContoso`, payload, "Unable to read JSON"},
	{"truncated", `{"subject":"CN=Contoso"`, payload, "Unable to read JSON"},
	{"a second object", minimal + minimal, payload, "Unable to read JSON"},
	{"a brace too many", minimal + "}", payload, "Unable to read JSON"},
	{"an array", `[{"subject":"CN=Contoso"}]`, model, "An unexpected 'StartArray' node was found"},
	{"a number", `42`, model, "A 'StartObject' node was expected."},
	{"number for a text", `{"subject":42}`, model, "Cannot convert the literal '42' to the expected type 'Edm.String'."},
	{"object for a text", `{"subject":{}}`, model, "An unexpected 'StartObject' node was found"},
	{"number for content", `{"content":42}`, model, "'Edm.Binary'"},
	{"content that is not base64", `{"content":"?"}`, model, "not a valid Base-64 string"},
	{"content in base64 for URLs", `{"content":"_-__"}`, model, "not a valid Base-64 string"},
	{"text that is no date", `{"expirationDateTime":"tomorrow"}`, model, "Cannot convert the literal 'tomorrow' to the expected type 'Edm.DateTimeOffset'."},
	{"date without offset", `{"uploadDateTime":"2016-12-31T23:57:57"}`, model, "The time zone information is missing"},
	{"number for a date", `{"uploadDateTime":1483228677}`, model, "Cannot convert the literal '1483228677'"},
	{"unknown status", `{"status":"revoked"}`, model, "Requested value 'revoked' was not found."},
	{"empty status", `{"status":""}`, model, "Requested value '' was not found."},
	{"number for a status", `{"status":7}`, model, "'microsoft.graph.certificateStatus'"},
	{"status null", `{"status":null}`, model, "A null value was found for the property named 'status'"},
	{"upload null", `{"uploadDateTime":null}`, model, "A null value was found for the property named 'uploadDateTime'"},
	{"expiration null", `{"ExpirationDateTime":null}`, model, "A null value was found for the property named 'expirationDateTime'"},
	{"unknown property", `{"thumbprint":"AB"}`, model, "The property 'thumbprint' does not exist on type 'microsoft.graph.enterpriseCodeSigningCertificate'."},
	{"another type", `{"@odata.type":"#microsoft.graph.mobileApp"}`, model, "A resource with type 'microsoft.graph.mobileApp' was found"},
	{"type null", `{"@odata.type":null}`, model, "A resource with type ''"},
	{"half of it", `{"subject":"CN=New","status":"revoked"}`, model, "Requested value 'revoked' was not found."},
	{"offset of a day", `{"expirationDateTime":"2026-01-01T00:00:00+24:00"}`, model, "Cannot convert the literal '2026-01-01T00:00:00+24:00'"},
	{"offset of a day back", `{"uploadDateTime":"2026-01-01T00:00:00-24:00"}`, model, "Cannot convert the literal"},
	{"after the year 9999", `{"uploadDateTime":"9999-12-31T23:59:59-14:00"}`, model, "Cannot convert the literal"},
	{"before the year 1", `{"uploadDateTime":"0000-01-01T00:00:00+01:00"}`, model, "Cannot convert the literal"},
	{"decimal comma", `{"uploadDateTime":"2026-01-01T00:00:00,5Z"}`, model, "Cannot convert the literal"},
}

// wordsOfGo are in the errors of Go's standard library, and in none of Graph's.
var wordsOfGo = regexp.MustCompile(`json:|unmarshal|parsing time|invalid character|unexpected EOF|strconv|illegal base64|x509|crypto/|\bGo\b`)

func TestBadBodiesAreRejected(t *testing.T) {
	w, item, _ := newExampleWire(t)
	before := w.get(item).body
	for _, test := range badBodies {
		t.Run(test.name, func(t *testing.T) {
			w.T = t
			for _, a := range []response{w.create(test.body), w.update(item, test.body)} {
				message := w.graphError(a, http.StatusBadRequest, test.code)
				if !strings.Contains(message, test.message) || wordsOfGo.MatchString(a.body) {
					t.Errorf("the message is %q, want %q in it, in the words of Graph", message, test.message)
				}
				if inner := w.innerMessage(a); test.code == model && inner != message || test.code != model && inner != "" {
					t.Errorf("the inner message is %q", inner)
				}
			}
			if got := w.get(item).body; got != before {
				t.Errorf("the certificate has become %s", got)
			}
			w.wantStored(1)
		})
	}
}

// innerMessage is error.innerError.message, "" if there is none.
func (w *wire) innerMessage(a response) string {
	w.Helper()
	graphError, _ := w.object(a)["error"].(map[string]any)
	inner, _ := graphError["innerError"].(map[string]any)
	message, _ := inner["message"].(string)
	return message
}

func TestCreateWantsACertificateThatCanBeRecognized(t *testing.T) {
	w := newWire(t)
	for _, body := range []string{`{}`, `{"issuer":"CN=Contoso CA"}`, `{"content":"Y29udGVudA=="}`} {
		message := w.graphError(w.create(body), http.StatusBadRequest, "BadRequest")
		if !strings.Contains(message, "neither content that can be read nor a subject") {
			t.Errorf("%s: the message is %q", body, message)
		}
	}
	w.wantStored(0)
}

// TestCreateReadsCertificatesThatGoRejects: Intune takes what Windows does.
func TestCreateReadsCertificatesThatGoRejects(t *testing.T) {
	files, err := filepath.Glob("../internal/format/lenientx509/testdata/*.der")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	w := newWire(t)
	for _, file := range files {
		der, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a := w.create(`{"content":"` + base64.StdEncoding.EncodeToString(der) + `"}`)
		if w.wantStatus(a, http.StatusCreated); w.object(a)["subject"] == nil {
			t.Errorf("%s: got %s", file, a.body)
		}
	}
}

// A client that reads an object and sends it back sends its id and its annotations too, and may spell names in any case.
func TestBodiesAreReadWithGraphsLeniency(t *testing.T) {
	w := newWire(t)
	const body = "\xef\xbb\xbf" + ` {"@odata.context":"x","Subject":"CN=Contoso","ID":"b20d3703-3703-b20d-0337-0db203370db2",` +
		`"subject@odata.type":"#String","@odata.type":"microsoft.graph.enterpriseCodeSigningCertificate"} `
	created := w.create(body)
	w.wantStatus(created, http.StatusCreated)
	if got := w.object(created); got["subject"] != "CN=Contoso" || got["id"] == "b20d3703-3703-b20d-0337-0db203370db2" {
		t.Errorf("got %v", got)
	}
	item := certificates + "/" + w.object(created)["id"].(string)
	updated := w.update(item, `{"id":"other","ISSUER":"CN=Contoso CA"}`)
	w.wantStatus(updated, http.StatusOK)
	if got := w.object(updated); got["issuer"] != "CN=Contoso CA" || got["id"] != w.object(created)["id"] {
		t.Errorf("got %v", got)
	}
}

func TestStrictGraphWantsBodiesAsTheReferenceSpellsThem(t *testing.T) {
	w := newWire(t, intunetest.WithStrictGraph())
	w.graphError(w.create(`{"Subject":"CN=Contoso"}`), http.StatusBadRequest, model)
	w.graphError(w.create(`{"subject":"CN=Contoso","id":""}`), http.StatusBadRequest, model)
	w.wantStatus(w.create(minimal), http.StatusCreated)
}

func TestTimesAreKeptTo100Nanoseconds(t *testing.T) {
	w := newWire(t)
	a := w.create(`{"subject":"CN=Contoso","uploadDateTime":"2026-11-15T18:53:00.123456789+01:00"}`)
	w.wantStatus(a, http.StatusCreated)
	if got := w.object(a)["uploadDateTime"]; got != "2026-11-15T18:53:00.1234567+01:00" {
		t.Errorf("got %v", got)
	}
	a = w.create(`{"subject":"CN=Contoso","uploadDateTime":"2026-11-15T18:53Z"}`) // OData's seconds are optional
	w.wantStatus(a, http.StatusCreated)
	if got := w.object(a)["uploadDateTime"]; got != "2026-11-15T18:53:00Z" {
		t.Errorf("got %v", got)
	}
}

func TestCreateFillsInWhatTheCertificateSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		cert := intunetest.NewCertificate("Contoso")
		w.wantStatus(w.create(`{"content":"`+base64.StdEncoding.EncodeToString(cert.Raw)+`"}`), http.StatusCreated)
		got := w.server.Certificates()[0]
		for name, texts := range map[string][2]string{
			"subject":     {got.Subject, subjectOfContoso},
			"subjectName": {got.SubjectName, subjectOfContoso},
			"issuer":      {got.Issuer, issuerOfContoso},
			"issuerName":  {got.IssuerName, issuerOfContoso},
			"status":      {string(got.Status), "notProvisioned"},
		} {
			if texts[0] != texts[1] {
				t.Errorf("%s is %q, want %q", name, texts[0], texts[1])
			}
		}
		if !got.ExpirationDateTime.Equal(cert.NotAfter) {
			t.Errorf("expirationDateTime is %s, want %s", got.ExpirationDateTime, cert.NotAfter)
		}
		if got.UploadDateTime != time.Now().UTC() {
			t.Errorf("uploadDateTime is %s, want now, in UTC", got.UploadDateTime)
		}
		if got.Content != nil {
			t.Error("the content is kept")
		}
	})
}
