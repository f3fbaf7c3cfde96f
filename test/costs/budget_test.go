// Package costs_test bounds what the library allocates, and measures what its operations cost beside the same by hand.
package costs_test

// This file has the operations that programs spend their time in, each with a response in memory, and a test that fails
// if one allocates more than it may.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// hotPath is one of these operations.
type hotPath struct {
	Name        string
	Allocations float64 // that it may make
	Run         func() error
}

const (
	cannedRecord = `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"b20d3703-3703-b20d-0337-0db203370db2",` +
		`"content":null,"status":"provisioned","subjectName":"CN=Contoso, O=Contoso Ltd, C=US","subject":"CN=Contoso, O=Contoso Ltd, C=US",` +
		`"issuerName":"CN=Contoso CA, C=US","issuer":"CN=Contoso CA, C=US",` +
		`"expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2026-06-01T12:00:00.1234567Z"}`
	cannedRejection = `{"error":{"code":"Forbidden","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Application is not authorized to perform this operation. ` +
		`Application must have one of the following scopes: DeviceManagementApps.ReadWrite.All - Operation ID (for customer support): ` +
		`00000000-0000-0000-0000-000000000000 - Activity ID: 5c977c7f-ae03-4be0-82c2-408eafb65caf - Url: https://fef.msub05.manage.microsoft.com/x\"\r\n}",` +
		`"innerError":{"date":"2026-11-15T18:53:00","request-id":"5c977c7f-ae03-4be0-82c2-408eafb65caf"}}}`
	recordsOfAPage = 100
)

// hotPaths returns them, in the order in which a request passes them.
func hotPaths(tb testing.TB) ([]hotPath, error) {
	tb.Helper()
	cert := intune.FromX509(intunetest.NewCertificate("Contoso"))
	cert.UploadDateTime = time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC)
	undated := *cert
	undated.UploadDateTime = time.Time{}
	page := `{"value":[` + strings.TrimSuffix(strings.Repeat(cannedRecord+",", recordsOfAPage), ",") + `]}`
	clients, err := cannedClients(page)
	if err != nil {
		return nil, err
	}
	services := make(map[string]*intune.EnterpriseCodeSigningCertificatesService)
	for name, client := range clients {
		services[name] = client.EnterpriseCodeSigningCertificates()
	}
	ctx := context.Background()
	create := func(name string) func() error {
		return func() error {
			_, err := services[name].Create(ctx, &undated)
			return err
		}
	}
	return []hotPath{
		{"Marshal", 6, func() error {
			_, err := cert.MarshalJSON()
			return err
		}},
		{"Decode", 47, func() error {
			return new(intune.EnterpriseCodeSigningCertificate).UnmarshalJSON([]byte(cannedRecord))
		}},
		{"Request", 60, func() error { return clients["empty"].Do(ctx, http.MethodGet, "/x", nil, nil) }},
		{"Create", 132, create("create")},
		{"CreateUnderQuota", 134, create("quota")},
		{"ListPage", 4786, func() error {
			_, err := services["list"].List(ctx, nil)
			return err
		}},
		{"All", 4787, func() error {
			records := 0
			for _, err := range services["list"].All(ctx, nil) {
				if err != nil {
					return err
				}
				records++
			}
			if records != recordsOfAPage {
				return fmt.Errorf("%d records", records)
			}
			return nil
		}},
		{"Rejection", 150, func() error {
			_, err := services["rejected"].Create(ctx, &undated)
			if err == nil {
				return errors.New("it was not rejected")
			}
			_ = err.Error()
			return nil
		}},
	}, nil
}

// cannedClients returns a client for each kind of response.
func cannedClients(page string) (map[string]*intune.Client, error) {
	clients := make(map[string]*intune.Client)
	for name, with := range map[string]struct {
		response canned
		quota    []intune.Quota
	}{
		"create":   {canned{http.StatusCreated, cannedRecord}, nil},
		"quota":    {canned{http.StatusCreated, cannedRecord}, []intune.Quota{{Requests: 1_000_000, Window: time.Nanosecond}}},
		"list":     {canned{http.StatusOK, page}, nil},
		"rejected": {canned{http.StatusForbidden, cannedRejection}, nil},
		"empty":    {canned{http.StatusNoContent, ""}, nil},
	} {
		client, err := intune.NewClient(signedIn(),
			intune.WithHTTPClient(&http.Client{Transport: with.response}), intune.WithQuota(with.quota...))
		if err != nil {
			return nil, err
		}
		clients[name] = client
	}
	return clients, nil
}

// signedIn is a credential whose token is at hand.
func signedIn() intune.Credential {
	return intune.TokenSourceCredential(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"}))
}

// canned returns the same response to every request.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(c.body)), Request: req,
	}, nil
}

// TestHotPathsKeepTheirBudgets counts allocations, which are the same on every machine; times are not. Raise a budget
// only for something that users want more than speed.
func TestHotPathsKeepTheirBudgets(t *testing.T) {
	skipUnderRaceDetector(t)
	operations, err := hotPaths(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range operations {
		if err := o.Run(); err != nil {
			t.Fatalf("%s: %v", o.Name, err)
		}
		const runs = 100
		got := testing.AllocsPerRun(runs, func() {
			if err := o.Run(); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		})
		if got > o.Allocations {
			t.Errorf("%s allocates %v times, and may %v times", o.Name, got, o.Allocations)
		}
		if slack := 2 + o.Allocations/20; got < o.Allocations-slack {
			t.Errorf("%s allocates %v times only: lower its budget of %v", o.Name, got, o.Allocations)
		}
	}
}

func skipUnderRaceDetector(t *testing.T) {
	t.Helper()
	if build, _ := debug.ReadBuildInfo(); slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector allocates as well")
	}
}
