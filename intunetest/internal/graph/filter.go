package graph

// This file holds the tree of a $filter, and decides whether it holds for a record.

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// filter is a Boolean expression. Its String is one that parses to the same tree.
type filter interface {
	of(*record) truth
	String() string
}

// truth is OData's three-valued logic, in which a function of null is unknown, and so is its negation: not is the minus
// sign, and the minimum, or the maximum.
type truth int

const (
	isFalse   truth = -1
	isUnknown truth = 0
	isTrue    truth = 1
)

func truthOf(is bool) truth {
	if is {
		return isTrue
	}
	return isFalse
}

// value is a literal, or what a record has for a property: null, a text (the status too, whose members are in
// alphabetical order) or a time.
type value struct {
	Null bool      `json:"null,omitzero"`
	Text string    `json:"text,omitzero"`
	Time time.Time `json:"time,omitzero"`
}

// compare orders texts by their bytes, so case matters, and puts null first, as OData does.
func (v value) compare(other value) int {
	if v.Null || other.Null {
		return rank(!v.Null) - rank(!other.Null)
	}
	return cmp.Or(strings.Compare(v.Text, other.Text), v.Time.Compare(other.Time))
}

func rank(is bool) int {
	if is {
		return 1
	}
	return 0
}

// comparisons decide by the result of compare.
var comparisons = map[string]func(int) bool{
	"eq": func(c int) bool { return c == 0 },
	"ne": func(c int) bool { return c != 0 },
	"gt": func(c int) bool { return c > 0 },
	"ge": func(c int) bool { return c >= 0 },
	"lt": func(c int) bool { return c < 0 },
	"le": func(c int) bool { return c <= 0 },
}

type comparison struct {
	property, operator string
	literal            value
}

// of is false for an order with null, which OData does not put into any.
func (c comparison) of(r *record) truth {
	v := r.value(c.property)
	isOrder := c.operator != "eq" && c.operator != "ne"
	if isOrder && (v.Null || c.literal.Null) {
		return isFalse
	}
	return truthOf(comparisons[c.operator](v.compare(c.literal)))
}

func (c comparison) String() string {
	return c.property + " " + c.operator + " " + c.literal.spell(c.property)
}

// spell writes a literal to compare the property with.
func (v value) spell(property string) string {
	switch {
	case v.Null:
		return "null"
	case properties[property].kind == timeKind:
		return v.Time.Format("2006-01-02T15:04:05.9999999Z07:00")
	}
	return quote(v.Text)
}

// functions compare a text with another. They are case-sensitive, as comparisons are.
var functions = map[string]func(text, part string) bool{
	"startswith": strings.HasPrefix,
	"endswith":   strings.HasSuffix,
	"contains":   strings.Contains,
}

// textMatch is the call of a function on a property.
type textMatch struct{ function, property, text string }

func (f textMatch) of(r *record) truth {
	v := r.value(f.property)
	if v.Null {
		return isUnknown
	}
	return truthOf(functions[f.function](v.Text, f.text))
}

func (f textMatch) String() string { return f.function + "(" + f.property + "," + quote(f.text) + ")" }

// membership is the operator "in".
type membership struct {
	property string
	literals []value
}

func (f membership) of(r *record) truth {
	return truthOf(slices.ContainsFunc(f.literals, func(literal value) bool { return r.value(f.property).compare(literal) == 0 }))
}

func (f membership) String() string {
	texts := make([]string, len(f.literals))
	for i, literal := range f.literals {
		texts[i] = literal.spell(f.property)
	}
	return f.property + " in (" + strings.Join(texts, ",") + ")"
}

type negation struct{ filter }

func (f negation) of(r *record) truth { return -f.filter.of(r) }

func (f negation) String() string {
	switch f.filter.(type) {
	case negation, textMatch:
		return "not " + f.filter.String()
	}
	return "not (" + f.filter.String() + ")"
}

type allOf []filter

func (f allOf) of(r *record) truth {
	all := isTrue
	for _, operand := range f {
		all = min(all, operand.of(r))
	}
	return all
}

func (f allOf) String() string {
	return join(f, " and ", func(operand filter) bool { return isChain(operand) })
}

type anyOf []filter

func (f anyOf) of(r *record) truth {
	some := isFalse
	for _, operand := range f {
		some = max(some, operand.of(r))
	}
	return some
}

func (f anyOf) String() string {
	return join(f, " or ", func(operand filter) bool { _, isOr := operand.(anyOf); return isOr })
}

func isChain(f filter) bool {
	switch f.(type) {
	case allOf, anyOf:
		return true
	}
	return false
}

func join(operands []filter, operator string, needsParentheses func(filter) bool) string {
	texts := make([]string, len(operands))
	for i, operand := range operands {
		texts[i] = operand.String()
		if needsParentheses(operand) {
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, operator)
}
