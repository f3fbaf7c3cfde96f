package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
)

const rotateHelp = `Make the certificate in a file the one that Intune deploys. With --delete-old, also delete the earlier uploads with the same
subject. This is the yearly job. Run it every day: it uploads and deletes only if necessary. Sign every deployed app again first,
and upload the apps to Intune on the same day.

The old certificate stays for --overlap after the upload, because "provisioned" does not mean that all devices have the new one.
Meanwhile, the exit code is 0, and the output says when a later run deletes it.

The command changes nothing and exits with 6 if the tenant has a later certificate, or if the deployed one has another subject,
and so another publisher. --new-subject allows another subject. Use --force once to upload a re-issued certificate with the
same names and dates, or to go back to an earlier one. --force checks nothing in the tenant, not even the subject.

A dry run exits with the code of a real run. It assumes that the new certificate is provisioned as soon as it is uploaded, or
within --wait. With --output json, "wouldCreate" and "wouldDelete" say what a real run would do. "previous" was deployed until
now. "pending" has the ids that a run after "pendingUntil" deletes.

` + confirmHelp + `

` + fileHelp

const rotateExample = `  intune-cert rotate contoso.cer --dry-run --delete-old
  intune-cert rotate contoso.cer --wait 30m
  intune-cert rotate contoso.cer --delete-old                # every day`

type rotateCommand struct {
	*app

	options       intune.RotateOptions
	wait, overlap duration
	allowExpired  bool
}

type rotateResult struct {
	outcome

	File         string             `json:"file"`
	DryRun       bool               `json:"dryRun"`
	Created      bool               `json:"created"`     // uploaded by this run
	WouldCreate  bool               `json:"wouldCreate"` // in a dry run
	MatchedBy    intune.MatchedBy   `json:"matchedBy,omitempty"`
	Certificate  *record            `json:"certificate"`            // null if the tenant does not have it; without id if a dry run would upload it
	Previous     *record            `json:"previous"`               // deployed until now, null if that is the same certificate or none
	Old          []*record          `json:"old"`                    // what it replaces, including what was deleted
	Deleted      []string           `json:"deleted"`                // ids
	WouldDelete  []string           `json:"wouldDelete"`            // ids, in a dry run
	Pending      []string           `json:"pending"`                // ids of what a later run deletes
	PendingUntil *time.Time         `json:"pendingUntil,omitempty"` // when the overlap ends
	Findings     []codesign.Finding `json:"findings"`

	deleteOld      bool
	deletePrevious string // the command line
}

func newRotateCommand(a *app) *cobra.Command {
	c := &rotateCommand{app: a, overlap: duration{30 * day, "30d"}}
	cmd := &cobra.Command{
		Use: "rotate FILE", Short: "Replace the certificate: the yearly job", Long: rotateHelp, Example: rotateExample,
		Args: want("FILE", 1),
	}
	flags := cmd.Flags()
	cmd.RunE = a.does(func(ctx context.Context, paths []string) (result, error) {
		if flags.Changed("overlap") && !c.options.DeleteOld {
			return nil, usagef("--overlap needs --delete-old: without it, nothing is deleted")
		}
		return c.run(ctx, paths[0])
	})
	flags.BoolVar(&c.options.DeleteOld, "delete-old", false, "delete the earlier uploads with the same subject")
	flags.Var(&c.overlap, "overlap", "with --delete-old: keep the earlier uploads until the new certificate has been in the tenant this long; 0 deletes them once it is provisioned")
	flags.Var(&c.wait, "wait", "wait up to this long for the new certificate to be provisioned, for example 30m")
	flags.BoolVar(&c.options.NewSubject, "new-subject", false, "replace a deployed certificate with another subject")
	flags.BoolVar(&c.options.Force, "force", false, "upload it without any checks of the tenant: once, for a re-issue or a rollback")
	flags.BoolVar(&c.options.DryRun, "dry-run", false, "change nothing, and say what would be done")
	flags.BoolVar(&c.allowExpired, "allow-expired", false, "upload a certificate that has expired")
	c.loader.addFlags(cmd)
	return cmd
}

