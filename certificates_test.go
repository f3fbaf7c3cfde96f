package intune_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestCreateSendsTheExampleOfTheReference(t *testing.T) {
	w := newWire(t, reply(http.StatusCreated, exampleResponse, "request-id", "r-1", "x-ms-ags-diagnostic", "d-1"))
	var meta intune.Response
	cert := exampleCertificate()
	got, err := w.client().EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithResponse(&meta), intune.WithoutReconcile())
	if err != nil {
		t.Fatal(err)
	}
	if want := decode(t, exampleResponse); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !reflect.DeepEqual(cert, exampleCertificate()) {
		t.Errorf("the given certificate was modified: %v", cert)
	}
	req := w.requests[0]
	if got, want := req.Method+" "+req.URL.String(), "POST https://graph.microsoft.com/beta"+path; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	sameJSON(t, w.bodies[0], exampleRequest)
	id := req.Header.Get("client-request-id")
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("client-request-id %q is not a GUID", id)
	}
	agent := req.Header.Get("User-Agent")
	if !regexp.MustCompile(`^intune-go/\d+\.\d+\.\d+ \(go1\.\S+; \w+/\w+\)$`).MatchString(agent) {
		t.Errorf("User-Agent %q", agent)
	}
	wantHeader := http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "Authorization": {"Bearer " + aToken},
		"Client-Request-Id": {id}, "User-Agent": {agent},
	}
	if !reflect.DeepEqual(req.Header, wantHeader) {
		t.Errorf("headers %v, want %v", req.Header, wantHeader)
	}
	wantMeta := intune.Response{
		StatusCode: 201, RequestID: "r-1", ClientRequestID: id, Diagnostics: "d-1", Attempts: 1,
		Header: http.Header{"Content-Type": {"application/json"}, "Request-Id": {"r-1"}, "X-Ms-Ags-Diagnostic": {"d-1"}},
	}
	if !reflect.DeepEqual(meta, wantMeta) {
		t.Errorf("response %+v, want %+v", meta, wantMeta)
	}
}

func TestGetAcceptsTheBareObjectAndTheOneOfTheReference(t *testing.T) {
	want := decode(t, exampleResponse)
	for _, body := range []string{exampleResponse, `{"value":` + exampleResponse + `}`, `{"@odata.context":"x","value":` + exampleResponse + `}`} {
		w := newWire(t, reply(200, body))
		got, err := certificates(w).Get(t.Context(), anID)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		if got := w.requests[0].Method + " " + w.requests[0].URL.String(); got != "GET https://graph.microsoft.com/beta"+path+"/"+anID {
			t.Errorf("sent %s", got)
		}
	}
}

func TestGetSelects(t *testing.T) {
	w := newWire(t, reply(200, created))
	if _, err := certificates(w).Get(t.Context(), anID, intune.WithSelect(intune.PropertyContent, intune.PropertyStatus)); err != nil {
		t.Fatal(err)
	}
	if got := w.requests[0].URL.RawQuery; got != "$select=id,content,status" {
		t.Errorf("sent %s", got)
	}
	_, err := certificates(newWire(t)).List(t.Context(), nil, intune.WithSelect(intune.PropertyID))
	if problem := errorAs[*intune.InputError](t, err).Problem; !strings.Contains(problem, "ListOptions.Select") {
		t.Errorf("got %q", problem)
	}
}

// served returns a client of a service on a real socket, which responds with one of the responses after the other.
func served(t *testing.T, responses ...http.HandlerFunc) (client *intune.Client, requests *[]string) {
	t.Helper()
	requests = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests = append(*requests, r.Method)
		if len(*requests) <= len(responses) {
			responses[len(*requests)-1](w, r)
		}
	}))
	t.Cleanup(server.Close)
	return newClient(t, staticToken(), intune.WithBaseURL(server.URL), fast), requests
}

