package intunetest_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

// query escapes the options, each as "name=value".
func query(options ...string) string {
	for i, option := range options {
		name, value, _ := strings.Cut(option, "=")
		options[i] = name + "=" + url.QueryEscape(value)
	}
	return "?" + strings.Join(options, "&")
}

func (w *wire) get(pathAndQuery string) response {
	w.Helper()
	return w.send(http.MethodGet, pathAndQuery, "")
}

// list returns the objects of one page, and the page.
func (w *wire) list(pathAndQuery string) (value []map[string]any, page map[string]any) {
	w.Helper()
	return w.page(w.get(pathAndQuery))
}

func (w *wire) page(a response) (value []map[string]any, page map[string]any) {
	w.Helper()
	w.wantStatus(a, http.StatusOK)
	page = w.object(a)
	objects, ok := page["value"].([]any)
	if !ok {
		w.Fatalf("no list in %s", a.body)
	}
	for _, object := range objects {
		value = append(value, object.(map[string]any))
	}
	return value, page
}

// subjects are those of the objects, without "CN=".
func subjects(objects []map[string]any) string {
	var names []string
	for _, object := range objects {
		name, _ := object["subject"].(string)
		names = append(names, strings.TrimPrefix(name, "CN="))
	}
	return strings.Join(names, " ")
}

