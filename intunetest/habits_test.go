package intunetest_test

// These tests are of what a service may do in its own way.

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestNamesAreShownWithoutSomeAttributes(t *testing.T) {
	for _, test := range []struct {
		opts []intunetest.ServerOption
		sent string
		want string
	}{
		{nil, "CN=A, SERIALNUMBER=1, C=US", "CN=A, SERIALNUMBER=1, C=US"},
		{[]intunetest.ServerOption{intunetest.WithNamesWithout("serialnumber", "STREET")}, `CN=A, SERIALNUMBER=1, STREET="1, Main", C=US`, "CN=A, C=US"},
		{[]intunetest.ServerOption{intunetest.WithNamesWithout("STREET")}, `CN="A, STREET=1",C=US`, `CN="A, STREET=1",C=US`},
		{[]intunetest.ServerOption{intunetest.WithNamesWithout("C"), intunetest.WithRespelling()}, "CN=A, S=WA, C=US", "ST=WA,CN=A"},
	} {
		w := newWire(t, test.opts...)
		created := w.object(w.create(`{"subject":` + quoted(test.sent) + `,"issuer":` + quoted(test.sent) + `}`))
		if created["subject"] != test.want || created["issuer"] != test.want {
			t.Errorf("%s: got %v", test.sent, created)
		}
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

func TestContentShowsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content := base64.StdEncoding.EncodeToString(intunetest.NewCertificate("Contoso").Raw)
		for duration, shows := range map[time.Duration][2]bool{ // at once, and after two hours
			0: {false, false}, time.Hour: {true, false}, intunetest.Forever: {true, true},
		} {
			w := newMemoryWire(t, intunetest.WithVisibleContent(duration), intunetest.WithTokenLifetime(24*time.Hour))
			created := w.object(w.create(`{"content":"` + content + `"}`))
			item := certificates + "/" + created["id"].(string)
			w.wantStatus(w.update(item, `{"issuer":"CN=B"}`), http.StatusOK) // leaves the content alone
			for i, got := range []any{created["content"], w.object(w.get(item))["content"]} {
				if got != nil != shows[0] || got != nil && got != content {
					t.Errorf("%s: %d shows %v at once", duration, i, got)
				}
			}
			if held := w.server.Certificates()[0].Content; held != nil != shows[0] {
				t.Errorf("%s: the tenant has %x", duration, held)
			}
			time.Sleep(2 * time.Hour)
			if got := w.object(w.get(item))["content"]; got != nil != shows[1] {
				t.Errorf("%s: shows %v after two hours", duration, got)
			}
		}
	})
}

// TestTenantWithoutALicense: in the words of a public recording of another resource of Intune.
func TestTenantWithoutALicense(t *testing.T) {
	w := newWire(t, intunetest.WithoutLicense())
	for _, a := range []response{w.create(minimal), w.get(certificates), w.get(certificates + "/1")} {
		if got := w.graphError(a, http.StatusBadRequest, "BadRequest"); got != "Request not applicable to target tenant." {
			t.Errorf("got %q", got)
		}
	}
	w.wantStored(0)
}

func TestPeopleSignInByName(t *testing.T) {
	w := newWire(t, withAnn(t))
	for hint, want := range map[string]string{"": "admin@contoso.example", "ANN@contoso.example": "ann@contoso.example"} {
		token, _ := w.granted(w.redeemCode(w.code("scope="+graphScope+" openid", "login_hint="+hint)))["id_token"].(string)
		claims := w.verifyIDToken(token)
		if oid, _ := claims["oid"].(string); claims["preferred_username"] != want || !guid.MatchString(oid) {
			t.Errorf("%s: got %v", hint, claims)
		}
	}
	if query := w.redirected(w.browse("login_hint=eve@contoso.example"), redirectURI); !strings.HasPrefix(query.Get("error_description"), "AADSTS50034") {
		t.Errorf("got %v", query)
	}
}
