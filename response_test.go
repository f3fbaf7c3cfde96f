package intune_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

// TestResponsesThatBreakTheContract: each operation accepts only its own answer for success.
func TestResponsesThatBreakTheContract(t *testing.T) {
	ctx := context.Background() // the test's own is outside the bubbles
	operations := map[string]func(s *intune.EnterpriseCodeSigningCertificatesService) error{
		"get": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Get(ctx, anID)
			return err
		},
		"list": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.List(ctx, nil)
			return err
		},
		"all": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			for _, err := range s.All(ctx, nil) {
				return err
			}
			return nil
		},
		"count": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Count(ctx, intune.Filter{})
			return err
		},
		"update": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Update(ctx, anID, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
			return err
		},
	}
	for name, operation := range operations {
		for _, answer := range []httpmock.Responder{
			reply(202, created), reply(204, ""), reply(200, ""), reply(200, "[]"), reply(200, "{}"), reply(200, "<html>", "Content-Type", "text/html"),
			cut(200, created), reply(200, `{"value":null}`), reply(200, `{"value":[null]}`), reply(200, `{"value":5}`),
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, answer, answer, answer, answer, answer)
				err := operation(certificates(w))
				if !errors.As(err, new(*intune.ResponseError)) || !strings.HasPrefix(err.Error(), name) && name != "all" && name != "count" {
					t.Errorf("%s: got %v", name, err)
				}
			})
		}
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
		"id of null":              reply(http.StatusCreated, `{"id":null}`),
		"wrapped":                 reply(http.StatusCreated, `{"value":`+created+`}`),
		"another type":            reply(http.StatusCreated, `{"@odata.type":"#microsoft.graph.windowsApp","id":"1"}`),
		"a type that is no text":  reply(http.StatusCreated, `{"@odata.type":{},"id":"1"}`),
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

// TestCreateAcceptsOddProperties: only the id and the type of a 201 say whether the certificate was created.
func TestCreateAcceptsOddProperties(t *testing.T) {
	for _, property := range properties[1:] {
		for _, value := range oddValues {
			w := newWire(t, reply(http.StatusCreated, withProperty(t, exampleResponse, property, value)))
			if got, err := create(w.client()); err != nil || got.ID != anID {
				t.Errorf("%s of %s: got %v, %v", property, value, got, err)
			}
		}
	}
}

func TestByteOrderMarkIsPassedOver(t *testing.T) {
	const mark = "\uFEFF"
	w := newWire(t, reply(201, mark+`{"id":"1"}`), reply(200, mark+`{"value":[{"id":"1"}]}`), reply(404, mark+`{"error":{"code":"ResourceNotFound"}}`))
	s := certificates(w)
	if cert, err := s.Create(t.Context(), intune.FromX509(newCertificate(t))); err != nil || cert.ID != "1" {
		t.Errorf("Create: got %v, %v", cert, err)
	}
	if page, err := s.List(t.Context(), nil); err != nil || len(page.Value) != 1 {
		t.Errorf("List: got %v, %v", page, err)
	}
	var apiErr *intune.APIError
	if _, err := s.Get(t.Context(), "1"); !errors.As(err, &apiErr) || apiErr.Code != "ResourceNotFound" {
		t.Errorf("Get: got %v", err)
	}
}

func TestCreateAcceptsEveryFormOfJSONContentType(t *testing.T) {
	for _, contentType := range []string{"application/json; charset=utf-8", "application/json;odata.metadata=minimal", "APPLICATION/JSON", "application/json; charset", "application/json;;", ""} {
		if _, err := create(newWire(t, reply(http.StatusCreated, created, "Content-Type", contentType)).client()); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	}
}

// TestResponseErrorShowsWhatTheResponseSays: another layer, or the service itself, may put an error into a 200.
func TestResponseErrorShowsWhatTheResponseSays(t *testing.T) {
	for name, test := range map[string]struct{ body, contentType, want string }{
		"Graph's error":   {graphRefusal("Busy"), "application/json", "it says Busy: no"},
		"problem details": {"\uFEFF" + `{"title":"Maintenance","detail":"until noon"}`, "application/problem+json", "it says Maintenance: until noon"},
		"Azure's Message": {`{"Message":"not now"}`, "application/json", "it says not now"},
		"OAuth's error":   {`{"error":"login_required","error_description":"sign in first"}`, "text/html", "it says login_required: sign in first"},
		"text":            {"upstream connect error\n", "text/plain", "it says upstream connect error"},
	} {
		answer := respond(200, test.body, "Content-Type", test.contentType)
		client, _ := served(t, answer, answer, answer, answer)
		_, err := client.EnterpriseCodeSigningCertificates().Get(t.Context(), anID)
		if got := errorAs[*intune.ResponseError](t, err); !strings.Contains(got.Error(), test.want) {
			t.Errorf("%s: got %v, want %s in it", name, err, test.want)
		}
	}
}
