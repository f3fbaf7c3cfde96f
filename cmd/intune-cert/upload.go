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
)

const uploadHelp = `Upload certificates that are not in the tenant yet. Of a folder, the certificate files directly in it are taken.

The command can be run again at any time: it uploads only what is missing. The last upload is the one that Intune deploys;
to replace a certificate, use rotate.

` + fileHelp

type uploadCommand struct {
	*app

	loader       loader
	force        bool
	allowExpired bool
	concurrency  int
}

// What became of a file.
const (
	uploaded = "uploaded"
	present  = "present"  // in the tenant already
	failed   = "failed"   // not in the tenant, or not as wanted
	unknown  = "unknown"  // may be in the tenant
	notTried = "notTried" // the run ended before
)

type uploadResult struct {
	outcome

	Files []*uploadedFile `json:"files"` // in the order of the command line
}

type uploadedFile struct {
	File        string           `json:"file"`
	Outcome     string           `json:"outcome"` // uploaded, present, failed, unknown or notTried
	MatchedBy   intune.MatchedBy `json:"matchedBy,omitempty"`
	Certificate *record          `json:"certificate"` // null if it is not in the tenant
	Error       *failure         `json:"error,omitempty"`

	resource *intune.EnterpriseCodeSigningCertificate
	err      error
}

func newUploadCommand(a *app) *cobra.Command {
	c := &uploadCommand{app: a, loader: loader{terminal: a.terminal}}
	cmd := &cobra.Command{
		Use: "upload FILE...", Short: "Upload certificates that are not in the tenant", Long: uploadHelp,
		Example: "  intune-cert upload contoso.cer\n  intune-cert upload certificates/ --output json",
		Args:    want("FILE", 1, math.MaxInt),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	const atOnce = 4
	flags := cmd.Flags()
	flags.BoolVar(&c.force, "force", false, "upload certificates again even if they are in the tenant")
	flags.BoolVar(&c.allowExpired, "allow-expired", false, "upload certificates that have expired")
	flags.IntVar(&c.concurrency, "concurrency", atOnce, "the `number` of uploads at once")
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
	p.stop()
	for _, file := range files {
		file.Error = explain(ctx, file.err)
	}
	return c.show(ctx, &uploadResult{Files: files}, c.summary(ctx, files))
}

// readAll loads all files before anything is uploaded, so that nobody is asked for a password later. A file that cannot be
// read does not stop the others.
func (c *uploadCommand) readAll(ctx context.Context, paths []string) (files []*uploadedFile, err error) {
	names, skipped, err := expand(paths)
	if err != nil {
		return nil, err
	}
	if skipped > 0 {
		c.remark("Skipped %s in folders.", plural(skipped, "other file"))
	}
	for _, name := range names {
		file := &uploadedFile{File: name, Outcome: notTried}
		cert, err := c.loader.loadForUpload(ctx, name)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			file.Outcome, file.err = failed, err
		default:
			file.resource = cert.Resource()
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, errors.New("there is no certificate file in the folder")
	}
	return files, nil
}

// upload uploads what could be read.
func (c *uploadCommand) upload(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, files []*uploadedFile, p *progress) {
	readable := slices.DeleteFunc(slices.Clone(files), func(f *uploadedFile) bool { return f.resource == nil })
	resources := func(yield func(*intune.EnterpriseCodeSigningCertificate) bool) {
		for _, file := range readable {
			if !yield(file.resource) {
				return
			}
		}
	}
	options := &intune.CreateAllOptions{Concurrency: c.concurrency, SkipExisting: !c.force}
	if c.allowExpired {
		options.RequestOptions = []intune.RequestOption{intune.WithExpiredAllowed()}
	}
	done := len(files) - len(readable)
	p.count(done, len(files))
	for index, result := range service.CreateAll(ctx, resources, options) {
		if errors.Is(result.Err, intune.ErrNotTried) {
			continue
		}
		readable[index].take(ctx, result, c.advise(result.Err))
		done++
		p.count(done, len(files))
	}
}

// take keeps what became of a file.
func (f *uploadedFile) take(ctx context.Context, result intune.CreateAllResult, err error) {
	f.Certificate, f.MatchedBy, f.err = newRecord(result.Certificate, ""), result.Response.MatchedBy, err
	switch {
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		f.Outcome = unknown
	case err != nil && ctx.Err() != nil && result.Certificate == nil:
		f.Outcome, f.err = notTried, nil // nothing was sent
	case err != nil:
		f.Outcome = failed
	case result.Created:
		f.Outcome = uploaded
	default:
		f.Outcome = present
	}
}

// summary is the error of the whole run: that of the most urgent exit code.
func (c *uploadCommand) summary(ctx context.Context, files []*uploadedFile) error {
	counts := countOutcomes(files)
	text := describeCounts(counts)
	switch {
	case counts[unknown] > 0:
		return fmt.Errorf("%s: %w", text, firstError(files, unknown))
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted: %s: %w", text, ctx.Err())
	case counts[failed] > 0:
		return fmt.Errorf("%s: %w", text, firstError(files, failed))
	}
	return nil
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
		{uploaded, "uploaded"}, {present, "already in the tenant"}, {failed, "failed"}, {unknown, "of unknown outcome"}, {notTried, "not uploaded"},
	} {
		if n := counts[part.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, part.text))
		}
	}
	return strings.Join(parts, ", ")
}

func firstError(files []*uploadedFile, outcome string) error {
	for _, file := range files {
		if file.Outcome == outcome && file.err != nil {
			return fmt.Errorf("%s: %w", file.File, file.err)
		}
	}
	return nil
}

func (r *uploadResult) human(w *page) {
	for _, file := range r.Files {
		id := ""
		if file.Certificate != nil {
			id = " as " + plain(file.Certificate.ID)
		}
		switch file.Outcome {
		case uploaded:
			w.line("%s %s%s", w.green("uploaded  "), plain(file.File), id)
		case present:
			w.line("present    %s%s", plain(file.File), id)
		case failed:
			w.line("%s %s: %s", w.red("failed    "), plain(file.File), file.Error.Message)
		case unknown:
			w.line("%s %s: %s", w.yellow("unknown   "), plain(file.File), file.Error.Message)
		case notTried:
			w.line("not tried  %s", plain(file.File))
		}
	}
	w.line("%s", describeCounts(countOutcomes(r.Files)))
}
