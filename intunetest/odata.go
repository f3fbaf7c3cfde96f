package intunetest

// This file reads $filter: a lexer and a recursive-descent parser for the part of OData's expressions that the
// collection has a use for. See https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html.
//
//	or         = and { "or" and }
//	and        = operand { "and" operand }
//	operand    = boolean | comparison
//	boolean    = "(" or ")" | "not" boolean | "startswith" "(" property "," text ")"
//	comparison = property ( "eq" | "ne" | "gt" | "ge" | "lt" | "le" ) literal
//
// OData's "not" binds closer than a comparison, so that a comparison after it needs parentheses.

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// maxNesting is how deep an expression may be nested.
const maxNesting = 100

const statusType = "microsoft.graph.certificateStatus"

type tokenKind int

const (
	endToken    tokenKind = iota
	wordToken             // a keyword, an operator or the name of a property
	textToken             // 'Contoso', without its quotation marks
	enumToken             // microsoft.graph.certificateStatus'provisioned', the same, with its type
	numberToken           // what begins like a number, a time among them
	signToken             // a parenthesis or a comma
)

type token struct {
	kind     tokenKind
	text     string
	typeName string // of an enumToken
	at       int    // where it begins
}

var (
	blanks = regexp.MustCompile(`^[ \t]*`)
	word   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*`)
	quoted = regexp.MustCompile(`^'(?:[^']|'')*'`)
	number = regexp.MustCompile(`^[-+]?[0-9][0-9A-Za-z:.+-]*`)
	sign   = regexp.MustCompile(`^[(),]`)
)

// lex takes an expression apart. The last of its tokens is an endToken.
func lex(text string) ([]token, error) {
	var tokens []token
	for at := 0; ; {
		at += len(blanks.FindString(text[at:]))
		if at == len(text) {
			return append(tokens, token{kind: endToken, text: "the end", at: at}), nil
		}
		t, length := lexToken(text[at:])
		if length == 0 {
			return nil, fmt.Errorf("syntax error at position %d: unexpected %q", at, text[at:at+1])
		}
		t.at = at
		tokens = append(tokens, t)
		at += length
	}
}

