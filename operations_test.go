package intune_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
)

const anID = "b20d3703-3703-b20d-0337-0db203370db2"

func certificates(w *wire) *intune.EnterpriseCodeSigningCertificatesService {
	w.tb.Helper()
	return w.client().EnterpriseCodeSigningCertificates()
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
	errorAs[*intune.InputError](t, err)
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

// TestAnswersThatBreakTheContract: each operation takes nothing but its own answer for success.
func TestAnswersThatBreakTheContract(t *testing.T) {
	ctx := context.Background() // the test's own is outside the bubbles
	operations := map[string]func(s *intune.EnterpriseCodeSigningCertificatesService) error{
		"get": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Get(ctx, anID)
			return err
		},
		"list": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.List(ctx, nil)
			return err
		},
		"all": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			for _, err := range s.All(ctx, nil) {
				return err
			}
			return nil
		},
		"count": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Count(ctx, intune.Filter{})
			return err
		},
		"update": func(s *intune.EnterpriseCodeSigningCertificatesService) error {
			_, err := s.Update(ctx, anID, &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
			return err
		},
	}
	for name, operation := range operations {
		for _, answer := range []httpmock.Responder{
			reply(202, created), reply(204, ""), reply(200, ""), reply(200, "[]"), reply(200, "{}"), reply(200, "<html>", "Content-Type", "text/html"),
			cut(200, created), reply(200, `{"value":null}`), reply(200, `{"value":[null]}`), reply(200, `{"value":5}`),
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t, answer, answer, answer, answer)
				err := operation(certificates(w))
				if !errors.As(err, new(*intune.ResponseError)) || !strings.HasPrefix(err.Error(), name) && name != "all" && name != "count" {
					t.Errorf("%s: got %v", name, err)
				}
			})
		}
	}
}

func TestListReturnsOnePage(t *testing.T) {
	w := newWire(t, reply(200, `{"@odata.count":7,"value":[`+created+`],"@odata.nextLink":"https://graph.microsoft.com/beta/x"}`))
	page, err := certificates(w).List(t.Context(), nil)
	if err != nil || len(page.Value) != 1 || page.Value[0].ID != anID || *page.Count != 7 || page.NextLink != "https://graph.microsoft.com/beta/x" {
		t.Errorf("got %+v, %v", page, err)
	}
}

func pageOf(from, to int, next string) httpmock.Responder {
	var items []string
	for i := from; i < to; i++ {
		items = append(items, fmt.Sprintf(`{"id":"%d"}`, i))
	}
	link := ""
	if next != "" {
		link = `,"@odata.nextLink":"https://graph.microsoft.com/beta` + next + `"`
	}
	return reply(200, `{"value":[`+strings.Join(items, ",")+`]`+link+`}`)
}

func TestAllFollowsPagesAsTheyAreConsumed(t *testing.T) {
	w := newWire(t, pageOf(0, 2, path+"?$skiptoken=A%2B"), pageOf(2, 2, path+"?$skiptoken=B"), pageOf(2, 4, ""))
	var got []string
	for cert, err := range certificates(w).All(t.Context(), &intune.ListOptions{Top: 4}, intune.WithHeader("Prefer", "x")) {
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < 2 && len(w.requests) != 1 {
			t.Error("the second page was fetched before it was needed")
		}
		got = append(got, cert.ID)
	}
	if fmt.Sprint(got) != "[0 1 2 3]" || w.requests[1].URL.RawQuery != "$skiptoken=A%2B" || w.requests[2].Header.Get("Prefer") != "x" {
		t.Errorf("got %v; the second page was %s", got, w.requests[1].URL)
	}
}

func TestAllStopsWhenTheLoopDoes(t *testing.T) {
	w := newWire(t, pageOf(0, 2, path+"?$skiptoken=2"))
	for cert, err := range certificates(w).All(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if cert.ID == "1" {
			break
		}
	}
	if len(w.requests) != 1 {
		t.Errorf("%d requests", len(w.requests))
	}
}

