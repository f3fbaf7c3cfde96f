package intune_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

func TestCreateSendsTheExampleOfTheReference(t *testing.T) {
	w := newWire(t, reply(http.StatusCreated, exampleResponse, "request-id", "r-1", "x-ms-ags-diagnostic", "d-1"))
	var meta intune.Response
	cert := exampleCertificate()
	got, err := w.client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithResponse(&meta), intune.WithoutReconcile())
	if err != nil {
		t.Fatal(err)
	}
	if want := decode(t, exampleResponse); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(cert, exampleCertificate()) {
		t.Errorf("the given certificate was modified: %v", cert)
	}
	req := w.requests[0]
	if got, want := req.Method+" "+req.URL.String(), "POST https://graph.microsoft.com/beta"+path; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sameJSON(t, w.bodies[0], exampleRequest)
	id := req.Header.Get("client-request-id")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("client-request-id %q is not a GUID", id)
	}
	agent := req.Header.Get("User-Agent")
	if !regexp.MustCompile(`^intune-go/\d+\.\d+\.\d+ \(go1\.\S+; \w+/\w+\)$`).MatchString(agent) {
		t.Errorf("User-Agent %q", agent)
	}
	wantHeader := http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + aToken},
		"Client-Request-Id": {id}, "User-Agent": {agent},
	}
	if !reflect.DeepEqual(req.Header, wantHeader) {
		t.Errorf("headers %v, want %v", req.Header, wantHeader)
	}
	wantMeta := intune.Response{
		StatusCode: 201, RequestID: "r-1", ClientRequestID: id, Diagnostics: "d-1", Attempts: 1,
		Header: http.Header{"Content-Type": {"application/json"}, "Request-Id": {"r-1"}, "X-Ms-Ags-Diagnostic": {"d-1"}},
	}
	if !reflect.DeepEqual(meta, wantMeta) {
		t.Errorf("response %+v, want %+v", meta, wantMeta)
	}
}

func TestCreateTakesNothingButA201WithAnIDForSuccess(t *testing.T) {
	tests := map[string]httpmock.Responder{
		"200":                     reply(http.StatusOK, created),
		"202":                     reply(http.StatusAccepted, created),
		"202 without a body":      reply(http.StatusAccepted, ""),
		"204":                     reply(http.StatusNoContent, ""),
		"empty body":              reply(http.StatusCreated, ""),
		"blank body":              reply(http.StatusCreated, " \r\n"),
		"cut body":                cut(http.StatusCreated, created),
		"cut body of a whole 201": cut(http.StatusCreated, created[:20]),
		"half an object":          reply(http.StatusCreated, created[:20]),
		"array":                   reply(http.StatusCreated, "["+created+"]"),
		"null":                    reply(http.StatusCreated, "null"),
		"no id":                   reply(http.StatusCreated, `{"subject":"CN=Contoso"}`),
		"id of another type":      reply(http.StatusCreated, `{"id":5}`),
		"two objects":             reply(http.StatusCreated, created+created),
		"HTML":                    reply(http.StatusCreated, "<html>", "Content-Type", "text/html"),
		"JSON said to be HTML":    reply(http.StatusCreated, created, "Content-Type", "text/html"),
		"above the limit": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusCreated, Header: http.Header{}, Body: io.NopCloser(endless(" "))}, nil
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := create(newWire(t, answer).client(), intune.WithoutReconcile())
			unknown := errorAs[*intune.OutcomeUnknownError](t, err)
			response := errorAs[*intune.ResponseError](t, unknown.Err)
			if got != nil || response.StatusCode/100 != 2 || unknown.Attempts != 1 || unknown.UploadDateTime.IsZero() {
				t.Errorf("got %v, %+v", got, unknown)
			}
			if !strings.HasPrefix(err.Error(), "create enterpriseCodeSigningCertificate: outcome unknown") || strings.Contains(err.Error(), "\n") {
				t.Errorf("message %q", err)
			}
		})
	}
}

