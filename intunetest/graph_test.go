package intunetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// example is the request of https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
const example = `{
  "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate",
  "content": "Y29udGVudA==",
  "status": "provisioned",
  "subjectName": "Subject Name value",
  "subject": "Subject value",
  "issuerName": "Issuer Name value",
  "issuer": "Issuer value",
  "expirationDateTime": "2016-12-31T23:57:57.2481234-08:00",
  "uploadDateTime": "2016-12-31T23:58:46.5747426-08:00"
}`

func TestGraphRefusesTokens(t *testing.T) {
	w := newWire(t)
	vault := w.accessToken("https://vault.azure.net/.default")
	tests := []struct{ name, authorization, message string }{
		{"none", "", "empty"},
		{"no token after the scheme", "Bearer", "empty"},
		{"another scheme", "Basic " + w.token, "empty"},
		{"no scheme", w.token, "empty"},
		{"unknown", "Bearer " + strings.ToLower(w.token), "parsing failed"},
		{"for another resource", "Bearer " + vault, "Invalid audience"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.T = t
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				a := w.send(method, certificates, minimal, "Authorization: "+test.authorization)
				message := w.graphError(a, http.StatusUnauthorized, "InvalidAuthenticationToken")
				if !strings.Contains(message, test.message) {
					t.Errorf("%s: the message is %q, want %q in it", method, message, test.message)
				}
				if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
					t.Errorf("%s: WWW-Authenticate is %q", method, got)
				}
			}
			w.wantStored(0)
		})
	}
}

func TestGraphTakesTokensOfEveryCloud(t *testing.T) {
	w := newWire(t)
	for _, root := range []string{"graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"} {
		w.token = w.accessToken("https://" + root + "/.default")
		w.wantStatus(w.create(minimal), http.StatusCreated)
	}
}

func TestPermissionsDecide(t *testing.T) {
	const read, readWrite, configure = "DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All",
		"DeviceManagementConfiguration.ReadWrite.All"
	tests := []struct {
		granted   []string
		get, post int
	}{
		{[]string{read}, http.StatusOK, http.StatusForbidden},
		{[]string{readWrite}, http.StatusOK, http.StatusCreated},
		{[]string{configure}, http.StatusOK, http.StatusCreated},
		{[]string{"User.Read.All", readWrite}, http.StatusOK, http.StatusCreated},
		{[]string{"User.Read.All"}, http.StatusForbidden, http.StatusForbidden},
		{nil, http.StatusForbidden, http.StatusForbidden},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.granted, "+"), func(t *testing.T) {
			w := newWire(t, intunetest.WithPermissions(test.granted...))
			check := func(method string, status int, sufficient ...string) {
				t.Helper()
				a := w.send(method, certificates, minimal)
				if status != http.StatusForbidden {
					w.wantStatus(a, status)
					return
				}
				want := "Application is not authorized to perform this operation. " +
					"Application must have one of the following scopes: " + strings.Join(sufficient, ", ")
				if got := w.intuneError(a, status, "Forbidden"); got != want {
					t.Errorf("%s: got %q, want %q", method, got, want)
				}
			}
			check(http.MethodGet, test.get, readWrite, configure, read)
			check(http.MethodPost, test.post, readWrite, configure)
			if test.post == http.StatusForbidden {
				w.wantStored(0)
			}
		})
	}
}

func TestGraphRefusesMediaTypes(t *testing.T) {
	w := newWire(t)
	for header, status := range map[string]int{
		"Accept:":     http.StatusCreated, // any will do, by RFC 9110
		"Accept: */*": http.StatusCreated,
		"Accept: text/html, application/json;q=0.9":       http.StatusCreated,
		"Accept: text/html":                               http.StatusNotAcceptable,
		"Content-Type: application/json; charset=utf-8":   http.StatusCreated,
		"Content-Type: text/plain":                        http.StatusUnsupportedMediaType,
		"Content-Type: application/x-www-form-urlencoded": http.StatusUnsupportedMediaType,
		"Content-Type:":                                   http.StatusUnsupportedMediaType,
	} {
		t.Run(header, func(t *testing.T) {
			w.T = t
			before := len(w.server.Certificates())
			a := w.send(http.MethodPost, certificates, minimal, header)
			switch status {
			case http.StatusCreated:
				w.wantStatus(a, status)
				w.wantStored(before + 1)
			default:
				w.graphError(a, status, strings.ReplaceAll(http.StatusText(status), " ", ""))
				w.wantStored(before)
			}
		})
	}
}

