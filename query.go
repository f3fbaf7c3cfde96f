package intune

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Property is a property of an [EnterpriseCodeSigningCertificate], by its name in Microsoft Graph. Its type has the
// comparisons that the service supports for it, so that an unsupported query does not compile.
type Property interface{ propertyName() string }

// The properties of an [EnterpriseCodeSigningCertificate].
const (
	PropertyID                 StringProperty  = "id"
	PropertyContent            ContentProperty = "content"
	PropertyStatus             StatusProperty  = "status"
	PropertySubjectName        StringProperty  = "subjectName"
	PropertySubject            StringProperty  = "subject"
	PropertyIssuerName         StringProperty  = "issuerName"
	PropertyIssuer             StringProperty  = "issuer"
	PropertyExpirationDateTime TimeProperty    = "expirationDateTime"
	PropertyUploadDateTime     TimeProperty    = "uploadDateTime"
)

// ContentProperty is the content of a certificate. It can be selected, but not filtered or sorted by.
type ContentProperty string

// StatusProperty is a property of type [CertificateStatus].
type StatusProperty string

// StringProperty is a property that holds text.
type StringProperty string

// TimeProperty is a property that holds a point in time.
type TimeProperty string

func (p ContentProperty) propertyName() string { return string(p) }
func (p StatusProperty) propertyName() string  { return string(p) }
func (p StringProperty) propertyName() string  { return string(p) }
func (p TimeProperty) propertyName() string    { return string(p) }

// Filter selects certificates in [ListOptions]. The zero Filter matches all.
type Filter struct {
	expression string
	compound   bool // it needs parentheses inside a larger expression
	invalid    bool // OData cannot express it: it matches nothing, or has a year beyond 9999
}

// RawFilter returns a [Filter] with an OData expression, unescaped: "startswith(subject,'CN=Contoso')". Use it if the
// typed properties do not support an expression. A blank expression matches all certificates.
func RawFilter(expression string) Filter {
	if strings.TrimSpace(expression) == "" {
		return Filter{}
	}
	return Filter{expression: expression, compound: true}
}

// String returns the OData expression, "" for the filter that matches all certificates.
func (f Filter) String() string { return f.expression }

// And matches certificates that match every filter. Without filters it matches all.
func And(filters ...Filter) Filter { return join(" and ", filters) }

// Or matches certificates that match at least one of the filters. Without filters it matches nothing, and a listing
// rejects it with an [*InputError].
func Or(filters ...Filter) Filter {
	if len(filters) == 0 {
		return Filter{invalid: true}
	}
	if slices.Contains(filters, Filter{}) {
		return Filter{}
	}
	return join(" or ", filters)
}

// Not matches certificates that do not match the filter. The Not of the zero [Filter] matches nothing, and a listing
// rejects it with an [*InputError].
func Not(f Filter) Filter {
	return Filter{expression: "not (" + f.expression + ")", invalid: f.invalid || f == Filter{}}
}

// join leaves out the filters that match everything.
func join(operator string, filters []Filter) Filter {
	var parts []string
	var last Filter
	for _, f := range filters {
		if f == (Filter{}) {
			continue
		}
		if f.invalid {
			return f
		}
		last = f
		if f.compound {
			f.expression = "(" + f.expression + ")"
		}
		parts = append(parts, f.expression)
	}
	if len(parts) < 2 {
		return last
	}
	return Filter{expression: strings.Join(parts, operator), compound: true}
}

func compare(property, operator, literal string) Filter {
	return Filter{expression: property + " " + operator + " " + literal}
}

func compareText[P, T ~string](property P, operator string, text T) Filter {
	return compare(string(property), operator, stringLiteral(string(text)))
}

// stringLiteral returns a string literal of OData: in quotation marks, with those inside it doubled.
func stringLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// compareTime compares with a literal of Edm.DateTimeOffset in UTC with 100 ns, the resolution of the service.
func compareTime(property TimeProperty, operator string, t time.Time) Filter {
	t = t.UTC()
	f := compare(string(property), operator, t.Format("2006-01-02T15:04:05.9999999Z"))
	f.invalid = t.Year() < 1 || t.Year() > 9999
	return f
}

// upwards returns the first time with the service's resolution that is not before t.
func upwards(t time.Time) time.Time { return t.Add(match.Tick - 1).Truncate(match.Tick) }

// Eq matches certificates whose property equals value.
func (p StatusProperty) Eq(value CertificateStatus) Filter { return compareText(p, "eq", value) }

