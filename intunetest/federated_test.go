package intunetest_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	issuer  = "https://token.actions.example"
	subject = "repo:contoso/app:environment:production"
)

// outside makes an assertion as an issuer outside Microsoft Entra ID does, with changes to its claims.
func outside(t *testing.T, changes fields) string {
	t.Helper()
	claims := fields{
		"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange",
		"nbf": time.Now().Unix(), "exp": time.Now().Add(24 * time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	return sign(t, clientKey(), fields{"alg": "RS256", "kid": "1"}, claims)
}

func TestFederatedCredentialSignsIn(t *testing.T) {
	w := newWire(t, intunetest.WithFederatedCredential(issuer, "repo:contoso/app:ref:main", otherKey().Public()),
		intunetest.WithFederatedCredential(issuer, subject, clientKey().Public()),
		intunetest.WithFederatedCredential("kubernetes/serviceaccount", "system:serviceaccount:default:app", nil))
	token := outside(t, nil)
	w.granted(w.signInWith(token))
	w.granted(w.signInWith(token)) // as a program does that reads it from a file
	w.granted(w.signInWith(outside(t, fields{"aud": []string{"api://AzureADTokenExchange"}})))
	w.granted(w.signInWith(sign(t, clientKey(), fields{"alg": "PS256"}, fields{
		"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "exp": time.Now().Add(time.Minute).Unix(),
	})))
	w.granted(w.signInWith(w.server.FederatedAssertion(nil)))
	w.granted(w.signInWith(w.server.FederatedAssertion(fields{"nbf": nil, "extra": "claim"})))
}

func TestFederatedCredentialIsRejected(t *testing.T) {
	w := newWire(t, intunetest.WithFederatedCredential(issuer, subject, clientKey().Public()),
		intunetest.WithFederatedCredential(issuer, "another", nil))
	const invalid = "invalid_client"
	wantRejected(t, []rejected{
		{"another issuer", w.signInWith(outside(t, fields{"iss": issuer + "/"})), 401, invalid, 700211},
		{"another subject", w.signInWith(outside(t, fields{"sub": "repo:contoso/app:environment:Production"})), 401, invalid, 700213},
		{"another audience", w.signInWith(outside(t, fields{"aud": "https://example.com"})), 401, invalid, 700212},
		{"two audiences", w.signInWith(outside(t, fields{"aud": []string{"api://AzureADTokenExchange", "https://example.com"}})), 401, invalid, 700212},
		{"no audience", w.signInWith(outside(t, fields{"aud": nil})), 401, invalid, 700212},
		{"another key", w.signInWith(w.server.FederatedAssertion(fields{"sub": subject})), 401, invalid, 700027},
		{"expired", w.signInWith(outside(t, fields{"exp": time.Now().Add(-5 * time.Minute).Unix()})), 401, invalid, 700024},
		{"not valid yet", w.signInWith(outside(t, fields{"nbf": time.Now().Add(6 * time.Minute).Unix()})), 401, invalid, 700024},
		{"no end", w.signInWith(outside(t, fields{"exp": nil})), 400, "invalid_request", 50027},
	})
}

func TestFederatedAssertionLivesAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemoryWire(t, intunetest.WithFederatedCredential(issuer, subject, nil), intunetest.WithClockSkew(time.Hour))
		token := w.server.FederatedAssertion(nil)
		time.Sleep(time.Hour + 5*time.Minute - time.Second)
		w.granted(w.signInWith(token))
		time.Sleep(time.Second)
		w.wantEntraError(w.signInWith(token), 401, "invalid_client", 700024)
	})
}

func TestFederatedAssertionNeedsACredential(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithFederatedCredential(issuer, subject, clientKey().Public()))
	if got := panicOf(func() { server.FederatedAssertion(nil) }); !strings.Contains(got, "WithFederatedCredential") {
		t.Errorf("panicked with %q, want the name of the option", got)
	}
}
