package example

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// Time is how the examples print times.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// PrintFields prints a title, and below it the fields, each a label and a value, that have a value.
func PrintFields(out io.Writer, title string, fields [][2]string) {
	fmt.Fprintln(out, title)
	width := 0
	for _, field := range fields {
		width = max(width, len(field[0]))
	}
	for _, field := range fields {
		if field[1] != "" {
			fmt.Fprintf(out, "  %-*s  %s\n", width, field[0], Printable(field[1]))
		}
	}
}

// Printable keeps text of others on its line: a certificate may be named with line ends, or with what commands a terminal.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// PrintJSON prints JSON for people and programs.
func PrintJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
