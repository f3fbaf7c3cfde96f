package intunetest_test

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestControlIsHealthyWithoutAToken(t *testing.T) {
	w := newWire(t)
	before := len(w.server.Requests())
	a := w.send(http.MethodGet, "/_emulator/health", "", "Authorization:")
	if w.wantStatus(a, http.StatusOK); w.object(a)["status"] != "ok" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s %v", a.body, a.header)
	}
	if after := len(w.server.Requests()); after != before {
		t.Errorf("%d requests are recorded, want %d", after, before)
	}
}

func TestControlShowsWhatSignsIn(t *testing.T) {
	w := newWire(t)
	got := w.object(w.send(http.MethodGet, "/_emulator/settings", ""))
	want := map[string]any{
		"emulator": "intune-cert", "graphUrl": w.server.URL(), "authorityUrl": w.server.URL(),
		"tenantId": intunetest.TenantID, "clientId": intunetest.ClientID, "clientSecret": intunetest.ClientSecret,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestControlRejectsOtherOriginsAndHosts(t *testing.T) {
	w := newWire(t, intunetest.WithHosts("emulator.test"))
	_, port, err := net.SplitHostPort(strings.TrimPrefix(w.server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for headers, want := range map[string]int{
		"":                                   http.StatusOK,
		"Host: localhost:" + port:            http.StatusOK,
		"Host: [::1]:" + port:                http.StatusOK,
		"Host: emulator.test":                http.StatusOK,
		"Host: EMULATOR.test:9":              http.StatusOK,
		"Origin: " + w.server.URL():          http.StatusOK,
		"Sec-Fetch-Site: same-origin":        http.StatusOK,
		"Sec-Fetch-Site: none":               http.StatusOK,
		"Host: rebound.test":                 http.StatusForbidden,
		"Host: rebound.test:" + port:         http.StatusForbidden,
		"Host: 192.0.2.1:" + port:            http.StatusForbidden,
		"Host: 127.0.0.1.test:" + port:       http.StatusForbidden,
		"Origin: http://rebound.test":        http.StatusForbidden,
		"Origin: http://localhost:1":         http.StatusForbidden,
		"Origin: https" + w.server.URL()[4:]: http.StatusForbidden,
		"Origin: null":                       http.StatusForbidden,
		"Sec-Fetch-Site: cross-site":         http.StatusForbidden,
		"Sec-Fetch-Site: same-site":          http.StatusForbidden,
	} {
		for _, path := range []string{"/_emulator/health", "/_emulator/settings"} {
			a := w.send(http.MethodGet, path, "", headers)
			if a.err != nil || a.status != want || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %q: got %d %v %v, want %d", path, headers, a.status, a.err, a.header, want)
			}
			if strings.Contains(a.body, intunetest.ClientSecret) != (want == http.StatusOK && path != "/_emulator/health") {
				t.Errorf("%s with %q: got %s", path, headers, a.body)
			}
		}
	}
}

func TestControlIsReachedAtAllAddressesThatItListensOn(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	onAll := newWire(t, intunetest.WithListener(listener))
	if !strings.HasPrefix(onAll.server.URL(), "http://127.0.0.1:") {
		t.Errorf("the URL is %s", onAll.server.URL())
	}
	for _, w := range []*wire{onAll, newMemoryWire(t)} {
		w.wantStatus(w.send(http.MethodGet, "/_emulator/health", ""), http.StatusOK)
		w.wantStatus(w.send(http.MethodGet, "/_emulator/health", "", "Host: rebound.test"), http.StatusForbidden)
	}
}

// control sends a request to the control API, and reads the result, if it is wanted.
func (w *wire) control(method, path, body string, status int, result any) {
	w.Helper()
	a := w.send(method, "/_emulator/"+path, body, "Authorization:", "Content-Type:")
	w.wantStatus(a, status)
	if result == nil {
		return
	}
	if err := json.Unmarshal([]byte(a.body), result); err != nil {
		w.Fatalf("%v in %s", err, a.body)
	}
}

func TestControlInjectsFaults(t *testing.T) {
	w := newWire(t)
	var faults []intunetest.Fault
	w.control(http.MethodPost, "faults", `{"method":"POST","status":503,"retry-after":"7","times":2}`, http.StatusCreated, &faults)
	w.control(http.MethodPost, "faults", `[{"token":true,"aadsts":7000215},{"every":2,"drop":"after-commit","delay":"1ms"}]`, http.StatusCreated, &faults)
	want := []intunetest.Fault{
		{Method: http.MethodPost, Status: 503, RetryAfter: "7", Times: 2}, {Token: true, AADSTS: 7000215, Times: 1},
		{Every: 2, Drop: intunetest.DropAfterCommit, Delay: time.Millisecond},
	}
	if !reflect.DeepEqual(faults, want) || !reflect.DeepEqual(w.server.Faults(), want) {
		t.Errorf("got %v", faults)
	}
	w.wantEntraError(w.signIn(), 401, "invalid_client", 7000215)
	if a := w.create(minimal); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "7" {
		t.Errorf("got %d %v", a.status, a.header)
	}
	w.wantStatus(w.get(certificates), http.StatusOK)
	if a := w.get(certificates); a.err == nil {
		t.Errorf("got %d, want a lost connection", a.status)
	}
	w.control(http.MethodGet, "faults", "", http.StatusOK, &faults)
	if len(faults) != 2 || faults[0].Times != 1 {
		t.Errorf("got %v", faults)
	}
	w.control(http.MethodDelete, "faults", "", http.StatusNoContent, nil)
	w.wantStatus(w.create(minimal), http.StatusCreated)
}

func TestControlHasTheRequests(t *testing.T) {
	w := newWire(t)
	w.server.Inject(intunetest.Fault{Method: http.MethodPost, Drop: intunetest.DropAfterCommit})
	w.create(minimal)
	var requests []struct {
		Time                   time.Time
		Method, URL, Body, Who string
		Header                 http.Header
		Status                 int
		Fault                  *intunetest.Fault
	}
	w.control(http.MethodGet, "requests", "", http.StatusOK, &requests)
	if len(requests) != 2 {
		t.Fatalf("got %v", requests)
	}
	signIn, create := requests[0], requests[1]
	if !strings.HasSuffix(signIn.URL, "/oauth2/v2.0/token") || signIn.Who != "" || signIn.Fault != nil || signIn.Status != http.StatusOK {
		t.Errorf("got %+v", signIn)
	}
	if create.Method != http.MethodPost || create.Body != minimal || create.Who != "application" || create.Status != 0 ||
		create.Fault.Drop != intunetest.DropAfterCommit || create.Header.Get("Authorization") != "Bearer ***" || create.Time.IsZero() {
		t.Errorf("got %+v", create)
	}
	w.control(http.MethodDelete, "requests", "", http.StatusNoContent, nil)
	w.control(http.MethodGet, "requests", "", http.StatusOK, &requests)
	if len(requests) != 0 {
		t.Errorf("got %+v", requests)
	}
}

func TestControlKeepsTheCertificates(t *testing.T) {
	w := newWire(t, intunetest.WithPermissions())
	var added intune.EnterpriseCodeSigningCertificate
	content := base64.StdEncoding.EncodeToString(intunetest.NewCertificate("Contoso").Raw)
	w.control(http.MethodPost, "certificates", `{"content":"`+content+`"}`, http.StatusCreated, &added)
	if added.ID == "" || added.Status != intune.CertificateStatusProvisioned || !strings.HasPrefix(added.Subject, "CN=Contoso,") {
		t.Errorf("got %v", &added)
	}
	w.control(http.MethodPost, "certificates", `{"id":"2","subject":"CN=B","status":"notProvisioned"}`, http.StatusCreated, nil)
	var changed intune.EnterpriseCodeSigningCertificate
	w.control(http.MethodPatch, "certificates/2", `{"status":"provisioned","uploadDateTime":"2026-01-02T03:04:05Z","expirationDateTime":"2027-01-02T03:04Z"}`,
		http.StatusOK, &changed)
	if changed.Status != intune.CertificateStatusProvisioned || changed.UploadDateTime.Year() != 2026 || changed.ExpirationDateTime.Year() != 2027 {
		t.Errorf("got %v", &changed)
	}
	var listed struct {
		Value []*intune.EnterpriseCodeSigningCertificate
	}
	w.control(http.MethodGet, "certificates", "", http.StatusOK, &listed)
	if len(listed.Value) != 2 || listed.Value[0].String() != added.String() || listed.Value[1].String() != changed.String() {
		t.Errorf("got %v", listed.Value)
	}
	w.control(http.MethodDelete, "certificates", "", http.StatusNoContent, nil)
	w.wantStored(0)
}

func TestControlActsAsTheUser(t *testing.T) {
	w := newWire(t, withAnn(t))
	for body, want := range map[string]string{`{"approve":true}`: "admin@contoso.example", `{"approve":true,"userName":"ann@contoso.example"}`: "ann@contoso.example"} {
		code, userCode := w.device()
		w.control(http.MethodPost, "devices/"+userCode, body, http.StatusNoContent, nil)
		w.granted(w.poll(code))
		if requests := w.server.Requests(); requests[len(requests)-1].Who != want {
			t.Errorf("%s has signed in, want %s", requests[len(requests)-1].Who, want)
		}
	}
	code, userCode := w.device()
	w.control(http.MethodPost, "devices/"+userCode, `{"approve":false}`, http.StatusNoContent, nil)
	w.wantEntraError(w.poll(code), 400, "authorization_declined", 65004)

	w.control(http.MethodPost, "challenge", `{"claims":"{\"a\":{}}"}`, http.StatusNoContent, nil)
	w.wantStatus(w.get(certificates), http.StatusUnauthorized)
	w.control(http.MethodPost, "reset", "", http.StatusNoContent, nil)
	w.token = w.accessToken(graphScope)
	w.wantStatus(w.get(certificates), http.StatusOK)
}

func TestControlSaysWhatIsWrong(t *testing.T) {
	w := newWire(t)
	w.control(http.MethodPost, "certificates", `{"id":"1","subject":"CN=A"}`, http.StatusCreated, nil)
	for _, test := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{http.MethodPost, "faults", `{"status":99}`, 400, "neither 101 nor one of 200 to 599"},
		{http.MethodPost, "faults", `[{"color":"red"}]`, 400, `there is no setting "color"`},
		{http.MethodPost, "faults", `{"rate":2}`, 400, "out of range"},
		{http.MethodPost, "faults", `{"status":"503"}`, 400, `"status": it cannot be a string`},
		{http.MethodPost, "faults", `{`, 400, "JSON"},
		{http.MethodPost, "faults", ``, 400, "JSON"},
		{http.MethodPost, "faults", "{\"location\":\"\xff\"}", 400, "not in UTF-8"},
		{http.MethodPost, "certificates", "{\"subject\":\"CN=\xff\"}", 400, "JSON"},
		{http.MethodPost, "certificates", `{}`, 400, "neither content that can be read nor a subject"},
		{http.MethodPost, "certificates", `{"id":"1","subject":"CN=B"}`, 400, `a certificate with the id "1"`},
		{http.MethodPost, "certificates", `[]`, 400, "StartArray"},
		{http.MethodPatch, "certificates/2", `{"status":"provisioned"}`, 404, `no certificate has the id "2"`},
		{http.MethodPatch, "certificates/1", `{"id":"2"}`, 400, "cannot be changed"},
		{http.MethodPatch, "certificates/1", `{"uploadDateTime":"now"}`, 400, "Edm.DateTimeOffset"},
		{http.MethodPost, "challenge", `{"claims":"[]"}`, 400, "not a JSON object"},
		{http.MethodPost, "challenge", `{}`, 400, "not a JSON object"},
		{http.MethodPost, "devices/123", `{"approve":true}`, 404, "no device waits with '123'"},
		{http.MethodPost, "devices/123", `{}`, 400, `{"approve": true}`},
		{http.MethodPost, "devices/123", `{"aprove":true}`, 400, `there is no setting "aprove"`},
		{http.MethodPost, "certificates", strings.Repeat(" ", 5<<20), 400, "too large"},
	} {
		var got struct{ Error string }
		w.control(test.method, test.path, test.body, test.status, &got)
		if !strings.Contains(got.Error, test.says) {
			t.Errorf("%s %s %.40s: %q does not say %q", test.method, test.path, test.body, got.Error, test.says)
		}
	}
}
