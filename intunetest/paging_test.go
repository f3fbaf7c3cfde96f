package intunetest_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// walk follows the nextLinks and returns the subjects of each page. After each page it calls between, unless that is nil.
func (w *wire) walk(path string, between func()) (pages []string) {
	w.Helper()
	for range 100 {
		value, page := w.list(path)
		pages = append(pages, subjects(value))
		link, more := page["@odata.nextLink"].(string)
		if !more {
			return pages
		}
		if between != nil {
			between()
		}
		path = w.onServer(link)
	}
	w.Fatal("the pages do not end")
	return nil
}

// onServer is the path and query of a link, which has to be absolute.
func (w *wire) onServer(link any) string {
	w.Helper()
	text, _ := link.(string)
	path, ok := strings.CutPrefix(text, w.server.URL())
	if !ok || !strings.HasPrefix(path, "/") {
		w.Fatalf("the nextLink is %v, want one on %s", link, w.server.URL())
	}
	return path
}

func TestPagesHoldEachCertificateOnce(t *testing.T) {
	tests := []struct {
		options []string
		want    string // all the subjects
		top     int    // the size of a page at most, 0 for none
	}{
		{nil, "A B C D E", 0},
		{[]string{"$count=true"}, "A B C D E", 0},
		{[]string{"$filter=subject ne 'CN=B'"}, "A C D E", 0},
		{[]string{"$filter=subject eq 'none'"}, "", 0},
		{[]string{"$orderby=issuer"}, "D B E A C", 0},
		{[]string{"$orderby=issuer desc,subject"}, "C A B E D", 0},
		{[]string{"$orderby=expirationDateTime desc"}, "D B A C E", 0},
		{[]string{"$orderby=status desc", "$filter=subject lt 'CN=E'"}, "A B C D", 0},
		{[]string{"$top=4"}, "A B C D E", 4},
		{[]string{"$top=1"}, "A B C D E", 1},
		{[]string{"$top=4", "$skip=2"}, "C D E", 4},
		{[]string{"$top=3", "$skip=1", "$orderby=subject desc"}, "D C B A", 3},
		{[]string{"$select=subject"}, "A B C D E", 0},
	}
	for size := 1; size <= 6; size++ {
		w := newStockedWire(t, intunetest.WithPageSize(size), intunetest.WithoutQuota())
		for _, test := range tests {
			t.Run(fmt.Sprintf("%d %s", size, test.options), func(t *testing.T) {
				w.T = t
				var want []string
				for page := range slices.Chunk(strings.Fields(test.want), min(size, cmp.Or(test.top, size))) {
					want = append(want, strings.Join(page, " "))
				}
				if want == nil {
					want = []string{""}
				}
				path := certificates
				if test.options != nil {
					path += query(slices.Clone(test.options)...)
				}
				if got := w.walk(path, nil); !slices.Equal(got, want) {
					t.Errorf("got the pages %q, want %q", got, want)
				}
			})
		}
	}
}

func TestPagesKeepTheQuery(t *testing.T) {
	w := newStockedWire(t, intunetest.WithPageSize(1))
	path := strings.Replace(certificates, "beta", "v1.0", 1) + query("$select=subject", "$count=true", "$filter=status eq 'provisioned'")
	_, page := w.list(path)
	next := w.onServer(page["@odata.nextLink"])
	if !strings.HasPrefix(next, "/v1.0/") {
		t.Errorf("the nextLink leads to %s", next)
	}
	value, page := w.list(next)
	if subjects(value) != "E" || len(value[0]) != 1 || page["@odata.count"] != 2.0 {
		t.Errorf("got %v", page)
	}
}

