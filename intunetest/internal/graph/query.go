package graph

// This file reads the query options of a request. See https://learn.microsoft.com/graph/query-parameters.

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
)

// listOptions are the options that the collection knows.
var listOptions = []string{"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$skiptoken"}

// options are the query options of a request by their names, in lower case and with the dollar sign.
type options map[string]string

// parseOptions reads the options. Graph ignores case in their names, and the dollar sign is optional on beta. Other
// options without a dollar sign are custom options, which OData ignores.
func (s *Server) parseOptions(c *call, known []string) (options, error) {
	given := make(options)
	values, err := url.ParseQuery(strings.ReplaceAll(c.URL.RawQuery, ";", "%3B")) // which OData allows
	if err != nil {
		return nil, textErrorf("The query specified in the URI is not valid. An escape sequence is malformed.")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		option := s.optionName(name, c.resource.version)
		_, isRepeated := given[option]
		switch {
		case option == "" && s.config.Strict:
			return nil, textErrorf("The query parameter '%s' is not supported.", name)
		case option == "", option == "$format": // JSON is all that there is
			continue
		case option == "$search", option == "$expand":
			return nil, textErrorf("The query option '%s' is not supported by this resource.", option)
		case !slices.Contains(known, option):
			return nil, textErrorf("The query parameter '%s' is not supported.", name)
		case isRepeated, len(values[name]) > 1:
			return nil, textErrorf("Query option '%s' was specified more than once, but it must be specified at most once.", option)
		}
		given[option] = values.Get(name)
	}
	return given, nil
}

// optionName returns the option that a name means, "" for none.
func (s *Server) optionName(name, version string) string {
	option := strings.ToLower(name)
	switch {
	case strings.HasPrefix(option, "$"):
		if s.config.Strict {
			return name
		}
		return option
	case version == string(intune.APIVersionBeta) && !s.config.Strict &&
		slices.Contains(append(listOptions, "$search", "$expand", "$format"), "$"+option):
		return "$" + option
	}
	return ""
}

// query is what the options say.
type query struct {
	given    options
	filter   filter // nil for all
	orderBy  []order
	selected []string // nil for all
	top      int      // the size of a page at most
	skip     int
	count    bool
	after    position // where the page before ended
}

type order struct {
	property   string
	descending bool
}

// readQuery reads the options of a request, of which the operation knows some.
func (s *Server) readQuery(c *call, known []string) (*query, error) {
	given, err := s.parseOptions(c, known)
	if err != nil {
		return nil, err
	}
	q := &query{given: given, top: math.MaxInt}
	names := naming{exact: s.config.Strict}
	for _, name := range slices.Sorted(maps.Keys(given)) { // $orderby comes before $skiptoken
		if err := q.set(name, given[name], names); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func (q *query) set(name, value string, names naming) (err error) {
	switch name {
	case "$filter":
		q.filter, err = parseFilter(value, names)
	case "$orderby":
		q.orderBy, err = parseOrderBy(value, names)
	case "$select":
		q.selected, err = parseSelect(value, names)
	case "$top":
		q.top, err = parseNumber(name, value)
		if err == nil && q.top == 0 {
			err = textErrorf("Invalid page size specified: '0'. Must be between 1 and 2147483647 inclusive.")
		}
	case "$skiptoken":
		err = q.skipTo(value)
	case "$skip":
		q.skip, err = parseNumber(name, value)
	case "$count":
		q.count = strings.EqualFold(value, "true")
		if !q.count && !strings.EqualFold(value, "false") {
			err = textErrorf("Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
	}
	return err
}

func parseNumber(option, text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, textErrorf("Invalid value '%s' for %s query option found. The %s query option requires a non-negative integer value.",
			text, option, option)
	}
	return int(n), nil
}

func parseSelect(text string, names naming) ([]string, error) {
	var selected []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.Trim(name, " ")
		if name == "*" {
			return nil, nil
		}
		spelled, known := names.find(name)
		if !known {
			return nil, textErrorf("Parsing OData Select and Expand failed: %s", noProperty(name))
		}
		selected = append(selected, spelled)
	}
	return selected, nil
}

func parseOrderBy(text string, names naming) (orderBy []order, err error) {
	for item := range strings.SplitSeq(text, ",") {
		name, direction, _ := strings.Cut(strings.TrimSpace(item), " ")
		direction = strings.ToLower(strings.TrimSpace(direction))
		property, _, err := names.sortable(name)
		switch {
		case name == "":
			err = textErrorf("Expression expected at position 0 in '%s'.", item)
		case err != nil:
		case direction != "" && direction != "asc" && direction != "desc":
			err = textErrorf("Syntax error: unexpected '%s' in '%s'.", direction, item)
		case slices.ContainsFunc(orderBy, func(o order) bool { return o.property == property }):
			err = textErrorf("Duplicate property named '%s' is not supported in '$orderby'.", property)
		}
		if err != nil {
			return nil, invalid(err)
		}
		orderBy = append(orderBy, order{property, direction == "desc"})
	}
	return orderBy, nil
}

// invalid says that a filter or an order cannot be understood.
func invalid(err error) error {
	return textErrorf("The query specified in the URI is not valid. %s", err)
}

// match returns the records that fit the filter, in order.
func (q *query) match(records []record) []record {
	matching := slices.DeleteFunc(records, func(r record) bool { return q.filter != nil && q.filter(&r) != isTrue })
	slices.SortFunc(matching, func(a, b record) int { return q.compare(q.position(&a), q.position(&b)) })
	return matching
}
