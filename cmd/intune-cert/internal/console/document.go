package console

// This file writes documents for programs.

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

// JSON writes a value as an indented JSON document.
func (w *Writer) JSON(value any) error {
	text, err := encodeJSON(value)
	if err != nil {
		return err
	}
	return w.write(escapeJSON(text))
}

func escapeJSON(text string) string {
	return escapeUnsafe(text, func(r rune) string {
		high, low := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	})
}

func encodeJSON(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.String(), err
}

// YAML writes the document of JSON as YAML.
func (w *Writer) YAML(value any) error {
	text, err := encodeJSON(value)
	if err != nil {
		return err
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(escapeYAML(text)), &document); err != nil { // JSON is YAML, and its members keep their order
		return err
	}
	useBlocks(&document)
	var out strings.Builder
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return err
	}
	return w.write(escapeYAML(out.String()))
}

func escapeYAML(text string) string {
	return escapeUnsafe(text, func(r rune) string { return fmt.Sprintf(`\U%08x`, r) })
}

// useBlocks turns the braces of JSON into lines. Only within quotation marks can a character be escaped.
func useBlocks(node *yaml.Node) {
	node.Style = 0
	if node.Kind == yaml.ScalarNode && (Clean(node.Value) != node.Value) {
		node.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range node.Content {
		useBlocks(child)
	}
}

// CSV writes rows of texts. A spreadsheet would take a text that begins as a formula does for one, so an apostrophe
// precedes it.
func (w *Writer) CSV(rows [][]string) error {
	var out strings.Builder
	encoder := csv.NewWriter(&out)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = Clean(cell)
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "+") || strings.HasPrefix(cell, "@") {
				row[i] = "'" + row[i]
			}
		}
	}
	return cmp.Or(encoder.WriteAll(rows), w.write(out.String()))
}
