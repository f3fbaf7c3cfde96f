package console

// This file fits text into columns.

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Fit shortens text to a width in columns.
func Fit(text string, width int) string { return runewidth.Truncate(text, width, "…") }

// Wrap breaks text into lines of a width in columns, between words if possible. A width below 10 has no limit.
func Wrap(text string, width int) (lines []string) {
	const least = 10
	if width < least {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		for runewidth.StringWidth(word) > width {
			head := runewidth.Truncate(word, width-runewidth.StringWidth(line)-min(len(line), 1), "")
			if line != "" {
				lines, line = append(lines, line), ""
				continue
			}
			lines, word = append(lines, head), word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case runewidth.StringWidth(line)+1+runewidth.StringWidth(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
