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
	return append(lines, line)
}

// Align returns rows of cells as lines with aligned columns. The last column is cut at a width, 0 for none. ok is false if
// less than 10 columns are left for it.
func Align(rows [][]string, width int) (lines []string, ok bool) {
	const gap, least = "  ", 10
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	last, fixed := len(widths)-1, 0
	for _, column := range widths[:last] {
		fixed += column + len(gap)
	}
	if width > 0 && fixed+least > width {
		return nil, false
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row[:last] {
			line.WriteString(runewidth.FillRight(cell, widths[i]) + gap)
		}
		cell := row[last]
		if width > 0 {
			cell = Fit(cell, width-fixed)
		}
		lines = append(lines, line.String()+cell)
	}
	return lines, true
}