func TestCreateAcceptsEveryFormOfJSONContentType(t *testing.T) {
	for _, contentType := range []string{"application/json; charset=utf-8", "application/json;odata.metadata=minimal", "APPLICATION/JSON", ""} {
		if _, err := create(newWire(t, reply(http.StatusCreated, created, "Content-Type", contentType)).client()); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	}
}

func TestCreateRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		cert *intune.EnterpriseCodeSigningCertificate
		opts []intune.RequestOption
		want string
	}{
		"nil":         {cert: nil, want: "nil"},
		"empty":       {cert: new(intune.EnterpriseCodeSigningCertificate), want: "neither content nor subject"},
		"private key": {cert: &intune.EnterpriseCodeSigningCertificate{Content: sec1}, want: "SEC 1 private key"},
		"private key in PEM": {
			cert: &intune.EnterpriseCodeSigningCertificate{Content: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})},
			want: "PEM private key",
		},
		"certificate in PEM": {
			cert: &intune.EnterpriseCodeSigningCertificate{Content: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: newCertificate(t).Raw})},
			want: "PEM, not DER",
		},
		"a date that cannot be written": {
			cert: &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x", ExpirationDateTime: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
			want: "expirationDateTime",
		},
		"additional data that is not JSON": {
			cert: &intune.EnterpriseCodeSigningCertificate{Subject: "CN=x", AdditionalData: map[string]json.RawMessage{"x": json.RawMessage("{")}},
			want: "JSON",
		},
		"a header of ours": {
			cert: exampleCertificate(), opts: []intune.RequestOption{intune.WithHeader("accept", "text/plain")}, want: "Accept is set by the library",
		},
		"no option":   {cert: exampleCertificate(), opts: []intune.RequestOption{nil}, want: "nil"},
		"no response": {cert: exampleCertificate(), opts: []intune.RequestOption{intune.WithResponse(nil)}, want: "nil"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			meta := intune.Response{StatusCode: http.StatusCreated} // of an earlier call
			opts := append(test.opts, intune.WithResponse(&meta))
			got, err := w.client().EnterpriseCodeSigningCertificates().Create(t.Context(), test.cert, opts...)
			errorAs[*intune.InputError](t, err)
			if got != nil || len(w.requests) > 0 || meta.StatusCode != 0 {
				t.Errorf("got %v and %d requests", got, len(w.requests))
			}
			if !strings.HasPrefix(err.Error(), "create enterpriseCodeSigningCertificate: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("message %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestCreateDatesEachUploadDifferently(t *testing.T) {
	const uploads = 50
	w := newWire(t)
	for range uploads {
		w.answers = append(w.answers, reply(http.StatusCreated, created))
	}
	client := w.client()
	before := time.Now().Truncate(100 * time.Nanosecond)
	for range uploads {
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for _, body := range w.bodies {
		sent := decode(t, body).UploadDateTime
		if _, offset := sent.Zone(); offset != 0 || sent.Before(before) || sent.After(time.Now().Add(time.Second)) {
			t.Errorf("uploadDateTime %v is not now, in UTC", sent)
		}
		seen[sent.String()] = true
	}
	if len(seen) != uploads {
		t.Errorf("%d different dates in %d uploads", len(seen), uploads)
	}
}

func TestOutcomeUnknownErrorHoldsWhatAnotherProcessNeeds(t *testing.T) {
	cert := exampleCertificate()
	_, err := newWire(t, lost()).client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithoutReconcile())
	unknown := errorAs[*intune.OutcomeUnknownError](t, err)
	if !unknown.UploadDateTime.Equal(cert.UploadDateTime) || unknown.Thumbprint != cert.Thumbprint() || unknown.Attempts != 1 {
		t.Errorf("got %+v", unknown)
	}
	if unknown.Since.IsZero() || unknown.Until.Before(unknown.Since) || time.Since(unknown.Until) > time.Minute {
		t.Errorf("since %v until %v", unknown.Since, unknown.Until)
	}
	if !errors.Is(err, unknown.Err) {
		t.Error("it does not unwrap to its cause")
	}
}
