package intunetest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-230b9595/intune-go/intunetest"
)

const (
	graphScope   = "https://graph.microsoft.com/.default"
	certificates = "/beta/deviceAppManagement/enterpriseCodeSigningCertificates"

	// minimal is the least that the service takes.
	minimal = `{"subject":"CN=Contoso"}`
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// wire talks to a server in plain HTTP, so that the tests see what is on the wire. Each request has a connection
// of its own, because net/http repeats a GET if it loses a connection that it has used before.
type wire struct {
	*testing.T

	server *intunetest.Server
	http   *http.Client
	token  string
}

func newWire(t *testing.T, opts ...intunetest.ServerOption) *wire {
	t.Helper()
	return signIn(t, &http.Transport{DisableKeepAlives: true}, opts...)
}

// newMemoryWire is newWire for a bubble of testing/synctest.
func newMemoryWire(t *testing.T, opts ...intunetest.ServerOption) *wire {
	t.Helper()
	listener := intunetest.ListenMemory()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: listener.DialContext}
	return signIn(t, transport, append(opts, intunetest.WithListener(listener))...)
}

func signIn(t *testing.T, transport *http.Transport, opts ...intunetest.ServerOption) *wire {
	t.Helper()
	// What is uploaded stays notProvisioned for the length of a test, unless opts say otherwise.
	opts = append([]intunetest.ServerOption{intunetest.WithProvisioningDelay(time.Hour)}, opts...)
	w := &wire{T: t, server: intunetest.NewServer(t, opts...), http: &http.Client{Transport: transport, CheckRedirect: stay}}
	w.token = w.accessToken(graphScope)
	return w
}

// stay is what a browser does not do: the tests look where a redirection leads.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// newTLSWire has not signed in yet.
func newTLSWire(t *testing.T) *wire {
	t.Helper()
	server := intunetest.NewServer(t, intunetest.WithTLS())
	w := &wire{T: t, server: server, http: server.HTTPClient()}
	w.http.CheckRedirect = stay
	return w
}

// response is what came back: err stands for a lost connection, together with a status if it was lost in the body.
type response struct {
	status int
	header http.Header
	body   string
	err    error
}

// send sends a request to Graph with the headers that Graph wants. Each of headers, as "Name: value", replaces one, and
// without a value removes it.
func (w *wire) send(method, path, body string, headers ...string) response {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.server.URL()+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	own := []string{"Authorization: Bearer " + w.token, "Accept: application/json", "Content-Type: application/json"}
	for _, header := range append(own, headers...) {
		name, value, _ := strings.Cut(header, ":")
		switch value = strings.TrimSpace(value); {
		case name == "Host":
			req.Host = value
		case value == "":
			req.Header.Del(name)
		default:
			req.Header.Set(name, value)
		}
	}
	resp, err := w.http.Do(req)
	if err != nil {
		return response{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	read, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(read), err}
}

// withAnn adds a second person.
func withAnn(t *testing.T) intunetest.ServerOption {
	t.Helper()
	return withSettings(t, `{"people":[{"name":"Contoso Administrator","userName":"admin@contoso.example"},
		{"name":"Ann <b>","userName":"ann@contoso.example"}]}`)
}

func (w *wire) create(body string) response {
	w.Helper()
	return w.send(http.MethodPost, certificates, body)
}

// signIn sends the form of the application to the token endpoint. Each of changes, as "name=value", replaces a field, and
// without a value removes it.
func (w *wire) signIn(changes ...string) response {
	w.Helper()
	return w.postForm(intunetest.TenantID, applicationForm(changes...).Encode())
}

func applicationForm(changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {graphScope},
		"client_id": {intunetest.ClientID}, "client_secret": {intunetest.ClientSecret},
	}
	return changed(form, changes)
}

// changed applies changes as "name=value" to a form. Those without a value remove a field.
func changed(form url.Values, changes []string) url.Values {
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return form
}

func (w *wire) postForm(tenant, form string) response {
	w.Helper()
	return w.post("/"+tenant+"/oauth2/v2.0/token", form)
}

// post sends a form to Microsoft Entra ID.
func (w *wire) post(path, form string, headers ...string) response {
	w.Helper()
	return w.send(http.MethodPost, path, form, append([]string{"Authorization:", "Content-Type: application/x-www-form-urlencoded"}, headers...)...)
}

// redeem sends a form to the token endpoint as a public client does, with the fields given as "name=value".
func (w *wire) redeem(grantType string, fields ...string) response {
	w.Helper()
	form := url.Values{"grant_type": {grantType}, "client_id": {intunetest.ClientID}}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		form.Set(name, value)
	}
	return w.postForm(intunetest.TenantID, form.Encode())
}

// granted is the response to a request for tokens, whose access token w then uses.
func (w *wire) granted(a response) map[string]any {
	w.Helper()
	w.wantStatus(a, http.StatusOK)
	granted := w.object(a)
	token, _ := granted["access_token"].(string)
	w.token = token
	w.wantStatus(w.send(http.MethodGet, certificates, ""), http.StatusOK)
	return granted
}

