package intune_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

// operation is one that programs spend their time in, against a response in memory, so that its cost can be measured
// without a network.
type operation struct {
	name        string
	allocations float64 // that it may make
	run         func() error
}

const (
	budgetRecord = `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"b20d3703-3703-b20d-0337-0db203370db2",` +
		`"content":null,"status":"provisioned","subjectName":"CN=Contoso, O=Contoso Ltd, C=US","subject":"CN=Contoso, O=Contoso Ltd, C=US",` +
		`"issuerName":"CN=Contoso CA, C=US","issuer":"CN=Contoso CA, C=US",` +
		`"expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2026-06-01T12:00:00.1234567Z"}`
	budgetPage = 100 // records
)

// hotPaths returns them, in the order in which a request meets them.
func hotPaths(tb testing.TB) []operation {
	tb.Helper()
	service := func(status int, body string, quota ...intune.Quota) *intune.Client {
		transport := roundTripper(func(req *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req,
			}, nil
		})
		return newClient(tb, staticToken(), intune.WithHTTPClient(&http.Client{Transport: transport}), intune.WithQuota(quota...))
	}
	marshalled := intune.FromX509(newCertificate(tb))
	marshalled.UploadDateTime = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)
	unparsed := *marshalled // content that the service has to judge
	unparsed.Content, unparsed.UploadDateTime = benchmarkContent, time.Time{}
	parsed := *marshalled
	parsed.UploadDateTime = time.Time{}
	creating := func(client *intune.Client, cert *intune.EnterpriseCodeSigningCertificate) func() error {
		service := client.EnterpriseCodeSigningCertificates()
		return func() error {
			_, err := service.Create(context.Background(), cert)
			return err
		}
	}
	listing := service(http.StatusOK, `{"value":[`+strings.TrimSuffix(strings.Repeat(budgetRecord+",", budgetPage), ",")+`]}`).EnterpriseCodeSigningCertificates()
	empty, rejecting := service(http.StatusNoContent, ""), creating(service(http.StatusForbidden, intuneForbidden), &unparsed)
	return []operation{
		{"Marshal", 1, func() error {
			_, err := marshalled.MarshalJSON()
			return err
		}},
		{"Decode", 9, func() error { return new(intune.EnterpriseCodeSigningCertificate).UnmarshalJSON([]byte(budgetRecord)) }},
		{"Request", 55, func() error { return empty.Do(context.Background(), http.MethodGet, "/x", nil, nil) }},
		{"Create", 84, creating(service(http.StatusCreated, budgetRecord), &unparsed)},
		{"CreateUnderQuota", 85, creating(service(http.StatusCreated, budgetRecord, intune.Quota{Requests: 1_000_000, Window: time.Nanosecond}), &unparsed)},
		{"CreateOfACertificate", 170, creating(service(http.StatusCreated, budgetRecord), &parsed)},
		{"ListPage", 877, func() error {
			_, err := listing.List(context.Background(), nil)
			return err
		}},
		{"All", 877, func() error {
			for _, err := range listing.All(context.Background(), nil) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Rejection", 151, func() error {
			if err := rejecting(); err != nil {
				_ = err.Error()
			}
			return nil
		}},
	}
}

// TestOperationsKeepTheirBudgets counts allocations, which are the same on every machine; times are not. Raise a budget
// only for something that users want more than speed.
func TestOperationsKeepTheirBudgets(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates as well")
	}
	for _, o := range hotPaths(t) {
		if err := o.run(); err != nil {
			t.Fatalf("%s: %v", o.name, err)
		}
		const runs = 100
		got := testing.AllocsPerRun(runs, func() {
			if err := o.run(); err != nil {
				t.Errorf("%s: %v", o.name, err)
			}
		})
		if got > o.allocations {
			t.Errorf("%s allocates %v times, and may %v times", o.name, got, o.allocations)
		}
		if slack := 2 + o.allocations/20; got < o.allocations-slack {
			t.Errorf("%s allocates %v times only: lower its budget of %v", o.name, got, o.allocations)
		}
	}
}
