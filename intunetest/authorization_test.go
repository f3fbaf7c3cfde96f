package intunetest_test

import (
	"crypto/sha256"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	authorize   = "/" + intunetest.TenantID + "/oauth2/v2.0/authorize?"
	redirectURI = "http://localhost:49152/signed-in"
	verifier    = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // that of RFC 7636, appendix B
)

func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64url(sum[:])
}

// browse opens the page at which the user signs in, with changes to its query as "name=value".
func (w *wire) browse(changes ...string) response {
	w.Helper()
	query := changed(url.Values{
		"client_id": {intunetest.ClientID}, "response_type": {"code"}, "redirect_uri": {redirectURI}, "state": {"a&b"},
		"scope": {graphScope + " offline_access"}, "code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"},
	}, changes)
	return w.send(http.MethodGet, authorize+query.Encode(), "", "Authorization:", "Accept: text/html")
}

// redirected is the query with which the browser is sent back.
func (w *wire) redirected(a response, to string) url.Values {
	w.Helper()
	w.wantStatus(a, http.StatusFound)
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil || !strings.HasPrefix(location.String(), to) {
		w.Fatalf("redirected to %s, want %s: %v", location, to, err)
	}
	return location.Query()
}

// code signs the user in, and returns the code that the browser brings back.
func (w *wire) code(changes ...string) string {
	w.Helper()
	query := w.redirected(w.browse(changes...), redirectURI+"?")
	if query.Get("state") != "a&b" || len(query.Get("code")) < 26 || len(query) != 2 {
		w.Fatalf("got %v, want a code and the state", query)
	}
	return query.Get("code")
}

func (w *wire) redeemCode(code string, fields ...string) response {
	w.Helper()
	return w.redeem("authorization_code", append([]string{"code=" + code, "redirect_uri=" + redirectURI, "code_verifier=" + verifier}, fields...)...)
}

func TestCodeIsRedeemed(t *testing.T) {
	w := newWire(t)
	granted := w.granted(w.redeemCode(w.code()))
	if granted["refresh_token"] == nil || granted["id_token"] != nil || granted["client_info"] != nil {
		t.Errorf("got %v, want a refresh token", granted)
	}
	granted = w.granted(w.redeemCode(w.code("scope=DeviceManagementApps.ReadWrite.All profile")))
	if granted["refresh_token"] != nil || granted["scope"] != "DeviceManagementApps.ReadWrite.All profile" {
		t.Errorf("got %v, want no refresh token, which was not asked for", granted)
	}
	if query := w.redirected(w.browse("state="), redirectURI); query.Has("state") {
		t.Errorf("got %v, and no state was sent", query)
	}
}

func TestCodeIsForWhatWasAskedFor(t *testing.T) {
	const read = "DeviceManagementApps.Read.All"
	w := newWire(t, intunetest.WithPermissions("DeviceManagementApps.ReadWrite.All", read))
	w.granted(w.redeemCode(w.code("scope=https://graph.microsoft.com/" + read)))
	w.wantStatus(w.create(minimal), http.StatusForbidden)
}

func TestRedirectGoesToLoopbackAlone(t *testing.T) {
	w := newWire(t)
	for _, uri := range []string{"http://localhost", "http://localhost:1/", "http://127.0.0.1:49152/a?b=c"} {
		if query := w.redirected(w.browse("redirect_uri="+uri), uri); query.Get("code") == "" || query.Has("b") != strings.Contains(uri, "b=") {
			t.Errorf("%s: got %v", uri, query)
		}
	}
	for _, uri := range []string{
		"", "https://example.com", "https://localhost", "http://localhost.example.com", "http://example.com/?http://localhost",
		"http://[::1]", "http://user@localhost", "http://localhost/#", "http:localhost", "//localhost", "urn:ietf:wg:oauth:2.0:oob", "http://localhost:port",
	} {
		w.wantPage(w.browse("redirect_uri="+uri), http.StatusBadRequest, "AADSTS50011")
	}
}

