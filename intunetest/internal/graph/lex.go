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

var (
	blanks = regexp.MustCompile(`^[ \t]*`)
	word   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*`)
	quoted = regexp.MustCompile(`^'(?:[^']|'')*'`)
	number = regexp.MustCompile(`^[-+]?[0-9][0-9A-Za-z:.+-]*`)
	sign   = regexp.MustCompile(`^[(),]`)
)

// lex returns the tokens of an expression. The last one is an endToken.
func lex(text string) ([]token, error) {
	var tokens []token
	for at := 0; ; {
		at += len(blanks.FindString(text[at:]))
		if at == len(text) {
			return append(tokens, token{kind: endToken, text: "the end", at: at}), nil
		}
		t, length := lexToken(text[at:])
		if length == 0 {
			_, size := utf8.DecodeRuneInString(text[at:])
			return nil, unexpected(token{text: text[at : at+size], at: at})
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
