package console

// This file fits text into columns.

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Fit shortens text to a width in columns.
func Fit(text string, width int) string { return runewidth.Truncate(text, width, "…") }

// unbreakable stands for a space until a Writer writes it: a character for private use, which no font shows.
const unbreakable = "\uf8fe"

// Unbroken marks words, such as a command line to copy, for a line of their own, however long it is.
func Unbroken(text string) string { return strings.ReplaceAll(text, " ", unbreakable) }

// Wrap breaks text into lines of a width in columns, between words if possible. A width below 10 has no limit.
func Wrap(text string, width int) (lines []string) {
	const least = 10
	if width < least {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if strings.Contains(word, unbreakable) {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			lines = append(lines, word)
			continue
		}
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
