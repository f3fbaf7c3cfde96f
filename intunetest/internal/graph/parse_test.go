package graph

import (
	"strings"
	"testing"
	"time"
)

type fields = map[string]any

func mustParse(t *testing.T, text string) filter {
	t.Helper()
	parsed, err := parseFilter(text, naming{})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return parsed
}

func TestParseFilterFollowsThePrecedenceOfOData(t *testing.T) {
	const a, b, c = "subject eq 'a'", "issuer ne null", "startswith(id,'c')"
	for text, want := range map[string]func(a, b, c bool) bool{
		a:                                           func(a, _, _ bool) bool { return a },
		"((" + a + "))":                             func(a, _, _ bool) bool { return a },
		a + " and " + b + " or " + c:                func(a, b, c bool) bool { return a && b || c },
		a + " or " + b + " and " + c:                func(a, b, c bool) bool { return a || b && c },
		a + " and (" + b + " or " + c + ")":         func(a, b, c bool) bool { return a && (b || c) },
		a + " and " + b + " and " + c:               func(a, b, c bool) bool { return a && b && c },
		a + " or (" + b + " and " + c + ")":         func(a, b, c bool) bool { return a || b && c },
		"not " + c + " and " + a:                    func(a, _, c bool) bool { return !c && a },
		"not (" + c + " and " + a + ")":             func(a, _, c bool) bool { return !c || !a },
		"not not(" + a + ")":                        func(a, _, _ bool) bool { return a },
		" \tstartswith ( id , 'c' )or(" + a + ") ":  func(a, _, c bool) bool { return c || a },
		"SUBJECT EQ 'a' AND NOT StartsWith(ID,'c')": func(a, _, c bool) bool { return a && !c },
	} {
		parsed := mustParse(t, text)
		for bits := range 8 {
			hasA, hasB, hasC := bits&1 > 0, bits&2 > 0, bits&4 > 0
			r := record{values: fields{"id": "d", "subject": "d"}}
			if hasA {
				r.values["subject"] = "a"
			}
			if hasB {
				r.values["issuer"] = "b"
			}
			if hasC {
				r.values["id"] = "c"
			}
			if got := parsed(&r); got != truthOf(want(hasA, hasB, hasC)) {
				t.Errorf("%s: got %d for %v %v %v", text, got, hasA, hasB, hasC)
			}
		}
	}
}

func TestParseFilterReadsLiterals(t *testing.T) {
	for text, values := range map[string]fields{
		"subject eq 'it''s'":       {"subject": "it's"},
		"subject eq ''":            {"subject": ""},
		"subject eq ''''":          {"subject": "'"},
		"subject eq ' and not ('":  {"subject": " and not ("},
		"subject in ('a')":         {"subject": "a"},
		"issuer in ( 'a' , null )": {},
		"CONTAINS(Subject,'c')":    {"subject": "bcd"},
		"status eq 'provisioned'":  {"status": "provisioned"},
		"status eq " + string(statusKind) + "'notProvisioned'": {"status": "notProvisioned"},
		"expirationDateTime eq 2027-06-05T04:03:02Z":           {"expirationDateTime": moment(5, 4, 3, 2, 0)},
		"uploadDateTime eq 2027-06-05T04:03Z":                  {"uploadDateTime": moment(5, 4, 3, 0, 0)},
		"uploadDateTime In (2027-06-05T04:03Z)":                {"uploadDateTime": moment(5, 4, 3, 0, 0)},
		"uploadDateTime eq 2027-06-05T01:00:00.1234567-08:00":  {"uploadDateTime": moment(5, 9, 0, 0, 123456700)},
		"uploadDateTime eq 2027-06-05T01:00:00.5+02:00":        {"uploadDateTime": moment(4, 23, 0, 0, 500000000)},
	} {
		r, other := record{values: values}, record{values: fields{"subject": "other", "issuer": "other"}}
		if parsed := mustParse(t, text); parsed(&r) != isTrue || parsed(&other) != isFalse {
			t.Errorf("%s: got %d, and %d for another record", text, parsed(&r), parsed(&other))
		}
	}
}

// moment is a time in June 2027.
func moment(day, hour, minute, second, nanosecond int) time.Time {
	return time.Date(2027, time.June, day, hour, minute, second, nanosecond, time.UTC)
}

