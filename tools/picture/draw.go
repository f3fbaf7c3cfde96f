package main

// This file draws what a terminal shows.

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
)

const (
	lineHeight = 20
	margin     = 16
	charWidth  = 8.4 // of the font at 14 pixels
)

// styles follow the color scheme of the reader.
const styles = `
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
    rect { fill: #f6f8fa; stroke: #d0d7de }
    .bold { font-weight: bold } .red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #7d4e00 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      rect { fill: #161b22; stroke: #30363d }
      .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 }
    }
`

// draw returns an SVG with the lines of text.
func draw(text string) []byte {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	width, height := int(columns*charWidth)+2*margin, len(lines)*lineHeight+2*margin
	var out bytes.Buffer
	fmt.Fprintf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height)
	fmt.Fprintf(&out, "  <title>A rotation with intune-cert on a terminal</title>\n  <style>%s  </style>\n", styles)
	fmt.Fprintf(&out, "  <rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", width-1, height-1)
	for i, line := range lines {
		fmt.Fprintf(&out, "  <text x=\"%d\" y=\"%d\">%s</text>\n", margin, margin+15+i*lineHeight, spans(line))
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

var sequence = regexp.MustCompile(`\x1b\[(\d*)[mK]`)

// spans turns the escape sequences of a line into styles.
func spans(line string) string {
	classes := map[string]string{"1": "bold", "31": "red", "32": "green", "33": "yellow"}
	var out strings.Builder
	class := ""
	write := func(text string) {
		switch {
		case text == "":
		case class == "":
			out.WriteString(html.EscapeString(text))
		default:
			fmt.Fprintf(&out, `<tspan class="%s">%s</tspan>`, class, html.EscapeString(text))
		}
	}
	at := 0
	for _, found := range sequence.FindAllStringSubmatchIndex(line, -1) {
		write(line[at:found[0]])
		class, at = classes[line[found[2]:found[3]]], found[1]
	}
	write(line[at:])
	return out.String()
}
