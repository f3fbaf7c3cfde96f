package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

type checkJSON struct {
	Checks []struct{ Name, Status, Message, NextStep string }
	Error  *errorJSON
}

func (c checkJSON) String() (text string) {
	for _, check := range c.Checks {
		text += check.Name + " " + check.Status + ", "
	}
	return strings.TrimSuffix(text, ", ")
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	tests := map[string]struct {
		permissions []string
		env         []string
		want        string
		next        string
	}{
		"nothing": {
			permissions: []string{"DeviceManagementApps.ReadWrite.All"},
			want:        "signIn passed, license passed, read passed, write passed",
		},
		"permission to write": {
			permissions: []string{"DeviceManagementApps.Read.All"},
			want:        "signIn passed, license passed, read passed, write failed", next: "grant DeviceManagementApps.ReadWrite.All",
		},
		"permission to read": {
			permissions: []string{"User.Read"},
			want:        "signIn passed, license unknown, read failed, write unknown", next: "grant DeviceManagementApps.ReadWrite.All",
		},
		"secret": {
			env: []string{
				"AZURE_TENANT_ID=" + intunetest.TenantID, "AZURE_CLIENT_ID=" + intunetest.ClientID, "AZURE_CLIENT_SECRET=wrong",
			},
			want: "signIn failed, license unknown, read unknown, write unknown", next: "Correct what the message names",
		},
		"variables": {
			env:  []string{"AZURE_CLIENT_ID=" + intunetest.ClientID},
			want: "signIn failed, license unknown, read unknown, write unknown", next: "Set the environment variables",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, intunetest.WithPermissions(test.permissions...))
			f.env = append(f.env, test.env...)
			code := exitFailed
			if test.next == "" {
				code = exitDone
			}
			got := decoded[checkJSON](f.run("check", "-o", "json").exits(code))
			if got.String() != test.want {
				t.Errorf("got  %v\nwant %v\n%+v", got, test.want, got.Checks)
			}
			next := ""
			for _, check := range got.Checks {
				next += check.NextStep
			}
			if !strings.Contains(next, test.next) {
				t.Errorf("next step: %s", next)
			}
			f.run("check").exits(code).prints("sign-in", test.next)
			f.wantIDs()
		})
	}
}

func TestCheckRecognisesAMissingLicense(t *testing.T) {
	f := newFixture(t)
	tenant := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/token") {
			_, _ = fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"token"}`)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":{"code":"BadRequest","message":"Request not applicable to target tenant."}}`)
	}))
	t.Cleanup(tenant.Close)
	f.write("ca.pem", pemOf(tenant.Certificate()))
	got := decoded[checkJSON](f.run("check", "--emulator", tenant.URL, "-o", "json").exits(1))
	if got.String() != "signIn passed, license failed, read unknown, write unknown" || got.Checks[1].NextStep == "" {
		t.Errorf("got %+v", got)
	}
}