// wantPage checks that the browser shows an error, and goes nowhere.
func (w *wire) wantPage(a response, status int, text string) {
	w.Helper()
	w.wantStatus(a, status)
	if a.header.Get("Location") != "" || !strings.Contains(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, text+":") {
		w.Errorf("got %v %s, want a page with %s", a.header, a.body, text)
	}
}

func TestCodeComesInTheFragment(t *testing.T) {
	w := newWire(t)
	for changes, want := range map[string]string{"x=": "code", "scope=": "error"} {
		a := w.browse("response_mode=fragment", changes)
		w.wantStatus(a, http.StatusFound)
		before, fragment, _ := strings.Cut(a.header.Get("Location"), "#")
		values, err := url.ParseQuery(fragment)
		if err != nil || before != redirectURI || values.Get("state") != "a&b" || values.Get(want) == "" {
			t.Errorf("redirected to %s: %v", a.header.Get("Location"), err)
		}
	}
}

func TestLogoutSendsTheBrowserOn(t *testing.T) {
	w := newWire(t)
	logout := "/" + intunetest.TenantID + "/oauth2/v2.0/logout"
	a := w.send(http.MethodGet, logout+"?state=s&post_logout_redirect_uri="+url.QueryEscape(redirectURI), "")
	if w.redirected(a, redirectURI).Get("state") != "s" {
		t.Errorf("got %v", a.header)
	}
	for _, query := range []string{"", "?post_logout_redirect_uri=https://phishing.test"} {
		if a := w.send(http.MethodGet, logout+query, ""); a.status != http.StatusOK || a.header.Get("Location") != "" {
			t.Errorf("%s: got %d %v", query, a.status, a.header)
		}
	}
}

func TestSignInErrorIsShown(t *testing.T) {
	w := newWire(t)
	w.wantPage(w.browse("client_id=<b>"), 400, "AADSTS700016")
	w.wantPage(w.browse("response_mode=web_message"), 400, "AADSTS70007")
	w.wantPage(w.browse("claims=none"), 400, "AADSTS9002313")
	w.wantPage(w.send(http.MethodGet, "/contoso.com/oauth2/v2.0/authorize", ""), 400, "AADSTS90002")
	w.wantPage(w.send(http.MethodGet, authorize+"state=1&state=2", ""), 400, "AADSTS9000411")
	w.wantPage(w.send(http.MethodGet, authorize+"state=%zz", ""), 400, "AADSTS900144")
	w.wantPage(w.post(authorize, ""), 405, "AADSTS900561")
}

func TestSignInErrorIsRedirected(t *testing.T) {
	w := newWire(t)
	tests := []struct{ change, code, text string }{
		{"response_type=token", "unsupported_response_type", "AADSTS70005: "},
		{"response_type=code id_token", "unsupported_response_type", "AADSTS70005: "},
		{"response_type=", "unsupported_response_type", "AADSTS70005: "},
		{"code_challenge=short", "invalid_request", "AADSTS501491: "},
		{"code_challenge_method=S512", "invalid_request", "AADSTS50149: "},
		{"scope=", "invalid_request", "AADSTS900144: "},
		{"scope=offline_access", "invalid_scope", "AADSTS70011: "},
		{"scope=User.Read", "consent_required", "AADSTS65001: "},
	}
	for _, test := range tests {
		query := w.redirected(w.browse(test.change), redirectURI)
		if query.Get("error") != test.code || !strings.HasPrefix(query.Get("error_description"), test.text) ||
			query.Get("state") != "a&b" || query.Has("code") {
			t.Errorf("%s: got %v, want %s %s", test.change, query, test.code, test.text)
		}
	}
}

