package intune_test

import (
	"context"
	"net/http"
	"testing"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

func TestCloudsAndVersions(t *testing.T) {
	tests := []struct {
		opts                    []intune.Option
		graph, authority, scope string
	}{
		{nil, "https://graph.microsoft.com/beta", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"},
		{
			[]intune.Option{intune.WithCloud(intune.CloudUSGovernmentL4), intune.WithAPIVersion(intune.APIVersionV1)},
			"https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default",
		},
		{
			[]intune.Option{intune.WithCloud(intune.CloudUSGovernmentL5), intune.WithAPIVersion(intune.APIVersionBeta)},
			"https://dod-graph.microsoft.us/beta", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us/.default",
		},
		{
			[]intune.Option{intune.WithCloud(intune.CloudChina)},
			"https://microsoftgraph.chinacloudapi.cn/beta", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default",
		},
		{
			[]intune.Option{intune.WithCloud(intune.Cloud{Name: "Sovereign", GraphURL: "HTTPS://Graph.sovereign.example/", AuthorityURL: "https://login.sovereign.example/"})},
			"https://graph.sovereign.example/beta", "https://login.sovereign.example", "https://graph.sovereign.example/.default",
		},
		{ // the scope follows the cloud, not the addresses
			[]intune.Option{intune.WithBaseURL("https://proxy.example"), intune.WithCloud(intune.CloudChina), intune.WithAuthorityURL("https://login.example/")},
			"https://proxy.example/beta", "https://login.example", "https://microsoftgraph.chinacloudapi.cn/.default",
		},
	}
	for _, test := range tests {
		var asked intune.TokenRequest
		cred := credential(func(_ context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
			asked = req
			return &oauth2.Token{AccessToken: aToken}, nil
		})
		w := newWire(t, reply(http.StatusOK, "{}"))
		client := newClient(t, cred, append(test.opts, intune.WithHTTPClient(&http.Client{Transport: w.mock}))...)
		if err := client.Do(t.Context(), "GET", "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.requests[0].URL.String(); got != test.graph+"/x" || asked.AuthorityURL != test.authority || asked.Scope != test.scope {
			t.Errorf("sent to %s with a token for %s of %s, want %+v", got, asked.Scope, asked.AuthorityURL, test)
		}
	}
}
