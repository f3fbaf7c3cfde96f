package intune

// This file replaces a certificate with its successor. internal/rotation decides what to do; this file does it.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/advice"
	"github.com/seed-230b9595/intune-go/internal/event"
	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/rotation"
	"github.com/seed-230b9595/intune-go/internal/wait"
)

// ErrNotProvisioned says that Intune did not provision the new certificate in time. Nothing was deleted. Run
// [EnterpriseCodeSigningCertificatesService.Rotate] again later.
var ErrNotProvisioned = errors.New("the new certificate is not provisioned yet: run this again later")

// ErrNotLatest says that this rotation is out of date: another certificate was uploaded later, so Intune deploys that
// one, or a certificate with the same subject expires later. Nothing was deleted.
var ErrNotLatest = errors.New("the certificate is not the latest")

// ErrOtherSubject says that Intune deploys a certificate with another subject. After a rotation, devices may no longer
// trust the apps that it has signed. Nothing was uploaded, unless the difference showed only after the upload: then Created of the
// [Rotation] is true. NewSubject in [RotateOptions] allows the change.
var ErrOtherSubject = errors.New("the deployed certificate has another subject")

// RotateOptions configures [EnterpriseCodeSigningCertificatesService.Rotate]. The zero value, and nil, upload the
// certificate if necessary and delete nothing.
type RotateOptions struct {
	DeleteOld bool // delete what cert replaces: the earlier uploads with the same subject

	// Overlap keeps what DeleteOld deletes until cert has been in the tenant this long, because not every device has a
	// certificate once it is provisioned. Without DeleteOld, it has no effect. It counts from the upload date, which can be
	// ahead of the clock: it is at least a second after that of every other record, and not before cert becomes valid.
	Overlap time.Duration

	WaitProvisioned time.Duration // wait up to this long for cert to be provisioned; 0 does not wait
	NewSubject      bool          // cert may replace a deployed certificate that has another subject
	Force           bool          // upload cert whatever the tenant has, another subject included: for a re-issue or a rollback. Every call uploads

	// DryRun changes nothing. The Rotation and the error are those of a real run in which a new upload is provisioned at
	// once, and an earlier one within WaitProvisioned.
	DryRun bool
}

// Rotation reports what [EnterpriseCodeSigningCertificatesService.Rotate] has done or, with DryRun, would do.
type Rotation struct {
	Certificate  *EnterpriseCodeSigningCertificate   // cert as the tenant has it, nil if it is not there; with DryRun, as it would be uploaded
	Created      bool                                // uploaded by this call
	MatchedBy    MatchedBy                           // how it was recognized, if it was there
	Previous     *EnterpriseCodeSigningCertificate   // deployed before this call, if that was another certificate
	Old          []*EnterpriseCodeSigningCertificate // the earlier uploads with the same subject, earlier copies of cert included
	Deleted      []string                            // ids of those that this call deleted or, with DryRun, would delete
	Pending      []string                            // ids of those that a later run will delete
	PendingUntil time.Time                           // when Overlap ends, or has ended; zero if nothing is pending
}

// LogValue implements slog.LogValuer, without the contents.
func (r Rotation) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.String("certificate", ids([]*EnterpriseCodeSigningCertificate{r.Certificate})),
		slog.Bool("created", r.Created),
		slog.String("matchedBy", string(r.MatchedBy)),
		slog.String("previous", ids([]*EnterpriseCodeSigningCertificate{r.Previous})),
		slog.String("old", ids(r.Old)),
		slog.String("deleted", enumerate(r.Deleted)),
		slog.String("pending", enumerate(r.Pending)),
		slog.String("pendingUntil", formatTime(r.PendingUntil)),
	)...)
}

// Rotate makes cert the certificate that Intune deploys. Intune deploys only the latest upload, so Rotate uploads cert
// unless it is the latest upload already. It is safe to run again at any time: each run lists the tenant, does what is
// missing, and returns nil if nothing is wrong. Sign your apps again first, and upload them to Intune on the same day.
// [docs/rotation.md] explains each step.
//
// With DeleteOld, Rotate deletes the earlier uploads with the same subject that expire at most two days after cert. Before
// that, cert must be deployed, provisioned, and in the tenant for Overlap. Until then, Rotate returns nil, and Pending
// names what a later run deletes.
//
// Rotate returns the errors of [EnterpriseCodeSigningCertificatesService.Create], and these:
//
//   - [ErrOtherSubject]: Intune deploys a certificate with another subject. NewSubject allows the change.
//   - [ErrNotLatest]: a certificate with the same subject expires more than two days after cert, or another certificate
//     was uploaded after cert. The job may be out of date.
//   - [*AmbiguousMatchError]: it is unclear which record is deployed, whether a record is cert, whether one is old, or
//     whether later runs will recognize the upload. In the last case, Created is true. Check the record before you run
//     Rotate again.
//   - [ErrNotProvisioned]: cert is not provisioned when WaitProvisioned ends. If something waits to be deleted, also when
//     Overlap ends or 48 hours after the upload, whichever is earlier.
//   - [*InputError]: cert becomes valid in more than an hour, or RotateOptions has a negative duration.
//
// Force skips the first three checks before the upload. With an error, Rotate returns the [Rotation] so far, or nil if
// nothing is known yet. If a deletion fails, Deleted names what was deleted, and Pending the rest.
//
// Rotate recognizes cert as [EnterpriseCodeSigningCertificatesService.Find] does. It ignores the Status and UploadDateTime
// of cert. The certificates in the Rotation have no AdditionalData. Calls on one client for the same subject wait for each
// other.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
//
// [docs/rotation.md]: https://github.com/seed-230b9595/intune-go/blob/main/docs/rotation.md
func (s *EnterpriseCodeSigningCertificatesService) Rotate(ctx context.Context, cert *EnterpriseCodeSigningCertificate, options *RotateOptions, opts ...RequestOption) (result *Rotation, err error) {
	defer nameError(&err, "rotate enterpriseCodeSigningCertificate")
	r, err := s.client.newRotation(cert, options, opts)
	if err != nil {
		return nil, err
	}
	release, err := s.client.subjects.Lock(ctx, r.state.Certificate.SubjectKey()) // each lists before it uploads
	if err != nil {
		return nil, err
	}
	defer release()
	if err = r.run(ctx); r.listing == nil {
		return nil, err
	}
	return &r.progress, err
}

