package intune_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	intune "github.com/seed-230b9595/intune-go"
)

func TestNewClientReportsWhatCannotWork(t *testing.T) {
	good := intune.ClientSecret(tenant, app, aSecret)
	with := func(opts ...intune.Option) func() (intune.Credential, []intune.Option) {
		return func() (intune.Credential, []intune.Option) { return good, opts }
	}
	cred := func(c intune.Credential) func() (intune.Credential, []intune.Option) {
		return func() (intune.Credential, []intune.Option) { return c, nil }
	}
	tests := map[string]func() (intune.Credential, []intune.Option){
		"no credential":                cred(nil),
		"no tenant":                    cred(intune.ClientSecret("", app, aSecret)),
		"no application":               cred(intune.ClientSecret(tenant, "", aSecret)),
		"no secret":                    cred(intune.ClientSecret(tenant, app, "")),
		"secret with a line break":     cred(intune.ClientSecret(tenant, app, aSecret+"\n")),
		"tenant with a path":           cred(intune.ClientSecret("contoso/../common", app, aSecret)),
		"tenant of dots":               cred(intune.ClientSecret("..", app, aSecret)),
		"application with a line":      cred(intune.ClientSecret(tenant, app+"\n", aSecret)),
		"personal accounts":            cred(intune.ClientSecret("Consumers", app, aSecret)),
		"no token source":              cred(intune.TokenSource(nil)),
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
		"negative attempts":            with(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: -1})),
		"negative delay":               with(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: -1})),
		"delays in the wrong order":    with(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 2, MaxDelay: 1})),
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

// credential is a Credential that a test writes itself.
type credential func(context.Context, intune.TokenRequest) (*oauth2.Token, error)

func (c credential) Token(ctx context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
	return c(ctx, req)
}

func TestCloudsAndVersions(t *testing.T) {
	tests := []struct {
		opts                    []intune.Option
		graph, authority, scope string
	}{
		{nil, "https://graph.microsoft.com/beta", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"},
		{
			[]intune.Option{intune.WithCloud(intune.CloudUSGovernmentL4), intune.WithAPIVersion(intune.APIVersionV1)},
			"https://graph.microsoft.us/v1.0", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default",
		},
		{
			[]intune.Option{intune.WithCloud(intune.CloudUSGovernmentL5), intune.WithAPIVersion(intune.APIVersionBeta)},
			"https://dod-graph.microsoft.us/beta", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us/.default",
		},
		{
			[]intune.Option{intune.WithCloud(intune.CloudChina)},
			"https://microsoftgraph.chinacloudapi.cn/beta", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default",
		},
		{ // the scope follows the cloud, not the addresses
			[]intune.Option{intune.WithBaseURL("https://proxy.example"), intune.WithCloud(intune.CloudChina), intune.WithAuthorityURL("https://login.example/")},
			"https://proxy.example/beta", "https://login.example", "https://microsoftgraph.chinacloudapi.cn/.default",
		},
	}
	for _, test := range tests {
		var asked intune.TokenRequest
		cred := credential(func(_ context.Context, req intune.TokenRequest) (*oauth2.Token, error) {
			asked = req
			return &oauth2.Token{AccessToken: aToken}, nil
		})
		w := newWire(t, reply(http.StatusOK, "{}"))
		client := newClient(t, cred, append(test.opts, intune.WithHTTPClient(&http.Client{Transport: w.mock}))...)
		if err := client.Do(t.Context(), "GET", "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.requests[0].URL.String(); got != test.graph+"/x" || asked.AuthorityURL != test.authority || asked.Scope != test.scope {
			t.Errorf("sent to %s with a token for %s of %s, want %+v", got, asked.Scope, asked.AuthorityURL, test)
		}
	}
}

func TestDoSendsAndDecodes(t *testing.T) {
	w := newWire(t, reply(http.StatusAccepted, `{"name":"x"}`))
	var out struct{ Name string }
	err := w.client().Do(t.Context(), "PATCH", "deviceAppManagement/mobileApps/a%2Fb?$select=id%2Cname", map[string]int{"n": 1}, &out,
		intune.WithHeader("prefer", "include-unknown-enum-members"))
	if err != nil || out.Name != "x" {
		t.Fatalf("got %+v, %v", out, err)
	}
	req := w.requests[0]
	if got, want := req.URL.String(), "https://graph.microsoft.com/beta/deviceAppManagement/mobileApps/a%2Fb?$select=id%2Cname"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if req.Header.Get("Prefer") != "include-unknown-enum-members" || w.bodies[0] != `{"n":1}` || req.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v, body %s", req.Header, w.bodies[0])
	}
}

func TestDoWithoutABodySendsNone(t *testing.T) {
	w := newWire(t, reply(http.StatusNoContent, ""))
	var out any
	if err := w.client().Do(t.Context(), "DELETE", path+"/1", nil, &out); err != nil || out != nil {
		t.Fatalf("got %v, %v", out, err)
	}
	if w.bodies[0] != "" || w.requests[0].Header.Get("Content-Type") != "" || w.requests[0].ContentLength != 0 {
		t.Errorf("body %q, headers %v", w.bodies[0], w.requests[0].Header)
	}
}

func TestDoRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	var out any
	tests := map[string]struct {
		method, path string
		body, out    any
		opts         []intune.RequestOption
	}{
		"no method":           {method: "", path: "/x"},
		"method with a space": {method: "GET /y", path: "/x"},
		"lower-case method":   {method: "get", path: "/x"},
		"URL":                 {method: "GET", path: "https://graph.microsoft.com/beta/x"},
		"dot segment":         {method: "GET", path: "/x/../y"},
		"escaped dot segment": {method: "GET", path: "/x/%2E%2e/y"},
		"escaped slashes":     {method: "GET", path: "/x/a%2f..%2Fy"},
		"backslash":           {method: "GET", path: `/x\y`},
		"another host":        {method: "GET", path: "//evil.example/x"},
		"fragment":            {method: "GET", path: "/x#y"},
		"space":               {method: "GET", path: "/x y"},
		"line break":          {method: "GET", path: "/x\r\nHost: evil"},
		"not ASCII":           {method: "GET", path: "/é"},
		"bad escape":          {method: "GET", path: "/%zz"},
		"bad body":            {method: "POST", path: "/x", body: func() {}},
		"out not a pointer":   {method: "GET", path: "/x", out: struct{}{}},
		"out a nil pointer":   {method: "GET", path: "/x", out: (*string)(nil)},
		"header name":         {method: "GET", path: "/x", out: &out, opts: []intune.RequestOption{intune.WithHeader("a b", "c")}},
		"header value":        {method: "GET", path: "/x", out: &out, opts: []intune.RequestOption{intune.WithHeader("a", "b\r\nc: d")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWire(t)
			err := w.client().Do(t.Context(), test.method, test.path, test.body, test.out, test.opts...)
			errorAs[*intune.InputError](t, err)
			if len(w.requests) > 0 {
				t.Error("a request was sent")
			}
		})
	}
}

func TestWithHeaderRefusesTheNamesThatAreOurs(t *testing.T) {
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Authorization", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Host",
		"Transfer-Encoding", "User-Agent", "client-request-id", "Idempotency-Key", "X-Idempotency-Key", "aCCept",
	} {
		err := newWire(t).client().Do(t.Context(), "GET", "/x", nil, nil, intune.WithHeader(name, "x"))
		errorAs[*intune.InputError](t, err)
	}
}

func TestMiddlewareSeesNoTokenAndReplacesNothingOfOurs(t *testing.T) {
	var seen []http.Header
	meddle := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		seen = append(seen, req.Header.Clone())
		req = req.Clone(req.Context())
		for _, name := range []string{
			"Accept", "Authorization", "User-Agent", "Content-Type", "Client-Request-Id", "Accept-Encoding", "Content-Encoding",
			"Idempotency-Key", "X-Idempotency-Key",
		} {
			req.Header.Set(name, "meddled")
		}
		req.Header.Set("X-Trace", "kept")
		req.Host = "elsewhere.example"
		return next.RoundTrip(req)
	})
	w := newWire(t, reply(429, "", "Retry-After", "0"), reply(http.StatusCreated, created))
	if _, err := create(w.client(meddle, intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))); err != nil {
		t.Fatal(err)
	}
	for _, header := range seen {
		visible := []string{"Accept", "Client-Request-Id", "Content-Type", "User-Agent"}
		if !slices.Equal(slices.Sorted(maps.Keys(header)), visible) {
			t.Errorf("the middleware saw %v", header)
		}
	}
	for _, req := range w.requests {
		want := http.Header{
			"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + aToken},
			"Client-Request-Id": {w.requests[0].Header.Get("Client-Request-Id")}, "User-Agent": {req.Header.Get("User-Agent")}, "X-Trace": {"kept"},
		}
		if !reflect.DeepEqual(req.Header, want) || strings.Contains(req.UserAgent(), "meddled") || req.Host != "" || req.GetBody != nil {
			t.Errorf("sent %v to host %q", req.Header, req.Host)
		}
	}
	if len(seen) != 2 {
		t.Errorf("the middleware ran %d times, want once for each attempt", len(seen))
	}
}

func TestMiddlewareRunsOutermostFirst(t *testing.T) {
	var order string
	named := func(name string) intune.Option {
		return middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			order += name
			return next.RoundTrip(req)
		})
	}
	if _, err := create(newWire(t, reply(http.StatusCreated, created)).client(named("a"), named("b"))); err != nil || order != "ab" {
		t.Errorf("got %s, %v", order, err)
	}
}

