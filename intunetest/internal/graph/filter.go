package graph

// This file is what a $filter says about a record.

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// filter reports whether a Boolean expression holds for a record.
type filter func(*record) truth

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
	if v.Null != other.Null {
		return int(truthOf(other.Null))
	}
	return cmp.Or(strings.Compare(v.Text, other.Text), v.Time.Compare(other.Time))
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

// compare is false for an order with null, which OData does not put into any.
func compare(property, operator string, literal value) filter {
	isOrder := operator != "eq" && operator != "ne"
	return func(r *record) truth {
		v := r.value(property)
		if isOrder && (v.Null || literal.Null) {
			return isFalse
		}
		return truthOf(comparisons[operator](v.compare(literal)))
	}
}

// functions compare a text with another. They are case-sensitive, as comparisons are.
var functions = map[string]func(text, part string) bool{
	"startswith": strings.HasPrefix,
	"endswith":   strings.HasSuffix,
	"contains":   strings.Contains,
}

// matchText is the call of a function on a property.
func matchText(function, property, text string) filter {
	return func(r *record) truth {
		v := r.value(property)
		if v.Null {
			return isUnknown
		}
		return truthOf(functions[function](v.Text, text))
	}
}

// isIn is the operator "in".
func isIn(property string, literals []value) filter {
	return func(r *record) truth {
		v := r.value(property)
		return truthOf(slices.ContainsFunc(literals, func(literal value) bool { return v.compare(literal) == 0 }))
	}
}

func not(f filter) filter { return func(r *record) truth { return -f(r) } }

func and(a, b truth) truth { return min(a, b) }
func or(a, b truth) truth  { return max(a, b) }

// combine joins operands with "and" or "or".
func combine(operands []filter, by func(a, b truth) truth) filter {
	return func(r *record) truth {
		combined := operands[0](r)
		for _, operand := range operands[1:] {
			combined = by(combined, operand(r))
		}
		return combined
	}
}
