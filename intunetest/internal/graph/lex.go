package graph

// This file divides a $filter into tokens.

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

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
