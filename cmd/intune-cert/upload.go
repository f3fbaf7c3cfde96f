package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

const uploadHelp = `Upload certificates, one after the other. In a folder, the certificate files directly in it are uploaded in the order of
their names.

Intune deploys only the last upload, so name the certificate that devices need last. A second run uploads everything again:
to replace a certificate, or to upload it only if it is missing, use rotate.

A file that fails does not stop the others, and the exit code is 1 then, or 4 if the outcome of an upload is unknown. Ctrl-C
during an upload leads to 4, too. With --output json, each of "files" has its "outcome": uploaded, failed, unknown
or notTried.

` + confirmHelp + `
` + fileHelp

type uploadCommand struct {
	*app

	loader       loader
	allowExpired bool
}

// What became of a file.
const (
	uploaded = "uploaded"
	failed   = "failed"   // not in the tenant, or not as wanted
	unknown  = "unknown"  // may be in the tenant
	notTried = "notTried" // the run ended before
)

type uploadResult struct {
	outcome

	Files []*uploadedFile `json:"files"` // in the order of the command line

	deployed string // the id of the certificate that Intune deploys, "" if it is not known
}

type uploadedFile struct {
	File        string             `json:"file"`
	Outcome     string             `json:"outcome"`     // uploaded, failed, unknown or notTried
	Certificate *record            `json:"certificate"` // null if it is not in the tenant
	Findings    []codesign.Finding `json:"findings"`
	Error       *failure           `json:"error,omitempty"`

	resource *intune.EnterpriseCodeSigningCertificate
	record   *intune.EnterpriseCodeSigningCertificate
	err      error
}

func newUploadCommand(a *app) *cobra.Command {
	c := &uploadCommand{app: a, loader: loader{terminal: a.terminal}}
	cmd := &cobra.Command{
		Use: "upload FILE...", Short: "Upload certificates, one after the other", Long: uploadHelp,
		Example: "  intune-cert upload contoso.cer\n  intune-cert upload certificates/ --output json",
		Args:    want("FILE", math.MaxInt),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&c.allowExpired, "allow-expired", false, "upload certificates that have expired")
	c.loader.addFlags(cmd)
	return cmd
}

func (c *uploadCommand) run(ctx context.Context, paths []string) error {
	files, err := c.readAll(ctx, paths)
	if err != nil {
		return err
	}
	p := c.newProgress("Uploading")
	defer p.stop()
	service, err := c.connect(p)
	if err != nil {
		return err
	}
	c.upload(ctx, service, files, p)
	deployed := c.deployedIfKnown(ctx, service)
	p.stop()
	for _, file := range files {
		file.Certificate, file.Error = newRecord(file.record, deployed), explain(ctx, file.err)
	}
	return c.show(ctx, &uploadResult{Files: files, deployed: deployed}, c.summary(ctx, files))
}

// readAll loads all files before anything is uploaded, so that nobody is asked for a password later. A file that cannot be
// read does not stop the others.
func (c *uploadCommand) readAll(ctx context.Context, paths []string) (files []*uploadedFile, err error) {
	names, skipped, err := expand(paths)
	if err != nil {
		return nil, err
	}
	if len(skipped) > 0 {
		which := ": add -v to see which"
		if c.flags.verbose {
			which = ": " + plain(strings.Join(skipped, ", "))
		}
		c.remark("Skipped %s in folders%s.", plural(len(skipped), "other file"), which)
	}
	for _, name := range names {
		file := &uploadedFile{File: name, Outcome: notTried, Findings: []codesign.Finding{}}
		cert, err := c.loader.loadForUpload(ctx, name)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, errNoAnswer):
			return nil, err
		case err != nil:
			file.Outcome, file.err = failed, err
		default:
			file.resource, file.Findings = cert.Resource(), append(file.Findings, cert.Check(time.Now())...)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, errors.New("there is no certificate file in the folder")
	}
	return files, nil
}

