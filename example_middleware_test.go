package intune_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// printer prints each attempt. It never sees the token.
type printer struct{ next http.RoundTripper }

func (p printer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		fmt.Println(req.Method, req.URL.Path, resp.Status)
	}
	return resp, err
}

// Observe each attempt. The first one is rejected with a 429, so there are two.
func ExampleWithMiddleware() {
	server, err := intunetest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	server.Inject(intunetest.Fault{Method: http.MethodPost, Status: http.StatusTooManyRequests, RetryAfter: "0"})

	client := server.Client(intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return printer{next} }))
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	if _, err := client.EnterpriseCodeSigningCertificates().Create(context.Background(), cert); err != nil {
		log.Fatal(err)
	}
	// Output:
	// POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates 429 Too Many Requests
	// POST /beta/deviceAppManagement/enterpriseCodeSigningCertificates 201 Created
}
