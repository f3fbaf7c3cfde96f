package intune_test

import (
	"crypto/tls"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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
		"cloud without an authority":   with(intune.WithCloud(intune.Cloud{GraphURL: "https://graph.example"})),
		"cloud over plain http":        with(intune.WithCloud(intune.Cloud{GraphURL: "http://graph.example", AuthorityURL: "https://login.example"})),
		"cloud with a version":         with(intune.WithCloud(intune.Cloud{GraphURL: "https://graph.example/v1.0", AuthorityURL: "https://login.example"})),
		"cloud with a tenant":          with(intune.WithCloud(intune.Cloud{GraphURL: "https://graph.example", AuthorityURL: "https://login.example/common"})),
		"no http client":               with(intune.WithHTTPClient(nil)),
		"no timeout":                   with(intune.WithTimeout(0)),
		"negative timeout":             with(intune.WithTimeout(-time.Second)),
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

// TestRootsWithoutVersionAndTenant: each of these would lead to /beta/beta or to the tenant of a tenant.
func TestRootsWithoutVersionAndTenant(t *testing.T) {
	for root, names := range map[string]string{
		"https://graph.microsoft.com/beta": "version", "https://graph.microsoft.com/v1.0/": "version", "https://graph.microsoft.com/Beta": "version",
		"https://gateway.example/v1.0/graph": "version",
	} {
		_, err := intune.NewClient(staticToken(), intune.WithBaseURL(root))
		if problem := errorAs[*intune.InputError](t, err); problem.Name != "WithBaseURL" || !strings.Contains(err.Error(), names) {
			t.Errorf("%s: got %v", root, err)
		}
	}
	for _, root := range []string{
		"https://login.microsoftonline.com/common", "https://login.microsoftonline.com/Organizations/", "https://login.microsoftonline.com/contoso.com",
		"https://login.microsoftonline.com/" + app, "https://login.microsoftonline.com/contoso/oauth2/token", "https://login.microsoftonline.com/x/v2.0",
	} {
		_, err := intune.NewClient(staticToken(), intune.WithAuthorityURL(root))
		if problem := errorAs[*intune.InputError](t, err); problem.Name != "WithAuthorityURL" || !strings.Contains(err.Error(), "tenant") {
			t.Errorf("%s: got %v", root, err)
		}
		t.Setenv("AZURE_TENANT_ID", tenant)
		t.Setenv("AZURE_CLIENT_ID", app)
		t.Setenv("AZURE_CLIENT_SECRET", aSecret)
		t.Setenv("AZURE_AUTHORITY_HOST", root)
		_, err = intune.EnvironmentCredential()
		if problem := errorAs[*intune.InputError](t, err); problem.Name != "AZURE_AUTHORITY_HOST" || !strings.Contains(err.Error(), "tenant") {
			t.Errorf("%s: got %v", root, err)
		}
	}
}

func TestProxyOfTheEnvironmentThatIsNoURL(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://user:must#not/show@proxy.example:3128")
	_, err := intune.NewClient(staticToken())
	if errorAs[*intune.InputError](t, err).Name != "HTTPS_PROXY" || !strings.Contains(err.Error(), "HTTPS_PROXY is not a URL") || strings.Contains(err.Error(), "must") {
		t.Errorf("got %v", err)
	}
	newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: newWire(t).mock}))
}

// TestTimeoutOfAnAttempt: WithTimeout takes precedence over the client's, whichever option comes first.
func TestTimeoutOfAnAttempt(t *testing.T) {
	silent := roundTripper(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	})
	with := intune.WithHTTPClient(&http.Client{Transport: silent, Timeout: 7 * time.Second})
	for want, opts := range map[time.Duration][]intune.Option{
		60 * time.Second: {intune.WithHTTPClient(&http.Client{Transport: silent})},
		7 * time.Second:  {with},
		20 * time.Second: {with, intune.WithTimeout(20 * time.Second)},
		90 * time.Second: {intune.WithTimeout(90 * time.Second), with},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			client := newClient(t, staticToken(), append(opts, intune.WithRetry(intune.RetryPolicy{MaxAttempts: 1}))...)
			if err := get(t.Context(), client); err == nil || time.Since(began) != want {
				t.Errorf("want %v, got %v after %v", want, err, time.Since(began))
			}
		})
	}
}

