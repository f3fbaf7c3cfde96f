package intune_test

import (
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

func TestFilterExpressions(t *testing.T) {
	moment := time.Date(2026, 11, 23, 13, 0, 0, 123456789, time.FixedZone("", 3600))
	a, b, c := intune.PropertyID.Eq("a"), intune.PropertyID.Eq("b"), intune.PropertyID.Eq("c")
	all := intune.Filter{}
	for want, got := range map[string]intune.Filter{
		"":                                  all,
		"subject eq 'O''Hara & Söhne + 5%'": intune.PropertySubject.Eq("O'Hara & Söhne + 5%"),
		"issuer ne ''":                      intune.PropertyIssuer.Ne(""),
		"issuerName ne 'x'":                 intune.PropertyIssuerName.Ne("x"),
		"subjectName eq 'x'":                intune.PropertySubjectName.Eq("x"),
		"startswith(subject,'CN=')":         intune.PropertySubject.StartsWith("CN="),
		"status eq 'provisioned'":           intune.PropertyStatus.Eq(intune.CertificateStatusProvisioned),
		"status ne 'notProvisioned'":        intune.PropertyStatus.Ne(intune.CertificateStatusNotProvisioned),
		"expirationDateTime le 2026-11-23T12:00:00.1234567Z": intune.PropertyExpirationDateTime.Le(moment),
		"uploadDateTime lt 2026-11-23T12:00:00Z":             intune.PropertyUploadDateTime.Lt(moment.Truncate(time.Second)),
		"uploadDateTime gt 2026-11-23T12:00:00.1234567Z":     intune.PropertyUploadDateTime.Gt(moment),
		"uploadDateTime ge 2026-11-23T12:00:00.1234568Z":     intune.PropertyUploadDateTime.Ge(moment),
		"uploadDateTime eq 2026-11-23T12:00:00.1234567Z":     intune.PropertyUploadDateTime.Eq(moment),
		"uploadDateTime ne 2026-11-23T12:00:00.1234567Z":     intune.PropertyUploadDateTime.Ne(moment),
		"id eq 'a' and id eq 'b'":                            intune.And(a, all, b),
		"id eq 'a'":                                          intune.And(a),
		"(id eq 'a' or id eq 'b') and id eq 'c'":             intune.And(intune.Or(a, b), c),
		"(id eq 'a' and id eq 'b') or id eq 'c'":             intune.Or(intune.And(a, b), c),
		"not (id eq 'a' or id eq 'b')":                       intune.Not(intune.Or(a, b)),
		"not (id eq 'a') and id eq 'b'":                      intune.And(intune.Not(a), b),
		"(endswith(subject,'x')) and id eq 'a'":              intune.And(intune.RawFilter("endswith(subject,'x')"), a),
	} {
		if got.String() != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if intune.Or(a, all) != all || intune.And(all, all) != all || intune.And() != all || intune.RawFilter(" ") != all {
		t.Error("a filter for everything is not treated as one")
	}
}

func TestListOptionsOnTheWire(t *testing.T) {
	for want, options := range map[string]*intune.ListOptions{
		"":  nil,
		" ": {},
		"$filter=subject eq 'a&b=c+d%#?/é😀'&$select=id,content&$orderby=expirationDateTime,status desc&$top=5&$skip=2&$count=true": {
			Filter:  intune.PropertySubject.Eq("a&b=c+d%#?/é😀"),
			Select:  []intune.Property{intune.PropertyID, intune.PropertyContent},
			OrderBy: []intune.Order{intune.PropertyExpirationDateTime.Ascending(), intune.PropertyStatus.Descending()},
			Top:     5, Skip: 2, Count: true,
		},
	} {
		w := newWire(t, reply(200, `{"value":[]}`))
		if _, err := w.client().EnterpriseCodeSigningCertificates().List(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		raw := w.requests[0].URL.RawQuery
		values, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if want != "" && want != " " {
			wantFilter := "subject eq 'a&b=c+d%#?/é😀'"
			if len(values) != 6 || values.Get("$filter") != wantFilter || values.Get("$orderby") != "expirationDateTime,status desc" ||
				values.Get("$select") != "id,content" || values.Get("$top") != "5" || values.Get("$skip") != "2" || values.Get("$count") != "true" {
				t.Errorf("got %s", raw)
			}
		} else if raw != "" {
			t.Errorf("got %s, want no query", raw)
		}
	}
}

func TestListOptionsThatMakeNoSense(t *testing.T) {
	for name, options := range map[string]*intune.ListOptions{
		"negative top":         {Top: -1},
		"negative skip":        {Skip: -1},
		"not everything":       {Filter: intune.Not(intune.Filter{})},
		"and not everything":   {Filter: intune.And(intune.PropertyID.Eq("a"), intune.Not(intune.Filter{}))},
		"empty property":       {Select: []intune.Property{nil}},
		"property of no name":  {Select: []intune.Property{intune.StringProperty("")}},
		"any of nothing":       {Filter: intune.Or()},
		"any of nothing, deep": {Filter: intune.And(intune.PropertyID.Eq("a"), intune.Or())},
		"the year 12000":       {Filter: intune.PropertyUploadDateTime.Lt(time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC))},
		"order by nothing":     {OrderBy: []intune.Order{{}}},
		"not of not all of it": {Filter: intune.Not(intune.Not(intune.Filter{}))},
	} {
		w := newWire(t)
		service := w.client().EnterpriseCodeSigningCertificates()
		_, err := service.List(t.Context(), options)
		errorAs[*intune.InputError](t, err)
		for _, err := range service.All(t.Context(), options) {
			if !errors.As(err, new(*intune.InputError)) {
				t.Errorf("%s: All gives %v", name, err)
			}
		}
		if len(w.requests) > 0 {
			t.Errorf("%s: a request was sent", name)
		}
	}
}

// predicate is what a filter means, beside the filter.
type predicate func(intune.EnterpriseCodeSigningCertificate) bool

// oddStrings are texts that somebody could misread on the way.
var oddStrings = []string{"", "CN=a", "CN=b", "O'Hara", "50% & more + #1?/=", "Söhne 😀", "a''b", "(", "and", "CN="}

// randomFilter makes a filter and what it means.
func randomFilter(random *rand.Rand, depth int) (intune.Filter, predicate) {
	if depth > 0 && random.IntN(3) > 0 {
		f, p := randomFilter(random, depth-1)
		g, q := randomFilter(random, depth-1)
		switch random.IntN(3) {
		case 0:
			return intune.And(f, g), func(c intune.EnterpriseCodeSigningCertificate) bool { return p(c) && q(c) }
		case 1:
			return intune.Or(f, g), func(c intune.EnterpriseCodeSigningCertificate) bool { return p(c) || q(c) }
		default:
			return intune.Not(f), func(c intune.EnterpriseCodeSigningCertificate) bool { return !p(c) }
		}
	}
	text := oddStrings[random.IntN(len(oddStrings))]
	moment := baseTime.Add(time.Duration(random.IntN(5)) * time.Hour)
	compareText := func(holds func(int) bool) predicate {
		return func(c intune.EnterpriseCodeSigningCertificate) bool { return holds(strings.Compare(c.Subject, text)) }
	}
	compareTime := func(holds func(int) bool) predicate {
		return func(c intune.EnterpriseCodeSigningCertificate) bool {
			return holds(c.ExpirationDateTime.Compare(moment))
		}
	}
	s, e := intune.PropertySubject, intune.PropertyExpirationDateTime
	isEq, isNe := func(c int) bool { return c == 0 }, func(c int) bool { return c != 0 }
	isGt, isGe := func(c int) bool { return c > 0 }, func(c int) bool { return c >= 0 }
	isLt, isLe := func(c int) bool { return c < 0 }, func(c int) bool { return c <= 0 }
	status := intune.CertificateStatusProvisioned
	type pair struct {
		f intune.Filter
		p predicate
	}
	all := []pair{
		{s.Eq(text), compareText(isEq)}, {s.Ne(text), compareText(isNe)},
		{s.StartsWith(text), func(c intune.EnterpriseCodeSigningCertificate) bool { return strings.HasPrefix(c.Subject, text) }},
		{e.Eq(moment), compareTime(isEq)}, {e.Ne(moment), compareTime(isNe)}, {e.Gt(moment), compareTime(isGt)},
		{e.Ge(moment), compareTime(isGe)}, {e.Lt(moment), compareTime(isLt)}, {e.Le(moment), compareTime(isLe)},
		{intune.PropertyStatus.Eq(status), func(c intune.EnterpriseCodeSigningCertificate) bool { return c.Status == status }},
		{intune.PropertyStatus.Ne(status), func(c intune.EnterpriseCodeSigningCertificate) bool { return c.Status != status }},
	}
	chosen := all[random.IntN(len(all))]
	return chosen.f, chosen.p
}

var baseTime = time.Date(2027, 1, 1, 0, 0, 0, 123456700, time.UTC)

// TestFiltersMeanWhatTheySay sends random filters through the emulator's parser: it and the meaning of each filter agree
// on every record.
func TestFiltersMeanWhatTheySay(t *testing.T) {
	server := intunetest.NewServer(t, intunetest.WithoutQuota(), intunetest.WithPageSize(7))
	service := server.Client(intune.WithQuota()).EnterpriseCodeSigningCertificates()
	for i := range 40 {
		cert := &intune.EnterpriseCodeSigningCertificate{
			SubjectName: "CN=any", Subject: oddStrings[1+i%(len(oddStrings)-1)], ExpirationDateTime: baseTime.Add(time.Duration(i%5) * time.Hour),
		}
		if i%3 == 0 {
			cert.Status = intune.CertificateStatusProvisioned
		}
		if _, err := service.Create(t.Context(), cert); err != nil {
			t.Fatal(err)
		}
	}
	held := server.Certificates()
	random := rand.New(rand.NewPCG(3, 4))
	filters := 60
	if os.Getenv("INTUNE_ALL_CASES") != "" {
		filters = 300
	}
	for range filters {
		filter, means := randomFilter(random, 4)
		var want, got []string
		for _, cert := range held {
			if means(*cert) {
				want = append(want, cert.ID)
			}
		}
		for cert, err := range service.All(t.Context(), &intune.ListOptions{Filter: filter}) {
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			got = append(got, cert.ID)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: got %d records, want %d", filter, len(got), len(want))
		}
		if n, err := service.Count(t.Context(), filter); err != nil || int(n) != len(want) {
			t.Fatalf("%s: counted %d, %v", filter, n, err)
		}
	}
}
