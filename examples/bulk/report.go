package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
)

// report prints progress and a summary: a bar where out is a terminal, else a line for each file.
type report struct {
	out      io.Writer
	terminal bool

	total, created, recognised, skipped int
	failures, remarks                   []string
}

func newReport(out io.Writer, total int) *report {
	r := &report{out: out, total: total}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		r.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	r.bar()
	return r
}

// add takes the result for a file, or the reason why it could not be read.
func (r *report) add(name string, result intune.CreateAllResult, unreadable error) {
	if errors.Is(result.Err, intune.ErrNotTried) {
		return // of those that were not tried it is the first; finish counts them
	}
	var outcome string
	switch {
	case unreadable != nil:
		outcome = "failed"
		r.failures = append(r.failures, unreadable.Error())
	case result.Err != nil:
		outcome = "failed"
		r.failures = append(r.failures, name+": "+result.Err.Error())
	case result.Response.Reconciled:
		outcome = "recognised"
		r.recognised++
	default:
		outcome = "created"
		r.created++
	}
	id := ""
	if result.Certificate != nil {
		id = "  " + result.Certificate.ID
	}
	r.line(outcome, name+id)
}

// skip takes a file whose certificate is that of an earlier one.
func (r *report) skip(name, holder string) {
	r.skipped++
	r.line("skipped", name+"  the same certificate as "+holder)
}

// remark takes what finish says about a certificate.
func (r *report) remark(name string, remarks []string) {
	for _, remark := range remarks {
		r.remarks = append(r.remarks, name+": "+remark)
	}
}

// line says what a file came to.
func (r *report) line(outcome, what string) {
	r.bar()
	if !r.terminal {
		fmt.Fprintf(r.out, "%-10s  %s\n", outcome, what)
	}
}

// done is the number of files that nothing is left to do for.
func (r *report) done() int { return r.created + r.recognised + r.skipped + len(r.failures) }

// bar draws over the one from before, which is never longer.
func (r *report) bar() {
	if !r.terminal {
		return
	}
	const width = 40
	filled := width * r.done() / r.total
	fmt.Fprintf(r.out, "\r[%s%s] %d of %d, %d failed",
		strings.Repeat("#", filled), strings.Repeat(".", width-filled), r.done(), r.total, len(r.failures))
}

// finish prints the summary, and returns an error where not everything is done. interrupted says why the run ended early.
func (r *report) finish(requests int64, interrupted error) error {
	notTried := r.total - r.done()
	if r.terminal {
		fmt.Fprintln(r.out)
	}
	fmt.Fprintf(r.out, "\ncreated                          %d\n", r.created)
	fmt.Fprintf(r.out, "recognised after a lost answer   %d\n", r.recognised)
	fmt.Fprintf(r.out, "skipped, in an earlier file too  %d\n", r.skipped)
	fmt.Fprintf(r.out, "failed                           %d\n", len(r.failures))
	fmt.Fprintf(r.out, "not tried                        %d\n", notTried)
	fmt.Fprintf(r.out, "requests                         %d\n", requests)
	r.list("Failed", r.failures)
	r.list("Worth knowing", r.remarks)
	switch {
	case len(r.failures) == 0 && notTried == 0:
		return nil
	case interrupted != nil:
		return fmt.Errorf("of %d files, %d failed and %d were not tried: %w", r.total, len(r.failures), notTried, interrupted)
	}
	return fmt.Errorf("of %d files, %d failed and %d were not tried", r.total, len(r.failures), notTried)
}

func (r *report) list(title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(r.out, "\n%s:\n  %s\n", title, strings.Join(lines, "\n  "))
	}
}
