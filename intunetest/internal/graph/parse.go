package graph

// This file reads $filter: a recursive-descent parser for the part of OData's expressions that is useful for the
// collection. See https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html.
//
//	or         = and { "or" and }
//	and        = operand { "and" operand }
//	operand    = boolean | comparison
//	boolean    = "(" or ")" | "not" boolean | function "(" property "," text ")"
//	function   = "startswith" | "endswith" | "contains"
//	comparison = property ( "eq" | "ne" | "gt" | "ge" | "lt" | "le" ) literal | property "in" "(" literal { "," literal } ")"
//
// OData's "not" binds closer than a comparison, so a comparison after it needs parentheses. Keywords are read without
// regard to case.

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// maxNesting is how deep an expression may be nested.
const maxNesting = 100

// parser goes through the tokens of an expression.
type parser struct {
	tokens  []token
	nesting int
	names   naming
}

func parseFilter(text string, names naming) (filter, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, invalid(err)
	}
	p := &parser{tokens: tokens, names: names}
	parsed, err := p.or()
	if err != nil {
		return nil, invalid(err)
	}
	if rest := p.next(); rest.kind != endToken {
		return nil, invalid(unexpected(rest))
	}
	return parsed, nil
}

func unexpected(t token) error {
	return textErrorf("Syntax error at position %d: unexpected '%s'.", t.at, t.text)
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

// takes reports whether the next token is this keyword or sign, and if so takes it.
func (p *parser) takes(text string) bool {
	t := p.peek()
	if t.kind != wordToken && t.kind != signToken || !strings.EqualFold(t.text, text) {
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

func (p *parser) or() (filter, error) { return p.chain("or", p.and, or) }

func (p *parser) and() (filter, error) { return p.chain("and", p.operand, and) }

// chain reads operands with one operator between them.
func (p *parser) chain(operator string, operand func() (filter, error), by func(a, b truth) truth) (filter, error) {
	var operands []filter
	for {
		read, err := operand()
		if err != nil {
			return nil, err
		}
		operands = append(operands, read)
		if !p.takes(operator) {
			return combine(operands, by), nil
		}
	}
}

func (p *parser) operand() (filter, error) {
	isCall := len(p.tokens) > 1 && p.tokens[1].kind == signToken && p.tokens[1].text == "("
	if t := p.peek(); t.kind == wordToken && !isCall && !strings.EqualFold(t.text, "not") {
		return p.comparison()
	}
	return p.boolean()
}

func (p *parser) boolean() (filter, error) {
	switch t := p.peek(); {
	case p.takes("("):
		inner, err := p.nested(p.or)
		if err != nil {
			return nil, err
		}
		return inner, p.want(")")
	case p.takes("not"):
		inner, err := p.nested(p.boolean)
		return not(inner), err
	case t.kind == wordToken:
		return p.function()
	case t.kind == textToken, t.kind == numberToken, t.kind == enumToken:
		return nil, textErrorf("A literal on the left of an operator is not supported, as at position %d.", t.at)
	}
	return nil, unexpected(p.peek())
}

func (p *parser) nested(parse func() (filter, error)) (filter, error) {
	if p.nesting == maxNesting {
		return nil, textErrorf("The expression is nested deeper than %d levels.", maxNesting)
	}
	p.nesting++
	defer func() { p.nesting-- }()
	return parse()
}

// function reads a call of a function that compares texts.
func (p *parser) function() (filter, error) {
	name := p.next()
	function := strings.ToLower(name.text)
	if _, known := functions[function]; !known {
		if p.peek().text != "(" {
			return nil, unexpected(name)
		}
		return nil, textErrorf("An unknown function with name '%s' was found. Only startswith, endswith and contains are supported.", name.text)
	}
	if err := p.want("("); err != nil {
		return nil, err
	}
	property, of, err := p.property()
	if err != nil {
		return nil, err
	}
	if err := p.want(","); err != nil {
		return nil, err
	}
	text := p.next()
	if of != textKind || text.kind != textToken {
		return nil, textErrorf("No function signature for the function with name '%s' matches the specified arguments.", function)
	}
	return matchText(function, property, text.text), p.want(")")
}

func (p *parser) comparison() (filter, error) {
	name, of, err := p.property()
	if err != nil {
		return nil, err
	}
	if p.takes("in") {
		literals, err := p.literals(of)
		return isIn(name, literals), err
	}
	operator := p.next()
	keyword := strings.ToLower(operator.text)
	if _, known := comparisons[keyword]; !known || operator.kind != wordToken {
		return nil, unexpected(operator)
	}
	literal, err := p.literal(of)
	return compare(name, keyword, literal), err
}

// literals reads those after "in".
func (p *parser) literals(of kind) (literals []value, err error) {
	if err := p.want("("); err != nil {
		return nil, err
	}
	for {
		literal, err := p.literal(of)
		if err != nil {
			return nil, err
		}
		literals = append(literals, literal)
		if !p.takes(",") {
			return literals, p.want(")")
		}
	}
}

func (p *parser) property() (name string, of kind, err error) {
	t := p.next()
	if t.kind != wordToken {
		return "", "", unexpected(t)
	}
	return p.names.sortable(t.text)
}

func (p *parser) isProperty(name string) bool {
	_, known := p.names.find(name)
	return known
}

// literal reads one that can be compared with values of this kind: null can with any.
func (p *parser) literal(of kind) (value, error) {
	t := p.next()
	switch {
	case t.kind == endToken:
		return value{}, unexpected(t)
	case t.kind == wordToken && strings.EqualFold(t.text, "null"):
		return value{Null: true}, nil
	case of == textKind && t.kind == textToken:
		return value{Text: t.text}, nil
	case of == statusKind && (t.kind == textToken || t.kind == enumToken && t.typeName == string(statusKind)):
		if !isStatus(t.text) {
			return value{}, textErrorf("The string '%s' is not a valid enumeration type constant.", t.text)
		}
		return value{Text: t.text}, nil
	case of == timeKind && t.kind == numberToken:
		literal, err := parseTime(t.text)
		return value{Time: literal}, err
	case t.kind == wordToken && p.isProperty(t.text):
		return value{}, textErrorf("A property on the right of an operator is not supported, as at position %d.", t.at)
	}
	return value{}, textErrorf("A binary operator with incompatible types was detected: the literal at position %d does not have the type '%s'.", t.at, of)
}

// parseTime reads a literal, whose resolution is 100 ns, as in the service.
func parseTime(text string) (time.Time, error) {
	match := dateTimeOffset.FindStringSubmatch(text)
	t, isValid := parseDateTimeOffset(match)
	if !isValid || len(match[3]) > len("1234567") {
		return time.Time{}, textErrorf("Unrecognized 'Edm.DateTimeOffset' literal '%s'.", text)
	}
	return t.UTC(), nil
}

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

const word = `[A-Za-z_][A-Za-z0-9_.]*`

// tokenForm has groups for the type and the text of a literal, a word and a number.
var tokenForm = regexp.MustCompile(`^(?:(` + word + `)?('(?:[^']|'')*')|(` + word + `)|([-+]?[0-9][0-9A-Za-z:.+-]*)|[(),])`)

// lex returns the tokens of an expression. The last one is an endToken.
func lex(text string) ([]token, error) {
	var tokens []token
	for at := 0; ; {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
		if at == len(text) {
			return append(tokens, token{kind: endToken, text: "the end", at: at}), nil
		}
		match := tokenForm.FindStringSubmatch(text[at:])
		if match == nil {
			_, size := utf8.DecodeRuneInString(text[at:])
			return nil, unexpected(token{text: text[at : at+size], at: at})
		}
		tokens = append(tokens, newToken(match, at))
		at += len(match[0])
	}
}

func newToken(match []string, at int) token {
	typeName, literal, name, number := match[1], match[2], match[3], match[4]
	switch {
	case literal != "":
		t := token{kind: textToken, text: strings.ReplaceAll(literal[1:len(literal)-1], "''", "'"), typeName: typeName, at: at}
		if typeName != "" {
			t.kind = enumToken
		}
		return t
	case name != "":
		return token{kind: wordToken, text: name, at: at}
	case number != "":
		return token{kind: numberToken, text: number, at: at}
	}
	return token{kind: signToken, text: match[0], at: at}
}
