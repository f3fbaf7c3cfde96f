package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestUpload(t *testing.T) {
	tenant := intunetest.NewServer(t)
	handler := upload(tenant.Client().EnterpriseCodeSigningCertificates())
	contoso := intunetest.NewCertificate("Contoso").Raw
	disconnected, disconnect := context.WithCancel(t.Context())
	disconnect()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		fault  *intunetest.Fault
		body   []byte
		status int
		stored int
	}{
		{"no certificate", t.Context(), nil, []byte("text"), 422, 0},
		{"the caller disconnects", disconnected, nil, contoso, 200, 1},
		{"again", t.Context(), nil, contoso, 200, 1},
		{"another subject", t.Context(), nil, intunetest.NewCertificate("Fabrikam").Raw, 409, 1},
		{"throttled", t.Context(), &intunetest.Fault{Status: 429, RetryAfter: "7200"}, contoso, 503, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.fault != nil {
				tenant.Inject(*test.fault)
			}
			recorder := httptest.NewRecorder()
			handler(recorder, httptest.NewRequestWithContext(test.ctx, http.MethodPut, "/certificate", bytes.NewReader(test.body)))
			if recorder.Code != test.status || len(tenant.Certificates()) != test.stored {
				t.Errorf("%d, %d stored: %s", recorder.Code, len(tenant.Certificates()), recorder.Body)
			}
			if isThrottled := test.fault != nil; isThrottled != (recorder.Header().Get("Retry-After") == "7200") {
				t.Errorf("Retry-After: %s", recorder.Header().Get("Retry-After"))
			}
		})
	}
}
