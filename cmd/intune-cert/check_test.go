package main

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

type checkJSON struct {
	TenantID, ApplicationID, User string

	Checks []struct{ Name, Status, Message, NextStep string }
	Error  *errorJSON
}

func (c checkJSON) String() (text string) {
	for _, check := range c.Checks {
		text += check.Name + " " + check.Status + ", "
	}
	return strings.TrimSuffix(text, ", ")
}

const grant = "Next: In Microsoft Entra ID, grant DeviceManagementApps.ReadWrite.All"

var checkCases = map[string]struct {
	tenant     []intunetest.ServerOption
	env        []string
	want       string
	kind, next string
}{
	"nothing": {
		want: "signIn passed, license passed, read passed, write passed",
	},
	"permission to write": {
		tenant: []intunetest.ServerOption{intunetest.WithPermissions("DeviceManagementApps.Read.All")},
		want:   "signIn passed, license passed, read passed, write failed", kind: "forbidden", next: grant,
	},
	"permission to read": {
		tenant: []intunetest.ServerOption{intunetest.WithPermissions("User.Read")},
		want:   "signIn passed, license unknown, read failed, write unknown", kind: "forbidden", next: grant,
	},
	"license": {
		tenant: []intunetest.ServerOption{intunetest.WithoutLicense()},
		want:   "signIn passed, license failed, read unknown, write unknown", kind: "license", next: "Next: Assign an Intune license",
	},
	"secret": {
		env:  []string{"AZURE_CLIENT_SECRET=wrong"},
		want: "signIn failed, license unknown, read unknown, write unknown", kind: "signIn", next: "Next: Fix the problem in the message, then run the same command again.",
	},
	"variables": {
		env:  []string{"AZURE_CLIENT_SECRET="},
		want: "signIn failed, license unknown, read unknown, write unknown", kind: "signIn", next: "Next: Set the environment variables",
	},
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	for name, test := range checkCases {
		t.Run(name, func(t *testing.T) {
			f := newCloudFixture(t, test.tenant...)
			f.application()
			f.env = append(f.env, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret)
			f.env = append(f.env, test.env...)
			code := exitFailed
			if test.kind == "" {
				code = exitDone
			}
			done := f.run("check", "-o", "json").exits(code).says(test.next)
			got := decoded[checkJSON](done)
			if got.String() != test.want || got.TenantID != intunetest.TenantID || got.ApplicationID != intunetest.ClientID {
				t.Errorf("got  %v\nwant %v\n%+v", got, test.want, got)
			}
			if test.kind != "" && (got.Error == nil || got.Error.Kind != test.kind || !strings.Contains(test.next, got.Error.NextStep[:20])) {
				t.Errorf("error: %+v", got.Error)
			}
			f.run("check").exits(code).prints("tenant        "+intunetest.TenantID, "application   "+intunetest.ClientID, "sign-in").says(test.next)
			f.wantIDs()
		})
	}
}

// TestCheckTellsAnUnreachableGraphFromAFailedSignIn: it said that the sign-in failed.
func TestCheckTellsAnUnreachableGraphFromAFailedSignIn(t *testing.T) {
	f := newCloudFixture(t)
	f.application()
	f.env = append(f.env, "AZURE_CLIENT_SECRET="+intunetest.ClientSecret,
		"HTTPS_PROXY="+proxyTo(t, strings.TrimPrefix(f.URL(), "https://"), "graph.microsoft.com:443"))
	done := f.run("check", "-o", "json").exits(1).says("intune-cert: Microsoft Graph is not reachable: ", "Next: Check the network")
	if got := decoded[checkJSON](done).String(); got != "signIn passed, license unknown, read unknown, write unknown" {
		t.Errorf("got %s", got)
	}
}

// TestCheckSendsOnlyGUIDsOfTheRightForm: the probe for the permission to write had a malformed one.
func TestCheckSendsOnlyGUIDsOfTheRightForm(t *testing.T) {
	f := newFixture(t)
	done := f.run("check", "-v").exits(0)
	groups := regexp.MustCompile(`\b[0-9a-fA-F]+(-[0-9a-fA-F]+){4}\b`)
	guid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	texts := groups.FindAllString(done.stdout+done.stderr, -1)
	for _, request := range f.Requests() {
		texts = append(texts, groups.FindAllString(request.URL+fmt.Sprint(request.Header), -1)...)
	}
	if len(texts) < 4 {
		t.Errorf("only %q", texts)
	}
	for _, text := range texts {
		if !guid.MatchString(text) {
			t.Errorf("%s is not a random GUID", text)
		}
	}
}

func TestIdentityIsReadFromATokenOfMicrosoft(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	claims := `{"tid":"tenant","appid":"application","upn":"ada@contoso.com"}`
	for token, want := range map[string]identity{
		"e30." + encode([]byte(claims)) + ".signature": {"tenant", "application", "ada@contoso.com"},
		"e30." + encode([]byte("[]")) + ".signature":   {TenantID: "organizations"},
		"e30.%.signature": {TenantID: "organizations"},
		"opaque":          {TenantID: "organizations"},
	} {
		got := identity{TenantID: "organizations"}
		if got.read(token); got != want {
			t.Errorf("%s: got %+v, want %+v", token, got, want)
		}
	}
}
