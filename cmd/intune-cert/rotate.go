package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

const rotateHelp = `Upload the new certificate and, with --delete-old, delete what it replaces. This is the yearly job.

The new certificate replaces the earlier uploads with the same subject. It is uploaded only if it is not in the tenant, so the
command can be run again at any time: it continues where an earlier run ended.

Nothing is deleted before the new certificate is provisioned and has been there for --overlap, which counts from its upload.
Until then the exit code is 5, and a later run deletes. --wait waits for provisioning, but not for --overlap. Provisioned does
not mean that all devices have the certificate. Sign every deployed app again before the old certificate is deleted.

A dry run has the exit code that the run would have. It assumes that the new certificate is provisioned as soon as it is
uploaded, or within --wait. With --output json it has "wouldCreate" and "wouldDelete", while "created" is false and "deleted"
empty.

` + confirmHelp + `
` + fileHelp

const rotateExample = `  intune-cert rotate contoso.cer --dry-run --delete-old
  intune-cert rotate contoso.cer --wait 30m
  intune-cert rotate contoso.cer --delete-old --overlap 72h   # daily, until it exits with 0`

type rotateCommand struct {
	*app

	loader        loader
	deleteOld     bool
	dryRun        bool
	wait, overlap duration
	allowExpired  bool
}

type rotateResult struct {
	outcome

	File        string             `json:"file"`
	DryRun      bool               `json:"dryRun"`
	Created     bool               `json:"created"` // uploaded by this run
	WouldCreate bool               `json:"wouldCreate,omitempty"`
	MatchedBy   intune.MatchedBy   `json:"matchedBy,omitempty"`
	Certificate *record            `json:"certificate"` // null if the tenant does not have it; without id if a dry run would upload it
	Old         []*record          `json:"old"`         // what it replaces, including what was deleted
	Deleted     []string           `json:"deleted"`     // ids
	WouldDelete []string           `json:"wouldDelete,omitempty"`
	Findings    []codesign.Finding `json:"findings"`
}