// respond responds with a status, a body and headers, which come in pairs. The content type is JSON unless they say otherwise.
func respond(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// TestUpdateReadsTheObjectAfterA204: some resources of Intune respond so, by design.
func TestUpdateReadsTheObjectAfterA204(t *testing.T) {
	update := &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}}
	for name, test := range map[string]struct {
		responses []http.HandlerFunc
		requests  []string
		err       error
	}{
		"it is there":               {[]http.HandlerFunc{respond(204, ""), respond(200, created)}, []string{"PATCH", "GET"}, nil},
		"it is gone":                {[]http.HandlerFunc{respond(204, ""), respond(404, graphRefusal("NotFound"))}, []string{"PATCH", "GET"}, intune.ErrNotFound},
		"the service is busy first": {[]http.HandlerFunc{respond(503, ""), respond(204, ""), respond(503, ""), respond(200, created)}, []string{"PATCH", "PATCH", "GET", "GET"}, nil},
		"a 200":                     {[]http.HandlerFunc{respond(200, created)}, []string{"PATCH"}, nil},
	} {
		client, requests := served(t, test.responses...)
		got, err := client.EnterpriseCodeSigningCertificates().Update(t.Context(), anID, update)
		if !errors.Is(err, test.err) || err == nil && got.Subject != "CN=Contoso" || !slices.Equal(*requests, test.requests) {
			t.Errorf("%s: got %v, %v after %v", name, got, err, *requests)
		}
	}
}

// TestDeleteSucceedsWithA200 unless it is the page of a captive portal, or holds an error.
func TestDeleteSucceedsWithA200(t *testing.T) {
	for name, test := range map[string]struct {
		response http.HandlerFunc
		deleted  bool
	}{
		"empty":                  {respond(200, ""), true},
		"the object":             {respond(200, created), true},
		"null":                   {respond(200, "null"), true},
		"a 204":                  {respond(204, ""), true},
		"a captive portal":       {respond(200, "<html>Sign in</html>", "Content-Type", "text/html"), false},
		"an error inside a 200":  {respond(200, graphRefusal("Busy")), false},
		"a text that is no JSON": {respond(200, "not now", "Content-Type", "text/plain"), false},
		"a 202":                  {respond(202, ""), false},
	} {
		client, requests := served(t, test.response, test.response, test.response, test.response)
		err := client.EnterpriseCodeSigningCertificates().Delete(t.Context(), anID)
		if (err == nil) != test.deleted || test.deleted && len(*requests) != 1 || !test.deleted && !errors.As(err, new(*intune.ResponseError)) {
			t.Errorf("%s: got %v after %v", name, err, *requests)
		}
	}
}

func TestDeleteSucceedsWithA204(t *testing.T) {
	w := newWire(t, reply(204, ""), reply(404, graphRefusal("ResourceNotFound")))
	s := certificates(w)
	if err := s.Delete(t.Context(), anID); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), anID); !errors.Is(err, intune.ErrNotFound) || !strings.HasPrefix(err.Error(), "delete enterprise") {
		t.Errorf("got %v", err)
	}
}

func TestCreateOfARealCertificate(t *testing.T) {
	for _, version := range []intune.APIVersion{intune.APIVersionBeta, intune.APIVersionV1} {
		server := intunetest.NewServer(t)
		cert := intune.FromX509(newCertificate(t))
		cert.Status = intune.CertificateStatusProvisioned
		var meta intune.Response
		client := server.Client(intune.WithAPIVersion(version))
		got, err := client.EnterpriseCodeSigningCertificates().Create(t.Context(), cert, intune.WithResponse(&meta))
		if err != nil {
			t.Fatal(err)
		}
		if got.ID == "" || got.Content != nil || got.Subject != cert.Subject || got.Status != intune.CertificateStatusNotProvisioned ||
			!got.ExpirationDateTime.Equal(cert.ExpirationDateTime) || time.Since(got.UploadDateTime) > time.Minute || len(got.AdditionalData) > 0 {
			t.Errorf("got %v", got)
		}
		if meta.StatusCode != 201 || meta.RequestID == "" || meta.Diagnostics == "" || meta.Attempts != 1 {
			t.Errorf("response %+v", meta)
		}
		stored := server.Certificates()
		if len(stored) != 1 || stored[0].ID != got.ID {
			t.Errorf("the tenant holds %v", stored)
		}
		var back intune.EnterpriseCodeSigningCertificate
		if err := client.Do(t.Context(), "GET", path+"/"+got.ID, nil, &back); err != nil || back.ID != got.ID || !back.UploadDateTime.Equal(got.UploadDateTime) {
			t.Errorf("get: %v, %v", back, err)
		}
		var list struct {
			Value []intune.EnterpriseCodeSigningCertificate
		}
		if err := client.Do(t.Context(), "GET", path, nil, &list); err != nil || len(list.Value) != 1 || list.Value[0].ID != got.ID {
			t.Errorf("list: %v, %v", list, err)
		}
	}
}