func TestGraphRefusesWhatItDoesNotServe(t *testing.T) {
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
		{http.MethodGet, "/", http.StatusNotFound, "BadRequest"},
		{http.MethodPost, strings.Replace(certificates, "beta", "v2.0", 1), http.StatusNotFound, "BadRequest"},
		{http.MethodPost, strings.TrimPrefix(certificates, "/beta"), http.StatusNotFound, "BadRequest"},
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

func TestCreateRefusesBodies(t *testing.T) {
	w := newWire(t)
	tests := []struct{ name, body, message string }{
		{"empty", ``, "unexpected end"},
		{"null", `null`, "is null"},
		{"no JSON", `subject=CN%3DContoso`, "invalid character"},
		{"cut short", `{"subject":"CN=Contoso"`, "unexpected end"},
		{"an array", `[{"subject":"CN=Contoso"}]`, "cannot unmarshal array"},
		{"a second object", minimal + minimal, "after top-level value"},
		{"a brace too many", minimal + "}", "after top-level value"},
		{"number for a text", `{"subject":42}`, "cannot unmarshal number"},
		{"number for content", `{"subject":"CN=Contoso","content":42}`, "cannot unmarshal number"},
		{"content that is not base64", `{"subject":"CN=Contoso","content":"?"}`, "not base64"},
		{"content in base64 for URLs", `{"subject":"CN=Contoso","content":"_-__"}`, "not base64"},
		{"text that is no date", `{"subject":"CN=Contoso","expirationDateTime":"tomorrow"}`, "parsing time"},
		{"date without offset", `{"subject":"CN=Contoso","uploadDateTime":"2016-12-31T23:57:57"}`, "parsing time"},
		{"number for a date", `{"subject":"CN=Contoso","uploadDateTime":1483228677}`, "Time.UnmarshalJSON"},
		{"unknown status", `{"subject":"CN=Contoso","status":"revoked"}`, "not a certificateStatus"},
		{"empty status", `{"subject":"CN=Contoso","status":""}`, "not a certificateStatus"},
		{"status null", `{"subject":"CN=Contoso","status":null}`, "'status' is not nullable"},
		{"upload null", `{"subject":"CN=Contoso","uploadDateTime":null}`, "'uploadDateTime' is not nullable"},
		{"expiration null", `{"subject":"CN=Contoso","expirationDateTime":null}`, "'expirationDateTime' is not nullable"},
		{"unknown property", `{"subject":"CN=Contoso","thumbprint":"AB"}`, "'thumbprint' does not exist"},
		{"property in another case", `{"Subject":"CN=Contoso"}`, "'Subject' does not exist"},
		{"id", `{"subject":"CN=Contoso","id":"b20d3703-3703-b20d-0337-0db203370db2"}`, "'id' is read-only"},
		{"empty id", `{"subject":"CN=Contoso","id":""}`, "'id' is read-only"},
		{"another type", `{"subject":"CN=Contoso","@odata.type":"#microsoft.graph.mobileApp"}`, "does not fit the collection"},
		{"neither content nor subject", `{"issuer":"CN=Contoso CA"}`, "neither content"},
		{"content that cannot be read alone", `{"content":"Y29udGVudA=="}`, "neither content"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.T = t
			message := w.graphError(w.create(test.body), http.StatusBadRequest, "BadRequest")
			if !strings.Contains(message, test.message) {
				t.Errorf("the message is %q, want %q in it", message, test.message)
			}
			w.wantStored(0)
		})
	}
}

