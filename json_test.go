package intune_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// The create example of the reference page.
const exampleRequest = `{
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

const exampleResponse = `{
  "@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate",
  "id": "b20d3703-3703-b20d-0337-0db203370db2",
  "content": "Y29udGVudA==",
  "status": "provisioned",
  "subjectName": "Subject Name value",
  "subject": "Subject value",
  "issuerName": "Issuer Name value",
  "issuer": "Issuer value",
  "expirationDateTime": "2016-12-31T23:57:57.2481234-08:00",
  "uploadDateTime": "2016-12-31T23:58:46.5747426-08:00"
}`

func exampleCertificate() *intune.EnterpriseCodeSigningCertificate {
	pacific := time.FixedZone("", -8*60*60)
	return &intune.EnterpriseCodeSigningCertificate{
		Content: []byte("content"), Status: intune.CertificateStatusProvisioned,
		SubjectName: "Subject Name value", Subject: "Subject value", IssuerName: "Issuer Name value", Issuer: "Issuer value",
		ExpirationDateTime: time.Date(2016, 12, 31, 23, 57, 57, 248123400, pacific),
		UploadDateTime:     time.Date(2016, 12, 31, 23, 58, 46, 574742600, pacific),
	}
}

func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatalf("%v in %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func encode(t *testing.T, cert *intune.EnterpriseCodeSigningCertificate) string {
	t.Helper()
	data, err := json.Marshal(cert)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func decode(t *testing.T, data string) *intune.EnterpriseCodeSigningCertificate {
	t.Helper()
	cert := new(intune.EnterpriseCodeSigningCertificate)
	if err := json.Unmarshal([]byte(data), cert); err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestModelMarshalsTheExampleOfTheReference(t *testing.T) {
	cert := exampleCertificate()
	sameJSON(t, encode(t, cert), exampleRequest)
	if data, err := json.Marshal(*cert); err != nil {
		t.Fatal(err)
	} else {
		sameJSON(t, string(data), exampleRequest)
	}
}

func TestModelDecodesTheExampleOfTheReference(t *testing.T) {
	got, want := decode(t, exampleResponse), exampleCertificate()
	want.ID = "b20d3703-3703-b20d-0337-0db203370db2"
	for name, pair := range map[string][2]time.Time{
		"expiration": {got.ExpirationDateTime, want.ExpirationDateTime}, "upload": {got.UploadDateTime, want.UploadDateTime},
	} {
		_, gotOffset := pair[0].Zone()
		if _, offset := pair[1].Zone(); !pair[0].Equal(pair[1]) || gotOffset != offset {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
	got.ExpirationDateTime, got.UploadDateTime = want.ExpirationDateTime, want.UploadDateTime
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestModelTimesOnTheWire(t *testing.T) {
	oldParis := time.FixedZone("LMT", 9*60+21)
	for _, test := range []struct {
		name string
		time time.Time
		want string
	}{
		{"cut to 100 ns", time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC), "2026-01-02T03:04:05.1234567Z"},
		{"never rounded up", time.Date(2026, 12, 31, 23, 59, 59, 999999999, time.UTC), "2026-12-31T23:59:59.9999999Z"},
		{"offset kept", time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 5*3600+45*60)), "2026-01-02T03:04:05+05:45"},
		{"an offset with seconds goes out in UTC", time.Date(1900, 1, 1, 0, 9, 21, 0, oldParis), "1900-01-01T00:00:00Z"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := encode(t, &intune.EnterpriseCodeSigningCertificate{ExpirationDateTime: test.time})
			sameJSON(t, got, `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","expirationDateTime":"`+test.want+`"}`)
		})
	}
	beyond := intune.EnterpriseCodeSigningCertificate{UploadDateTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}
	if data, err := json.Marshal(beyond); err == nil {
		t.Errorf("the year 10000: got %s, want an error", data)
	}
}

func TestModelLeavesZeroFieldsOut(t *testing.T) {
	sameJSON(t, encode(t, new(intune.EnterpriseCodeSigningCertificate)), `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate"}`)
}

func TestModelKeepsWhatItDoesNotKnow(t *testing.T) {
	cert := decode(t, `{
		"@odata.context": "https://graph.microsoft.com/beta/$metadata#x", "@odata.type": "#microsoft.graph.other",
		"@microsoft.graph.tips": "use $select", "subject@odata.type": "#String",
		"status": "revokedInAFutureVersion", "Subject": "another name, since names are case-sensitive",
		"roleScopeTagIds": ["0", "1"], "nested": {"@odata.type": "#kept", "n": 12345678901234567890}, "nothing": null
	}`)
	want := `{
		"@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate",
		"status": "revokedInAFutureVersion", "Subject": "another name, since names are case-sensitive",
		"roleScopeTagIds": ["0", "1"], "nested": {"@odata.type": "#kept", "n": 12345678901234567890}, "nothing": null
	}`
	got := encode(t, cert)
	sameJSON(t, got, want)
	if !strings.Contains(got, "12345678901234567890") {
		t.Errorf("a number lost its digits: %s", got)
	}
	if len(cert.AdditionalData) != 4 {
		t.Errorf("AdditionalData holds %d properties, want 4: %v", len(cert.AdditionalData), cert.AdditionalData)
	}
}

