package intunetest_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestTokenEndpointGrantsOpaqueTokens(t *testing.T) {
	w := newWire(t, intunetest.WithTokenLifetime(10*time.Minute))
	a := w.signIn()
	w.wantStatus(a, http.StatusOK)
	granted := w.object(a)
	token, _ := granted["access_token"].(string)
	if len(token) < 26 || strings.Contains(token, ".") || token == w.token {
		t.Errorf("the token is %q, want one that is random, new and no JWT", token)
	}
	delete(granted, "access_token")
	want := map[string]any{"token_type": "Bearer", "expires_in": 600.0, "ext_expires_in": 600.0}
	if !reflect.DeepEqual(granted, want) {
		t.Errorf("got %v besides the token, want %v", granted, want)
	}
	for _, valid := range []string{w.token, token} {
		w.wantStatus(w.send(http.MethodGet, certificates, "", "Authorization: Bearer "+valid), http.StatusOK)
	}
}

func TestTokenEndpointTakesIDsInAnyCase(t *testing.T) {
	w := newWire(t)
	form := "grant_type=client_credentials&scope=" + graphScope + "&client_secret=" + intunetest.ClientSecret +
		"&client_id=" + strings.ToUpper(intunetest.ClientID)
	w.wantStatus(w.postForm(strings.ToUpper(intunetest.TenantID), form), http.StatusOK)
}

// MSAL asks for the scopes of users in the name of an application too.
func TestTokenEndpointIgnoresScopesOfUsers(t *testing.T) {
	w := newWire(t)
	granted := w.object(w.signIn("scope=" + graphScope + " openid offline_access profile"))
	if granted["access_token"] == nil || granted["refresh_token"] != nil || granted["id_token"] != nil {
		t.Errorf("got %v, want only an access token", granted)
	}
}

func TestTokenEndpointRejects(t *testing.T) {
	w := newWire(t)
	endpoint := "/" + intunetest.TenantID + "/oauth2/v2.0/token"
	basic := func(id, secret string, changes ...string) response {
		return w.post(endpoint, applicationForm(changes...).Encode(), basicHeader(id, secret))
	}
	wantRejected(t, []rejected{
		{"another tenant", w.postForm("contoso.com", "client_id="+intunetest.ClientID), 400, "invalid_request", 90002},
		{"another application", w.signIn("client_id=b20d3703-3703-b20d-0337-0db203370db2"), 400, "unauthorized_client", 700016},
		{"no application", w.signIn("client_id="), 400, "invalid_request", 900144},
		{"wrong secret", w.signIn("client_secret=guessed"), 401, "invalid_client", 7000215},
		{"no secret", w.signIn("client_secret="), 401, "invalid_client", 7000218},
		{"scope of a permission", w.signIn("scope=https://graph.microsoft.com/User.Read"), 400, "invalid_scope", 1002012},
		{"scope of no resource", w.signIn("scope=/.default"), 400, "invalid_scope", 70011},
		{"no scope", w.signIn("scope="), 400, "invalid_request", 900144},
		{"another grant", w.signIn("grant_type=password"), 400, "unsupported_grant_type", 70003},
		{"no grant", w.signIn("grant_type="), 400, "invalid_request", 900144},
		{"GET", w.send(http.MethodGet, endpoint, ""), 405, "invalid_request", 900561},
		{"JSON", w.send(http.MethodPost, endpoint, `{"client_id":"`+intunetest.ClientID+`"}`), 400, "invalid_request", 900144},
		{"a broken form", w.postForm(intunetest.TenantID, "client_id=%zz"), 400, "invalid_request", 900144},
		{"a long form", w.postForm(intunetest.TenantID, "scope="+strings.Repeat("x", 64<<10)), 400, "invalid_request", 9002313},
		{"a parameter twice", w.postForm(intunetest.TenantID, "scope=a&scope=b"), 400, "invalid_request", 9000411},
		{"claims that are no object", w.signIn("claims=[]"), 400, "invalid_request", 9002313},
		{"a secret and an assertion", w.signIn("client_assertion=a.b.c"), 400, "invalid_request", 9002313},
		{"scopes of two resources", w.signIn("scope=" + graphScope + " https://vault.azure.net/.default"), 400, "invalid_scope", 70011},
		{"only scopes of OpenID", w.signIn("scope=openid"), 400, "invalid_scope", 70011},
		{"wrong secret by Basic", basic(intunetest.ClientID, "guessed", "client_secret="), 401, "invalid_client", 7000215},
		{"another application by Basic", basic("b20d3703", "x", "client_id=", "client_secret="), 400, "unauthorized_client", 700016},
		{"two applications", basic("b20d3703", "x", "client_secret="), 400, "invalid_request", 9002313},
		{"a secret twice", basic(intunetest.ClientID, intunetest.ClientSecret), 400, "invalid_request", 9002313},
		{"Basic that is not encoded", basic(intunetest.ClientID, "100%", "client_secret="), 400, "invalid_request", 9002313},
		{"no resource in version 1", w.signInV1(""), 400, "invalid_request", 900144},
		{"a resource that is none in version 1", w.signInV1("resource=graph"), 400, "invalid_scope", 70011},
		{"wrong secret in version 1", w.signInV1("resource=https://graph.microsoft.com&client_secret=guessed"), 401, "invalid_client", 7000215},
	})
}

