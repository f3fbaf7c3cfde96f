package console

// This file fits text into columns.

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Wrap breaks text into lines of a width in columns, between words if possible. A width below 10 has no limit.
func Wrap(text string, width int) (lines []string) {
	const least = 10
	if width < least {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && runewidth.StringWidth(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := strings.Split(runewidth.Wrap(word, width), "\n") // several if it is longer than a line
		last := len(pieces) - 1
		lines, line = append(lines, pieces[:last]...), pieces[last]
	}
	return append(lines, line)
}
