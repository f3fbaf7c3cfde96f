package intunetest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func (w *wire) getObject(path string) map[string]any {
	w.Helper()
	a := w.send(http.MethodGet, path, "", "Authorization:")
	w.wantStatus(a, http.StatusOK)
	return w.object(a)
}

func TestConfigurationNamesTheEndpoints(t *testing.T) {
	w := newWire(t)
	const path = "/" + intunetest.TenantID + "/v2.0/.well-known/openid-configuration"
	tenant := w.server.URL() + "/" + intunetest.TenantID
	got := w.getObject(path)
	for name, want := range map[string]any{
		"issuer": tenant + "/v2.0", "authorization_endpoint": tenant + "/oauth2/v2.0/authorize", "token_endpoint": tenant + "/oauth2/v2.0/token",
		"device_authorization_endpoint": tenant + "/oauth2/v2.0/devicecode", "jwks_uri": tenant + "/discovery/v2.0/keys",
		"userinfo_endpoint": w.server.URL() + "/oidc/userinfo", "end_session_endpoint": tenant + "/oauth2/v2.0/logout",
		"msgraph_host": strings.TrimPrefix(w.server.URL(), "http://"), "cloud_instance_name": "microsoftonline.com",
		"token_endpoint_auth_methods_supported": []any{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_modes_supported":              []any{"query", "fragment", "form_post"}, "tenant_region_scope": "WW",
	} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	w.wantEntraError(w.post(path, ""), 405, "invalid_request", 900561)
	w.wantEntraError(w.post("/"+intunetest.TenantID+"/discovery/v2.0/keys", ""), 405, "invalid_request", 900561)
	w.wantEntraError(w.send(http.MethodGet, strings.Replace(path, intunetest.TenantID, "consumers", 1), ""), 400, "invalid_request", 90002)
}

func TestUserInfoSaysWhoHasSignedIn(t *testing.T) {
	w := newWire(t)
	w.graphError(w.send(http.MethodGet, "/oidc/userinfo", ""), http.StatusForbidden, "Forbidden") // an application
	token, _ := w.granted(w.redeemCode(w.code("scope=" + graphScope + " openid")))["id_token"].(string)
	claims := w.verifyIDToken(token)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		a := w.send(method, "/oidc/userinfo", "")
		w.wantStatus(a, http.StatusOK)
		if got := w.object(a); got["sub"] != claims["sub"] || got["name"] != claims["name"] || got["email"] != claims["preferred_username"] {
			t.Errorf("got %v, want %v", got, claims)
		}
	}
	w.graphError(w.send(http.MethodDelete, "/oidc/userinfo", ""), http.StatusMethodNotAllowed, "BadRequest")
	w.graphError(w.send(http.MethodGet, "/oidc/userinfo", "", "Authorization:"), http.StatusUnauthorized, "InvalidAuthenticationToken")
}

func TestInstanceDiscoveryKnowsTheServer(t *testing.T) {
	w := newWire(t)
	const path = "/common/discovery/instance?api-version=1.1&authorization_endpoint="
	endpoint := w.server.URL() + "/" + intunetest.TenantID + "/oauth2/v2.0/authorize"
	got := w.getObject(path + url.QueryEscape(endpoint))
	if want := w.server.URL() + "/" + intunetest.TenantID + "/v2.0/.well-known/openid-configuration"; got["tenant_discovery_endpoint"] != want {
		t.Errorf("got %v, want %s", got, want)
	}
	w.wantEntraError(w.send(http.MethodGet, path+"https://example.com/t/oauth2/v2.0/authorize", ""), 400, "invalid_instance", 50049)
	w.wantEntraError(w.send(http.MethodGet, path+"%25zz", ""), 400, "invalid_instance", 50049)
	w.wantEntraError(w.post(path, ""), 405, "invalid_request", 900561)
}

func TestIDTokenSaysWhoHasSignedIn(t *testing.T) {
	w := newWire(t)
	granted := w.granted(w.redeemCode(w.code("scope="+graphScope+" openid", "nonce=n-0S6"), "client_info=1"))
	token, _ := granted["id_token"].(string)
	claims := w.verifyIDToken(token)
	if claims["aud"] != intunetest.ClientID || claims["tid"] != intunetest.TenantID || claims["nonce"] != "n-0S6" ||
		claims["iss"] != w.server.URL()+"/"+intunetest.TenantID+"/v2.0" || claims["oid"] == nil || claims["preferred_username"] == nil {
		t.Errorf("got %v", claims)
	}
	info, _ := granted["client_info"].(string)
	decoded, err := base64.RawURLEncoding.DecodeString(info)
	if err != nil || !strings.Contains(string(decoded), `"utid":"`+intunetest.TenantID+`"`) {
		t.Errorf("client_info is %q: %v", decoded, err)
	}
}

// verifyIDToken checks the signature by the published key, and returns the claims.
func (w *wire) verifyIDToken(token string) (claims map[string]any) {
	w.Helper()
	key, _ := w.getObject("/" + intunetest.TenantID + "/discovery/v2.0/keys")["keys"].([]any)[0].(map[string]any)
	part := func(text any) []byte {
		decoded, err := base64.RawURLEncoding.DecodeString(text.(string))
		if err != nil {
			w.Fatal(err)
		}
		return decoded
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(part(key["n"])), E: int(new(big.Int).SetBytes(part(key["e"])).Int64())}
	parts := strings.Split(token, ".")
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], part(parts[2])); err != nil {
		w.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(part(parts[0]), &header); err != nil || header["kid"] != key["kid"] || header["alg"] != "RS256" {
		w.Errorf("the header is %v: %v", header, err)
	}
	if err := json.Unmarshal(part(parts[1]), &claims); err != nil {
		w.Fatal(err)
	}
	return claims
}
