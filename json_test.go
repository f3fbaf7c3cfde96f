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

func TestModelRefusesAnnotationsInAdditionalData(t *testing.T) {
	for _, name := range []string{"@odata.type", "x@odata.bind"} {
		cert := intune.EnterpriseCodeSigningCertificate{AdditionalData: map[string]json.RawMessage{name: json.RawMessage(`"x"`)}}
		if data, err := json.Marshal(cert); err == nil {
			t.Errorf("%s: got %s, want an error", name, data)
		}
	}
}

func TestModelReadsDatesWhoseMeaningIsClear(t *testing.T) {
	for text, want := range map[string]string{
		"2027-06-01T23:59:59.1234567Z":      "2027-06-01T23:59:59.1234567Z",
		"2027-06-01T23:59:59.123456789Z":    "2027-06-01T23:59:59.1234567Z",
		"2027-06-01T23:59:59-08:00":         "2027-06-01T23:59:59-08:00",
		"2027-06-01T23:59:59":               "2027-06-01T23:59:59Z",
		"2027-06-01T23:59:59.5":             "2027-06-01T23:59:59.5Z",
		"2027-06-01T23:59Z":                 "2027-06-01T23:59:00Z",
		"2027-06-01T23:59":                  "2027-06-01T23:59:00Z",
		"2027-06-01T23:59+02:00":            "2027-06-01T23:59:00+02:00",
		"2027-06-01T23:59:59+0000":          "2027-06-01T23:59:59Z",
		"2027-06-01T23:59:59.1234567-0800":  "2027-06-01T23:59:59.1234567-08:00",
		"2027-06-01T23:59+0530":             "2027-06-01T23:59:00+05:30",
		"2027-06-01T00:00:00.0000000+15:00": "2027-05-31T09:00:00Z",
		"2027-06-01":                        "2027-06-01T00:00:00Z",
		"2027-06-01 23:59:59Z":              "2027-06-01T23:59:59Z",
		"2027-06-01t23:59:59.5z":            "2027-06-01T23:59:59.5Z",
		"2027-06-01T23:59:59-08":            "2027-06-01T23:59:59-08:00",
		"2027-06-01 23:59+05":               "2027-06-01T23:59:00+05:00",
	} {
		cert := decode(t, `{"expirationDateTime":"`+text+`","uploadDateTime":"`+text+`"}`)
		if len(cert.AdditionalData) > 0 {
			t.Errorf("%s: cannot be read", text)
			continue
		}
		for _, got := range []time.Time{cert.ExpirationDateTime, cert.UploadDateTime} {
			if got.Format(time.RFC3339Nano) != want {
				t.Errorf("%s: got %s, want %s", text, got.Format(time.RFC3339Nano), want)
			}
		}
	}
	for _, text := range []string{"", "0001-01-01T00:00:00Z", "0001-01-01T01:00:00+01:00"} {
		if cert := decode(t, `{"uploadDateTime":"`+text+`"}`); !reflect.DeepEqual(cert, new(intune.EnterpriseCodeSigningCertificate)) {
			t.Errorf("%q: got %v with %s, want no date", text, cert, cert.AdditionalData)
		}
	}
}

func TestModelReadsBase64OfEitherAlphabet(t *testing.T) {
	want := []byte{0xfb, 0xef, 0xff, 0x01}
	for _, text := range []string{"++//AQ==", "++//AQ", "--__AQ==", "--__AQ", `++\/\/AQ==`, `++//\r\nAQ==`} {
		if got := decode(t, `{"content":"`+text+`"}`); !bytes.Equal(got.Content, want) {
			t.Errorf("%s: got %x and %s, want %x", text, got.Content, got.AdditionalData, want)
		}
	}
}

// oddValues are JSON values that no property, or hardly one, should have.
var oddValues = []string{
	`5`, `-0.5e300`, `true`, `{}`, `{"a":[1]}`, `[]`, `["x"]`, `null`, `""`, `" "`, `"***"`, `"\u0000\ud800"`, `"yesterday"`,
	`"2027-13-01T00:00:00Z"`, `"2027-06-01T24:00:00Z"`, `"12027-06-01T00:00:00Z"`, `"0000-01-01T00:00:00+01:00"`,
}

// properties are the names of all properties.
var properties = []string{
	"id", "content", "status", "subjectName", "subject", "issuerName", "issuer", "expirationDateTime", "uploadDateTime",
}

// TestModelKeepsOddValuesAside: a value that cannot be read leaves its field zero, costs no other field, and survives a
// round trip until the field is set.
func TestModelKeepsOddValuesAside(t *testing.T) {
	for _, property := range properties {
		for _, value := range oddValues {
			odd := withProperty(t, exampleResponse, property, value)
			cert := decode(t, odd)
			raw, isKept := cert.AdditionalData[property]
			if isKept && string(raw) != value || len(cert.AdditionalData) > 1 {
				t.Errorf("%s of %s: kept %s", property, value, cert.AdditionalData)
			}
			without := decode(t, withProperty(t, exampleResponse, property, `null`))
			if isKept {
				if without.AdditionalData = cert.AdditionalData; encode(t, cert) != encode(t, without) {
					t.Errorf("%s of %s: got %v, want %v", property, value, cert, without)
				}
			}
			if back := decode(t, encode(t, cert)); !reflect.DeepEqual(back, cert) {
				t.Errorf("%s of %s: came back as %v with %s", property, value, back, back.AdditionalData)
			}
			if isKept {
				sameJSON(t, encode(t, cert), odd)
			}
		}
	}
	for _, odd := range []string{`{"expirationDateTime":"yesterday"}`, `{"content":"***"}`, `{"id":5}`, `{"status":[]}`, `{"subject":{}}`} {
		if cert := decode(t, odd); len(cert.AdditionalData) != 1 {
			t.Errorf("%s is not kept", odd)
		}
	}
}

