package intune_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func TestUpdateSendsOnlyWhatIsSet(t *testing.T) {
	status, name := intune.CertificateStatusProvisioned, ""
	moment := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", -8*3600))
	w := newWire(t, reply(200, created))
	got, err := certificates(w).Update(t.Context(), anID, &intune.EnterpriseCodeSigningCertificateUpdate{
		Content: []byte("content"), Status: &status, Subject: &name, ExpirationDateTime: &moment,
		Clear: []intune.Property{intune.PropertyIssuer, intune.PropertySubjectName},
	})
	if err != nil || got.ID != anID || w.requests[0].Method != "PATCH" {
		t.Errorf("got %v, %v", got, err)
	}
	sameJSON(t, w.bodies[0], `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","content":"Y29udGVudA==","status":"provisioned",
		"subject":"","expirationDateTime":"2026-01-02T03:04:05.1234567-08:00","issuer":null,"subjectName":null}`)
}

func TestUpdateThatMakesNoSense(t *testing.T) {
	text, never := "x", time.Time{}
	for name, update := range map[string]*intune.EnterpriseCodeSigningCertificateUpdate{
		"nil":                {},
		"empty":              {},
		"clears the id":      {Clear: []intune.Property{intune.PropertyID}},
		"clears the status":  {Clear: []intune.Property{intune.PropertyStatus}},
		"clears a date":      {Clear: []intune.Property{intune.PropertyUploadDateTime}},
		"clears nothing":     {Clear: []intune.Property{nil}},
		"sets and clears":    {Issuer: &text, Clear: []intune.Property{intune.PropertyIssuer}},
		"a date that is not": {UploadDateTime: &never},
		"a private key":      {Content: []byte("-----BEGIN PRIVATE KEY-----")},
		"PEM":                {Content: []byte("-----BEGIN CERTIFICATE-----")},
		"empty content":      {Content: []byte{}, Issuer: &text},
	} {
		if name == "nil" {
			update = nil
		}
		w := newWire(t)
		_, err := certificates(w).Update(t.Context(), anID, update)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestUpdateIsJSONForDoAsWell(t *testing.T) {
	data, err := json.Marshal(&intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(data), `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","issuer":null}`)
}

func TestUpdateBetweenIgnoresEmptyAdditionalData(t *testing.T) {
	before := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=a"}
	after := &intune.EnterpriseCodeSigningCertificate{Subject: "CN=b", AdditionalData: map[string]json.RawMessage{}}
	if _, err := intune.UpdateBetween(before, after); err != nil {
		t.Error(err)
	}
}

func TestUpdateBetweenIsTheDifference(t *testing.T) {
	before := exampleCertificate()
	before.ID = anID
	after := *before
	after.Content, after.Status, after.Subject, after.Issuer = []byte("new"), intune.CertificateStatusNotProvisioned, "CN=New", ""
	after.ExpirationDateTime = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	update, err := intune.UpdateBetween(before, &after)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(update)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(data), `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","content":"bmV3","status":"notProvisioned",
		"subject":"CN=New","issuer":null,"expirationDateTime":"2027-01-01T00:00:00Z"}`)
	for name, change := range map[string]func(c *intune.EnterpriseCodeSigningCertificate){
		"the id": func(c *intune.EnterpriseCodeSigningCertificate) { c.ID = "other" }, "no status": func(c *intune.EnterpriseCodeSigningCertificate) { c.Status = "" },
		"no date": func(c *intune.EnterpriseCodeSigningCertificate) { c.UploadDateTime = time.Time{} },
		"additional data": func(c *intune.EnterpriseCodeSigningCertificate) {
			c.AdditionalData = map[string]json.RawMessage{"x": json.RawMessage("1")}
		},
	} {
		changed := *before
		change(&changed)
		if _, err := intune.UpdateBetween(before, &changed); !errors.As(err, new(*intune.InputError)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := intune.UpdateBetween(before, nil); !errors.As(err, new(*intune.InputError)) {
		t.Errorf("nil: got %v", err)
	}
	update, err = intune.UpdateBetween(before, before)
	if err != nil {
		t.Fatal(err)
	}
	_, err = certificates(newWire(t)).Update(t.Context(), anID, update) // changes nothing
	errorAs[*intune.InputError](t, err)
}