func lexToken(rest string) (t token, length int) {
	name := word.FindString(rest)
	if literal := quoted.FindString(rest[len(name):]); literal != "" {
		t = token{kind: textToken, text: unquote(literal), typeName: name}
		if name != "" {
			t.kind = enumToken
		}
		return t, len(name) + len(literal)
	}
	if name != "" {
		return token{kind: wordToken, text: name}, len(name)
	}
	if literal := number.FindString(rest); literal != "" {
		return token{kind: numberToken, text: literal}, len(literal)
	}
	one := sign.FindString(rest)
	return token{kind: signToken, text: one}, len(one)
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func unquote(literal string) string { return strings.ReplaceAll(literal[1:len(literal)-1], "''", "'") }

// parser goes through the tokens of an expression.
type parser struct {
	tokens  []token
	nesting int
}

func parseFilter(text string) (filter, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	parsed, err := p.or()
	if err != nil {
		return nil, err
	}
	if rest := p.next(); rest.kind != endToken {
		return nil, unexpected(rest)
	}
	return parsed, nil
}

func unexpected(t token) error {
	return fmt.Errorf("syntax error at position %d: unexpected %q", t.at, t.text)
}

func (p *parser) peek() token { return p.tokens[0] }

// next takes a token, but never the last.
func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

// takes says whether the next token is this keyword or sign, and if so takes it.
func (p *parser) takes(text string) bool {
	t := p.peek()
	if t.text != text || t.kind != wordToken && t.kind != signToken {
		return false
	}
	p.next()
	return true
}

func (p *parser) want(sign string) error {
	if !p.takes(sign) {
		return unexpected(p.peek())
	}
	return nil
}

func (p *parser) or() (filter, error) {
	operands, err := p.chain("or", p.and)
	if len(operands) == 1 {
		return operands[0], err
	}
	return anyOf(operands), err
}

func (p *parser) and() (filter, error) {
	operands, err := p.chain("and", p.operand)
	if len(operands) == 1 {
		return operands[0], err
	}
	return allOf(operands), err
}

// chain reads operands with one operator between them.
func (p *parser) chain(operator string, operand func() (filter, error)) ([]filter, error) {
	var operands []filter
	for {
		read, err := operand()
		if err != nil {
			return nil, err
		}
		operands = append(operands, read)
		if !p.takes(operator) {
			return operands, nil
		}
	}
}

func (p *parser) operand() (filter, error) {
	if t := p.peek(); t.kind == wordToken && t.text != "not" && t.text != "startswith" {
		return p.comparison()
	}
	return p.boolean()
}

func (p *parser) boolean() (filter, error) {
	switch {
	case p.takes("("):
		inner, err := p.nested(p.or)
		if err != nil {
			return nil, err
		}
		return inner, p.want(")")
	case p.takes("not"):
		inner, err := p.nested(p.boolean)
		return negation{inner}, err
	case p.takes("startswith"):
		return p.startsWith()
	}
	return nil, unexpected(p.peek())
}

func (p *parser) nested(parse func() (filter, error)) (filter, error) {
	if p.nesting == maxNesting {
		return nil, fmt.Errorf("the expression is nested deeper than %d", maxNesting)
	}
	p.nesting++
	defer func() { p.nesting-- }()
	return parse()
}

func (p *parser) startsWith() (filter, error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	name, of, err := p.property()
	if err != nil {
		return nil, err
	}
	if err := p.want(","); err != nil {
		return nil, err
	}
	prefix := p.next()
	if of != textKind || prefix.kind != textToken {
		return nil, fmt.Errorf("no function signature for startswith matches its operands at position %d", prefix.at)
	}
	return startsWith{name, prefix.text}, p.want(")")
}

func (p *parser) comparison() (filter, error) {
	name, of, err := p.property()
	if err != nil {
		return nil, err
	}
	operator := p.next()
	if _, known := comparisons[operator.text]; !known || operator.kind != wordToken {
		return nil, unexpected(operator)
	}
	literal, err := p.literal(of)
	return comparison{name, operator.text, literal}, err
}

func (p *parser) property() (name string, of kind, err error) {
	t := p.next()
	if t.kind != wordToken {
		return "", 0, unexpected(t)
	}
	of, err = sortable(t.text)
	return t.text, of, err
}

// sortable returns what a property's values are where it can be filtered and sorted on, as all but content can.
func sortable(name string) (kind, error) {
	p, known := properties[name]
	switch {
	case !known:
		return 0, noProperty(name)
	case p.kind == binaryKind:
		return 0, fmt.Errorf("the property '%s' can be neither filtered nor sorted on", name)
	}
	return p.kind, nil
}

func noProperty(name string) error {
	return fmt.Errorf("could not find a property named '%s' on type 'microsoft.graph.enterpriseCodeSigningCertificate'", name)
}

// literal reads one that can be compared with values of this kind: null can with any.
func (p *parser) literal(of kind) (value, error) {
	t := p.next()
	switch {
	case t.kind == endToken:
		return value{}, unexpected(t)
	case t.kind == wordToken && t.text == "null":
		return value{Null: true}, nil
	case of == textKind && t.kind == textToken:
		return value{Text: t.text}, nil
	case of == statusKind && (t.kind == textToken || t.kind == enumToken && t.typeName == statusType):
		if !isStatus(t.text) {
			return value{}, fmt.Errorf("the string '%s' is not a valid enumeration type constant", t.text)
		}
		return value{Text: t.text}, nil
	case of == timeKind && t.kind == numberToken:
		literal, err := parseTime(t.text)
		return value{Time: literal}, err
	}
	return value{}, fmt.Errorf("the literal at position %d has a type that does not fit the property", t.at)
}

// dateTimeOffset has a resolution of 100 ns in the service. Its seconds are optional in OData.
var dateTimeOffset = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?(Z|[-+]\d\d:\d\d)$`)

func parseTime(text string) (time.Time, error) {
	layout := time.RFC3339Nano
	if match := dateTimeOffset.FindStringSubmatch(text); match == nil {
		return time.Time{}, errors.New("the literal '" + text + "' is not a DateTimeOffset")
	} else if match[1] == "" {
		layout = "2006-01-02T15:04Z07:00"
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the literal '%s' is not a DateTimeOffset: %w", text, err)
	}
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, fmt.Errorf("the literal '%s' is out of the range of DateTimeOffset", text)
	}
	return t, nil
}