// withProperty returns an object with another value of a property.
func withProperty(t *testing.T, object, property, value string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &members); err != nil {
		t.Fatal(err)
	}
	members[property] = json.RawMessage(value)
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestRawTextGivesWayToItsField: the raw text of a property is not written beside the field, and Create sends none.
func TestRawTextGivesWayToItsField(t *testing.T) {
	cert := decode(t, `{"id":5,"subject":"CN=Contoso","issuer":7,"expirationDateTime":"yesterday","uploadDateTime":"today","x":1}`)
	w := newWire(t, reply(http.StatusCreated, exampleResponse))
	if _, err := certificates(w).Create(t.Context(), cert); err != nil {
		t.Fatal(err)
	}
	sent := decode(t, w.bodies[0])
	if sent.UploadDateTime.IsZero() || len(sent.AdditionalData) != 1 || strings.Contains(w.bodies[0], "issuer") || strings.Contains(w.bodies[0], `"id"`) {
		t.Errorf("sent %s", w.bodies[0])
	}
	cert.ID, cert.Issuer = "1", "CN=CA"
	cert.ExpirationDateTime = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	sameJSON(t, encode(t, cert), `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"1","subject":"CN=Contoso","issuer":"CN=CA",
		"expirationDateTime":"2027-01-01T00:00:00Z","uploadDateTime":"today","x":1}`)
}

// TestModelTakesTheLastOfEqualNames: as encoding/json does.
func TestModelTakesTheLastOfEqualNames(t *testing.T) {
	for data, want := range map[string]string{
		`{"subject":"a","subject":"b"}`: `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","subject":"b"}`,
		`{"subject":"a","subject":5}`:   `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","subject":5}`,
		`{"subject":5,"subject":"a"}`:   `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","subject":"a"}`,
	} {
		sameJSON(t, encode(t, decode(t, data)), want)
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
	for _, data := range []string{`null`, ` null `, `[]`, `"x"`, `1`, `{`, ``, `{}{}`, `{} x`, `null x`, `{"id":"1"`, `{"a":0` + manyProperties(100_001) + `}`} {
		for _, read := range []func(data []byte, into *intune.EnterpriseCodeSigningCertificate) error{
			func(data []byte, into *intune.EnterpriseCodeSigningCertificate) error {
				return into.UnmarshalJSON(data)
			},
			func(data []byte, into *intune.EnterpriseCodeSigningCertificate) error {
				return json.Unmarshal(data, into)
			},
		} {
			cert := exampleCertificate()
			if err := read([]byte(data), cert); err == nil {
				t.Errorf("%.60s: got %v, want an error", data, cert)
			} else if !reflect.DeepEqual(cert, exampleCertificate()) {
				t.Errorf("%.60s: the certificate was changed in spite of %v", data, err)
			}
		}
		errorAs[*intune.InputError](t, exampleCertificate().UnmarshalJSON([]byte(data)))
	}
}

func manyProperties(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `,"p%d":0`, i)
	}
	return out.String()
}

// FuzzDecode feeds responses to the decoder of Create: no bytes panic, and what it accepts survives a round trip.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","content":null,"status":"provisioned","expirationDateTime":"2016-12-31T23:57:57.2481234-08:00","x":{"y":[1]}}`,
		`{"@odata.context":"x","id":"1","content":"Y29udGVudA==","uploadDateTime":"0001-01-01T00:00:00Z","subject@odata.type":"#s"}`,
		`{"id":"1","a":1,"a":2,"Status":"x"}`, `{"uploadDateTime":"0000-01-01T00:00:00Z"}`, `null`, `[]`, `{"id":`, `{"id":"\ud800"}`, `{"content":""}`, "\xef\xbb\xbf{}",
		`{"id":5,"content":"*","status":[],"subject":{},"uploadDateTime":"2016-12-31"}`, `{"expirationDateTime":"9999-12-31T23:59:59.99999999-23:59"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var read, again intune.EnterpriseCodeSigningCertificate
		if err := json.Unmarshal(data, &read); err != nil {
			return
		}
		encoded, err := json.Marshal(read)
		if err != nil {
			t.Fatalf("%q was decoded and cannot be encoded: %v", data, err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%q was encoded to %q, which cannot be decoded: %v", data, encoded, err)
		}
		twice, err := json.Marshal(again)
		if err != nil || !bytes.Equal(twice, encoded) {
			t.Fatalf("%q was encoded to %q, and then to %q, %v", data, encoded, twice, err)
		}
		if !again.ExpirationDateTime.Equal(read.ExpirationDateTime) || !again.UploadDateTime.Equal(read.UploadDateTime) ||
			!bytes.Equal(again.Content, read.Content) || again.String() != read.String() || len(again.AdditionalData) != len(read.AdditionalData) {
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