// newRotation checks everything that can be checked before anything is sent.
func (c *Client) newRotation(cert *EnterpriseCodeSigningCertificate, options *RotateOptions, opts []RequestOption) (*rotating, error) {
	given := newRequestOptions(createOperation, opts)
	if options == nil {
		options = new(RotateOptions)
	}
	if options.WaitProvisioned < 0 || options.Overlap < 0 {
		return nil, &InputError{Name: "RotateOptions", Problem: "has a negative duration"}
	}
	if err := validate(cert, given.allowExpired); err != nil {
		return nil, err
	}
	identity := cert.identity()
	if err := checkEnough(identity); err != nil {
		return nil, err
	}
	upload := *cert
	upload.ID, upload.Status, upload.UploadDateTime = "", "", time.Time{}
	return &rotating{client: c, options: given, cert: &upload, state: rotation.State{
		Certificate: identity,
		Options:     rotation.Options(*options),
	}}, nil
}

// rotating is a Rotate under way.
type rotating struct {
	client  *Client
	options requestOptions
	cert    *EnterpriseCodeSigningCertificate // without what the caller must not choose
	state   rotation.State

	listing  *listing  // the last one
	size     int       // of all listings, in bytes
	listedAt time.Time // by the local clock
	progress Rotation  // so far
}

// run does one step after the other. Each leaves the tenant in a state from which a later run can go on.
func (r *rotating) run(ctx context.Context) error {
	if err := r.list(ctx); err != nil {
		return err
	}
	for {
		step := rotation.Next(&r.state)
		r.note(&step)
		var err error
		switch step.Action {
		case rotation.Upload:
			err = r.upload(ctx, step.Date)
		case rotation.Look:
			err = r.listUntilShown(ctx)
		case rotation.Wait:
			err = r.awaitProvisioning(ctx, step.Record.ID)
		case rotation.Confirm:
			err = r.list(ctx)
		case rotation.Delete:
			if err := r.delete(ctx, &step); err != nil {
				return err
			}
			return r.failure(step.Problem)
		case rotation.Done:
			return r.failure(step.Problem)
		}
		if err != nil {
			return err
		}
	}
}

func (r *rotating) list(ctx context.Context) error {
	l, err := r.client.list(ctx, r.options.following(), &r.size)
	if err != nil {
		return err
	}
	r.listing, r.listedAt = l, time.Now()
	r.state.Listing, r.state.IsLastLook = l.Listing, false
	return nil
}

// listUntilShown lists until the record of the certificate shows, for ReconcileWindow at most.
func (r *rotating) listUntilShown(ctx context.Context) error {
	var failure error
	isShown := false
	ended := r.client.poll(ctx, time.Now().Add(r.client.pipeline.retry.ReconcileWindow), func() bool {
		if failure = r.list(ctx); failure == nil {
			isShown = rotation.Next(&r.state).Action != rotation.Look
		}
		return failure != nil || isShown
	})
	switch {
	case ended != nil:
		return fmt.Errorf("the record of the certificate does not show up in a listing yet: %w", ended)
	case failure != nil:
		return fmt.Errorf("the certificate is in the tenant, but the certificates cannot be listed: %w", failure)
	}
	r.state.IsLastLook = !isShown
	return nil
}

func (r *rotating) upload(ctx context.Context, date time.Time) error {
	before := listedBefore{ids: make(map[string]bool, len(r.listing.Records)), date: date}
	for _, record := range r.listing.Records {
		before.ids[record.ID] = true
	}
	created, err := r.client.create(ctx, r.cert, r.options, before)
	if created != nil {
		r.progress.Certificate, r.progress.Created = created, true
		r.state.Created = &rotation.Created{ID: created.ID, At: r.listing.clock.At(time.Now())}
	}
	return err
}