// Ne matches certificates whose property differs from value.
func (p StatusProperty) Ne(value CertificateStatus) Filter { return compareText(p, "ne", value) }

// Eq matches certificates whose property equals value.
func (p StringProperty) Eq(value string) Filter { return compareText(p, "eq", value) }

// Ne matches certificates whose property differs from value.
func (p StringProperty) Ne(value string) Filter { return compareText(p, "ne", value) }

// StartsWith matches certificates whose property begins with prefix.
func (p StringProperty) StartsWith(prefix string) Filter {
	return Filter{expression: "startswith(" + string(p) + "," + stringLiteral(prefix) + ")"}
}

// Eq matches certificates whose property is the same moment.
func (p TimeProperty) Eq(t time.Time) Filter { return compareTime(p, "eq", t) }

// Ne matches certificates whose property is another moment.
func (p TimeProperty) Ne(t time.Time) Filter { return compareTime(p, "ne", t) }

// Gt matches certificates whose property is later than t.
func (p TimeProperty) Gt(t time.Time) Filter { return compareTime(p, "gt", t) }

// Ge matches certificates whose property is t or later.
func (p TimeProperty) Ge(t time.Time) Filter { return compareTime(p, "ge", upwards(t)) }

// Lt matches certificates whose property is earlier than t.
func (p TimeProperty) Lt(t time.Time) Filter { return compareTime(p, "lt", upwards(t)) }

// Le matches certificates whose property is t or earlier.
func (p TimeProperty) Le(t time.Time) Filter { return compareTime(p, "le", t) }

// Order is one level of sorting in [ListOptions].
type Order struct{ term string }

// Ascending sorts by the property in ascending order.
func (p StatusProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property in descending order.
func (p StatusProperty) Descending() Order { return Order{string(p) + " desc"} }

// Ascending sorts by the property in ascending order.
func (p StringProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property in descending order.
func (p StringProperty) Descending() Order { return Order{string(p) + " desc"} }

// Ascending sorts by the property, the earliest first.
func (p TimeProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property, the latest first.
func (p TimeProperty) Descending() Order { return Order{string(p) + " desc"} }

// ListOptions selects what a listing returns. The zero value, and nil, select all certificates in the order of the
// service. There is no $search, because the resource does not support it.
type ListOptions struct {
	Filter  Filter
	Select  []Property // the properties to return; all by default
	OrderBy []Order    // the first is the most significant
	Top     int        // for List, the size of a page; for All, how many certificates it yields at most; 0 for no limit
	Skip    int        // skip this many at the beginning
	Count   bool       // request the number of all certificates that match Filter

	// NextLink is from an earlier page. The other fields are then ignored, except that All honors Top.
	NextLink string
}

// query returns the options as a query, with its question mark, or "".
func (o *ListOptions) query() (string, error) {
	if o == nil {
		return "", nil
	}
	switch {
	case o.Top < 0 || o.Skip < 0:
		return "", &InputError{Name: "ListOptions", Problem: "has a negative Top or Skip"}
	case o.Filter.invalid:
		return "", &InputError{Name: "ListOptions", Problem: "has a Filter that matches nothing, or that has a year outside 1 to 9999"}
	}
	var query []string
	add := func(name, value string) {
		if value != "" {
			query = append(query, name+"="+strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
		}
	}
	names, err := propertyNames(o.Select)
	if err != nil {
		return "", err
	}
	terms := make([]string, 0, len(o.OrderBy))
	for _, order := range o.OrderBy {
		if order.term == "" {
			return "", &InputError{Name: "ListOptions", Problem: "has an empty Order"}
		}
		terms = append(terms, order.term)
	}
	add("$filter", o.Filter.expression)
	add("$select", names)
	add("$orderby", strings.Join(terms, ","))
	if o.Top > 0 {
		add("$top", strconv.Itoa(o.Top))
	}
	if o.Skip > 0 {
		add("$skip", strconv.Itoa(o.Skip))
	}
	if o.Count {
		add("$count", "true")
	}
	if len(query) == 0 {
		return "", nil
	}
	return "?" + strings.Join(query, "&"), nil
}

func propertyNames(properties []Property) (string, error) {
	names := make([]string, 0, len(properties))
	for _, p := range properties {
		if p == nil || p.propertyName() == "" {
			return "", &InputError{Name: "Property", Problem: "is empty"}
		}
		names = append(names, p.propertyName())
	}
	return strings.Join(names, ","), nil
}