// rejectedFilters are filters and what their errors say.
var rejectedFilters = map[string]string{
	"":                             "unexpected 'the end'",
	" ":                            "unexpected 'the end'",
	"subject":                      "unexpected 'the end'",
	"subject eq":                   "unexpected 'the end'",
	"subject eq 'a' and":           "unexpected 'the end'",
	"(subject eq 'a'":              "unexpected 'the end'",
	"subject eq 'a')":              "position 14: unexpected ')'",
	"subject eq 'a' 'b'":           "unexpected ''b''",
	"subject eq 'a' issuer eq 'b'": "unexpected 'issuer'",
	"subject eq 'a":                "unexpected '''",
	"subject eq 'a''":              "unexpected '''",
	"subject eq \"a\"":             "unexpected '\"'",
	"subject = 'a'":                "unexpected '='",
	"subject in 'a'":               "unexpected ''a''",
	"subject in ()":                "incompatible types",
	"subject in ('a'":              "unexpected 'the end'",
	"subject in ('a' 'b')":         "unexpected ''b''",
	"status in ('revoked')":        "'revoked' is not a valid",
	"tolower(subject) eq 'a'":      "unknown function with name 'tolower'",
	"year(uploadDateTime) eq 2027": "Only startswith, endswith and contains",
	"subject eq'a'":                "unexpected 'eq'a''",
	"'a' eq subject":               "A literal on the left",
	"subject eq issuer":            "A property on the right",
	"thumbprint eq 'a'":            "named 'thumbprint'",
	"content eq null":              "'content' cannot be used",
	"subject eq 1":                 "incompatible types",
	"subject eq true":              "incompatible types",
	"subject eq " + string(statusKind) + "'provisioned'": "incompatible types",
	"id eq b20d3703-3703-b20d-0337-0db203370db2":         "incompatible types",
	"id eq 0b20d3703-3703-b20d-0337-0db203370db":         "incompatible types",
	"status eq 'revoked'":                                "'revoked' is not a valid enumeration",
	"status eq 1":                                        "incompatible types",
	"status eq graph.status'provisioned'":                "incompatible types",
	"uploadDateTime eq '2027-06-05T04:03:02Z'":           "incompatible types",
	"uploadDateTime eq 2027":                             "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05":                       "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05T04:03:02":              "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05T04:03:02,5Z":           "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05T04:03:02.Z":            "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05T04:03:02.12345678Z":    "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-02-29T04:03:02Z":             "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 0001-01-01T00:00:00+01:00":        "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 9999-12-31T23:59:59-01:00":        "Unrecognized 'Edm.DateTimeOffset'",
	"uploadDateTime eq 2027-06-05T04:03:02 02:00":        "Unrecognized 'Edm.DateTimeOffset'", // a plus sign that was not escaped
	"not subject eq 'a'":                                 "unexpected 'subject'",
	"not":                                                "unexpected 'the end'",
	"startswith":                                         "named 'startswith'",
	"startswith('a',subject)":                            "unexpected ''a''",
	"startswith(subject)":                                "unexpected ')'",
	"startswith(subject,'a'":                             "unexpected 'the end'",
	"startswith(subject,null)":                           "name 'startswith' matches",
	"startswith(subject,issuer)":                         "name 'startswith' matches",
	"startswith(status,'p')":                             "name 'startswith' matches",
	"startswith(uploadDateTime,'2')":                     "name 'startswith' matches",
	"startswith(content,'a')":                            "'content' cannot be used",
	"startswith(subject,'a') eq true":                    "unexpected 'eq'",
	"endswith(subject,1)":                                "name 'endswith' matches",
	"contains(status,'a')":                               "name 'contains' matches",
	"()":                                                 "unexpected ')'",
	strings.Repeat("(", 1<<14):                           "more than 10000 parts",
	"subject eq 'a'\n":                                   "unexpected '\n'",
}

func TestParseFilterRejects(t *testing.T) {
	for text, want := range rejectedFilters {
		t.Run(text[:min(len(text), 60)], func(t *testing.T) {
			if _, err := parseFilter(text, naming{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error that says %q", err, want)
			}
		})
	}
}

func TestFiltersKnowThatNullIsUnknown(t *testing.T) {
	r := record{values: fields{"id": "1", "status": "provisioned", "subject": "CN=Contoso"}} // and no issuer
	for text, want := range map[string]truth{
		"issuer eq null": isTrue, "issuer ne null": isFalse, "subject eq null": isFalse, "subject ne null": isTrue,
		"issuer eq ''": isFalse, "issuer ne 'a'": isTrue,
		"issuer lt 'a'": isFalse, "issuer ge null": isFalse, "subject gt null": isFalse, "not (issuer lt 'a')": isTrue,
		"issuer in ('a',null)": isTrue, "subject in ('a','CN=Contoso')": isTrue, "subject in ('a')": isFalse,
		"contains(subject,'Cont')": isTrue, "endswith(subject,'oso')": isTrue, "endswith(subject,'Con')": isFalse,
		"contains(subject,'CONT')": isFalse, "not contains(issuer,'a')": isUnknown,
		"startswith(issuer,'')":                                  isUnknown,
		"not startswith(issuer,'')":                              isUnknown,
		"startswith(issuer,'') and id eq '1'":                    isUnknown,
		"startswith(issuer,'') and id eq '2'":                    isFalse,
		"startswith(issuer,'') or id eq '1'":                     isTrue,
		"startswith(issuer,'') or id eq '2'":                     isUnknown,
		"status gt 'notProvisioned' and status le 'provisioned'": isTrue, // by the numbers of the members
	} {
		if got := mustParse(t, text)(&r); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}

// FuzzParseFilter feeds texts to the parser of $filter: none panics, and a filter that it accepts can be negated.
func FuzzParseFilter(f *testing.F) {
	for _, seed := range []string{
		"subject eq 'it''s' and not (issuer ne null or startswith(id,'c'))",
		"status eq microsoft.graph.certificateStatus'provisioned'",
		"expirationDateTime ge 2027-06-05T01:00:00.1234567-08:00 or uploadDateTime lt 2027-06-05T04:03Z",
		"not (not (subject le ''))", "subject in ('a', null) or contains(Subject,'b')", "((((", "'", "content eq 5", "a.b'c'", "subject eq \xff'\xff'",
	} {
		f.Add(seed)
	}
	records := []record{
		{},
		{values: fields{"id": "c", "status": "provisioned", "subject": "it's", "issuer": "", "expirationDateTime": moment(5, 9, 0, 0, 1)}},
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFilter(text, naming{})
		if err != nil {
			return
		}
		for _, r := range records {
			negated, err := parseFilter("not ("+text+")", naming{})
			if is := parsed(&r); is < isFalse || is > isTrue || err == nil && negated(&r) != -is {
				t.Errorf("%s is %d", text, is)
			}
		}
	})
}
