// Package loopback responds to sign-ins and creates with what the service would send, and as little work as possible.
package loopback

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/seed-230b9595/intune-go/bench/internal/measure"
)

const certificate = `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#deviceAppManagement/enterpriseCodeSigningCertificates/$entity",` +
	`"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"b20d3703-3703-b20d-0337-%012x","content":null,"status":"notProvisioned",` +
	`"subjectName":"CN=Contoso Ltd, O=Contoso Ltd, L=Redmond, S=Washington, C=US","subject":"CN=Contoso Ltd, O=Contoso Ltd, L=Redmond, S=Washington, C=US",` +
	`"issuerName":"CN=Contoso Code Signing CA, O=Contoso Ltd, C=US","issuer":"CN=Contoso Code Signing CA, O=Contoso Ltd, C=US",` +
	`"expirationDateTime":"2027-06-30T23:59:59Z","uploadDateTime":"2026-03-31T23:58:46.5747426Z"}`

const category = `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#deviceAppManagement/mobileAppCategories/$entity",` +
	`"id":"1c4f2b9a-2b9a-1c4f-9a2b-%012x","displayName":"Contoso","lastModifiedDateTime":"2026-03-31T23:58:46.5747426Z"}`

// Handler signs everybody in, and creates for whoever sends the token. Each object has an id of its own.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		_, _ = fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":%q}`, measure.Token())
	})
	mux.HandleFunc("POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates", creating(certificate))
	mux.HandleFunc("POST /v1.0/deviceAppManagement/mobileAppCategories", creating(category))
	return mux
}

func creating(object string) http.HandlerFunc {
	authorization := "Bearer " + measure.Token()
	var created atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Header.Get("Authorization") != authorization {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		header := w.Header()
		header["Cache-Control"] = []string{"no-cache"}
		header["Content-Type"] = []string{"application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"}
		header["Strict-Transport-Security"] = []string{"max-age=31536000"}
		header["Request-Id"] = []string{"3f5b8c1e-7d94-4b0a-9d0c-5a6f2f1f7e10"}
		header["Client-Request-Id"] = r.Header["Client-Request-Id"]
		header["X-Ms-Ags-Diagnostic"] = []string{`{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"002","RoleInstance":"AM2PEPF0001C7E1"}}`}
		header["Odata-Version"] = []string{"4.0"}
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprintf(w, object, created.Add(1))
	}
}
