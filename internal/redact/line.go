// Package redact makes text from outside safe for errors and logs: without secrets, control characters and characters
// that change the direction of text.
package redact

import (
	"strings"
	"unicode"
)

const (
	longestLine    = 500     // bytes of one text from outside
	longestMessage = 4 << 10 // bytes of a whole error message
)

// Line puts text on one line, safe for a terminal, and cuts it after 500 bytes.
func Line(text string) string { return line(text, longestLine) }

// Message is Line for a whole error message, which is cut after 4 KiB.
func Message(text string) string { return line(text, longestMessage) }

func line(text string, limit int) string {
	const most = 16 // bytes of a text per byte of its line: more is white space
	if len(text) > most*limit {
		text = text[:most*limit]
	}
	line := strings.Join(strings.Fields(strings.Map(spaced, strings.ToValidUTF8(text, "\uFFFD"))), " ")
	if len(line) <= limit {
		return line
	}
	return strings.ToValidUTF8(line[:limit], "") + "…"
}

// spaced replaces a control character by a space, and drops one that changes the direction of text.
func spaced(r rune) rune {
	switch {
	case unicode.Is(unicode.Bidi_Control, r):
		return -1
	case unicode.IsControl(r):
		return ' '
	}
	return r
}

// Text makes text safe for a terminal and keeps its lines.
func Text(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return r
		}
		return spaced(r)
	}, text)
}
