package intunetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestResponsesCarryTheHeadersThatSupportAsksFor(t *testing.T) {
	w := newWire(t)
	seen := make(map[string]bool)
	for _, a := range []response{
		w.create(minimal),
		w.send(http.MethodGet, certificates, ""),
		w.send(http.MethodGet, certificates+"/missing", ""),
		w.send(http.MethodGet, certificates, "", "Authorization:"),
	} {
		id := a.header.Get("request-id")
		if !guid.MatchString(id) || seen[id] {
			t.Errorf("%d: the request-id is %q, want a new GUID", a.status, id)
		}
		seen[id] = true
		if got := a.header.Get("client-request-id"); got != id {
			t.Errorf("%d: the client-request-id is %q, want %q, because none was sent", a.status, got, id)
		}
		if got := a.header.Get("x-ms-ags-diagnostic"); !json.Valid([]byte(got)) || !strings.Contains(got, "ServerInfo") {
			t.Errorf("%d: x-ms-ags-diagnostic is %q", a.status, got)
		}
		if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") || a.status >= 400 && got != "application/json" {
			t.Errorf("%d: the content type is %q", a.status, got)
		}
	}

	const own = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	for _, method := range []string{http.MethodPost, http.MethodDelete} { // a success and an error
		a := w.send(method, certificates, minimal, "client-request-id: "+own)
		if got := a.header.Values("client-request-id"); !slices.Equal(got, []string{own}) {
			t.Errorf("%s: the client-request-id is %q, want %q", method, got, own)
		}
	}
}

func TestRequestsAreInOrderOfArrival(t *testing.T) {
	w := newWire(t)
	w.create(minimal)
	w.create(`{}`)
	w.send(http.MethodGet, certificates+"/a%2Fb?$select=id", "", "client-request-id: own")
	tests := []struct {
		method, url, body string
		status            int
	}{
		{http.MethodPost, "/" + intunetest.TenantID + "/oauth2/v2.0/token", url.Values{
			"client_id": {intunetest.ClientID}, "client_secret": {"***"},
			"grant_type": {"client_credentials"}, "scope": {graphScope},
		}.Encode(), http.StatusOK},
		{http.MethodPost, certificates, minimal, http.StatusCreated},
		{http.MethodPost, certificates, `{}`, http.StatusBadRequest},
		{http.MethodGet, certificates + "/a%2Fb?$select=id", "", http.StatusNotFound},
	}
	requests := w.server.Requests()
	if len(requests) != len(tests) {
		t.Fatalf("got %d requests, want %d", len(requests), len(tests))
	}
	for i, want := range tests {
		got := requests[i]
		if got.Method != want.method || got.URL != want.url || got.Body != want.body || got.Status != want.status {
			t.Errorf("request %d: got %s %s %q %d, want %+v", i, got.Method, got.URL, got.Body, got.Status, want)
		}
		if i > 0 && got.Time.Before(requests[i-1].Time) {
			t.Errorf("request %d: %s is before the one before it", i, got.Time)
		}
	}
	if got := requests[3].Header.Get("client-request-id"); got != "own" {
		t.Errorf("the client-request-id is %q", got)
	}
}

func TestRequestsMaskSecrets(t *testing.T) {
	w := newWire(t)
	endpoint := "/" + intunetest.TenantID + "/oauth2/v2.0/token"
	w.create(minimal)
	w.signIn("client_secret=" + intunetest.ClientSecret + "2")
	w.signIn("client_assertion=" + w.token)
	w.postForm(intunetest.TenantID, "client_secret="+intunetest.ClientSecret+"&broken=%zz")
	w.send(http.MethodPost, endpoint, `{"client_secret":"`+intunetest.ClientSecret+`"}`)
	w.send(http.MethodPost, endpoint, "", "Authorization: Basic "+w.token)
	w.send(http.MethodGet, certificates, "", "Authorization: "+w.token)

	secrets := []string{intunetest.ClientSecret, w.token}
	for _, name := range []string{
		"assertion", "client_assertion", "client_secret", "code", "code_verifier", "device_code", "password", "refresh_token",
	} {
		secret := "secret-in-" + name
		secrets = append(secrets, secret)
		w.signIn(name + "=" + secret)
		for _, endpoint := range []string{"/oauth2/v2.0/devicecode", "/oauth2/v2.0/authorize", "/devicelogin"} {
			w.post("/"+intunetest.TenantID+endpoint+"?"+name+"="+secret, name+"="+secret)
		}
		w.send(http.MethodGet, endpoint+"?%zz&"+name+"="+secret, "")
	}

	requests := w.server.Requests()
	printed := fmt.Sprintf("%+v", requests)
	for _, secret := range secrets {
		if strings.Contains(printed, secret) {
			t.Errorf("%s holds %s", printed, secret)
		}
	}
	if !strings.Contains(printed, intunetest.ClientID) {
		t.Errorf("%s lacks %s, which is no secret", printed, intunetest.ClientID)
	}
	var schemes []string
	for _, r := range requests[:8] {
		if got := r.Header.Get("Authorization"); got != "" {
			schemes = append(schemes, got)
		}
	}
	if want := []string{"Bearer ***", "Bearer ***", "Basic ***", "***"}; !slices.Equal(schemes, want) {
		t.Errorf("the schemes are %q, want %q", schemes, want)
	}
}