func TestCreateTakesFourMiB(t *testing.T) {
	w := newWire(t)
	largest := minimal + strings.Repeat(" ", 4<<20-len(minimal))
	w.graphError(w.create(largest+" "), http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
	w.wantStored(0)
	w.wantStatus(w.create(largest), http.StatusCreated)
	w.wantStored(1)
}

func TestCreateAnswersAsTheReferenceSays(t *testing.T) {
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
			want := w.object(answer{body: example})
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

func TestCreateFillsInWhatTheCertificateSays(t *testing.T) {
	w := newWire(t)
	der, notAfter := makeCertificate(t)
	before := time.Now().Truncate(100 * time.Nanosecond)
	w.wantStatus(w.create(`{"content":"`+base64.StdEncoding.EncodeToString(der)+`"}`), http.StatusCreated)
	got := w.server.Certificates()[0]
	const subject, issuer = "CN=Contoso, S=Washington, C=US", "CN=Contoso CA, C=US"
	for name, texts := range map[string][2]string{
		"subject":     {got.Subject, subject},
		"subjectName": {got.SubjectName, subject},
		"issuer":      {got.Issuer, issuer},
		"issuerName":  {got.IssuerName, issuer},
		"status":      {string(got.Status), "notProvisioned"},
	} {
		if texts[0] != texts[1] {
			t.Errorf("%s is %q, want %q", name, texts[0], texts[1])
		}
	}
	if !got.ExpirationDateTime.Equal(notAfter) {
		t.Errorf("expirationDateTime is %s, want %s", got.ExpirationDateTime, notAfter)
	}
	upload := got.UploadDateTime
	if upload.Before(before) || upload.After(time.Now()) || upload.Location() != time.UTC || upload.Nanosecond()%100 != 0 {
		t.Errorf("uploadDateTime is %s, want now, in UTC, to 100 ns", upload)
	}
	if got.Content != nil {
		t.Error("the content is kept")
	}
}

func TestCreateKeepsWhatTheRequestSays(t *testing.T) {
	w := newWire(t)
	der, _ := makeCertificate(t)
	body := strings.Replace(example, "Y29udGVudA==", base64.StdEncoding.EncodeToString(der), 1)
	a := w.create(body)
	w.wantStatus(a, http.StatusCreated)
	got := w.object(a)
	for name, want := range w.object(answer{body: body}) {
		if name != "content" && name != "status" && got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
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
	list := func() []any {
		t.Helper()
		a := w.send(http.MethodGet, certificates, "")
		w.wantStatus(a, http.StatusOK)
		got := w.object(a)
		want := w.server.URL() + "/beta/$metadata#deviceAppManagement/enterpriseCodeSigningCertificates"
		if got["@odata.context"] != want {
			t.Errorf("@odata.context is %v, want %s", got["@odata.context"], want)
		}
		value, ok := got["value"].([]any) // null, as for a nil slice, is none
		if !ok {
			t.Fatalf("no list in %s", a.body)
		}
		return value
	}
	if got := list(); len(got) != 0 {
		t.Errorf("an empty tenant lists %v", got)
	}
	var want []any
	for i := range 5 {
		a := w.create(fmt.Sprintf(`{"subject":"CN=%d"}`, 9-i))
		w.wantStatus(a, http.StatusCreated)
		created := w.object(a)
		delete(created, "@odata.context")
		want = append(want, created)
	}
	if got := list(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func makeCertificate(t *testing.T) (der []byte, notAfter time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	notAfter = time.Date(2027, 6, 5, 4, 3, 2, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: notAfter.AddDate(-1, 0, 0), NotAfter: notAfter,
		Subject: pkix.Name{CommonName: "Contoso", Province: []string{"Washington"}, Country: []string{"US"}},
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "Contoso CA", Country: []string{"US"}}}
	der, err = x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der, notAfter
}