func newRotateCommand(a *app) *cobra.Command {
	c := &rotateCommand{app: a, loader: loader{terminal: a.terminal}}
	cmd := &cobra.Command{
		Use: "rotate FILE", Short: "Replace the certificate: the yearly job", Long: rotateHelp, Example: rotateExample,
		Args: want("FILE", 1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&c.deleteOld, "delete-old", false, "delete what is replaced")
	flags.Var(&c.wait, "wait", "wait up to this long for the new certificate to be provisioned, for example 30m")
	flags.Var(&c.overlap, "overlap", "delete nothing before the new certificate has been there this long, for example 72h")
	flags.BoolVar(&c.dryRun, "dry-run", false, "change nothing, and say what would be done")
	flags.BoolVar(&c.allowExpired, "allow-expired", false, "upload a certificate that has expired")
	c.loader.addFlags(cmd)
	return cmd
}

func (c *rotateCommand) run(ctx context.Context, file string) error {
	if c.overlap > 0 && !c.deleteOld {
		return usagef("--overlap is for --delete-old: without it nothing is deleted")
	}
	cert, err := c.loader.loadForUpload(ctx, file)
	if err != nil {
		return err
	}
	p := c.newProgress("Rotating")
	defer p.stop()
	service, err := c.connect(p)
	if err != nil {
		return err
	}
	rotation, err := service.Rotate(ctx, cert.Resource(), c.options(), c.requestOptions()...)
	if rotation == nil {
		p.stop()
		return c.advise(err)
	}
	result := c.result(file, cert, rotation, c.deployed(ctx, service, rotation, err))
	p.stop()
	return c.show(ctx, result, c.adviseRotation(file, rotation, err))
}

// deployed returns the id of the certificate that Intune deploys, "" if it is not known.
func (c *rotateCommand) deployed(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, rotation *intune.Rotation, err error) string {
	if err == nil && !c.dryRun {
		return rotation.Certificate.ID // Rotate has made sure of it
	}
	return c.deployedIfKnown(ctx, service)
}

// adviseRotation says what to do about an error that came with a rotation.
func (c *rotateCommand) adviseRotation(file string, rotation *intune.Rotation, err error) error {
	switch {
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		return err
	case errors.Is(err, intune.ErrNotProvisioned):
		return &advisedError{err: err, next: c.whenToDelete(rotation.Certificate)}
	case errors.Is(err, intune.ErrNotLatest):
		return &advisedError{err: err, next: howToGoOn(file, rotation)}
	}
	return c.advise(err)
}

// whenToDelete says when a later run deletes what is replaced.
func (c *rotateCommand) whenToDelete(cert *intune.EnterpriseCodeSigningCertificate) string {
	uploaded := shown(cert.UploadDateTime)
	switch {
	case c.overlap == 0:
		return "Run the same command again later, or let it wait for provisioning with a longer --wait."
	case cert.ID == "": // a dry run
		return "A run that is " + c.overlap.String() + " after the upload deletes the old one. --wait does not wait for that."
	case uploaded == nil:
		return "The service shows no upload date, so --overlap cannot be checked. Run the command without it when the time is over."
	}
	after := uploaded.Add(time.Duration(c.overlap) + time.Minute - 1).Truncate(time.Minute)
	return "A run after " + after.Format("2006-01-02 15:04") + " UTC deletes the old one, once the new one is provisioned. --wait does not wait for that."
}

// howToGoOn says what to do if another certificate is later. The error names that one.
func howToGoOn(file string, rotation *intune.Rotation) string {
	status := file + " was not uploaded."
	if cert := rotation.Certificate; cert != nil && cert.ID != "" {
		status = fmt.Sprintf("%s is in the tenant as %s.", file, cert.ID)
		if uploaded := shown(cert.UploadDateTime); uploaded != nil {
			status = fmt.Sprintf("%s is in the tenant as %s, uploaded on %s.", file, cert.ID, uploaded.Format(time.RFC3339))
		}
	}
	return status + " If the other certificate is the right one, this job is out of date: give it the new file."
}

func (c *rotateCommand) options() *intune.RotateOptions {
	return &intune.RotateOptions{
		DeleteOld: c.deleteOld, DryRun: c.dryRun,
		WaitProvisioned: time.Duration(c.wait), Overlap: time.Duration(c.overlap),
	}
}

func (c *rotateCommand) requestOptions() []intune.RequestOption {
	if c.allowExpired {
		return []intune.RequestOption{intune.WithExpiredAllowed()}
	}
	return nil
}

func (c *rotateCommand) result(file string, cert *codesign.Certificate, rotation *intune.Rotation, deployed string) *rotateResult {
	r := &rotateResult{
		File: file, DryRun: c.dryRun, MatchedBy: rotation.MatchedBy,
		Certificate: newRecord(rotation.Certificate, deployed), Old: newRecords(rotation.Old, deployed),
		Deleted: []string{}, Findings: append([]codesign.Finding{}, cert.Check(time.Now())...),
	}
	if c.dryRun {
		r.WouldCreate, r.WouldDelete = rotation.Created, rotation.Deleted
		return r
	}
	r.Created, r.Deleted = rotation.Created, append(r.Deleted, rotation.Deleted...)
	return r
}

func (r *rotateResult) human(w *page) {
	would := func(done, would string) string {
		if r.DryRun {
			return would
		}
		return done
	}
	w.findings(r.Findings)
	switch {
	case r.Created || r.WouldCreate:
		w.line("%s %s", w.green(would("Uploaded", "Would upload")), plain(r.File))
	case r.Certificate != nil:
		w.line("%s is in the tenant already, so it %s.", plain(r.File), would("was not uploaded", "would not be uploaded"))
	}
	if r.Certificate != nil {
		r.Certificate.human(w)
	}
	for _, old := range r.Old {
		w.line("Replaces %s, which expires %s", plain(old.ID), old.expires())
	}
	if ids := slices.Concat(r.Deleted, r.WouldDelete); len(ids) > 0 {
		w.line("%s %s", would("Deleted", "Would delete"), plain(strings.Join(ids, ", ")))
	}
	if r.Error == nil && !r.DryRun && r.Certificate != nil && r.Certificate.Status != intune.CertificateStatusProvisioned {
		w.line("It is not provisioned yet. --wait waits for that.")
	}
}
