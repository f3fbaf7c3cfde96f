package main

// This file writes results: for people, or as documents for scripts.

import (
	"time"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
)

// result is what a command has found or done.
type result interface {
	human(out *console.Writer)
	setError(f *failure)
}

// outcome is the part of a result that says what went wrong.
type outcome struct {
	Error *failure `json:"error,omitempty"`
}

func (o *outcome) setError(f *failure)   { o.Error = f }
func (o *outcome) human(*console.Writer) {}

// show writes a result, nil if there is only an error.
func (a *app) show(r result, f *failure) error {
	if r == nil && f == nil {
		return nil
	}
	output := a.flags.output.value
	if r == nil {
		r = new(outcome)
	}
	r.setError(f)
	switch listed, isListed := r.(interface{ records() []*record }); {
	case output == "human":
		r.human(a.Out)
	case output != "csv":
		return a.showDocument(r)
	case isListed:
		return a.Out.CSV(rows(listed.records()))
	}
	return nil
}

func (a *app) showDocument(document any) error {
	if a.flags.output.value == "yaml" {
		return a.Out.YAML(document)
	}
	return a.Out.JSON(document)
}

// field writes a name and a value. A long value continues below itself.
func field(out *console.Writer, name, value string) { styledField(out, console.Plain, name, value) }

func styledField(out *console.Writer, style console.Style, name, value string) {
	const column = 14
	if value == "" {
		return
	}
	for i, part := range console.Wrap(value, out.Width()-column) {
		if i > 0 {
			name = ""
		}
		out.Printf("%-*s%s\n", column, name, out.Styled(style, part))
	}
}

// printFindings writes what is remarkable about a certificate.
func printFindings(out *console.Writer, findings []codesign.Finding) {
	styles := map[codesign.Severity]console.Style{
		codesign.SeverityFatal: console.Red, codesign.SeverityWarning: console.Yellow, codesign.SeverityInfo: console.Plain,
	}
	for _, finding := range findings {
		out.Paragraph(styles[finding.Severity], string(finding.Severity)+":", string(finding.Code)+": "+finding.Message)
	}
}

// formatTime is the one form of dates for people. codesign's findings have it, too.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// hasCSV marks the commands whose results are rows.
var hasCSV = map[string]string{"csv": "yes"}