// newStockedWire is a wire to a server that holds five certificates, A to E.
func newStockedWire(t *testing.T, opts ...intunetest.ServerOption) *wire {
	t.Helper()
	w := newWire(t, opts...)
	for _, body := range []string{
		`{"subject":"CN=A","issuer":"CN=CA 2","expirationDateTime":"2027-01-01T00:00:00Z"}`,
		`{"subject":"CN=B","issuer":"CN=CA 1","expirationDateTime":"2027-01-01T00:00:00.0000001Z"}`,
		`{"subject":"CN=C","issuer":"CN=O'Hara","expirationDateTime":"2027-01-01T01:00:00+01:00"}`,
		`{"subject":"CN=D","subjectName":"cn=d","expirationDateTime":"2028-01-01T00:00:00Z"}`,
		`{"subject":"CN=E","issuer":"CN=CA 1","expirationDateTime":"2026-01-01T00:00:00Z"}`,
	} {
		w.wantStatus(w.create(body), http.StatusCreated)
	}
	held := w.server.Certificates()
	for _, cert := range []*intune.EnterpriseCodeSigningCertificate{held[0], held[4]} {
		if err := w.server.SetStatus(cert.ID, intune.CertificateStatusProvisioned); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestListOptions(t *testing.T) {
	w := newStockedWire(t)
	tests := []struct {
		options []string
		want    string
	}{
		{[]string{"$filter=subject eq 'CN=A'"}, "A"},
		{[]string{"$filter=subject eq 'cn=a'"}, ""},
		{[]string{"$filter=id eq '" + w.server.Certificates()[2].ID + "'"}, "C"},
		{[]string{"$filter=issuer eq 'CN=O''Hara'"}, "C"},
		{[]string{"$filter=issuer eq null"}, "D"},
		{[]string{"$filter=issuer ne 'CN=CA 1'"}, "A C D"},
		{[]string{"$filter=startswith(issuer,'CN=CA')"}, "A B E"},
		{[]string{"$filter=not startswith(issuer,'CN=CA')"}, "C"},
		{[]string{"$filter=startswith(subjectName,'CN=')"}, ""},
		{[]string{"$filter=status eq 'provisioned'"}, "A E"},
		{[]string{"$filter=status ne microsoft.graph.certificateStatus'provisioned'"}, "B C D"},
		{[]string{"$filter=expirationDateTime eq 2027-01-01T00:00:00Z"}, "A C"},
		{[]string{"$filter=expirationDateTime gt 2026-12-31T16:00:00-08:00"}, "B D"},
		{[]string{"$filter=expirationDateTime le 2027-01-01T00:00:00.0000000Z"}, "A C E"},
		{[]string{"$filter=uploadDateTime lt 2020-01-01T00:00:00Z"}, ""},
		{[]string{"$filter=status eq 'provisioned' or issuer eq 'CN=CA 1' and subject gt 'CN=B'"}, "A E"},
		{[]string{"$filter=(status eq 'provisioned' or issuer eq 'CN=CA 1') and subject lt 'CN=C'"}, "A B"},

		{[]string{"$orderby=subject desc"}, "E D C B A"},
		{[]string{"$orderby=issuer"}, "D B E A C"},
		{[]string{"$orderby=issuer asc , subject desc"}, "D E B A C"},
		{[]string{"$orderby=issuer desc"}, "C A B E D"},
		{[]string{"$orderby=expirationDateTime"}, "E A C B D"},
		{[]string{"$orderby=status,expirationDateTime desc"}, "D B C A E"},

		{[]string{"$top=5"}, "A B C D E"},
		{[]string{"$top=2147483647"}, "A B C D E"},
		{[]string{"$skip=3"}, "D E"},
		{[]string{"$skip=5"}, ""},
		{[]string{"$skip=9"}, ""},
		{[]string{"$top=3", "$skip=1", "$orderby=subject desc", "$filter=subject ne 'CN=E'"}, "C B A"},
		{[]string{"$filter=contains(subject,'=B') or endswith(subject,'D')"}, "B D"},
		{[]string{"$filter=subject in ('CN=A','CN=E','CN=Z')"}, "A E"},
		{[]string{"$filter=status in ('provisioned')", "$orderby=issuer,subject desc"}, "E A"},
		{[]string{"$FILTER=SUBJECT EQ 'CN=A'"}, "A"},
		{[]string{"filter=subject eq 'CN=A'"}, "A"},
		{[]string{"OrderBy=Subject DESC", "Top=5"}, "E D C B A"},
		{[]string{"$format=json"}, "A B C D E"},
		{[]string{"$count=False"}, "A B C D E"},
		{[]string{"custom=1", "$top=5"}, "A B C D E"},
		{[]string{"$count=false"}, "A B C D E"},
	}
	for _, test := range tests {
		t.Run(strings.Join(test.options, "&"), func(t *testing.T) {
			w.T = t
			value, page := w.list(certificates + query(test.options...))
			if got := subjects(value); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if page["@odata.nextLink"] != nil || page["@odata.count"] != nil {
				t.Errorf("got nextLink %v, count %v", page["@odata.nextLink"], page["@odata.count"])
			}
		})
	}
}

func TestListOptionsMayBeEscapedInAnyWay(t *testing.T) {
	w := newStockedWire(t)
	for _, raw := range []string{
		"$filter=subject%20eq%20'CN=A'", "$filter=subject+eq+'CN%3DA'", "%24filter=subject%20eq%20%27CN=A%27",
		"$filter=subject%20eq%20'CN=A'%20or%20subject%20eq%20'CN=A;O=B'", "$filter=subject%20eq%20'CN=A;'%20or%20subject%20eq%20'CN=A'",
	} {
		if value, _ := w.list(certificates + "?" + raw); subjects(value) != "A" {
			t.Errorf("%s gives %s", raw, subjects(value))
		}
	}
}

func TestSelect(t *testing.T) {
	w := newStockedWire(t)
	for selected, want := range map[string]map[string]any{
		"subject":          {"subject": "CN=A"},
		"status, content ": {"status": "provisioned", "content": nil},
		"SUBJECTName,expirationDateTime,subjectName": {"subjectName": nil, "expirationDateTime": "2027-01-01T00:00:00Z"},
	} {
		value, page := w.list(certificates + query("$select="+selected))
		if len(value) != 5 || !reflect.DeepEqual(value[0], want) {
			t.Errorf("%s: got %v, want %v first", selected, value, want)
		}
		context, _ := page["@odata.context"].(string)
		if !strings.HasSuffix(context, "/enterpriseCodeSigningCertificates("+strings.ReplaceAll(strings.ReplaceAll(selected, " ", ""), "SUBJECT", "subject")+")") {
			t.Errorf("%s: the context is %s", selected, context)
		}

		a := w.get(certificates + "/" + w.server.Certificates()[0].ID + query("$select="+selected))
		w.wantStatus(a, http.StatusOK)
		want["@odata.context"] = context + "/$entity"
		if got := w.object(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", selected, got, want)
		}
	}
}

func TestCountIsOfAllThatMatch(t *testing.T) {
	w := newStockedWire(t, intunetest.WithPageSize(2))
	for _, options := range [][]string{
		{"$filter=subject ne 'CN=C'"}, {"$filter=subject ne 'CN=C'", "$top=1"}, {"$filter=subject ne 'CN=C'", "$skip=3"},
	} {
		_, page := w.list(certificates + query(append(options, "$count=true")...))
		if got := page["@odata.count"]; got != 4.0 {
			t.Errorf("%s: the count is %v, want 4", options, got)
		}
	}
	_, page := w.list(certificates + query("$count=true", "$filter=subject eq 'none'"))
	if got := page["@odata.count"]; got != 0.0 {
		t.Errorf("the count is %v, want 0", got)
	}
}

func TestCountAlone(t *testing.T) {
	w := newStockedWire(t, intunetest.WithPageSize(2))
	for options, want := range map[string]string{"": "5", query("$filter=status eq 'provisioned'"): "2"} {
		a := w.send(http.MethodGet, certificates+"/$count"+options, "", "Accept: text/plain")
		w.wantStatus(a, http.StatusOK)
		if got := a.header.Get("Content-Type"); a.body != want || got != "text/plain" {
			t.Errorf("%s: got %s %q, want %q", options, got, a.body, want)
		}
	}
}

func TestQueriesAreRejected(t *testing.T) {
	w := newStockedWire(t)
	item := certificates + "/" + w.server.Certificates()[0].ID
	w.wantBadQueries([]badQuery{
		{certificates + query("$search=Contoso"), "'$search' is not supported"},
		{certificates + query("$expand=assignments"), "'$expand' is not supported"},
		{certificates + query("$apply=aggregate"), "'$apply' is not supported"},
		{strings.Replace(certificates, "beta", "v1.0", 1) + query("search=Contoso", "$search=Contoso"), "'$search' is not supported"},
		{certificates + "?$filter=%zz", "escape sequence is malformed"},
		{certificates + "?%zz=1", "escape sequence is malformed"},
		{certificates + query("top=1", "$TOP=1"), "'$top' was specified more than once"},
		{certificates + query("$top=1", "$top=1"), "'$top' was specified more than once"},
		{certificates + "?$top=1&%24top=2", "'$top' was specified more than once"},

		{certificates + query("$filter="), "The query specified in the URI is not valid. Syntax error at position 0"},
		{certificates + query("$filter=subject eq 'CN=A' trailing"), "unexpected 'trailing'"},
		{certificates + query("$filter=content eq 'Y29udGVudA=='"), "'content' cannot be used"},
		{certificates + "?$filter=expirationDateTime%20ge%202027-01-01T01:00:00+01:00", "Unrecognized 'Edm.DateTimeOffset' literal"},

		{certificates + query("$select="), "named ''"},
		{certificates + query("$select=id,"), "named ''"},
		{certificates + query("$select=id,thumbprint"), "Parsing OData Select and Expand failed: Could not find a property named 'thumbprint' on type"},
		{certificates + query("$select=@odata.type"), "named '@odata.type'"},
		{certificates + query("$orderby="), "Expression expected"},
		{certificates + query("$orderby=subject,"), "Expression expected"},
		{certificates + query("$orderby=content"), "'content' cannot be used"},
		{certificates + query("$orderby=thumbprint"), "named 'thumbprint'"},
		{certificates + query("$orderby=subject asc desc"), "unexpected 'asc desc'"},
		{certificates + query("$orderby=subject,subject desc"), "Duplicate property named 'subject'"},

		{certificates + query("$top=-1"), "Invalid value '-1' for $top query option found"},
		{certificates + query("$top=0"), "Invalid page size specified: '0'"},
		{certificates + query("$top=+1"), "requires a non-negative integer value"},
		{certificates + query("$top="), "requires a non-negative integer value"},
		{certificates + query("$top=ten"), "requires a non-negative integer value"},
		{certificates + query("$top=1.5"), "requires a non-negative integer value"},
		{certificates + query("$top=2147483648"), "requires a non-negative integer value"},
		{certificates + query("$skip=-1"), "Invalid value '-1' for $skip query option found"},
		{certificates + query("$skip=x"), "requires a non-negative integer value"},
		{certificates + query("$count=yes"), "Valid values are 'true' and 'false'"},
		{certificates + query("$skiptoken=x"), "Skip token is malformed"},
		{certificates + query("$skiptoken="), "Skip token is malformed"},

		{item + query("$filter=subject eq 'CN=A'"), "'$filter' is not supported"},
		{item + query("$top=1"), "'$top' is not supported"},
		{item + query("$expand=assignments"), "'$expand' is not supported"},
		{item + query("$select=thumbprint"), "named 'thumbprint'"},
		{certificates + "/missing" + query("$select=thumbprint"), "named 'thumbprint'"},
		{certificates + "/$count" + query("$top=1"), "'$top' is not supported"},
		{certificates + "/$count" + query("$filter=x"), "named 'x'"},
	})
}

type badQuery struct{ path, message string }

func (w *wire) wantBadQueries(queries []badQuery) {
	w.Helper()
	for _, bad := range queries {
		message := w.graphError(w.get(bad.path), http.StatusBadRequest, "BadRequest")
		if !strings.Contains(message, bad.message) || wordsOfGo.MatchString(message) {
			w.Errorf("%s: the message is %q, want %q in it, in the words of Graph", bad.path, message, bad.message)
		}
	}
}

func TestStrictGraphWantsQueriesAsTheReferenceSpellsThem(t *testing.T) {
	w := newWire(t, intunetest.WithStrictGraph())
	for _, options := range []string{"filter=subject eq 'CN=A'", "$Filter=subject eq 'CN=A'", "$filter=Subject eq 'CN=A'", "$select=Subject",
		"$orderby=Subject", "custom=1"} {
		w.graphError(w.get(certificates+query(options)), http.StatusBadRequest, "BadRequest")
	}
	w.wantStatus(w.get(certificates+query("$filter=subject eq 'CN=A'", "$select=subject", "$orderby=subject", "$top=1")+"&"), http.StatusOK)
}

// The dollar sign is optional only on beta. Elsewhere such an option is a custom one, which OData ignores.
func TestOptionsOfV1NeedTheDollarSign(t *testing.T) {
	w := newStockedWire(t)
	if value, _ := w.list(strings.Replace(certificates, "beta", "v1.0", 1) + query("filter=subject eq 'CN=A'", "top=x")); subjects(value) != "A B C D E" {
		t.Errorf("got %s", subjects(value))
	}
}

func TestSelectOfEverything(t *testing.T) {
	w := newStockedWire(t)
	if value, _ := w.list(certificates + query("$select=*")); len(value) != 5 || len(value[0]) != 9 {
		t.Errorf("got %v", value)
	}
}