// wantEntraError checks that a response is an error of Microsoft Entra ID, in all its fields.
func (w *wire) wantEntraError(a response, status int, code string, aadsts int) {
	w.Helper()
	w.wantStatus(a, status)
	got := w.object(a)
	description, _ := got["error_description"].(string)
	ids := fmt.Sprintf(" Trace ID: %v Correlation ID: %v Timestamp: %v", got["trace_id"], got["correlation_id"], got["timestamp"])
	if got["error"] != code || !reflect.DeepEqual(got["error_codes"], []any{float64(aadsts)}) ||
		!strings.HasPrefix(description, fmt.Sprintf("AADSTS%d: ", aadsts)) || !strings.HasSuffix(description, ids) {
		w.Errorf("got %s, want %s, AADSTS%d, and the ids in the description", a.body, code, aadsts)
	}
	for _, name := range []string{"trace_id", "correlation_id"} {
		if id, _ := got[name].(string); !guid.MatchString(id) {
			w.Errorf("%s %q is not a GUID", name, id)
		}
	}
	timestamp, _ := got["timestamp"].(string)
	if _, err := time.Parse("2006-01-02 15:04:05Z", timestamp); err != nil {
		w.Error(err)
	}
	if uri, _ := got["error_uri"].(string); !strings.HasSuffix(uri, fmt.Sprintf("/error?code=%d", aadsts)) {
		w.Errorf("error_uri is %q", uri)
	}
	if got["access_token"] != nil {
		w.Error("there is a token as well")
	}
	if wordsOfGo.MatchString(description) {
		w.Errorf("the description is %q", description)
	}
}

// rejected is a response, and the error of Microsoft Entra ID that it should be.
type rejected struct {
	name     string
	response response
	status   int
	code     string
	aadsts   int
}

func wantRejected(t *testing.T, all []rejected) {
	t.Helper()
	for _, test := range all {
		t.Run(test.name, func(t *testing.T) {
			(&wire{T: t}).wantEntraError(test.response, test.status, test.code, test.aadsts)
		})
	}
}

func panicOf(do func()) (text string) {
	defer func() {
		if panicked := recover(); panicked != nil {
			text = fmt.Sprint(panicked)
		}
	}()
	do()
	return ""
}

func (w *wire) accessToken(scope string) string {
	w.Helper()
	a := w.signIn("scope=" + scope)
	w.wantStatus(a, http.StatusOK)
	token, _ := w.object(a)["access_token"].(string)
	if token == "" {
		w.Fatalf("no access_token in %s", a.body)
	}
	return token
}

func (w *wire) wantStatus(a response, want int) {
	w.Helper()
	if a.err != nil || a.status != want {
		w.Fatalf("got %d %v %s, want %d", a.status, a.err, a.body, want)
	}
}

func (w *wire) wantStored(want int) {
	w.Helper()
	if got := len(w.server.Certificates()); got != want {
		w.Errorf("%d certificates are stored, want %d", got, want)
	}
}

// object is the body of a response that is a JSON object.
func (w *wire) object(a response) map[string]any {
	w.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(a.body), &object); err != nil {
		w.Fatalf("%v in %q", err, a.body)
	}
	return object
}

// graphError checks that a response is an error in Graph's envelope, and returns its message.
func (w *wire) graphError(a response, status int, code string) (message string) {
	w.Helper()
	w.wantStatus(a, status)
	var envelope struct {
		Error struct {
			Code, Message string
			InnerError    struct {
				Date            string
				RequestID       string `json:"request-id"`
				ClientRequestID string `json:"client-request-id"`
			}
		}
	}
	if err := json.Unmarshal([]byte(a.body), &envelope); err != nil {
		w.Fatalf("%v in %q", err, a.body)
	}
	inner := envelope.Error.InnerError
	if envelope.Error.Code != code || inner.Date == "" || inner.RequestID != a.header.Get("request-id") ||
		inner.ClientRequestID != a.header.Get("client-request-id") {
		w.Errorf("got %s with the headers %v, want the code %s, a date and the ids of the headers", a.body, a.header, code)
	}
	return envelope.Error.Message
}

// intuneError checks that a response is an error of Intune, whose message is JSON text, and returns the message in that.
func (w *wire) intuneError(a response, status int, code string) (message string) {
	w.Helper()
	text := w.graphError(a, status, code)
	nested := w.object(response{body: text})
	message, _ = nested["Message"].(string)
	message, ids, _ := strings.Cut(message, " - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000")
	if nested["_version"] != 3.0 || nested["CustomApiErrorPhrase"] != "" || nested["RetryAfter"] != nil ||
		nested["ErrorSourceService"] != "" || nested["HttpHeaders"] != "{}" || !strings.HasPrefix(text, "{\r\n  \"_version\"") ||
		!strings.HasPrefix(ids, " - Activity ID: "+a.header.Get("request-id")+" - Url: https://") {
		w.Errorf("the message is not Intune's: %s", text)
	}
	return message
}