func basicHeader(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestClientSecretByBasic: RFC 6749 has both parts form-encoded before they are joined.
func TestClientSecretByBasic(t *testing.T) {
	w := newWire(t)
	for _, secret := range []string{intunetest.ClientSecret, strings.ReplaceAll(intunetest.ClientSecret, "~", "%7E")} {
		for _, changes := range [][]string{{"client_secret="}, {"client_secret=", "client_id="}} {
			a := w.post("/"+intunetest.TenantID+"/oauth2/v2.0/token", applicationForm(changes...).Encode(), basicHeader(intunetest.ClientID, secret))
			w.granted(a)
		}
	}
}

// signInV1 sends the form to the token endpoint of version 1, with further fields or others.
func (w *wire) signInV1(fields string) response {
	w.Helper()
	form := applicationForm("scope=")
	more, err := url.ParseQuery(fields)
	if err != nil {
		w.Fatal(err)
	}
	maps.Copy(form, more)
	return w.post("/"+intunetest.TenantID+"/oauth2/token", form.Encode())
}

func TestTokenEndpointOfVersion1(t *testing.T) {
	w := newWire(t)
	for _, resource := range []string{"https://graph.microsoft.com", "https://graph.microsoft.com/", "00000003-0000-0000-c000-000000000000"} {
		granted := w.granted(w.signInV1("resource=" + resource))
		notBefore, _ := strconv.Atoi(granted["not_before"].(string))
		expiresOn, _ := strconv.Atoi(granted["expires_on"].(string))
		if granted["expires_in"] != "3600" || expiresOn != notBefore+3600 || granted["resource"] != "https://graph.microsoft.com" {
			t.Errorf("%s: got %v", resource, granted)
		}
	}
	granted := w.granted(w.redeemCode(w.code()))
	a := w.post("/"+intunetest.TenantID+"/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {intunetest.ClientID}, "refresh_token": {granted["refresh_token"].(string)},
	}.Encode())
	if again := w.granted(a); again["expires_in"] != "3600" || again["refresh_token"] == nil {
		t.Errorf("got %v", again)
	}
}

func TestScopeByGraphsApplicationID(t *testing.T) {
	w := newWire(t)
	w.granted(w.signIn("scope=00000003-0000-0000-c000-000000000000/.default"))
	w.wantEntraError(w.signIn("scope=00000002-0000-0000-c000-000000000000/.default"), 400, "invalid_scope", 70011)
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithTokenLifetime(5*time.Minute))
		time.Sleep(5*time.Minute - time.Second)
		w.wantStatus(w.create(minimal), http.StatusCreated)
		time.Sleep(time.Second)
		message := w.graphError(w.create(minimal), http.StatusUnauthorized, "InvalidAuthenticationToken")
		if !strings.Contains(message, "expired") {
			t.Errorf("the message is %q", message)
		}
		w.wantStored(1)
		w.token = w.accessToken(graphScope)
		w.wantStatus(w.create(minimal), http.StatusCreated)
	})
}

// People sign in at the tenants organizations and common, and a tenant can be named by its domain.
func TestTenantHasSeveralNames(t *testing.T) {
	w := newWire(t)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {graphScope}, "client_id": {intunetest.ClientID}, "client_secret": {intunetest.ClientSecret}}
	w.granted(w.postForm(strings.ToUpper(intunetest.TenantDomain), form.Encode()))
	for _, tenant := range []string{"organizations", "Common"} {
		w.wantEntraError(w.postForm(tenant, form.Encode()), 400, "invalid_request", 50194)

		a := w.post("/"+tenant+"/oauth2/v2.0/devicecode", deviceForm(""))
		w.wantStatus(a, http.StatusOK)
		device := w.object(a)
		if err := w.server.ApproveDevice(device["user_code"].(string)); err != nil {
			t.Fatal(err)
		}
		poll := url.Values{"grant_type": {deviceGrant}, "client_id": {intunetest.ClientID}, "device_code": {device["device_code"].(string)}}
		w.granted(w.postForm(tenant, poll.Encode()))

		got := w.getObject("/" + tenant + "/v2.0/.well-known/openid-configuration")
		if got["issuer"] != w.server.URL()+"/{tenantid}/v2.0" || got["token_endpoint"] != w.server.URL()+"/"+tenant+"/oauth2/v2.0/token" {
			t.Errorf("%s: got %v", tenant, got)
		}
	}
	w.wantEntraError(w.postForm("consumers", form.Encode()), 400, "invalid_request", 90002)
}

func TestErrorsEchoTheCorrelationID(t *testing.T) {
	w := newWire(t)
	const own = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
	inHeader := w.send(http.MethodPost, "/"+intunetest.TenantID+"/oauth2/v2.0/token", "client_id=x&grant_type=none", "Authorization:",
		"Content-Type: application/x-www-form-urlencoded", "client-request-id: "+own)
	inForm := w.postForm(intunetest.TenantID, "client_id=x&grant_type=none&client-request-id="+own)
	for _, a := range []response{inHeader, inForm} {
		w.wantEntraError(a, 400, "unsupported_grant_type", 70003)
		if got := w.object(a)["correlation_id"]; got != own || a.header.Get("client-request-id") != own {
			t.Errorf("got %v and %v, want %s", got, a.header, own)
		}
		if a.header.Get("x-ms-request-id") != w.object(a)["trace_id"] || a.header.Get("x-ms-ags-diagnostic") != "" {
			t.Errorf("got %v", a.header)
		}
	}
}
