package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	issuer  = "https://issuer.example"
	subject = "repo:contoso/apps:ref:refs/heads/main"
)

// token signs in as the application and returns its access token.
func (f *fixture) token() string {
	f.t.Helper()
	resp, err := f.HTTPClient().PostForm(f.URL()+"/"+intunetest.TenantID+"/oauth2/v2.0/token", url.Values{ //nolint:noctx // a test
		"grant_type": {"client_credentials"}, "client_id": {intunetest.ClientID}, "client_secret": {intunetest.ClientSecret},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&token); err != nil || token.AccessToken == "" {
		f.t.Fatal(resp.Status, err)
	}
	return token.AccessToken
}

func (f *fixture) application() {
	f.env = append(f.env, "AZURE_TENANT_ID="+intunetest.TenantID, "AZURE_CLIENT_ID="+intunetest.ClientID)
}

// script puts a program into a folder that comes first in PATH.
func (f *fixture) script(name, text string) {
	f.t.Helper()
	if runtime.GOOS == "windows" {
		f.t.Skip("needs a shell")
	}
	f.write("bin/"+name, []byte("#!/bin/sh\n"+text))
	if err := os.Chmod(f.path("bin/"+name), 0o700); err != nil {
		f.t.Fatal(err)
	}
	f.env = append(f.env, "PATH="+f.path("bin")+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// azureCLI is an Azure CLI that is signed in with a token.
func (f *fixture) azureCLI(token string) {
	f.t.Helper()
	f.script("az", fmt.Sprintf(`echo '{"accessToken": "%s", "expiresOn": "2099-01-01 00:00:00.000000", "expires_on": 4070908800, "tokenType": "Bearer"}'`, token))
}

func TestSignInWithASecret(t *testing.T) {
	f := newCloudFixture(t)
	f.application()
	f.run("list", "--auth", "env").exits(1).says("AZURE_CLIENT_SECRET", "Next: ")
	f.env = append(f.env, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret)
	f.run("list", "--auth", "env").exits(0)
	f.run("list", "--auth", "default").exits(0)
	f.env = append(f.env, "AZURE_CLIENT_SECRET=wrong")
	f.run("list").exits(1).says("AADSTS7000215", `Next: Fix the problem in the message, then run`, "\nintune-cert check\n")
	f.env = append(f.env, "AZURE_TENANT_ID=foo")
	f.run("list").exits(1).says("AADSTS90002", "Next: Check AZURE_TENANT_ID, and set --cloud")
}

func TestSignInThatTheEnvironmentDoesNotSet(t *testing.T) {
	f := newCloudFixture(t)
	f.writePFX("app.pfx")
	ids := []string{"AZURE_TENANT_ID=" + intunetest.TenantID, "AZURE_CLIENT_ID=" + intunetest.ClientID, "AZURE_CLIENT_CERTIFICATE_PATH=app.pfx"}
	common := f.env
	for _, test := range []struct {
		env        []string
		says, next string
	}{
		{nil, "AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE)\nNext: ", "Set the environment variables"},
		{ids, "app.pfx cannot be used to sign in: it needs a password\nNext: ", "Put the password of the file into AZURE_CLIENT_CERTIFICATE_PASSWORD."},
		{append(ids, "AZURE_CLIENT_CERTIFICATE_PASSWORD=wrong"), "the password is incorrect\nNext: ", "Put the password"},
		{append(ids, "AZURE_CLIENT_CERTIFICATE_PATH=missing.pfx"), "missing.pfx: ", ""},
		{append(ids, "AZURE_CLIENT_CERTIFICATE_PATH=missing.pfx"), "\nNext: ", "Set AZURE_CLIENT_CERTIFICATE_PATH to a .pem or .pfx file"},
		{append(ids, "AZURE_CLIENT_CERTIFICATE_PATH=ca.pem"), "private key", ""},
		{append(ids, "AZURE_CLIENT_CERTIFICATE_PATH=ca.pem"), "\nNext: ", "Set AZURE_CLIENT_CERTIFICATE_PATH to a .pem or .pfx file"},
	} {
		f.env = append(common[:len(common):len(common)], test.env...)
		f.run("list", "--auth", "env").exits(1).says(test.says + test.next)
	}
}

func TestSignInThatFailsForAMomentIsTriedAgainLater(t *testing.T) {
	f := newFixture(t)
	f.Inject(slices.Repeat([]intunetest.Fault{{Token: true, Status: http.StatusServiceUnavailable}}, 10)...)
	f.run("list").exits(1).says("sign-in unavailable", "Next: Microsoft Entra ID is busy: try again later.")
}

func TestSignInWithTheAzureCLI(t *testing.T) {
	f := newCloudFixture(t)
	f.azureCLI(f.token())
	f.run("list", "--auth", "cli").exits(0)
}

func TestSignInWithTheAzureCLISaysThatItsTokenLacksThePermission(t *testing.T) {
	f := newCloudFixture(t, intunetest.WithPermissions("User.Read"))
	f.azureCLI(f.token())
	f.writeCertificate("new.cer", contoso())
	for _, args := range [][]string{{"list"}, {"check"}, {"upload", "new.cer"}, {"rotate", "new.cer"}, {"delete", "x", "--yes"}} {
		f.run(append(args, "--auth", "cli")...).exits(1).says("Next: The Azure CLI asks for a fixed set of permissions", "an application of your own")
	}
}

func TestSignInWithoutTheAzureCLI(t *testing.T) {
	f := newCloudFixture(t)
	f.env = append(f.env, "PATH="+f.dir)
	failed := decoded[struct{ Error errorJSON }](f.run("list", "--auth", "cli", "-o", "json").exits(1).says("Next: Install the Azure CLI and run\naz login\n"))
	if failed.Error.Kind != "signIn" {
		t.Errorf("got %+v", failed)
	}
}

// issuerOf serves the federated assertion of the emulator as JSON.
func issuerOf(t *testing.T, f *fixture, member string) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer job-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{member: f.FederatedAssertion(nil)})
	}))
	t.Cleanup(server.Close)
	data, err := os.ReadFile(f.path("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	f.write("ca.pem", append(data, pemOf(server.Certificate())...))
	return server
}

func TestSignInOfAGitHubJob(t *testing.T) {
	f := newCloudFixture(t, intunetest.WithFederatedCredential(issuer, subject, nil))
	f.run("list", "--auth", "github").exits(1).says("AZURE_TENANT_ID and AZURE_CLIENT_ID are not set", "Next: ")
	f.application()
	f.run("list", "--auth", "github").exits(1).says("Next: Set the environment variables of this sign-in")
	server := issuerOf(t, f, "value")
	f.env = append(f.env, "ACTIONS_ID_TOKEN_REQUEST_URL="+server.URL+"/token?api-version=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=job-token")
	f.run("list", "--auth", "github").exits(0)
}

func TestSignInOfAnAzurePipeline(t *testing.T) {
	f := newCloudFixture(t, intunetest.WithFederatedCredential(issuer, subject, nil))
	f.run("list", "--auth", "azure-pipelines").exits(1).says("AZURESUBSCRIPTION_TENANT_ID and AZURESUBSCRIPTION_CLIENT_ID are not set")
	f.env = append(f.env, "AZURESUBSCRIPTION_TENANT_ID="+intunetest.TenantID, "AZURESUBSCRIPTION_CLIENT_ID="+intunetest.ClientID)
	f.run("list", "--auth", "azure-pipelines").exits(1).says("SYSTEM_ACCESSTOKEN")
	server := issuerOf(t, f, "oidcToken")
	f.env = append(f.env, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID=connection", "SYSTEM_ACCESSTOKEN=job-token", "SYSTEM_OIDCREQUESTURI="+server.URL+"/oidc")
	f.run("list", "--auth", "azure-pipelines").exits(0)
}

func TestSignInWithAManagedIdentity(t *testing.T) {
	f := newCloudFixture(t)
	token := f.token()
	var asked string
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query().Get("client_id")
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_on":"4070908800","resource":"https://graph.microsoft.com","token_type":"Bearer"}`, token)
	}))
	t.Cleanup(endpoint.Close)
	f.env = append(f.env, "IDENTITY_ENDPOINT="+endpoint.URL, "IDENTITY_HEADER=secret")
	f.run("list", "--auth", "managed-identity").exits(0)
	f.env = append(f.env, "AZURE_CLIENT_ID=user-assigned")
	f.run("list", "--auth", "managed-identity").exits(0)
	if asked != "user-assigned" {
		t.Errorf("asked for %q", asked)
	}
}