func TestUserDeclinesConsent(t *testing.T) {
	w := newWire(t, intunetest.WithoutConsent())
	query := w.redirected(w.browse(), redirectURI)
	if query.Get("error") != "access_denied" || !strings.HasPrefix(query.Get("error_description"), "AADSTS65004: ") || query.Get("state") != "a&b" {
		t.Errorf("got %v", query)
	}
}

func TestCodeIsPostedByAForm(t *testing.T) {
	w := newWire(t)
	a := w.browse("response_mode=form_post", `state="><script>`)
	w.wantStatus(a, http.StatusOK)
	form := make(map[string]string)
	for _, input := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(a.body, -1) {
		form[input[1]] = html.UnescapeString(input[2])
	}
	if !strings.Contains(a.body, `method="post" action="`+redirectURI+`"`) || form["state"] != `"><script>` {
		t.Errorf("got %s", a.body)
	}
	w.granted(w.redeemCode(form["code"]))
}

func TestCodeIsRejected(t *testing.T) {
	w := newWire(t)
	code := w.code()
	w.wantEntraError(w.redeemCode("guessed"), 400, "invalid_grant", 70000)
	w.wantEntraError(w.redeemCode(""), 400, "invalid_request", 900144)
	w.wantEntraError(w.redeemCode(code, "redirect_uri="), 400, "invalid_request", 900144)
	w.wantEntraError(w.redeemCode(code, "redirect_uri="+redirectURI+"/"), 401, "invalid_client", 500112)
	w.wantEntraError(w.redeemCode(code, "code_verifier="+verifier+"2"), 400, "invalid_grant", 501481)
	w.wantEntraError(w.redeemCode(code, "code_verifier="), 400, "invalid_grant", 501481)
	w.wantEntraError(w.redeemCode(code, "code_verifier="+challengeOf(verifier)), 400, "invalid_grant", 501481)
	w.wantEntraError(w.redeemCode(code, "client_id=other"), 400, "unauthorized_client", 700016)
	w.wantEntraError(w.redeemCode(code, "client_secret=guessed"), 401, "invalid_client", 7000215)
	w.wantEntraError(w.redeemCode(code, "client_secret="), 401, "invalid_client", 7000218)
	w.wantEntraError(w.redeemCode(code, "client_assertion=a.b.c"), 400, "invalid_request", 9002313)
	w.granted(w.redeemCode(code))
	w.wantEntraError(w.redeemCode(code), 400, "invalid_grant", 54005)
}

func TestCodeExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t)
		first, second := w.code(), w.code()
		time.Sleep(10*time.Minute - time.Second)
		w.granted(w.redeemCode(first))
		time.Sleep(time.Second)
		w.wantEntraError(w.redeemCode(second), 400, "invalid_grant", 70008)
	})
}

func TestCodeIsRedeemedWithoutPKCE(t *testing.T) {
	w := newWire(t)
	code := w.code("code_challenge=", "code_challenge_method=")
	w.wantEntraError(w.redeemCode(code), 400, "invalid_grant", 501481) // a verifier of another sign-in
	w.granted(w.redeem("authorization_code", "code="+code, "redirect_uri="+redirectURI))
	for _, method := range []string{"plain", ""} {
		w.granted(w.redeemCode(w.code("code_challenge="+verifier, "code_challenge_method="+method)))
	}
}

func TestCodeIsRedeemedByAConfidentialClient(t *testing.T) {
	cert := clientCertificate(t)
	w := newWire(t, intunetest.WithClientCertificate(cert))
	granted := w.granted(w.redeemCode(w.code(), "client_secret="+intunetest.ClientSecret))
	granted = w.granted(w.refresh(granted, "client_secret="+intunetest.ClientSecret))
	w.wantEntraError(w.refresh(granted, "client_secret=guessed"), 401, "invalid_client", 7000215)

	signed := "client_assertion=" + w.assertion(cert, nil, nil)
	assertionType := "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	w.granted(w.redeemCode(w.code("code_challenge=", "code_challenge_method="), "code_verifier=", assertionType, signed))
}
