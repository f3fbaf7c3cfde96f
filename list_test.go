package intune_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

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
	for name, responses := range map[string][]httpmock.Responder{
		"refused":         {pageOf(0, 1, path+"?2"), reply(403, graphRefusal("Forbidden"))},
		"another host":    {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://evil.example/beta/x"}`)},
		"a prefix of it":  {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://graph.microsoft.com.evil.example/beta/x"}`)},
		"another version": {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/x"}`)},
		"above":           {pageOf(0, 1, "/../v1.0/x")},
		"itself":          {pageOf(0, 1, path)},
		"a circle":        {pageOf(0, 1, path+"?2"), pageOf(1, 1, path)},
		"not a URL":       {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"\u0000"}`)},
		"not escaped":     {pageOf(0, 1, path+"?a\\\\b")},
		"another port":    {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"https://graph.microsoft.com:444/beta/x"}`)},
		"not encrypted":   {reply(200, `{"value":[{"id":"0"}],"@odata.nextLink":"http://graph.microsoft.com/beta/x"}`)},
		"too long":        {pageOf(0, 1, path+"?"+strings.Repeat("x", 64<<10))},
	} {
		w := newWire(t, responses...)
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
		if certs != 1 || errs != 1 || len(w.requests) != len(responses) {
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
	w := newWire(t, reply(200, `{"@odata.count":42,"value":[]}`))
	s := certificates(w)
	n, err := s.Count(t.Context(), intune.PropertyStatus.Eq(intune.CertificateStatusProvisioned))
	if err != nil || n != 42 {
		t.Errorf("got %d, %v", n, err)
	}
	if got := w.requests[0].URL.Query(); got.Get("$count") != "true" || got.Get("$top") != "1" || got.Get("$filter") != "status eq 'provisioned'" {
		t.Errorf("sent %v", got)
	}
}

func TestCountCountsIfTheServiceDoesNot(t *testing.T) {
	next := `,"@odata.nextLink":"https://graph.microsoft.com/beta` + path + `?2"`
	for name, test := range map[string]struct {
		first  string
		counts bool
	}{
		"no count":                          {`{"value":[{"id":"0"}]}`, true},
		"a count of null":                   {`{"@odata.count":null,"value":[{"id":"0"}]}`, true},
		"a count that is no number":         {`{"@odata.count":"many","value":[{"id":"0"}]}`, true},
		"a negative count":                  {`{"@odata.count":-1,"value":[{"id":"0"}]}`, true},
		"the count of the page":             {`{"@odata.count":1,"value":[{"id":"0"}]` + next + `}`, true},
		"a count of less than the page":     {`{"@odata.count":0,"value":[{"id":"0"}]}`, true},
		"a count of zero, with a page more": {`{"@odata.count":0,"value":[]` + next + `}`, true},
		"the count of all":                  {`{"@odata.count":5,"value":[{"id":"0"}]` + next + `}`, false},
		"a count of all as a text":          {`{"@odata.count":"5","value":[{"id":"0"}]` + next + `}`, false},
		"a count of all without a nextLink": {`{"@odata.count":5,"value":[{"id":"0"}]}`, false},
	} {
		responses := []httpmock.Responder{reply(200, test.first)}
		if test.counts {
			responses = append(responses, pageOf(0, 3, path+"?2"), pageOf(3, 5, ""))
		}
		w := newWire(t, responses...)
		n, err := certificates(w).Count(t.Context(), intune.PropertyIssuer.Eq("CN=a"))
		if err != nil || n != 5 || len(w.requests) != len(responses) {
			t.Errorf("%s: got %d, %v after %d requests", name, n, err, len(w.requests))
		}
		if test.counts {
			if got := w.requests[1].URL.Query(); got.Has("$top") || got.Get("$filter") != "issuer eq 'CN=a'" {
				t.Errorf("%s: the listing is %v", name, got)
			}
		}
	}
}

// TestNextLinkIsFollowedWithinTheOrigin: services and the proxies in front of them write links in many ways.
func TestNextLinkIsFollowedWithinTheOrigin(t *testing.T) {
	const plain = "https://graph.microsoft.com/beta" + path + "?$skiptoken=2"
	for link, want := range map[string]string{
		plain:                            plain,
		path[1:] + "?$skiptoken=2":       plain,
		"/beta" + path + "?$skiptoken=2": plain,
		"?$skiptoken=2":                  plain,
		"enterpriseCodeSigningCertificates?$skiptoken=2":                plain,
		"//graph.microsoft.com/beta" + path + "?$skiptoken=2":           plain,
		"HTTPS://GRAPH.MICROSOFT.COM/beta" + path + "?$skiptoken=2":     plain,
		"https://Graph.Microsoft.com:443/Beta" + path + "?$skiptoken=2": plain,
		plain + "#top": plain,
		plain + " b":   plain + "%20b",
		plain + "%2Bé": plain + "%2B%C3%A9",
		"https://graph.microsoft.com/beta" + path + "('a%2Fb')/x?$skiptoken=%27 '": "https://graph.microsoft.com/beta" + path + "('a%2Fb')/x?$skiptoken=%27%20'",
	} {
		first, err := json.Marshal(map[string]any{"value": []any{}, "@odata.nextLink": link})
		if err != nil {
			t.Fatal(err)
		}
		w := newWire(t, reply(200, string(first)), pageOf(0, 1, ""))
		n := 0
		for _, err := range certificates(w).All(t.Context(), nil) {
			if n++; err != nil {
				t.Fatalf("%s: %v", link, err)
			}
		}
		if got := w.requests[1].URL.String(); n != 1 || got != want {
			t.Errorf("%s: followed to %s, want %s", link, got, want)
		}
	}
}

func TestNextLinkIsFollowedWhateverItsName(t *testing.T) {
	for _, name := range []string{"@odata.nextLink", "@odata.nextlink", "@nextLink", "odata.nextLink", "nextLink"} {
		w := newWire(t, reply(200, `{"`+name+`":"https://graph.microsoft.com/beta`+path+`?$skiptoken=2","value":[]}`), pageOf(0, 1, ""))
		n := 0
		for _, err := range certificates(w).All(t.Context(), nil) {
			if n++; err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: got %d certificates", name, n)
		}
	}
}

func TestNextLinkElsewhereNamesBothOrigins(t *testing.T) {
	w := newWire(t, reply(200, `{"value":[],"@odata.nextLink":"http://internal:8080/beta/x\u001b"}`), reply(200, `{"value":[],"@odata.nextLink":"http://internal:8080/beta/x"}`))
	s := certificates(w)
	for _, want := range []string{"not a URL", "leads to http://internal:8080, not to https://graph.microsoft.com: a reverse proxy that does not pass the Host header"} {
		for _, err := range s.All(t.Context(), nil) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	}
}

// TestWhatIsNoListingProvesNothing: an operation that lists does not take it for an empty tenant.
func TestWhatIsNoListingProvesNothing(t *testing.T) {
	s := certificates
	operations := map[string]func(w *wire) error{
		"List": func(w *wire) error {
			_, err := s(w).List(context.Background(), nil)
			return err
		},
		"Count": func(w *wire) error {
			_, err := s(w).Count(context.Background(), intune.Filter{})
			return err
		},
		"Latest": func(w *wire) error {
			_, err := s(w).Latest(context.Background())
			return err
		},
		"Find": func(w *wire) error {
			_, err := s(w).Find(context.Background(), exampleCertificate())
			return err
		},
		"Expiring": func(w *wire) error {
			for _, err := range s(w).Expiring(context.Background(), day) {
				return err
			}
			return nil
		},
		"Create": func(w *wire) error {
			w.responses = append([]httpmock.Responder{lost()}, w.responses...)
			_, err := w.client(one).EnterpriseCodeSigningCertificates().Create(context.Background(), datedCertificate())
			return err
		},
	}
	for _, body := range []string{
		`{"value":[],"error":{"code":"InternalServerError","message":"x"}}`, `{"error":null,"value":[]}`, `{"value":[],"Error":"x"}`,
		`{"value":[]}{"value":[]}`, `{"value":[]}]`, `{"value":[]} x`, `{"value":[]`, `{"value":[`, `{"value":[{"id":"1"`, `{"value":[],`,
		`{"value":[],"value":[]}`, `{"value":[{"id":"1"}],"value":[]}`, `{"value":[],"Value":[]}`,
		`{"value":{}}`, `{"value":"[]"}`, `{"value":0}`, `{"value":[[]]}`, `{"value":["x"]}`, `{"value":[{"id":"1"},null]}`,
		`{"value":[],"@odata.nextLink":5}`, `{"value":[],"@odata.nextLink":{}}`, `{"value":[],"@odata.nextLink":["/x"]}`,
		`{"value":[],"@odata.nextLink":true}`, `{"value":[],"@odata.nextLink":"/beta/x","@odata.nextLink":""}`,
		`[]`, `"value"`, `null`, `{}`, `{"values":[]}`, `{"value":[` + strings.Repeat(`{},`, 10_000) + `{}]}`,
	} {
		for name, operation := range operations {
			virtual(t, func(t *testing.T) {
				answer := reply(200, body)
				err := operation(newWire(t, answer, answer, answer, answer))
				if !errors.As(err, new(*intune.ResponseError)) {
					t.Errorf("%s of %.60s: got %v", name, body, err)
				}
			})
		}
	}
}

func TestPageIsJSONOfTheService(t *testing.T) {
	for want, page := range map[string]intune.CertificatePage{
		`{"value":[]}`: {},
		`{"@odata.count":7,"@odata.nextLink":"https://graph.microsoft.com/beta/x?a&b","value":[{"@odata.type":"#microsoft.graph.enterpriseCodeSigningCertificate","id":"1"}]}`: {
			Value: []*intune.EnterpriseCodeSigningCertificate{{ID: "1"}}, Count: new(int64(7)), NextLink: "https://graph.microsoft.com/beta/x?a&b",
		},
	} {
		for _, v := range []any{page, &page} {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, string(data), want)
		}
		var back intune.CertificatePage
		if err := json.Unmarshal([]byte(want), &back); err != nil || len(back.Value) != len(page.Value) || back.NextLink != page.NextLink {
			t.Errorf("%s: got %+v, %v", want, back, err)
		}
	}
}

func TestListOptions(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithPageSize(3))
	service := server.Client().EnterpriseCodeSigningCertificates()
	for i := range 10 {
		cert := &intune.EnterpriseCodeSigningCertificate{Subject: fmt.Sprintf("CN=%d", 9-i), Issuer: fmt.Sprintf("CN=%d", i%2)}
		if _, err := service.Create(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	options := &intune.ListOptions{
		OrderBy: []intune.Order{intune.PropertyIssuer.Descending(), intune.PropertySubject.Ascending()},
		Select:  []intune.Property{intune.PropertyID, intune.PropertySubject}, Skip: 1, Top: 6,
	}
	var got []string
	for cert, err := range service.All(t.Context(), options) {
		if err != nil {
			t.Fatal(err)
		}
		if cert.Issuer != "" || cert.ID == "" {
			t.Errorf("got %v, want the id and the subject alone", cert)
		}
		got = append(got, cert.Subject)
	}
	if want := "[CN=2 CN=4 CN=6 CN=8 CN=1 CN=3]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	page, err := service.List(t.Context(), &intune.ListOptions{Count: true})
	if err != nil || len(page.Value) != 3 || *page.Count != 10 || page.NextLink == "" {
		t.Errorf("got %+v, %v", page, err)
	}
	one, err := service.Get(t.Context(), page.Value[0].ID, intune.WithSelect(intune.PropertyStatus))
	if err != nil || one.Subject != "" || one.Status == "" || one.ID != page.Value[0].ID {
		t.Errorf("got %v, %v", one, err)
	}
	if _, err := service.List(t.Context(), &intune.ListOptions{Filter: intune.RawFilter("length(subject) eq 1")}); !errors.Is(err, intune.ErrBadRequest) {
		t.Errorf("what the service does not support: got %v", err)
	}
}

// TestAllObeysTopBesideNextLink: Top limits what All yields, wherever it begins.
func TestAllObeysTopBesideNextLink(t *testing.T) {
	w := newWire(t, pageOf(10, 12, path+"?4"), pageOf(12, 14, path+"?5"))
	n := 0
	for _, err := range certificates(w).All(t.Context(), &intune.ListOptions{Top: 3, NextLink: "https://graph.microsoft.com/beta" + path + "?$skiptoken=3"}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 3 || w.requests[0].URL.RawQuery != "$skiptoken=3" {
		t.Errorf("%d certificates, from %s", n, w.requests[0].URL)
	}
}

// TestAllKeepsLittleOfEmptyPages: a service that gives one empty page after the other, each with a long link, does not fill
// the memory.
func TestAllKeepsLittleOfEmptyPages(t *testing.T) {
	const pages, linkSize = 300, 20_000
	padding := strings.Repeat("x", linkSize)
	served := 0
	client := over(t, func(req *http.Request) (*http.Response, error) {
		if served++; served > pages {
			return reply(200, `{"value":[]}`)(req)
		}
		return reply(200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"https://graph.microsoft.com/beta%s?$skiptoken=%s%d"}`, path, padding, served))(req)
	}, intune.WithQuota())
	before := heapInUse()
	for _, err := range client.EnterpriseCodeSigningCertificates().All(t.Context(), nil) {
		t.Errorf("got %v", err)
	}
	most := before + 1<<20
	if after := heapInUse(); served != pages+1 || after > most {
		t.Errorf("%d pages, %d bytes more", served, after-before)
	}
}

// TestAllEndsAtEmptyPagesWithoutEnd: the loop of the caller would never see them.
func TestAllEndsAtEmptyPagesWithoutEnd(t *testing.T) {
	served := 0
	client := over(t, func(req *http.Request) (*http.Response, error) {
		if served++; served > 2000 {
			t.Error("read on and on")
			return reply(200, `{"value":[]}`)(req)
		}
		record := ""
		if served == 900 { // with records the count begins again
			record = created
		}
		return reply(200, fmt.Sprintf(`{"value":[%s],"@odata.nextLink":"?$skiptoken=%d"}`, record, served))(req)
	}, intune.WithQuota())
	records, err := 0, error(nil)
	for _, err = range client.EnterpriseCodeSigningCertificates().All(t.Context(), nil) {
		records++
	}
	if err == nil || !strings.Contains(err.Error(), "the listing does not end") || served != 900+1001 || records != 2 {
		t.Errorf("%d pages, %d iterations, %v", served, records, err)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func TestExpiringYieldsTheSoonestFirst(t *testing.T) {
	in := func(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format(time.RFC3339) }
	virtual(t, func(t *testing.T) {
		time.Sleep(365 * 24 * time.Hour)
		all := `{"value":[{"id":"40","expirationDateTime":"` + in(40) + `"},{"id":"5","expirationDateTime":"` + in(5) + `"},{"id":"none"},` +
			`{"id":"300","expirationDateTime":"` + in(300) + `"},{"id":"-3","expirationDateTime":"` + in(-3) + `"},{"id":"year 1","expirationDateTime":"0001-01-01T00:00:01Z"}]}`
		for name, responses := range map[string][]httpmock.Responder{
			"a service that ignores the filter":   {reply(200, all)},
			"a service that rejects the filter":   {reply(400, graphRefusal("BadRequest")), reply(200, all)},
			"a service that filters":              {reply(200, strings.ReplaceAll(all, `{"id":"300","expirationDateTime":"`+in(300)+`"},`, ""))},
			"a gateway that rejects, but no more": {reply(400, gatewayPage), reply(200, all)},
		} {
			w := newWire(t, responses...)
			var got []string
			for cert, err := range certificates(w).Expiring(t.Context(), 60*24*time.Hour) {
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				got = append(got, cert.ID)
			}
			if fmt.Sprint(got) != "[-3 5 40]" || !strings.Contains(w.requests[0].URL.Query().Get("$filter"), "expirationDateTime le ") {
				t.Errorf("%s: got %v after %v", name, got, w.requests[0].URL)
			}
		}
		for _, err := range certificates(newWire(t, reply(403, graphRefusal("Forbidden")))).Expiring(t.Context(), time.Hour) {
			if !errors.Is(err, intune.ErrForbidden) {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestExpiringSurvivesWhatServicesDo: a filter that is not implemented, a record on two pages, and pages without end.
func TestExpiringSurvivesWhatServicesDo(t *testing.T) {
	record := `{"id":"a","subject":"CN=Contoso","expirationDateTime":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	next := `,"@odata.nextLink":"https://graph.microsoft.com/beta` + path + `?page=`
	for name, test := range map[string]struct {
		respond   func(req *http.Request, n int) func(*http.Request) (*http.Response, error)
		wantError bool
	}{
		"a filter that is not implemented": {func(req *http.Request, _ int) func(*http.Request) (*http.Response, error) {
			if req.URL.Query().Has("$filter") {
				return reply(501, graphRefusal("NotImplemented"))
			}
			return reply(200, `{"value":[`+record+`]}`)
		}, false},
		"a record on two pages": {func(_ *http.Request, n int) func(*http.Request) (*http.Response, error) {
			if n == 1 {
				return reply(200, `{"value":[`+record+`]`+next+`2"}`)
			}
			return reply(200, `{"value":[`+record+`]}`)
		}, false},
		"pages without end": {func(_ *http.Request, n int) func(*http.Request) (*http.Response, error) {
			return reply(200, `{"value":[`+record+`]`+next+strconv.Itoa(n)+`"}`)
		}, true},
	} {
		n := 0
		client := over(t, func(req *http.Request) (*http.Response, error) {
			n++
			return test.respond(req, n)(req)
		}, intune.WithQuota())
		got, failed := 0, false
		for _, err := range client.EnterpriseCodeSigningCertificates().Expiring(t.Context(), day) {
			if err != nil {
				failed = true
				continue
			}
			got++
		}
		if got != 1 || failed != test.wantError || n > 1002 {
			t.Errorf("%s: %d certificates, failed %v, %d requests", name, got, failed, n)
		}
	}
}

// listingWithOddRecords returns a listing of twelve records of other subjects, uploaded one day after the other, the last
// one yesterday. Each expires in a year, and every fourth, from the third on, has an odd value of a property.
func listingWithOddRecords(t *testing.T, property, value string, others ...*intune.EnterpriseCodeSigningCertificate) string {
	t.Helper()
	const records, odd, last = 12, 4, 2
	var items []string
	for i := range records {
		name := fmt.Sprintf("CN=Fabrikam %d, O=Fabrikam, C=US", i)
		record := encode(t, &intune.EnterpriseCodeSigningCertificate{
			ID: fmt.Sprintf("id-%d", i), Status: intune.CertificateStatusProvisioned, Subject: name, SubjectName: name, Issuer: "CN=CA", IssuerName: "CN=CA",
			ExpirationDateTime: time.Now().AddDate(1, 0, 0), UploadDateTime: time.Now().AddDate(0, 0, i-records),
		})
		if i%odd == last {
			record = withProperty(t, record, property, value)
		}
		items = append(items, record)
	}
	for _, other := range others {
		items = append(items, encode(t, other))
	}
	return `{"value":[` + strings.Join(items, ",") + `]}`
}

// TestOddRecordsStopNoListing: an odd record of somebody else must not keep a program from its own certificate.
func TestOddRecordsStopNoListing(t *testing.T) {
	const total, odd = 13, 3
	cert := intune.FromX509(newCertificate(t))
	shown := *cert
	shown.ID, shown.Content, shown.UploadDateTime = anID, nil, time.Now()
	ctx := t.Context()
	operations := map[string]func(s *intune.EnterpriseCodeSigningCertificatesService, isUndated bool) (any, any, error){
		"List": func(s *intune.EnterpriseCodeSigningCertificatesService, _ bool) (any, any, error) {
			page, err := s.List(ctx, nil)
			if err != nil {
				return nil, nil, err
			}
			return len(page.Value), total, nil
		},
		"All": func(s *intune.EnterpriseCodeSigningCertificatesService, _ bool) (any, any, error) {
			n := 0
			for _, err := range s.All(ctx, nil) {
				if n++; err != nil {
					return nil, nil, err
				}
			}
			return n, total, nil
		},
		"Count": func(s *intune.EnterpriseCodeSigningCertificatesService, _ bool) (any, any, error) {
			n, err := s.Count(ctx, intune.Filter{})
			return int(n), total, err
		},
		"Find": func(s *intune.EnterpriseCodeSigningCertificatesService, _ bool) (any, any, error) {
			matches, err := s.Find(ctx, cert)
			if len(matches) == 0 {
				return nil, nil, err
			}
			return matches[0].Certificate.ID, anID, err
		},
		"Latest": func(s *intune.EnterpriseCodeSigningCertificatesService, isUndated bool) (any, any, error) {
			latest, err := s.Latest(ctx)
			if isUndated {
				return errors.As(err, new(*intune.AmbiguousMatchError)), true, nil
			}
			if err != nil {
				return nil, nil, err
			}
			return latest.ID, anID, nil
		},
	}
	for _, property := range properties {
		for _, value := range oddValues {
			body := listingWithOddRecords(t, property, value, &shown)
			read := decode(t, `{"uploadDateTime":`+value+`}`).UploadDateTime
			for name, operation := range operations {
				s := certificates(newWire(t, reply(200, body), reply(200, body)))
				got, want, err := operation(s, property == "uploadDateTime" && read.IsZero())
				if name == "Count" && property == "id" && decode(t, `{"id":`+value+`}`).ID != "" {
					want = total - odd + 1 // a listing that repeats an id counts it once
				}
				if err != nil || got != want {
					t.Errorf("%s with %s of %s: got %v, %v, want %v", name, property, value, got, err, want)
				}
			}
		}
	}
}

func TestExpiringYieldsRecordsWhoseOtherPropertiesAreOdd(t *testing.T) {
	const total, odd = 12, 3
	for _, property := range properties {
		for _, value := range oddValues {
			w := newWire(t, reply(200, listingWithOddRecords(t, property, value)))
			got := 0
			for _, err := range certificates(w).Expiring(t.Context(), 2*365*day) {
				if got++; err != nil {
					t.Fatalf("%s of %s: %v", property, value, err)
				}
			}
			want := total
			switch {
			case property == "expirationDateTime":
				want -= odd
			case property == "id" && decode(t, `{"id":`+value+`}`).ID != "":
				want -= odd - 1 // they count as one
			}
			if got != want {
				t.Errorf("%s of %s: got %d, want %d", property, value, got, want)
			}
		}
	}
}
