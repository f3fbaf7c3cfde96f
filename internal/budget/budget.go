// Package budget has the operations that programs spend their time in, each against an answer in memory, so that what they
// cost can be measured without a network. Its test fails where one allocates more than it may.
package budget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

// Operation is one of them.
type Operation struct {
	Name        string
	Allocations float64 // that it may make
	Run         func() error
}

const (
	record = `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"b20d3703-3703-b20d-0337-0db203370db2",` +
		`"content":null,"status":"provisioned","subjectName":"CN=Contoso, O=Contoso Ltd, C=US","subject":"CN=Contoso, O=Contoso Ltd, C=US",` +
		`"issuerName":"CN=Contoso CA, C=US","issuer":"CN=Contoso CA, C=US",` +
		`"expirationDateTime":"2027-06-01T00:00:00Z","uploadDateTime":"2026-06-01T12:00:00.1234567Z"}`
	refusal = `{"error":{"code":"Forbidden","message":"{\r\n  \"_version\": 3,\r\n  \"Message\": \"Application is not authorized to perform this operation. ` +
		`Application must have one of the following scopes: DeviceManagementApps.ReadWrite.All - Operation ID (for customer support): ` +
		`00000000-0000-0000-0000-000000000000 - Activity ID: 5c977c7f-ae03-4be0-82c2-408eafb65caf - Url: https://fef.msub05.manage.microsoft.com/x\"\r\n}",` +
		`"innerError":{"date":"2026-11-15T18:53:00","request-id":"5c977c7f-ae03-4be0-82c2-408eafb65caf"}}}`
	recordsOfAPage = 100
	contentSize    = 1500
)

// Operations returns them, in the order in which a request meets them.
func Operations() ([]Operation, error) {
	cert := &intune.EnterpriseCodeSigningCertificate{
		Content: make([]byte, contentSize), Status: intune.CertificateStatusNotProvisioned,
		SubjectName: "CN=Contoso, O=Contoso Ltd, C=US", Subject: "CN=Contoso, O=Contoso Ltd, C=US",
		IssuerName: "CN=Contoso CA, C=US", Issuer: "CN=Contoso CA, C=US",
		ExpirationDateTime: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC), UploadDateTime: time.Date(2026, time.June, 1, 0, 0, 0, 0, time.UTC),
	}
	copy(cert.Content, "\x30\x82\x05\xd8")
	undated := *cert
	undated.UploadDateTime = time.Time{}
	page := `{"value":[` + strings.TrimSuffix(strings.Repeat(record+",", recordsOfAPage), ",") + `]}`
	clients, err := clients(page)
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
	return []Operation{
		{"Marshal", 1, func() error {
			_, err := cert.MarshalJSON()
			return err
		}},
		{"Decode", 9, func() error {
			return new(intune.EnterpriseCodeSigningCertificate).UnmarshalJSON([]byte(record))
		}},
		{"Request", 39, func() error { return clients["empty"].Do(ctx, http.MethodGet, "/x", nil, nil) }},
		{"Create", 58, create("create")},
		{"CreateUnderQuota", 59, create("quota")},
		{"ListPage", 854, func() error {
			_, err := services["list"].List(ctx, nil)
			return err
		}},
		{"All", 853, func() error {
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
		{"Refusal", 202, func() error {
			_, err := services["refused"].Create(ctx, &undated)
			if err == nil {
				return errors.New("it was not refused")
			}
			_ = err.Error()
			return nil
		}},
	}, nil
}

// clients returns one for each kind of answer.
func clients(page string) (map[string]*intune.Client, error) {
	clients := make(map[string]*intune.Client)
	for name, with := range map[string]struct {
		answer canned
		quota  []intune.Quota
	}{
		"create":  {canned{http.StatusCreated, record}, nil},
		"quota":   {canned{http.StatusCreated, record}, []intune.Quota{{Requests: 1_000_000, Window: time.Nanosecond}}},
		"list":    {canned{http.StatusOK, page}, nil},
		"refused": {canned{http.StatusForbidden, refusal}, nil},
		"empty":   {canned{http.StatusNoContent, ""}, nil},
	} {
		client, err := intune.NewClient(intune.TokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})),
			intune.WithHTTPClient(&http.Client{Transport: with.answer}), intune.WithQuota(with.quota...))
		if err != nil {
			return nil, err
		}
		clients[name] = client
	}
	return clients, nil
}

// canned answers every request alike.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(c.body)), Request: req,
	}, nil
}