func TestCreateRejectsAnExpiredCertificateUnlessItIsAllowed(t *testing.T) {
	expired := issue(t, yearsAgo(2))
	_, err := certificates(newWire(t)).Create(t.Context(), expired)
	if errorAs[*intune.InputError](t, err); !strings.Contains(err.Error(), "WithExpiredAllowed") {
		t.Errorf("got %v", err)
	}
	w := newWire(t, reply(http.StatusCreated, created))
	if _, err := certificates(w).Create(t.Context(), expired, intune.WithExpiredAllowed()); err != nil || len(w.requests) != 1 {
		t.Errorf("got %v after %d requests", err, len(w.requests))
	}
	if _, err := certificates(newWire(t)).List(t.Context(), nil, intune.WithExpiredAllowed()); !errors.As(err, new(*intune.InputError)) {
		t.Errorf("a listing: got %v", err)
	}
}

// TestContentMayChangeAfterCreateHasReturned: a client remembers a create of unknown outcome for an hour, and compares
// records with it. The race detector tells.
func TestContentMayChangeAfterCreateHasReturned(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s, cert := &simulation{habits: habits{keepsContent: true}}, issue(t)
		s.around = func(req *http.Request, sent bool) error {
			if req.Method == http.MethodPost && sent {
				return io.ErrUnexpectedEOF
			}
			return nil
		}
		process := s.process(t)
		if _, err := process.Create(t.Context(), cert, intune.WithoutReconcile()); !errors.As(err, new(*intune.OutcomeUnknownError)) {
			t.Fatalf("got %v", err)
		}
		again := *cert
		again.Content = bytes.Clone(cert.Content)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = process.Create(t.Context(), &again) // compares the records with the first create
		}()
		for range 100 {
			for i := range cert.Content {
				cert.Content[i]++
			}
			time.Sleep(time.Second)
		}
		<-done
	})
}

func TestCreateDatesEachUploadDifferently(t *testing.T) {
	const uploads = 50
	w := newWire(t)
	for range uploads {
		w.responses = append(w.responses, reply(http.StatusCreated, created))
	}
	client := w.client()
	before := time.Now().Truncate(time.Microsecond)
	for range uploads {
		if _, err := create(client); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for _, body := range w.bodies {
		sent := decode(t, body).UploadDateTime
		if _, offset := sent.Zone(); offset != 0 || sent.Before(before) || sent.After(time.Now().Add(time.Second)) {
			t.Errorf("uploadDateTime %v is not now, in UTC", sent)
		}
		if sent.Truncate(time.Microsecond).Equal(sent) {
			t.Errorf("uploadDateTime %v is one that a service may make up by cutting another one", sent)
		}
		seen[sent.String()] = true
	}
	if len(seen) != uploads {
		t.Errorf("%d different dates in %d uploads", len(seen), uploads)
	}
}

// TestIDsAreOneSegmentOfThePath sends ids that somebody might take for more than that, and looks at the wire.
func TestIDsAreOneSegmentOfThePath(t *testing.T) {
	for id, want := range map[string]string{
		anID: anID, "a b": "a%20b", "a%2Fb": "a%252Fb", "a?b": "a%3Fb", "a#b": "a%23b", "ä": "%C3%A4", "a.b": "a.b", "...": "...", "%": "%25",
		"a;b=c": "a%3Bb=c", "..a": "..a", "$value": "$value",
	} {
		w := newWire(t, reply(200, created), reply(204, ""), reply(200, created))
		s := certificates(w)
		_, getErr := s.Get(t.Context(), id)
		deleteErr := s.Delete(t.Context(), id)
		_, updateErr := s.Update(t.Context(), id, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
		if err := errors.Join(getErr, deleteErr, updateErr); err != nil {
			t.Errorf("%q: %v", id, err)
			continue
		}
		for _, req := range w.requests {
			if got := req.URL.EscapedPath(); got != "/beta"+path+"/"+want || req.URL.RawQuery != "" {
				t.Errorf("%q: sent %s", id, req.URL)
			}
		}
	}
	for _, id := range []string{"", ".", "..", "/", "a/b", "../x", `a\b`, "a\nb", "a\x00b", "\x7f", "a\u0085b"} {
		w := newWire(t)
		s := certificates(w)
		_, getErr := s.Get(t.Context(), id)
		_, updateErr := s.Update(t.Context(), id, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
		for _, err := range []error{getErr, updateErr, s.Delete(t.Context(), id)} {
			errorAs[*intune.InputError](t, err)
		}
		if len(w.requests) > 0 {
			t.Errorf("%q: something was sent", id)
		}
	}
}
