package intune_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
)

func TestNewClientReportsWhatCannotWork(t *testing.T) {
	good := intune.ClientSecretCredential(tenant, app, aSecret)
	with := func(opts ...intune.Option) func() (intune.Credential, []intune.Option) {
		return func() (intune.Credential, []intune.Option) { return good, opts }
	}
	cred := func(c intune.Credential) func() (intune.Credential, []intune.Option) {
		return func() (intune.Credential, []intune.Option) { return c, nil }
	}
	tests := map[string]func() (intune.Credential, []intune.Option){
		"no credential":                cred(nil),
		"no tenant":                    cred(intune.ClientSecretCredential("", app, aSecret)),
		"no application":               cred(intune.ClientSecretCredential(tenant, "", aSecret)),
		"no secret":                    cred(intune.ClientSecretCredential(tenant, app, "")),
		"secret with a line break":     cred(intune.ClientSecretCredential(tenant, app, aSecret+"\n")),
		"tenant with a path":           cred(intune.ClientSecretCredential("contoso/../common", app, aSecret)),
		"tenant of dots":               cred(intune.ClientSecretCredential("..", app, aSecret)),
		"application with a line":      cred(intune.ClientSecretCredential(tenant, app+"\n", aSecret)),
		"personal accounts":            cred(intune.ClientSecretCredential("Consumers", app, aSecret)),
		"no token source":              cred(intune.TokenSourceCredential(nil)),
		"nil option":                   with(nil),
		"no cloud":                     with(intune.WithCloud(intune.Cloud{})),
		"no such version":              with(intune.WithAPIVersion("v2.0")),
		"empty base URL":               with(intune.WithBaseURL("")),
		"plain http elsewhere":         with(intune.WithBaseURL("http://graph.microsoft.com")),
		"plain http to a prefix":       with(intune.WithBaseURL("http://127.0.0.1.example.com")),
		"another scheme":               with(intune.WithBaseURL("ftp://127.0.0.1")),
		"no scheme":                    with(intune.WithBaseURL("graph.microsoft.com")),
		"no host":                      with(intune.WithBaseURL("https://")),
		"not a URL":                    with(intune.WithBaseURL("https://%zz")),
		"user information":             with(intune.WithBaseURL("https://user:password@graph.microsoft.com")),
		"query":                        with(intune.WithBaseURL("https://graph.microsoft.com?x=1")),
		"empty query":                  with(intune.WithBaseURL("https://graph.microsoft.com?")),
		"fragment":                     with(intune.WithBaseURL("https://graph.microsoft.com#x")),
		"dot segment":                  with(intune.WithBaseURL("https://graph.microsoft.com/a/%2e%2e")),
		"plain http authority":         with(intune.WithAuthorityURL("http://login.microsoftonline.com")),
		"no http client":               with(intune.WithHTTPClient(nil)),
		"no logger":                    with(intune.WithLogger(nil)),
		"empty user agent":             with(intune.WithUserAgent(" ")),
		"user agent with a line break": with(intune.WithUserAgent("a\r\nX: b")),
		"negative attempts":            with(intune.WithRetry(intune.RetryPolicy{MaxAttempts: -1})),
		"negative delay":               with(intune.WithRetry(intune.RetryPolicy{MinDelay: -1})),
		"delays in the wrong order":    with(intune.WithRetry(intune.RetryPolicy{MinDelay: 2, MaxDelay: 1})),
		"no middleware":                with(intune.WithMiddleware(nil)),
	}
	for name, given := range tests {
		t.Run(name, func(t *testing.T) {
			c, opts := given()
			client, err := intune.NewClient(c, opts...)
			errorAs[*intune.InputError](t, err)
			if client != nil || strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), aSecret) {
				t.Errorf("got %v, %v", client, err)
			}
		})
	}
}

func TestUserAgentStandsInFront(t *testing.T) {
	w := newWire(t, reply(http.StatusCreated, created))
	if _, err := create(w.client(intune.WithUserAgent("contoso-rollover/1.2"))); err != nil {
		t.Fatal(err)
	}
	if got := w.requests[0].UserAgent(); !strings.HasPrefix(got, "contoso-rollover/1.2 intune-go/") {
		t.Errorf("got %q", got)
	}
}

func TestQuotasThatMakeNoSense(t *testing.T) {
	for _, opt := range []intune.Option{
		intune.WithQuota(intune.Quota{Window: time.Second}), intune.WithQuota(intune.Quota{Requests: 1}),
		intune.WithQuota(intune.Quota{Requests: -1, Window: 1}), intune.WithLimiter(nil),
		intune.WithQuota(intune.Quota{Requests: math.MaxInt, Window: 1}), intune.WithQuota(intune.Quota{Requests: 1, Window: 1, Methods: []string{"get"}}),
	} {
		_, err := intune.NewClient(staticToken(), opt)
		errorAs[*intune.InputError](t, err)
	}
}
