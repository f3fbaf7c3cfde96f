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
)

// maxTokens is how long an expression may be, and therefore how deep it may be nested.
const maxTokens = 10_000

// parser goes through the tokens of an expression.
type parser struct {
	tokens []token
	names  naming
}

func parseFilter(text string, names naming) (filter, error) {
	p := &parser{tokens: lex(text), names: names}
	if len(p.tokens) > maxTokens {
		return nil, invalid(textErrorf("The expression has more than %d parts.", maxTokens))
	}
	parsed, err := p.or()
	if rest := p.peek(); err == nil && rest.at < len(text) {
		err = unexpected(rest)
	}
	if err != nil {
		return nil, invalid(err)
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
	if len(p.tokens) > 1 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// takes reports whether the next token is this keyword or sign, and if so takes it.
func (p *parser) takes(text string) bool {
	takes := strings.EqualFold(p.peek().text, text)
	if takes {
		p.next()
	}
	return takes
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
	isCall := len(p.tokens) > 1 && p.tokens[1].text == "("
	if t := p.peek(); t.word != "" && !isCall && !strings.EqualFold(t.word, "not") {
		return p.comparison()
	}
	return p.boolean()
}

func (p *parser) boolean() (filter, error) {
	switch t := p.peek(); {
	case p.takes("("):
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.want(")")
	case p.takes("not"):
		inner, err := p.boolean()
		return not(inner), err
	case t.word != "":
		return p.function()
	case t.literal != "", t.number != "":
		return nil, textErrorf("A literal on the left of an operator is not supported, as at position %d.", t.at)
	}
	return nil, unexpected(p.peek())
}

// function reads a call of a function that compares texts.
func (p *parser) function() (filter, error) {
	name := p.next()
	function := strings.ToLower(name.word)
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
	if of != textKind || text.literal == "" || text.typeName != "" {
		return nil, textErrorf("No function signature for the function with name '%s' matches the specified arguments.", function)
	}
	return matchText(function, property, text.value()), p.want(")")
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
	keyword := strings.ToLower(operator.word)
	if _, known := comparisons[keyword]; !known {
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
	if t.word == "" {
		return "", "", unexpected(t)
	}
	return p.names.sortable(t.word)
}

// literal reads one that can be compared with values of this kind: null can with any.
func (p *parser) literal(of kind) (value, error) {
	t := p.next()
	_, isProperty := p.names.find(t.word)
	switch {
	case t.word == "" && t.literal == "" && t.number == "" && t.sign == "":
		return value{}, unexpected(t)
	case strings.EqualFold(t.word, "null"):
		return value{Null: true}, nil
	case of == textKind && t.literal != "" && t.typeName == "":
		return value{Text: t.value()}, nil
	case of == statusKind && t.literal != "" && (t.typeName == "" || t.typeName == string(statusKind)):
		if !isStatus(t.value()) {
			return value{}, textErrorf("The string '%s' is not a valid enumeration type constant.", t.value())
		}
		return value{Text: t.value()}, nil
	case of == timeKind && t.number != "":
		literal, err := parseTime(t.number)
		return value{Time: literal}, err
	case isProperty:
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

// token is a piece of an expression. At its end, and for a character that cannot stand there, the groups are empty.
type token struct {
	text string
	at   int // where it begins

	typeName, literal string // 'Contoso', or microsoft.graph.certificateStatus'provisioned' with its type
	word              string // a keyword, an operator or the name of a property
	number            string // what begins like a number, a time among them
	sign              string // a parenthesis or a comma
}

// value is a literal without its quotation marks.
func (t token) value() string {
	return strings.ReplaceAll(t.literal[1:len(t.literal)-1], "''", "'")
}

const word = `[A-Za-z_][A-Za-z0-9_.]*`

// tokenForm has the groups of a token. It matches any text that does not end with a space.
var tokenForm = regexp.MustCompile(`(?s)[ \t]*((` + word + `)?('(?:[^']|'')*')|(` + word + `)|([-+]?[0-9][0-9A-Za-z:.+-]*)|([(),])|.)`)

// lex returns the tokens of an expression.
func lex(text string) (tokens []token) {
	at := 0
	for _, match := range tokenForm.FindAllStringSubmatch(strings.TrimRight(text, " \t"), -1) {
		at += len(match[0])
		tokens = append(tokens, token{match[1], at - len(match[1]), match[2], match[3], match[4], match[5], match[6]})
	}
	return append(tokens, token{text: "the end", at: len(text)})
}