// awaitProvisioning waits until the service has provisioned a record, with growing pauses, and lists the tenant. A service
// may not find a new record by its id at first.
func (r *rotating) awaitProvisioning(ctx context.Context, id string) error {
	const shortest, longest = 2 * time.Second, time.Minute
	until := time.Now().Add(r.state.WaitProvisioned)
	logger := r.client.pipeline.logger.With(event.ID, id, event.Reason, event.ReasonProvisioning)
	isProvisioned := false
	for pause := shortest; !isProvisioned && time.Now().Before(until); pause = min(2*pause, longest) {
		pause = min(pause, time.Until(until))
		logger.InfoContext(ctx, event.Waiting, "pause", pause, event.Until, formatTime(until))
		if err := wait.Until(ctx, time.Now().Add(pause)); err != nil {
			return fmt.Errorf("%w: %w", ErrNotProvisioned, err)
		}
		got, err := r.client.object(ctx, http.MethodGet, id, nil, r.options.following())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("uploaded, but its status cannot be read: %w", err)
		}
		isProvisioned = err == nil && strings.EqualFold(got.ID, id) && got.Status == CertificateStatusProvisioned
		logger.InfoContext(ctx, event.Waited, "isProvisioned", isProvisioned)
	}
	r.state.HasWaited = true
	return r.list(ctx)
}

// delete deletes what is old, soon after the listing that shows it.
func (r *rotating) delete(ctx context.Context, step *rotation.Step) error {
	const longest = 5 * time.Minute // a later deletion would rely on a listing that is out of date
	soon, cancel := context.WithDeadline(ctx, r.listedAt.Add(longest))
	defer cancel()
	for i, record := range step.Delete {
		err := r.client.delete(soon, record.ID, r.options.following())
		switch {
		case err == nil:
			r.progress.Deleted = append(r.progress.Deleted, record.ID)
			continue
		case errors.Is(err, ErrNotFound): // somebody else was faster
			continue
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = fmt.Errorf("the new certificate is deployed, but %s could not be deleted within %v of the latest listing: run this again", record.ID, longest)
		case errors.Is(err, ErrThrottled):
			err = fmt.Errorf("the new certificate is deployed, but %s could not be deleted soon after the latest listing: run this again: %w", record.ID, err)
		default:
			err = fmt.Errorf("the new certificate is deployed, but %s cannot be deleted: %w", record.ID, err)
		}
		step.Pending = append(step.Delete[i:len(step.Delete):len(step.Delete)], step.Pending...)
		r.note(step)
		return err
	}
	return nil
}

// note takes over what a step knows.
func (r *rotating) note(step *rotation.Step) {
	p := &r.progress
	if step.Previous != nil {
		p.Previous, r.state.Previous = r.listing.certificates[step.Previous], step.Previous.ID
	}
	r.noteRecord(step)
	p.Old = r.listing.all(step.Old)
	p.Pending, p.PendingUntil = idsOf(step.Pending), time.Time{}
	if len(p.Pending) > 0 {
		p.PendingUntil = step.PendingUntil.UTC()
	}
	if r.state.DryRun {
		p.Deleted = idsOf(step.Delete)
	}
	if step.Action == rotation.Wait || step.Action == rotation.Confirm {
		r.state.Old = make(map[string]bool, len(step.Old))
		for _, record := range step.Old {
			r.state.Old[record.ID] = true
		}
	}
}

func (r *rotating) noteRecord(step *rotation.Step) {
	p := &r.progress
	shown := r.listing.certificates[step.Record]
	switch {
	case step.Record == nil:
		return
	case shown == nil: // of a dry run
		p.Certificate, p.Created = r.cert, true
		return
	}
	p.Certificate, r.state.Kept = shown, shown.ID
	if !p.Created {
		p.MatchedBy = MatchedBy(step.By)
		if r.options.response != nil {
			r.options.response.MatchedBy = p.MatchedBy
		}
	}
}

func idsOf(records []*match.Record) (ids []string) {
	for _, record := range records {
		ids = append(ids, record.ID)
	}
	return ids
}

func (r *rotating) failure(problem *rotation.Problem) error {
	if problem == nil {
		return nil
	}
	return advice.To(r.problemError(problem), problem.Advice)
}

func (r *rotating) problemError(problem *rotation.Problem) error {
	text := redact.Message(problem.Text)
	switch problem.Kind {
	case rotation.NotYetValid:
		return &InputError{Name: "certificate", Problem: text}
	case rotation.NotLatest:
		return fmt.Errorf("%w: %s", ErrNotLatest, text)
	case rotation.OtherSubject:
		return fmt.Errorf("%w: %s", ErrOtherSubject, text)
	case rotation.NotProvisioned:
		return fmt.Errorf("%w: %s", ErrNotProvisioned, text)
	case rotation.Ambiguous:
	}
	e := &AmbiguousMatchError{Reason: text}
	for _, record := range problem.Records {
		if shown := r.listing.certificates[record]; shown != nil {
			e.Candidates = append(e.Candidates, shown)
		} else {
			e.Candidates = append(e.Candidates, r.progress.Certificate)
		}
	}
	return e
}
