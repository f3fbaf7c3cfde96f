package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

const rotateHelp = `Upload the new certificate and, with --delete-old, delete what it replaces. This is the yearly job.

Without --old, the new certificate replaces the earlier uploads with the same subject. It is uploaded only if it is not in
the tenant, so the command can be run again at any time: it goes on from where an earlier run ended.

Nothing is deleted before the new certificate is provisioned and has been there for --overlap. Provisioned does not mean
that all devices have it. Sign every deployed app again before the old certificate is deleted.

` + fileHelp

const rotateExample = `  intune-cert rotate contoso.cer --dry-run --delete-old
  intune-cert rotate contoso.cer --wait 30m
  intune-cert rotate contoso.cer --delete-old --overlap 72h   # daily, until it exits with 0`

type rotateCommand struct {
	*app

	loader        loader
	old           string
	deleteOld     bool
	dryRun        bool
	wait, overlap duration
	allowExpired  bool
}

type rotateResult struct {
	outcome

	File        string             `json:"file"`
	DryRun      bool               `json:"dryRun"`
	Created     bool               `json:"created"` // uploaded by this run; with dryRun, it would be
	MatchedBy   intune.MatchedBy   `json:"matchedBy,omitempty"`
	Certificate *record            `json:"certificate"` // null if the tenant does not have it
	Old         []*record          `json:"old"`         // what it replaces, including what was deleted
	Deleted     []string           `json:"deleted"`     // ids; with dryRun, what would be deleted
	Findings    []codesign.Finding `json:"findings"`
}

func newRotateCommand(a *app) *cobra.Command {
	c := &rotateCommand{app: a, loader: loader{terminal: a.terminal}}
	cmd := &cobra.Command{
		Use: "rotate FILE", Short: "Replace the certificate: the yearly job", Long: rotateHelp, Example: rotateExample,
		Args: want("FILE", 1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&c.old, "old", "", "the `ID` of the certificate to replace (default: earlier uploads with the same subject)")
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
	if c.hasFinishedEarlier(rotation, err) {
		rotation, err = c.confirmFinished(ctx, service, rotation, p)
	}
	p.stop()
	if rotation == nil {
		return c.advise(err)
	}
	return c.show(ctx, c.result(file, cert, rotation, err), c.advise(err))
}

func (c *rotateCommand) options() *intune.RotateOptions {
	return &intune.RotateOptions{
		OldID: c.old, DeleteOld: c.deleteOld, DryRun: c.dryRun,
		WaitProvisioned: time.Duration(c.wait), Overlap: time.Duration(c.overlap),
	}
}

func (c *rotateCommand) requestOptions() []intune.RequestOption {
	if c.allowExpired {
		return []intune.RequestOption{intune.WithExpiredAllowed()}
	}
	return nil
}

// hasFinishedEarlier reports whether the record of --old is gone while the new certificate is there.
func (c *rotateCommand) hasFinishedEarlier(rotation *intune.Rotation, err error) bool {
	return c.deleteOld && rotation != nil && rotation.Certificate != nil && errors.Is(err, intune.ErrNotFound)
}

// confirmFinished makes sure that an earlier run did what this one is asked for.
func (c *rotateCommand) confirmFinished(ctx context.Context, service *intune.EnterpriseCodeSigningCertificatesService, rotation *intune.Rotation, p *progress) (*intune.Rotation, error) {
	latest, err := service.Latest(ctx)
	switch {
	case err != nil:
		return rotation, err
	case latest.ID != rotation.Certificate.ID:
		return rotation, intune.ErrNotLatest
	case c.wait > 0 && rotation.Certificate.Status != intune.CertificateStatusProvisioned:
		return rotation, intune.ErrNotProvisioned
	}
	p.remark("The certificate %s has been deleted already, and the new one is in place.", plain(c.old))
	return rotation, nil
}

func (c *rotateCommand) result(file string, cert *codesign.Certificate, rotation *intune.Rotation, err error) *rotateResult {
	deployed := ""
	if err == nil && !c.dryRun && rotation.Certificate != nil {
		deployed = rotation.Certificate.ID // Rotate has made sure of it
	}
	return &rotateResult{
		File: file, DryRun: c.dryRun, Created: rotation.Created, MatchedBy: rotation.MatchedBy,
		Certificate: newRecord(rotation.Certificate, deployed), Old: newRecords(rotation.Old, ""),
		Deleted: append([]string{}, rotation.Deleted...), Findings: append([]codesign.Finding{}, cert.Check(time.Now())...),
	}
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
	case r.Created:
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
	if len(r.Deleted) > 0 {
		w.line("%s %s", would("Deleted", "Would delete"), plain(strings.Join(r.Deleted, ", ")))
	}
	if r.Error == nil && !r.DryRun && r.Certificate != nil && r.Certificate.Status != intune.CertificateStatusProvisioned {
		w.line("It is not provisioned yet. --wait waits for that.")
	}
}