func TestModelRefusesAdditionalDataThatIsAField(t *testing.T) {
	for _, name := range []string{"content", "id", "@odata.type", "x@odata.bind"} {
		cert := intune.EnterpriseCodeSigningCertificate{AdditionalData: map[string]json.RawMessage{name: json.RawMessage(`"x"`)}}
		if data, err := json.Marshal(cert); err == nil {
			t.Errorf("%s: got %s, want an error", name, data)
		}
	}
}

func TestModelDecodesContentThatIsGone(t *testing.T) {
	for _, data := range []string{`{"id":"1","content":null}`, `{"id":"1"}`, `{"id":"1","content":""}`} {
		cert := decode(t, data)
		if cert.Content != nil || cert.ID != "1" {
			t.Errorf("%s: got %#v", data, cert.Content)
		}
	}
	if cert := decode(t, `{"subject":null,"status":null,"expirationDateTime":null,"uploadDateTime":"0001-01-01T00:00:00Z"}`); !reflect.DeepEqual(cert, new(intune.EnterpriseCodeSigningCertificate)) {
		t.Errorf("got %v, want a zero certificate", cert)
	}
}

func TestModelDecodeForgetsWhatWasThereBefore(t *testing.T) {
	cert := exampleCertificate()
	if err := json.Unmarshal([]byte(`{"id":"1"}`), cert); err != nil {
		t.Fatal(err)
	}
	if want := (&intune.EnterpriseCodeSigningCertificate{ID: "1"}); !reflect.DeepEqual(cert, want) {
		t.Errorf("got %v, want %v", cert, want)
	}
}

func TestModelRefusesWhatIsNoCertificate(t *testing.T) {
	for _, data := range []string{
		`[]`, `"x"`, `1`, `{"id":1}`, `{"content":"***"}`, `{"content":5}`, `{"expirationDateTime":"yesterday"}`, `{"status":[]}`, `{`, ``,
		`{"a":0` + manyProperties(1000) + `}`,
	} {
		cert := exampleCertificate()
		if err := json.Unmarshal([]byte(data), cert); err == nil {
			t.Errorf("%.60s: got %v, want an error", data, cert)
		} else if !reflect.DeepEqual(cert, exampleCertificate()) {
			t.Errorf("%.60s: the certificate was changed in spite of %v", data, err)
		}
	}
}

func manyProperties(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `,"p%d":0`, i)
	}
	return out.String()
}

// FuzzDecode feeds responses to the decoder of Create: no bytes panic, and what it accepts survives an encode and a
// decode.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","content":null,"status":"provisioned","expirationDateTime":"2016-12-31T23:57:57.2481234-08:00","x":{"y":[1]}}`,
		`{"@odata.context":"x","id":"1","content":"Y29udGVudA==","uploadDateTime":"0001-01-01T00:00:00Z","subject@odata.type":"#s"}`,
		`{"id":"1","a":1,"a":2,"Status":"x"}`, `{"uploadDateTime":"0000-01-01T00:00:00Z"}`, `null`, `[]`, `{"id":`, `{"id":"\ud800"}`, `{"content":""}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read intune.EnterpriseCodeSigningCertificate
		if err := json.Unmarshal(data, &read); err != nil {
			return
		}
		encoded, err := json.Marshal(read)
		if err != nil {
			t.Fatalf("%q was decoded and cannot be encoded: %v", data, err)
		}
		var again intune.EnterpriseCodeSigningCertificate
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%q was encoded to %q, which cannot be decoded: %v", data, encoded, err)
		}
		if again.Subject != read.Subject || again.Status != read.Status || !bytes.Equal(again.Content, read.Content) ||
			len(again.AdditionalData) != len(read.AdditionalData) {
			t.Fatalf("%q came back as %v, was %v", data, again, read)
		}
	})
}

// TestModelKeepsItsIDInAFile: a file cache must not lose it. The body of a create leaves it out.
func TestModelKeepsItsIDInAFile(t *testing.T) {
	cert := exampleCertificate()
	cert.ID = anID
	if back := decode(t, encode(t, cert)); back.ID != anID || !reflect.DeepEqual(back.Content, cert.Content) {
		t.Errorf("got %v back", back)
	}
	w := newWire(t, reply(http.StatusCreated, exampleResponse))
	if _, err := certificates(w).Create(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	sameJSON(t, w.bodies[0], exampleRequest)
}
