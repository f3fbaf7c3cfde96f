package intune_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	intune "github.com/seed-230b9595/intune-go"
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