func TestTokenGoesToTheConfiguredOriginOnly(t *testing.T) {
	for _, target := range []string{
		"https://evil.example/beta/x", "http://graph.microsoft.com/beta/x", "https://graph.microsoft.com:444/beta/x",
		"https://user@graph.microsoft.com/beta/x", "https:opaque",
	} {
		redirect := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			var err error
			if req.URL, err = req.URL.Parse(target); err != nil {
				return nil, err
			}
			return next.RoundTrip(req)
		})
		w := newWire(t)
		_, err := create(w.client(redirect))
		if err == nil || len(w.requests) > 0 || !strings.Contains(err.Error(), "origin") || errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Errorf("%s: got %v and %d requests", target, err, len(w.requests))
		}
	}
}

func TestMiddlewareThatDropsTheContextIsToldSo(t *testing.T) {
	drop := middleware(func(next http.RoundTripper, req *http.Request) (*http.Response, error) {
		return next.RoundTrip(req.WithContext(context.Background()))
	})
	if _, err := create(newWire(t).client(drop)); err == nil || !strings.Contains(err.Error(), "context") {
		t.Errorf("got %v", err)
	}
	if _, err := create(newWire(t).client(middleware(func(http.RoundTripper, *http.Request) (*http.Response, error) { return nil, nil }),
		intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1})), intune.WithoutReconcile()); err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("got %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, status)
		}))
		var meta intune.Response
		_, err := create(newClient(t, staticToken(), intune.WithBaseURL(server.URL)), intune.WithResponse(&meta))
		if errorAs[*intune.APIError](t, err).StatusCode != status || meta.Header.Get("Location") == "" {
			t.Errorf("%d: got %v, %v", status, err, meta.Header)
		}
		server.Close()
	}
}

func TestConnectionsAreReused(t *testing.T) {
	connections := make(map[string]bool)
	answers := []func(w http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated); _, _ = io.WriteString(w, created) },
		func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, graphRefusal("ResourceNotFound")+strings.Repeat(" ", 100_000))
		},
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusCreated); _, _ = io.WriteString(w, created) },
	}
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		w.Header().Set("Content-Type", "application/json")
		answers[served](w)
		served++
	}))
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))
	for range 3 {
		_, _ = create(client)
	}
	client.CloseIdleConnections()
	if served != len(answers) || len(connections) != 1 {
		t.Errorf("%d requests over %d connections, want %d over one", served, len(connections), len(answers))
	}
}

// closeCounter counts how often its pool was drained.
type closeCounter struct {
	http.RoundTripper

	closed int
}

func (c *closeCounter) CloseIdleConnections() { c.closed++ }

func TestUsersPoolIsDrainedOnlyByTheUser(t *testing.T) {
	base := &closeCounter{RoundTripper: newWire(t, reply(404, ""), lost()).mock}
	httpClient := &http.Client{Transport: base}
	client := newClient(t, staticToken(), intune.WithHTTPClient(httpClient))
	_, _ = create(client, intune.WithoutReconcile())
	_, _ = create(client, intune.WithoutReconcile())
	if base.closed != 0 {
		t.Errorf("the pool was drained %d times by failures", base.closed)
	}
	client.CloseIdleConnections()
	if base.closed != 1 || httpClient.CheckRedirect != nil || httpClient.Transport != base {
		t.Errorf("closed %d times, client %+v", base.closed, httpClient)
	}
}

func TestJarOfTheUserIsUsed(t *testing.T) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, reply(http.StatusCreated, created, "Set-Cookie", "affinity=1"), reply(http.StatusCreated, created))
	client := newClient(t, staticToken(), intune.WithHTTPClient(&http.Client{Transport: w.mock, Jar: jar}))
	for range 2 {
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.requests[1].Header.Get("Cookie"); got != "affinity=1" {
		t.Errorf("cookie %q", got)
	}
}

func TestOwnTransportRefusesOldTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = tlsAtMost11()
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	client := newClient(t, staticToken(), intune.WithBaseURL(server.URL), intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MaxAttempts: 1}))
	if err := client.Do(t.Context(), "GET", "/x", nil, nil); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("got %v", err)
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

func TestClientRequestIDIsTheSameOverACall(t *testing.T) {
	w := newWire(t, reply(429, ""), reply(http.StatusCreated, created), reply(http.StatusCreated, created))
	client := w.client(intune.WithRetry(intune.RetryPolicy{ReconcileWindow: 1, MinDelay: 1, MaxDelay: 1}))
	var meta intune.Response
	for range 2 {
		if _, err := create(client, intune.WithResponse(&meta)); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, req := range w.requests {
		ids = append(ids, req.Header.Get("client-request-id"))
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || meta.ClientRequestID != ids[2] || meta.Attempts != 1 {
		t.Errorf("ids %v, response %+v", ids, meta)
	}
}

func TestDoDecodesIntoRawMessages(t *testing.T) {
	var out json.RawMessage
	if err := newWire(t, reply(http.StatusOK, `{"value":[]}`)).client().Do(t.Context(), "GET", path, nil, &out); err != nil || string(out) != `{"value":[]}` {
		t.Errorf("got %s, %v", out, err)
	}
}
