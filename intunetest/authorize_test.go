package intunetest_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestGraphRejectsTokens(t *testing.T) {
	w := newWire(t)
	vault := w.accessToken("https://vault.azure.net/.default")
	tests := []struct{ name, authorization, message string }{
		{"none", "", "empty"},
		{"no token after the scheme", "Bearer", "empty"},
		{"a scheme in another case", "bearer " + vault, "Invalid audience"},
		{"another scheme", "Basic " + w.token, "empty"},
		{"no scheme", w.token, "empty"},
		{"unknown", "Bearer " + strings.ToLower(w.token), "parsing failed"},
		{"for another resource", "Bearer " + vault, "Invalid audience"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.T = t
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				a := w.send(method, certificates, minimal, "Authorization: "+test.authorization)
				message := w.graphError(a, http.StatusUnauthorized, "InvalidAuthenticationToken")
				if !strings.Contains(message, test.message) {
					t.Errorf("%s: the message is %q, want %q in it", method, message, test.message)
				}
				if got := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
					t.Errorf("%s: WWW-Authenticate is %q", method, got)
				}
			}
			w.wantStored(0)
		})
	}
}

func TestGraphTakesTokensOfEveryCloud(t *testing.T) {
	w := newWire(t)
	for _, root := range []string{"graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"} {
		w.token = w.accessToken("https://" + root + "/.default")
		w.wantStatus(w.create(minimal), http.StatusCreated)
	}
}

func TestPermissionsDecide(t *testing.T) {
	const read, readWrite = "DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"
	const view, configure = "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"
	tests := []struct {
		granted   []string
		get, post int
	}{
		{[]string{read}, http.StatusOK, http.StatusForbidden},
		{[]string{view}, http.StatusOK, http.StatusForbidden},
		{[]string{readWrite}, http.StatusOK, http.StatusCreated},
		{[]string{configure}, http.StatusOK, http.StatusCreated},
		{[]string{"User.Read.All", readWrite}, http.StatusOK, http.StatusCreated},
		{[]string{"User.Read.All"}, http.StatusForbidden, http.StatusForbidden},
		{nil, http.StatusForbidden, http.StatusForbidden},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.granted, "+"), func(t *testing.T) {
			w := newWire(t, intunetest.WithPermissions(test.granted...))
			check := func(method string, status int, sufficient ...string) {
				t.Helper()
				a := w.send(method, certificates, minimal)
				if status != http.StatusForbidden {
					w.wantStatus(a, status)
					return
				}
				want := "Application is not authorized to perform this operation. " +
					"Application must have one of the following scopes: " + strings.Join(sufficient, ", ")
				if got := w.intuneError(a, status, "Forbidden"); got != want {
					t.Errorf("%s: got %q, want %q", method, got, want)
				}
			}
			check(http.MethodGet, test.get, read, view, readWrite, configure)
			check(http.MethodPost, test.post, readWrite, configure)
			if test.post == http.StatusForbidden {
				w.wantStored(0)
			}
		})
	}
}

const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

// wantChallenge checks that Graph asks for the claims.
func (w *wire) wantChallenge(claims string) {
	w.Helper()
	a := w.create(minimal)
	w.graphError(a, http.StatusUnauthorized, "InvalidAuthenticationToken")
	header := a.header.Get("WWW-Authenticate")
	match := regexp.MustCompile(`^Bearer realm="", authorization_uri="https://[^"]+", error="insufficient_claims", claims="([^"]+)"$`).FindStringSubmatch(header)
	if match == nil {
		w.Fatalf("WWW-Authenticate is %q", header)
	}
	if got, err := base64.StdEncoding.DecodeString(match[1]); err != nil || string(got) != claims {
		w.Errorf("the claims are %s: %v", got, err)
	}
}

func TestClaimsAreChallengedUntilATokenHasThem(t *testing.T) {
	w := newWire(t)
	w.wantStatus(w.create(minimal), http.StatusCreated)
	w.server.ChallengeClaims(claims)
	w.wantChallenge(claims)
	w.wantStored(1)
	for _, too := range []string{"", `{}`, `{"access_token":{}}`, `{"access_token":{"nbf":{"essential":true}}}`, `{"access_token":null}`,
		`{"access_token":{"nbf":{"essential":true,"value":"1604106650"}}}`} { // little
		w.token, _ = w.object(w.signIn("claims=" + too))["access_token"].(string)
		w.wantChallenge(claims)
	}
	w.granted(w.signIn("claims=" + claims))
	w.granted(w.signIn(`claims={"access_token":{"nbf":{"value":"1604106651","essential":true},"xms_cc":{"values":["cp1"]}},"id_token":{}}`))

	const next = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	w.server.ChallengeClaims(next)
	w.wantChallenge(next)
}

func TestUsersTokensKeepTheirClaims(t *testing.T) {
	w := newWire(t)
	w.server.ChallengeClaims(claims)
	granted := w.granted(w.redeemCode(w.code("claims=" + claims)))
	granted = w.granted(w.refresh(granted))
	w.token, _ = w.object(w.refresh(granted, "claims={}"))["access_token"].(string)
	w.wantChallenge(claims)
}

func TestChallengeClaimsPanicsOnNonsense(t *testing.T) {
	server := intunetest.NewServer(t)
	for _, nonsense := range []string{"", "null", "[]", "{"} {
		if panicOf(func() { server.ChallengeClaims(nonsense) }) == "" {
			t.Errorf("took %q", nonsense)
		}
	}
}
