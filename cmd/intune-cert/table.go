package main

// This file writes records as a table that fits the terminal.

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// table writes records, one a line. If the terminal is too narrow for that, each record is a block of lines.
func (w *page) table(records []*record) {
	const least = 10 // columns for the subject
	rows := make([][]string, 0, len(records)+1)
	rows = append(rows, []string{" ", "ID", "EXPIRES", "STATUS", "SUBJECT"})
	for _, r := range records {
		rows = append(rows, []string{mark(r), plain(r.ID), r.expires(), string(r.Status), plain(r.Subject)})
	}
	widths := columnWidths(rows)
	fixed := 0
	for _, width := range widths[:len(widths)-1] {
		fixed += width + len(gap)
	}
	if w.width > 0 && fixed+least > w.width {
		w.blocks(records)
		return
	}
	for i, row := range rows {
		text := w.row(row, widths, fixed)
		if i == 0 {
			w.line("%s", w.bold(text))
			continue
		}
		w.line("%s", w.coloured(text, records[i-1].DaysLeft))
	}
	if hasDeployed(records) {
		w.line("* deployed by Intune")
	}
}

const gap = "  "

func (w *page) row(cells []string, widths []int, fixed int) string {
	var text strings.Builder
	last := len(cells) - 1
	for i, cell := range cells[:last] {
		text.WriteString(runewidth.FillRight(cell, widths[i]))
		text.WriteString(gap)
	}
	subject := cells[last]
	if w.width > 0 {
		subject = fit(subject, w.width-fixed)
	}
	text.WriteString(subject)
	return text.String()
}

func (w *page) blocks(records []*record) {
	for i, r := range records {
		if i > 0 {
			w.line("")
		}
		r.human(w)
	}
}

func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], runewidth.StringWidth(cell))
		}
	}
	return widths
}

func mark(r *record) string {
	if r.isDeployed() {
		return "*"
	}
	return " "
}

func hasDeployed(records []*record) bool {
	for _, r := range records {
		if r.isDeployed() {
			return true
		}
	}
	return false
}

// wrap breaks text into lines of a width in columns, between words if possible. A width of 0 or less has no limit.
func wrap(text string, width int) (lines []string) {
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