func (c *rotateCommand) run(ctx context.Context, path string) (result, error) {
	file, err := oneFile(path)
	if err != nil {
		return nil, err
	}
	cert, err := c.loader.loadForUpload(ctx, file, c.allowExpired)
	if err != nil {
		return nil, err
	}
	service, err := c.connect(ctx, "Rotating")
	if err != nil {
		return nil, err
	}
	c.options.WaitProvisioned = c.wait.value
	if c.options.DeleteOld {
		c.options.Overlap = c.overlap.value
	}
	var options []intune.RequestOption
	if c.allowExpired {
		options = append(options, intune.WithExpiredAllowed())
	}
	rotate := func(o intune.RotateOptions) (*intune.Rotation, error) {
		return service.Rotate(ctx, cert.Resource(), &o, options...)
	}
	rotation, err := rotate(c.options)
	advised := c.adviseRotation(file, rotation, err, rotate)
	if start := cert.Leaf.NotBefore; rotation != nil && errors.As(err, new(*intune.InputError)) && time.Now().Before(start) {
		advised = &advisedError{err: err, text: file + " is not valid before " + formatTime(start), next: "Run the same command again then."}
	}
	if rotation == nil {
		return nil, advised
	}
	deployed := c.deployedIfKnown(ctx, service)
	if deployed != "" && err == nil && !c.options.DryRun {
		deployed = rotation.Certificate.ID // although a listing may lag behind
	}
	return c.newResult(file, cert, rotation, deployed), advised
}

func (c *rotateCommand) newResult(file string, cert *codesign.Certificate, rotation *intune.Rotation, deployed string) *rotateResult {
	r := &rotateResult{
		File: file, DryRun: c.options.DryRun, MatchedBy: rotation.MatchedBy,
		Certificate: newRecord(rotation.Certificate, deployed), Previous: newRecord(rotation.Previous, deployed), Old: newRecords(rotation.Old, deployed),
		Deleted: []string{}, WouldDelete: []string{}, Pending: append([]string{}, rotation.Pending...), PendingUntil: shown(rotation.PendingUntil),
		Findings: findingsOf(cert), deleteOld: c.options.DeleteOld,
	}
	if rotation.Previous != nil {
		r.deletePrevious = c.commandLine("delete", rotation.Previous.ID)
	}
	if r.DryRun {
		r.WouldCreate, r.WouldDelete = rotation.Created, append(r.WouldDelete, rotation.Deleted...)
	} else {
		r.Created, r.Deleted = rotation.Created, append(r.Deleted, rotation.Deleted...)
	}
	return r
}

// adviseRotation says what an error means for this command, and what to do about it.
func (c *rotateCommand) adviseRotation(
	file string, rotation *intune.Rotation, err error, rotate func(intune.RotateOptions) (*intune.Rotation, error),
) error {
	file = console.Clean(file) // it must not look like a command line of its own
	switch {
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		if c.options.Force {
			return &advisedError{err: err, next: "Run the same command without --force in a few minutes: it uploads the certificate only if it is not in the tenant."}
		}
	case errors.Is(err, context.Canceled) && rotation != nil && rotation.Certificate != nil:
		return &advisedError{err: err, text: "interrupted: " + c.notProvisioned(rotation, "yet"), next: "Run the same command again to continue."}
	case errors.Is(err, intune.ErrNotProvisioned) && rotation != nil:
		return &advisedError{err: err, text: c.notProvisioned(rotation, c.waited()), next: "Run the same command again later, or let it wait longer with --wait."}
	case errors.Is(err, intune.ErrNotLatest):
		return &advisedError{err: err, next: "If the other certificate is the right one, this job is out of date: give it the new file. " +
			"To go back to " + file + ", run once:" + c.again(file, "force")}
	case errors.Is(err, intune.ErrOtherSubject) && rotation != nil && rotation.Created:
		return &advisedError{err: err, next: "To restore the certificate that was deployed before, rotate its file:" + c.again("FILE", "force")}
	case errors.Is(err, intune.ErrOtherSubject):
		options, flag := c.options, "new-subject"
		options.NewSubject, options.DryRun = true, true
		if _, err := rotate(options); errors.Is(err, intune.ErrNotLatest) {
			flag = "force" // which allows another subject, too
		}
		return &advisedError{err: err, next: "Check that " + file + " is the right file: devices may no longer trust apps that only the deployed " +
			"certificate has signed. If it is, run once:" + c.again(file, flag)}
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		return &advisedError{err: err, next: c.nextStep(err) + "or, if this certificate was issued again, run once:" + c.again(file, "force")}
	}
	return err
}