func TestAllEndsWithOneError(t *testing.T) {
	for name, answers := range map[string][]httpmock.Responder{
		"refused":         {pageOf(0, 1, path+"?2"), reply(403, graphRefusal("Forbidden"))},
		"another host":    {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://evil.example/beta/x"}`)},
		"a prefix of it":  {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://graph.microsoft.com.evil.example/beta/x"}`)},
		"another version": {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/x"}`)},
		"above":           {pageOf(0, 1, "/../v1.0/x")},
		"itself":          {pageOf(0, 1, path)},
		"a circle":        {pageOf(0, 1, path+"?2"), pageOf(1, 1, path)},
		"not a URL":       {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"\u0000"}`)},
		"not escaped":     {pageOf(0, 1, path+"?a b")},
	} {
		w := newWire(t, answers...)
		var certs, errs int
		for cert, err := range certificates(w).All(t.Context(), nil) {
			if err != nil {
				errs++
				if cert != nil || !strings.HasPrefix(err.Error(), "list enterpriseCodeSigningCertificates: ") ||
					name != "refused" && !errors.As(err, new(*intune.ResponseError)) {
					t.Errorf("%s: got %v, %v", name, cert, err)
				}
				continue
			}
			certs++
		}
		if certs != 1 || errs != 1 || len(w.requests) != len(answers) {
			t.Errorf("%s: %d certificates, %d errors, %d requests", name, certs, errs, len(w.requests))
		}
	}
}

func TestAllStopsAtTopThoughTheServiceGoesOn(t *testing.T) {
	w := newWire(t, pageOf(0, 2, path+"?2"), pageOf(2, 4, path+"?3"))
	n := 0
	for _, err := range certificates(w).All(t.Context(), &intune.ListOptions{Top: 3}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 {
		t.Errorf("%d certificates", n)
	}
}

func TestListContinuesFromANextLink(t *testing.T) {
	w := newWire(t, pageOf(0, 2, path+"?$skiptoken=2"), pageOf(2, 3, ""))
	s := certificates(w)
	page, err := s.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err = s.List(t.Context(), &intune.ListOptions{NextLink: page.NextLink})
	if err != nil || len(page.Value) != 1 || page.NextLink != "" || w.requests[1].URL.RawQuery != "$skiptoken=2" {
		t.Errorf("got %+v, %v after %s", page, err, w.requests[1].URL)
	}
	_, err = s.List(t.Context(), &intune.ListOptions{NextLink: "https://evil.example/beta/x"})
	errorAs[*intune.ResponseError](t, err)
}

func TestCountAsksForTheCount(t *testing.T) {
	w := newWire(t, reply(200, `{"@odata.count":42,"value":[]}`), reply(200, `{"value":[]}`))
	s := certificates(w)
	n, err := s.Count(t.Context(), intune.PropertyStatus.Eq(intune.CertificateStatusProvisioned))
	if err != nil || n != 42 {
		t.Errorf("got %d, %v", n, err)
	}
	if got := w.requests[0].URL.Query(); got.Get("$count") != "true" || got.Get("$top") != "1" || got.Get("$filter") != "status eq 'provisioned'" {
		t.Errorf("sent %v", got)
	}
	if n, err := s.Count(t.Context(), intune.Filter{}); err == nil {
		t.Errorf("without a count: got %d", n)
	}
}

func TestUpdateSendsOnlyWhatIsSet(t *testing.T) {
	status, name := intune.CertificateStatusProvisioned, ""
	moment := time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.FixedZone("", -8*3600))
	w := newWire(t, reply(200, created))
	got, err := certificates(w).Update(t.Context(), anID, &intune.EnterpriseCodeSigningCertificateUpdate{
		Content: []byte("content"), Status: &status, Subject: &name, ExpirationDateTime: &moment,
		Clear: []intune.Property{intune.PropertyIssuer, intune.PropertySubjectName},
	})
	if err != nil || got.ID != anID || w.requests[0].Method != "PATCH" {
		t.Errorf("got %v, %v", got, err)
	}
	sameJSON(t, w.bodies[0], `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","content":"Y29udGVudA==","status":"provisioned",
		"subject":"","expirationDateTime":"2026-01-02T03:04:05.1234567-08:00","issuer":null,"subjectName":null}`)
}

func TestUpdateThatMakesNoSense(t *testing.T) {
	text, never := "x", time.Time{}
	for name, update := range map[string]*intune.EnterpriseCodeSigningCertificateUpdate{
		"nil":                {},
		"empty":              {},
		"clears the id":      {Clear: []intune.Property{intune.PropertyID}},
		"clears the status":  {Clear: []intune.Property{intune.PropertyStatus}},
		"clears a date":      {Clear: []intune.Property{intune.PropertyUploadDateTime}},
		"clears nothing":     {Clear: []intune.Property{nil}},
		"sets and clears":    {Issuer: &text, Clear: []intune.Property{intune.PropertyIssuer}},
		"a date that is not": {UploadDateTime: &never},
		"a private key":      {Content: []byte("-----BEGIN PRIVATE KEY-----")},
		"PEM":                {Content: []byte("-----BEGIN CERTIFICATE-----")},
		"empty content":      {Content: []byte{}, Issuer: &text},
	} {
		if name == "nil" {
			update = nil
		}
		w := newWire(t)
		_, err := certificates(w).Update(t.Context(), anID, update)
		if errorAs[*intune.InputError](t, err); len(w.requests) > 0 {
			t.Errorf("%s: something was sent", name)
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

func TestUpdateIsJSONForDoAsWell(t *testing.T) {
	data, err := json.Marshal(&intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuer}})
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(data), `{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","issuer":null}`)
}