func TestNewTransportIsNew(t *testing.T) {
	one, other := intune.NewTransport(), intune.NewTransport()
	if one == other || one.TLSClientConfig == other.TLSClientConfig || one.HTTP2 == other.HTTP2 {
		t.Error("two transports share what a program changes")
	}
	if one.TLSClientConfig.MinVersion != tls.VersionTLS12 || one.HTTP2.SendPingTimeout+one.HTTP2.PingTimeout > 20*time.Second || one.MaxIdleConnsPerHost < 64 {
		t.Errorf("got %+v", one)
	}
}

// TestChangedTransportStillRenewsItsConnections: over HTTP/2, the attempt after a 503 uses a new one, and calls share one
// otherwise.
func TestChangedTransportStillRenewsItsConnections(t *testing.T) {
	var connections []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections = append(connections, r.RemoteAddr)
		status := http.StatusCreated
		if len(connections) == 2 {
			status = http.StatusServiceUnavailable
		}
		respond(status, created)(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := intune.NewTransport()
	transport.Proxy, transport.TLSClientConfig.RootCAs = nil, server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), intune.WithHTTPClient(&http.Client{Transport: transport}), fast)
	defer client.CloseIdleConnections()
	for range 3 {
		if err := client.Do(t.Context(), http.MethodPut, "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if c := connections; len(c) != 4 || c[0] != c[1] || c[1] == c[2] || c[2] != c[3] {
		t.Errorf("the requests came over %v", c)
	}
}

// TestClientsDoNotShareWhatAProgramChanges: neither the quota nor the default cloud.
func TestClientsDoNotShareWhatAProgramChanges(t *testing.T) {
	intune.IntuneAppsQuota()[0].Requests = 0
	saved := intune.CloudPublic
	intune.CloudPublic.GraphURL = "https://graph.example"
	defer func() { intune.CloudPublic = saved }()
	w := newWire(t, reply(http.StatusCreated, created))
	if _, err := create(w.client()); err != nil || w.requests[0].URL.Host != "graph.microsoft.com" {
		t.Errorf("sent to %s, %v", w.requests[0].URL, err)
	}
}

// TestOptionsCanBeShared is for the race detector: an option does not change when a client is made with it.
func TestOptionsCanBeShared(t *testing.T) {
	opts := []intune.Option{
		intune.WithCloud(intune.Cloud{Name: "own", GraphURL: "https://graph.example/", AuthorityURL: "https://login.example/"}),
		intune.WithAPIVersion(intune.APIVersionV1), intune.WithBaseURL("https://graph.example"), intune.WithAuthorityURL("https://login.example"),
		intune.WithTimeout(time.Minute), intune.WithHTTPClient(new(http.Client)), intune.WithLogger(slog.Default()),
		intune.WithUserAgent("contoso/1"), intune.WithRetry(intune.RetryPolicy{}), intune.WithQuota(intune.IntuneAppsQuota()...),
		intune.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return next }),
	}
	var made sync.WaitGroup
	for range 2 {
		made.Go(func() { newClient(t, staticToken(), opts...) })
	}
	made.Wait()
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

func TestWithoutReconcileIsForCreateAlone(t *testing.T) {
	w := newWire(t)
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "GET", path, nil, nil, intune.WithoutReconcile()))
	errorAs[*intune.InputError](t, w.client().Do(t.Context(), "POST", path, nil, nil, intune.WithoutReconcile()))
}

func TestRootsThatAreAccepted(t *testing.T) {
	for root, want := range map[string]string{
		"https://graph.example.com":         "https://graph.example.com/beta/x",
		"HTTPS://GRAPH.example.com/":        "https://graph.example.com/beta/x",
		"https://gateway.example.com/graph": "https://gateway.example.com/graph/beta/x",
		"http://127.0.0.1:8080":             "http://127.0.0.1:8080/beta/x",
		"http://127.8.9.10":                 "http://127.8.9.10/beta/x",
		"http://[::1]:8080/":                "http://[::1]:8080/beta/x",
		"http://localhost":                  "http://localhost/beta/x",
	} {
		w := newWire(t, reply(http.StatusOK, "{}"))
		if err := w.client(intune.WithBaseURL(root)).Do(t.Context(), "GET", "/x", nil, nil); err != nil {
			t.Errorf("%s: %v", root, err)
		} else if got := w.requests[0].URL.String(); got != want {
			t.Errorf("%s: got %s, want %s", root, got, want)
		}
	}
}