// again returns the command line with one more flag.
func (c *rotateCommand) again(file, flag string) string {
	line := c.commandLine("rotate", file)
	if given, _ := c.cmd.Flags().GetBool(flag); !given {
		line += " --" + flag
	}
	return onItsLine(line)
}

func (c *rotateCommand) waited() string {
	if c.wait.value == 0 {
		return "yet"
	}
	return "after a wait of " + c.wait.text
}

// notProvisioned says what is missing, and since when.
func (c *rotateCommand) notProvisioned(rotation *intune.Rotation, when string) string {
	text := "the new certificate " + rotation.Certificate.ID + " is not provisioned " + when
	if len(rotation.Pending) > 0 {
		text += ", so the old one stays"
	}
	return text
}

func (r *rotateResult) human(out *console.Writer) {
	would := func(done, would string) string {
		if r.DryRun {
			return would
		}
		return done
	}
	printFindings(out, r.Findings)
	if r.Previous != nil {
		label := "Deployed:"
		if r.Created || r.WouldCreate {
			label = would("Deployed until now:", "Deployed now:")
		}
		out.Paragraph(console.Plain, label, r.Previous.ID+", "+r.Previous.Subject+", which expires "+r.Previous.expires())
	}
	switch {
	case r.Created || r.WouldCreate:
		out.Paragraph(console.Green, would("Uploaded", "Would upload"), r.File)
	case r.Certificate != nil:
		out.Paragraph(console.Plain, r.File, "is in the tenant already, recognized "+recognizedBy(r.MatchedBy)+".")
	}
	if r.Certificate != nil {
		r.Certificate.human(out)
	}
	for _, old := range r.Old {
		out.Paragraph(console.Plain, "Replaces", old.ID+", which expires "+old.expires()+": "+r.fate(old.ID))
	}
	if r.staysUntilDeleted() {
		out.Paragraph(console.Plain, r.Previous.ID, would("stays", "would stay")+" until a person deletes it:")
		out.Printf("%s\n", r.deletePrevious)
	}
	if r.Error == nil && !r.DryRun && r.Certificate != nil && r.Certificate.Status != intune.CertificateStatusProvisioned {
		out.Paragraph(console.Plain, "It is not provisioned yet.", "--wait waits for that.")
	}
}

// staysUntilDeleted reports whether no run deletes the certificate that was deployed: it expires later, or has another subject.
func (r *rotateResult) staysUntilDeleted() bool {
	return r.Previous != nil && (r.Created || r.WouldCreate) &&
		!slices.ContainsFunc(r.Old, func(old *record) bool { return old.ID == r.Previous.ID })
}

// fate says what becomes of a record that is replaced. An overlap of 0 ends at the date of the upload, which can be a second ahead.
func (r *rotateResult) fate(id string) string {
	switch {
	case slices.Contains(r.Deleted, id):
		return "deleted"
	case slices.Contains(r.WouldDelete, id):
		return "would be deleted"
	case slices.Contains(r.Pending, id) && r.PendingUntil != nil && time.Until(*r.PendingUntil) > time.Minute:
		return "a run after " + formatTime(*r.PendingUntil) + " deletes it"
	case slices.Contains(r.Pending, id):
		return "a later run deletes it"
	}
	if !r.deleteOld {
		return "stays: --delete-old deletes it after the overlap"
	}
	return "stays"
}
