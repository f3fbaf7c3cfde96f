package intune

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Property is a property of an EnterpriseCodeSigningCertificate by its name in Microsoft Graph. What can be done with
// it depends on its type, so that a query which the service does not support does not compile.
type Property interface{ propertyName() string }

// The properties of an EnterpriseCodeSigningCertificate.
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

// ContentProperty is the content of a certificate, which can be selected, but neither filtered nor sorted on.
type ContentProperty string

// StatusProperty is a property of type CertificateStatus.
type StatusProperty string

// StringProperty is a property that holds text.
type StringProperty string

// TimeProperty is a property that holds a point in time.
type TimeProperty string

func (p ContentProperty) propertyName() string { return string(p) }
func (p StatusProperty) propertyName() string  { return string(p) }
func (p StringProperty) propertyName() string  { return string(p) }
func (p TimeProperty) propertyName() string    { return string(p) }

// Filter says which certificates a query is for. The zero Filter is for all of them.
type Filter struct {
	expression string
	compound   bool // it takes parentheses inside a larger expression
	invalid    bool // it cannot be said in OData: the opposite of everything, any of nothing, a year beyond 9999
}

// RawFilter is an OData filter expression as it is, unescaped: "startswith(subject,'CN=Contoso')". It is for what the
// typed properties do not offer. A blank one is for all certificates.
func RawFilter(expression string) Filter {
	if strings.TrimSpace(expression) == "" {
		return Filter{}
	}
	return Filter{expression: expression, compound: true}
}

// String returns the OData expression, "" for all certificates.
func (f Filter) String() string { return f.expression }

// And is for what all the filters are for; of no filters, for all certificates.
func And(filters ...Filter) Filter { return join(" and ", filters) }

// Or is for what any of the filters is for. A zero Filter among them makes it one for all certificates. A listing
// refuses an Or of no filters, which would be for no certificate.
func Or(filters ...Filter) Filter {
	if len(filters) == 0 {
		return Filter{invalid: true}
	}
	if slices.Contains(filters, Filter{}) {
		return Filter{}
	}
	return join(" or ", filters)
}

// Not is for what the filter is not for. A listing refuses the Not of the zero Filter.
func Not(f Filter) Filter {
	return Filter{expression: "not (" + f.expression + ")", invalid: f.invalid || f == Filter{}}
}

// join leaves out the filters that are for everything.
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

// stringLiteral is a string literal of OData: in quotation marks, those inside it doubled.
func stringLiteral(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// compareTime compares with a literal of Edm.DateTimeOffset in UTC with 100 ns, the resolution of the service.
func compareTime(property TimeProperty, operator string, t time.Time) Filter {
	t = t.UTC()
	f := compare(string(property), operator, t.Format("2006-01-02T15:04:05.9999999Z"))
	f.invalid = t.Year() < 1 || t.Year() > 9999
	return f
}

// upwards is the first time on the wire that is not before t.
func upwards(t time.Time) time.Time { return t.Add(tick - 1).Truncate(tick) }

// Eq is for equal to value.
func (p StatusProperty) Eq(value CertificateStatus) Filter {
	return compare(string(p), "eq", stringLiteral(string(value)))
}

// Ne is for not equal to value.
func (p StatusProperty) Ne(value CertificateStatus) Filter {
	return compare(string(p), "ne", stringLiteral(string(value)))
}

// Eq is for equal to value.
func (p StringProperty) Eq(value string) Filter {
	return compare(string(p), "eq", stringLiteral(value))
}

// Ne is for not equal to value.
func (p StringProperty) Ne(value string) Filter {
	return compare(string(p), "ne", stringLiteral(value))
}

// Gt is for what sorts after value.
func (p StringProperty) Gt(value string) Filter {
	return compare(string(p), "gt", stringLiteral(value))
}

// Ge is for value and what sorts after it.
func (p StringProperty) Ge(value string) Filter {
	return compare(string(p), "ge", stringLiteral(value))
}

// Lt is for what sorts before value.
func (p StringProperty) Lt(value string) Filter {
	return compare(string(p), "lt", stringLiteral(value))
}

// Le is for value and what sorts before it.
func (p StringProperty) Le(value string) Filter {
	return compare(string(p), "le", stringLiteral(value))
}

// StartsWith is for what begins with prefix.
func (p StringProperty) StartsWith(prefix string) Filter {
	return Filter{expression: "startswith(" + string(p) + "," + stringLiteral(prefix) + ")"}
}

// Eq is for the same moment.
func (p TimeProperty) Eq(t time.Time) Filter { return compareTime(p, "eq", t) }

// Ne is for any other moment.
func (p TimeProperty) Ne(t time.Time) Filter { return compareTime(p, "ne", t) }

// Gt is for later than t.
func (p TimeProperty) Gt(t time.Time) Filter { return compareTime(p, "gt", t) }

// Ge is for t or later.
func (p TimeProperty) Ge(t time.Time) Filter { return compareTime(p, "ge", upwards(t)) }

// Lt is for earlier than t.
func (p TimeProperty) Lt(t time.Time) Filter { return compareTime(p, "lt", upwards(t)) }

// Le is for t or earlier.
func (p TimeProperty) Le(t time.Time) Filter { return compareTime(p, "le", t) }

// Order is one level of sorting.
type Order struct{ term string }

// Ascending sorts by the property, the first of its values first.
func (p StatusProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property, the last of its values first.
func (p StatusProperty) Descending() Order { return Order{string(p) + " desc"} }

// Ascending sorts by the property, the first of its values first.
func (p StringProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property, the last of its values first.
func (p StringProperty) Descending() Order { return Order{string(p) + " desc"} }

// Ascending sorts by the property, the earliest first.
func (p TimeProperty) Ascending() Order { return Order{string(p)} }

// Descending sorts by the property, the latest first.
func (p TimeProperty) Descending() Order { return Order{string(p) + " desc"} }

// ListOptions says what a listing holds. The zero value, and nil, ask for all certificates in the order of the service.
// There is no $search, because the resource does not support it.
type ListOptions struct {
	Filter  Filter
	Select  []Property // the properties that are wanted; all by default
	OrderBy []Order    // the first is the most significant
	Top     int        // no more than this many in all; 0 for no limit
	Skip    int        // leave out this many at the beginning
	Count   bool       // ask for the number of all that match Filter

	// NextLink is that of an earlier page. The other fields are then what they were for that one, and not looked at.
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
		return "", &InputError{Name: "ListOptions", Problem: "has a Filter for no certificate, or with a year outside 1 to 9999"}
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