// A creation appears on the pages that follow its place in the order, and moves no other certificate.
func TestPagesOutliveCreations(t *testing.T) {
	for options, want := range map[string][]string{
		"":                                 {"A B", "C D", "E AA1", "AA2"},
		query("$orderby=subject desc"):     {"E D", "C B", "AA2 AA1", "A"},
		query("$orderby=subject"):          {"A B", "C D", "E"},
		query("$filter=issuer ne null"):    {"A B", "C E"},
		query("$orderby=issuer", "$top=1"): {"D", "AA1", "AA2", "B", "E", "A", "C"},
		query("$top=3", "$skip=2"):         {"C D", "E AA1"},
	} {
		t.Run(options, func(t *testing.T) {
			w := newStockedWire(t, intunetest.WithPageSize(2))
			created := 0
			got := w.walk(certificates+options, func() {
				if created < 2 {
					created++
					w.wantStatus(w.create(fmt.Sprintf(`{"subject":"CN=AA%d"}`, created)), http.StatusCreated)
				}
			})
			if !slices.Equal(got, want) {
				t.Errorf("got the pages %q, want %q", got, want)
			}
		})
	}
}

func TestPagesOutliveDeletionsAndUpdates(t *testing.T) {
	for options, want := range map[string][]string{
		"":                             {"C D", "E"},
		query("$orderby=subject desc"): {"C B", "A"},
	} {
		for _, method := range []string{http.MethodDelete, http.MethodPatch} {
			t.Run(method+options, func(t *testing.T) {
				w := newStockedWire(t, intunetest.WithPageSize(2))
				value, page := w.list(certificates + options)
				for _, object := range value { // the very ones that the next page follows
					a := w.send(method, certificates+"/"+object["id"].(string), `{"subject":"CN=Z"}`)
					if a.status >= http.StatusMultipleChoices {
						t.Fatal(a.body)
					}
				}
				if got := w.walk(w.onServer(page["@odata.nextLink"]), nil); !slices.Equal(got, want) {
					t.Errorf("got the pages %q, want %q", got, want)
				}
			})
		}
	}
}

func TestSkipTokensAreOfOneQuery(t *testing.T) {
	w := newStockedWire(t, intunetest.WithPageSize(2))
	_, page := w.list(certificates + query("$top=4", "$orderby=subject"))
	_, token, _ := strings.Cut(w.onServer(page["@odata.nextLink"]), "$skiptoken=")
	value, _ := w.list(certificates + "?" + "$skiptoken=" + token + "&$orderby=subject&%24top=4")
	if got := subjects(value); got != "C D" {
		t.Errorf("the options in another order give %s", got)
	}

	reject := func(w *wire, options string) {
		t.Helper()
		message := w.graphError(w.get(certificates+options), http.StatusBadRequest, "BadRequest")
		if !strings.Contains(message, "Skip token is malformed or belongs to another query") {
			t.Errorf("%s: the message is %q", options, message)
		}
	}
	own := query("$top=4", "$orderby=subject")
	for _, changed := range []string{"", "3", token[:len(token)-1], token[1:], token + "=", token + "AA", token[:20], "!" + token} {
		reject(w, own+"&$skiptoken="+changed)
	}
	for _, other := range [][]string{
		{"$top=4"}, {"$top=5", "$orderby=subject"}, {"$top=4", "$orderby=subject desc"},
		{"$top=4", "$orderby=subject", "$filter=subject ne 'CN=A'"}, {"$top=4", "$orderby=subject", "$select=id"},
		{"$top=4", "$orderby=subject", "$count=true"},
	} {
		reject(w, query(other...)+"&$skiptoken="+token)
	}
}

func TestPagesHoldAHundredByDefault(t *testing.T) {
	w := newWire(t, intunetest.WithoutQuota())
	for range 101 {
		w.wantStatus(w.create(minimal), http.StatusCreated)
	}
	value, page := w.list(certificates)
	if len(value) != 100 {
		t.Errorf("the page holds %d", len(value))
	}
	if value, _ = w.list(w.onServer(page["@odata.nextLink"])); len(value) != 1 {
		t.Errorf("the last page holds %d", len(value))
	}
}
