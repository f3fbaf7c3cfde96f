package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
)

const uploadHelp = `Upload certificates, one after the other. Intune deploys only the last upload, so put the certificate that devices need last.
A pattern such as *.cer stands for the files that match it, in the order of their names.

A second run uploads everything again. To replace a certificate, or to upload it only if it is missing, use rotate.

If a file fails, the others are still uploaded, and the exit code is 1. It is 4 if the outcome of an upload is unknown, for
example after Ctrl-C. With --output json, each of "files" has an "outcome": uploaded, wouldUpload, failed, unknown or notTried.
A dry run reads the files and signs in.

` + confirmHelp + `

` + fileHelp

const uploadExample = `  intune-cert upload contoso.cer
  intune-cert upload certificates/*.cer --dry-run
  intune-cert upload *.cer --output json`

type uploadCommand struct {
	*app

	allowExpired bool
	dryRun       bool
}

// What became of a file.
const (
	uploaded    = "uploaded"
	wouldUpload = "wouldUpload" // in a dry run
	failed      = "failed"      // not in the tenant, or not as wanted
	unknown     = "unknown"     // may be in the tenant
	notTried    = "notTried"    // the run ended before
)

type uploadResult struct {
	outcome

	DryRun bool            `json:"dryRun"`
	Files  []*uploadedFile `json:"files"` // in the order of the command line

	deployed string // the id of the certificate that Intune deploys, "" if it is not known
}

type uploadedFile struct {
	File        string             `json:"file"`
	Outcome     string             `json:"outcome"`     // uploaded, wouldUpload, failed, unknown or notTried
	Certificate *record            `json:"certificate"` // null if it is not in the tenant
	Findings    []codesign.Finding `json:"findings"`
	Error       *failure           `json:"error,omitempty"`

	resource *intune.EnterpriseCodeSigningCertificate // nil if the file cannot be used
	record   *intune.EnterpriseCodeSigningCertificate
	err      error
}

func newUploadCommand(a *app) *cobra.Command {
	c := &uploadCommand{app: a}
	cmd := &cobra.Command{
		Use: "upload FILE...", Short: "Upload certificates, one after the other", Long: uploadHelp, Example: uploadExample,
		Args: want("FILE", math.MaxInt),
		RunE: a.does(c.run),
	}
	flags := cmd.Flags()
	flags.BoolVar(&c.allowExpired, "allow-expired", false, "upload certificates that have expired")
	flags.BoolVar(&c.dryRun, "dry-run", false, "upload nothing, and say what would be uploaded")
	c.loader.addFlags(cmd)
	return cmd
}

func (c *uploadCommand) run(ctx context.Context, paths []string) (result, error) {
	files, err := c.readAll(ctx, paths)
	if err != nil {
		return nil, err
	}
	service, err := c.connect(ctx, "Uploading")
	if err != nil {
		return nil, err
	}
	result := &uploadResult{DryRun: c.dryRun, Files: files}
	if c.dryRun {
		result.deployed, err = c.deployedID(ctx, service)
	} else {
		c.upload(ctx, service, files)
		result.deployed = c.deployedIfKnown(ctx, service)
	}
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		file.Certificate, file.Error = newRecord(file.record, result.deployed), c.explain(ctx, file.err)
	}
	return result, result.failure(ctx)
}

// readAll loads all files before anything is uploaded, so that nobody is asked for a password later.
func (c *uploadCommand) readAll(ctx context.Context, paths []string) (files []*uploadedFile, err error) {
	names, err := expand(paths)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		file := &uploadedFile{File: name, Outcome: notTried, Findings: []codesign.Finding{}}
		cert, err := c.loader.loadForUpload(ctx, name, c.allowExpired)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, console.ErrNoAnswer), errors.As(err, new(*usageError)):
			return nil, err
		case err != nil:
			file.Outcome, file.err = failed, err
		default:
			file.resource, file.Findings = cert.Resource(), findingsOf(cert)
		}
		if c.dryRun && err == nil {
			file.Outcome = wouldUpload
		}
		files = append(files, file)
	}
	return files, nil
}

// upload uploads what could be read, in order: the last upload is the one that Intune deploys.
func (c *uploadCommand) upload(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, files []*uploadedFile) {
	var options []intune.RequestOption
	if c.allowExpired {
		options = append(options, intune.WithExpiredAllowed())
	}
	for i, file := range files {
		c.Progress.Count(i, len(files))
		if file.resource == nil || ctx.Err() != nil {
			continue
		}
		record, err := service.Create(ctx, file.resource, options...)
		switch isUnknown := errors.As(err, new(*intune.OutcomeUnknownError)); {
		case err == nil:
			file.Outcome, file.record = uploaded, record
		case isUnknown:
			file.Outcome, file.err = unknown, &advisedError{err: err, next: "In a few minutes, run rotate, which uploads " +
				"the certificate only if it is not in the tenant:" + onItsLine(c.commandLine("rotate", file.File))}
		case ctx.Err() == nil, record != nil:
			file.Outcome, file.record, file.err = failed, record, err
		}
	}
	c.Progress.Count(len(files), len(files))
}

// failure is the error of the whole run: that of the most urgent exit code.
func (r *uploadResult) failure(ctx context.Context) error {
	var items []failedItem
	for _, outcome := range []string{unknown, failed} {
		for _, file := range r.Files {
			if file.Outcome == outcome {
				items = append(items, failedItem{file.File, file.err})
			}
		}
	}
	isInterrupted := slices.ContainsFunc(r.Files, func(file *uploadedFile) bool { return file.Outcome == notTried })
	if err := newPartlyError(r.count(), items); !isInterrupted || errors.As(err, new(*intune.OutcomeUnknownError)) {
		return err
	}
	return fmt.Errorf("interrupted: %s: %w", r.count(), context.Cause(ctx))
}

// count says how many files have each outcome.
func (r *uploadResult) count() string {
	counts := make(map[string]int)
	for _, file := range r.Files {
		counts[file.Outcome]++
	}
	var parts []string
	for _, part := range []struct{ outcome, text string }{
		{uploaded, "uploaded"}, {wouldUpload, "would be uploaded"}, {failed, "failed"}, {unknown, "of unknown outcome"}, {notTried, "not uploaded"},
	} {
		if n := counts[part.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part.text))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *uploadResult) human(out *console.Writer) {
	titles := map[string]console.Styled{
		uploaded: out.Styled(console.Green, "Uploaded"), wouldUpload: out.Styled(console.Green, "Would upload"), failed: out.Styled(console.Red, "Failed:"),
		unknown: out.Styled(console.Yellow, "Outcome unknown:"), notTried: "Not tried:",
	}
	for _, file := range r.Files {
		id := ""
		if file.Certificate != nil {
			id = " as " + file.Certificate.ID
		}
		out.Printf("%s %s%s\n", titles[file.Outcome], file.File, id)
		printFindings(out, file.Findings)
	}
	out.Printf("%s\n", r.count())
	if text := r.deploys(); text != "" {
		out.Printf("%s\n", text)
	}
}

// deploys says which certificate Intune deploys, or would deploy after the run: "" if that is not known.
func (r *uploadResult) deploys() string {
	for _, file := range slices.Backward(r.Files) {
		switch {
		case file.Outcome == wouldUpload:
			return "Intune would deploy " + file.File + ", the last one."
		case file.Certificate != nil && file.Certificate.isDeployed():
			return "Intune deploys " + file.File + "."
		}
	}
	if r.DryRun || r.deployed == "" {
		return ""
	}
	return "Intune deploys " + r.deployed + ", which is not one of these."
}