func TestSignInWithADeviceCode(t *testing.T) {
	needsNoKeyring(t)
	f := newCloudFixture(t)
	f.run("list", "--auth", "device").exits(1).says("AZURE_CLIENT_ID")
	f.application()
	f.signInByDevice("list", "--auth", "device").exits(0).says("The keyring cannot be read", "you will be asked again next time")
	f.env = append(f.env, "AZURE_TENANT_ID=")
	f.signInByDevice("list", "--auth", "device").exits(0).says("This sign-in is not kept. To keep it, set AZURE_TENANT_ID")
}

// needsNoKeyring skips the test where the environment of the tests does not hide the keyring of the person who runs them.
func needsNoKeyring(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("there is a keyring")
	}
}

// signInByDevice runs the program and does what it says.
func (f *fixture) signInByDevice(args ...string) *finished {
	f.t.Helper()
	r := f.start(args...)
	prompt := regexp.MustCompile(`open (https://\S+/devicelogin) in a browser and enter the code (\w+)`)
	eventually(f.t, "the prompt", func() bool { return prompt.MatchString(r.stderr.String()) })
	found := prompt.FindStringSubmatch(r.stderr.String())
	resp, err := f.HTTPClient().PostForm(found[1], url.Values{"user_code": {found[2]}, "action": {"approve"}}) //nolint:noctx // a test
	if err != nil || resp.StatusCode != http.StatusOK {
		f.t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	return r.wait()
}

func TestSignInWithABrowser(t *testing.T) {
	f := newCloudFixture(t)
	f.application()
	f.browser()
	f.run("list", "--auth", "browser").exits(0).says("Sign in with the browser. If none opens, open this address")
}

// browser puts a browser into PATH that follows redirects.
func (f *fixture) browser() {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	f.script("xdg-open", fmt.Sprintf(`TEST_BROWSER_CA='%s' exec '%s' "$1"`, f.path("ca.pem"), self))
	f.script("open", `exec "$(dirname "$0")/xdg-open" "$1"`)
}

func TestLogoutWithoutAKeyringSaysSo(t *testing.T) {
	needsNoKeyring(t)
	f := newFixture(t)
	f.run("logout").exits(1).says("the keyring cannot be changed", "Next: If the keyring has entries of intune-cert")
}
