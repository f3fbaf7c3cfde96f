package intunetest

// This file reads the query options of a request. See https://learn.microsoft.com/graph/query-parameters.

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// listOptions are the options that the collection knows.
var listOptions = []string{"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$skiptoken"}

// options are the query options of a request by their names, which OData writes in lower case.
type options map[string]string

func parseOptions(query string, known []string) (options, error) {
	given := make(options)
	if query == "" {
		return given, nil
	}
	for pair := range strings.SplitSeq(query, "&") { // url.ParseQuery refuses a semicolon, which OData does not
		name, value, err := parseOption(pair)
		_, isRepeated := given[name]
		switch {
		case err != nil:
			return nil, invalid(err)
		case name == "$search", name == "$expand":
			return nil, invalid(fmt.Errorf("the query option '%s' is not supported by this resource", name))
		case !slices.Contains(known, name):
			return nil, invalid(fmt.Errorf("the query parameter '%s' is not supported", name))
		case isRepeated:
			return nil, invalid(fmt.Errorf("query option '%s' was specified more than once", name))
		}
		given[name] = value
	}
	return given, nil
}

func parseOption(pair string) (name, value string, err error) {
	name, value, _ = strings.Cut(pair, "=")
	unescapedName, err := url.QueryUnescape(name)
	unescapedValue, err2 := url.QueryUnescape(value)
	return unescapedName, unescapedValue, cmp.Or(err, err2)
}

func invalid(err error) error {
	return fmt.Errorf("the query specified in the URI is not valid: %w", err)
}

// query is what the options say.
type query struct {
	filter   filter // nil for all
	orderBy  []order
	selected []string // nil for all
	top      int      // over all pages
	skip     int
	count    bool
	after    position // where the page before ended
}

type order struct {
	property   string
	descending bool
}

// newQuery reads all options but $skiptoken.
func newQuery(given options) (*query, error) {
	q := &query{top: math.MaxInt}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if err := q.set(name, given[name]); err != nil {
			return nil, invalid(fmt.Errorf("%s: %w", name, err))
		}
	}
	return q, nil
}

func (q *query) set(name, value string) (err error) {
	switch name {
	case "$filter":
		q.filter, err = parseFilter(value)
	case "$orderby":
		q.orderBy, err = parseOrderBy(value)
	case "$select":
		q.selected, err = parseSelect(value)
	case "$top":
		q.top, err = parseNumber(value)
	case "$skip":
		q.skip, err = parseNumber(value)
	case "$count":
		q.count = value == "true"
		if value != "true" && value != "false" {
			err = fmt.Errorf("'%s' is neither true nor false", value)
		}
	}
	return err
}

func parseNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("'%s' is not a number of 0 or more", text)
	}
	return int(n), nil
}

func parseSelect(text string) ([]string, error) {
	var selected []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.Trim(name, " ")
		if _, known := properties[name]; !known {
			return nil, noProperty(name)
		}
		selected = append(selected, name)
	}
	return selected, nil
}

func parseOrderBy(text string) ([]order, error) {
	var orderBy []order
	for item := range strings.SplitSeq(text, ",") {
		by, err := parseOrder(item)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(orderBy, func(o order) bool { return o.property == by.property }) {
			return nil, fmt.Errorf("duplicate property named '%s'", by.property)
		}
		orderBy = append(orderBy, by)
	}
	return orderBy, nil
}

func parseOrder(text string) (order, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return order{}, errors.New("expression expected")
	}
	if _, err := sortable(words[0]); err != nil {
		return order{}, err
	}
	direction := strings.Join(words[1:], " ")
	if direction != "" && direction != "asc" && direction != "desc" {
		return order{}, fmt.Errorf("syntax error: unexpected '%s'", direction)
	}
	return order{words[0], direction == "desc"}, nil
}

// match returns the records that the filter holds for, in order.
func (q *query) match(records []record) []record {
	matching := slices.DeleteFunc(records, func(r record) bool { return q.filter != nil && q.filter.of(&r) != isTrue })
	slices.SortFunc(matching, func(a, b record) int { return q.compare(q.position(&a), q.position(&b)) })
	return matching
}
