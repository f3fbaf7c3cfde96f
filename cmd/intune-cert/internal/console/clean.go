// Package console is what the program writes to and reads from: its only way to standard output and standard error. Text
// of others, such as the names in a certificate, cannot control a terminal, in whatever form it is written.
package console

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean puts text on one line, and replaces what could control a terminal or reorder what it shows.
func Clean(text string) string {
	return cleanLines(strings.NewReplacer("\n", " ", "\t", " ").Replace(text))
}

// cleanLines is Clean for several lines.
func cleanLines(text string) string {
	return replaceUnsafe(text, func(r rune) string {
		if r == '\n' || r == '\t' {
			return string(r)
		}
		return string(utf8.RuneError)
	})
}

// escapeUnsafe escapes in a document, in which such characters can only be within quotation marks. JSON and YAML differ in
// how they escape characters beyond the first 65,536.
func escapeUnsafe(document string, beyond func(rune) string) string {
	return replaceUnsafe(document, func(r rune) string {
		switch {
		case r == '\n':
			return string(r)
		case r > math.MaxUint16:
			return beyond(r)
		}
		return fmt.Sprintf(`\u%04x`, r)
	})
}

func replaceUnsafe(text string, replacement func(rune) string) string {
	var out strings.Builder
	runes := []rune(text)
	neighbor := func(at int) rune {
		if at < 0 || at >= len(runes) {
			return 0
		}
		return runes[at]
	}
	for i, r := range runes {
		if isSafe(neighbor(i-1), r, neighbor(i+1)) {
			out.WriteRune(r)
		} else {
			out.WriteString(replacement(r))
		}
	}
	return out.String()
}

// isSafe reports whether a character shows as itself, and nothing else. Persian, Hindi and other languages need the
// joiners within words.
func isSafe(before, r, after rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	if r == nonJoiner || r == joiner {
		return isOfWord(before) && isOfWord(after)
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Co, r)
}

func isOfWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }

// Styled is text with the escape sequences of a Writer. Printf writes it as it is.
type Styled string

// cleanArg returns what Printf formats: all but numbers and styled texts is cleaned.
func cleanArg(arg any) any {
	switch arg := arg.(type) {
	case Styled:
		return string(arg)
	case int:
		return arg
	}
	return Clean(fmt.Sprint(arg))
}