// upload uploads what could be read, in order: the last upload is the one that Intune deploys.
func (c *uploadCommand) upload(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, files []*uploadedFile, p *progress) {
	var options []intune.RequestOption
	if c.allowExpired {
		options = append(options, intune.WithExpiredAllowed())
	}
	for i, file := range files {
		p.count(i, len(files))
		if file.resource == nil || ctx.Err() != nil {
			continue
		}
		record, err := service.Create(ctx, file.resource, options...)
		switch isUnknown := errors.As(err, new(*intune.OutcomeUnknownError)); {
		case err == nil:
			file.Outcome, file.record = uploaded, record
		case isUnknown:
			file.Outcome, file.err = unknown, &advisedError{err: err, next: "Run \"intune-cert rotate " + file.File +
				"\" in a few minutes: it uploads the certificate only if it is not in the tenant."}
		case ctx.Err() == nil, record != nil:
			file.Outcome, file.record, file.err = failed, record, c.advise(err)
		}
	}
	p.count(len(files), len(files))
}

// summary is the error of the whole run: that of the most urgent exit code.
func (c *uploadCommand) summary(ctx context.Context, files []*uploadedFile) error {
	counts := countOutcomes(files)
	text := describeCounts(counts)
	switch {
	case counts[unknown] > 0:
		return combine(text, files, unknown)
	case ctx.Err() != nil && counts[notTried] > 0:
		return fmt.Errorf("interrupted: %s: %w", text, context.Cause(ctx))
	case counts[failed] > 0:
		return combine(text, files, failed)
	}
	return nil
}

// combine makes one error of those of the files with an outcome. Of one file it says all.
func combine(text string, files []*uploadedFile, outcome string) error {
	files = slices.DeleteFunc(slices.Clone(files), func(f *uploadedFile) bool { return f.Outcome != outcome })
	first := files[0]
	if len(files) == 1 {
		return &advisedError{err: first.err, text: text + ": " + first.File + ": " + first.reason(), next: first.Error.NextStep}
	}
	next := first.Error.NextStep
	if slices.ContainsFunc(files, func(f *uploadedFile) bool { return f.Error.NextStep != next }) {
		next = "The output has the next step of each file."
	}
	return &advisedError{err: first.err, text: text, next: next}
}

func countOutcomes(files []*uploadedFile) map[string]int {
	counts := make(map[string]int)
	for _, file := range files {
		counts[file.Outcome]++
	}
	return counts
}

func describeCounts(counts map[string]int) string {
	var parts []string
	for _, part := range []struct{ outcome, text string }{
		{uploaded, "uploaded"}, {failed, "failed"}, {unknown, "of unknown outcome"}, {notTried, "not uploaded"},
	} {
		if n := counts[part.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part.text))
		}
	}
	return strings.Join(parts, ", ")
}

// reason is what the error says, without the name of the file.
func (f *uploadedFile) reason() string {
	return strings.TrimPrefix(f.Error.Message, plain(f.File)+" ")
}

func (r *uploadResult) human(w *page) {
	for _, file := range r.Files {
		file.human(w)
	}
	w.line("%s", describeCounts(countOutcomes(r.Files)))
	if r.deployed == "" {
		return
	}
	which := r.deployed + ", which is none of these"
	for _, file := range r.Files {
		if file.Certificate != nil && file.Certificate.isDeployed() {
			which = file.File
		}
	}
	w.line("Intune deploys %s.", plain(which))
}

func (f *uploadedFile) human(w *page) {
	id := ""
	if f.Certificate != nil {
		id = " as " + plain(f.Certificate.ID)
	}
	switch f.Outcome {
	case uploaded:
		w.line("%s %s%s", w.green("uploaded  "), plain(f.File), id)
	case failed:
		w.line("%s %s: %s", w.red("failed    "), plain(f.File), f.reason())
	case unknown:
		w.line("%s %s: %s", w.yellow("unknown   "), plain(f.File), f.reason())
	case notTried:
		w.line("not tried  %s", plain(f.File))
	}
	w.findings(f.Findings)
	if f.Error != nil && f.Error.NextStep != "" {
		w.line("Next: %s", f.Error.NextStep)
	}
}
