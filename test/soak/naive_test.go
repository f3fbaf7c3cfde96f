package soak_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// careless creates as a program does that puts go-retryablehttp, with its default policy, in front of x/oauth2. Its
// waits are shortened in the same way as ours.
func careless(t *testing.T, server *intunetest.Server) creator {
	t.Helper()
	config := clientcredentials.Config{
		ClientID: intunetest.ClientID, ClientSecret: intunetest.ClientSecret,
		TokenURL:  server.URL() + "/" + intunetest.TenantID + "/oauth2/v2.0/token",
		Scopes:    []string{"https://graph.microsoft.com/.default"},
		AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := config.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = 7
	client.RetryWaitMin, client.RetryWaitMax = 2*time.Millisecond, window
	target := server.URL() + "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"
	return func(ctx context.Context, subject string) result {
		body, err := json.Marshal(map[string]string{"@odata.type": "#microsoft.graph.enterpriseCodeSigningCertificate", "subject": subject})
		if err != nil {
			return result{}
		}
		req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, target, body)
		if err != nil {
			return result{}
		}
		req.Header.Set("Content-Type", "application/json")
		token.SetAuthHeader(req.Request)
		resp, err := client.Do(req)
		if err != nil {
			return result{}
		}
		defer func() { _ = resp.Body.Close() }()
		var created struct {
			ID string `json:"id"`
		}
		if resp.StatusCode != http.StatusCreated || json.NewDecoder(resp.Body).Decode(&created) != nil {
			return result{}
		}
		return result{id: created.ID}
	}
}
