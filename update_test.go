package intune_test

import (
	"encoding/json"
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
