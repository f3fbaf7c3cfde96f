package intune

// This file replaces a certificate by its successor.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/wait"
)

// ErrNotProvisioned says that Intune has not provisioned the new certificate in time. Nothing was deleted. Run Rotate
// again later.
var ErrNotProvisioned = errors.New("the new certificate is not provisioned yet, so nothing was deleted: run it again later")

// ErrNotLatest says that another certificate was uploaded later, so Intune deploys that one, or that a certificate of the
// same subject expires later, so this rotation is out of date. Nothing was deleted.
var ErrNotLatest = errors.New("the certificate is not the latest, so nothing was deleted")

// ErrOtherSubject says that Intune deploys a certificate with another subject. Nothing was changed, because the apps signed
// with that certificate would lose their trust. RotateOptions.NewSubject allows it.
var ErrOtherSubject = errors.New("the deployed certificate has another subject")

// RotateOptions configures Rotate. The zero value, and nil, upload the certificate if necessary and delete nothing.
type RotateOptions struct {
	DeleteOld       bool          // delete what cert replaces: the earlier uploads with the same subject
	Overlap         time.Duration // but keep them until cert has been in the tenant this long: provisioned does not mean that all devices have it
	WaitProvisioned time.Duration // wait up to this long for cert to be provisioned; 0 does not wait
	NewSubject      bool          // cert may replace a deployed certificate that has another subject
	Force           bool          // upload cert even if the tenant seems to have it, or has a later one: for a re-issue or a rollback. Each call uploads
	DryRun          bool          // change nothing; the Rotation says what would be done
}

// Rotation is what Rotate has done or, with DryRun, would do.
type Rotation struct {
	Certificate  *EnterpriseCodeSigningCertificate   // cert as the tenant has it, nil if it is not there; with DryRun, as it would be uploaded
	Created      bool                                // uploaded by this call
	MatchedBy    MatchedBy                           // how it was recognized, if it was there
	Previous     *EnterpriseCodeSigningCertificate   // deployed before this call, if that was another certificate
	Old          []*EnterpriseCodeSigningCertificate // the earlier uploads with the same subject, earlier copies of cert included
	Deleted      []string                            // ids of those that this call deleted
	Pending      []string                            // ids of those that a later run will delete
	PendingUntil time.Time                           // when Overlap ends; zero if nothing is pending
}

// Rotate makes cert the certificate that Intune deploys. Intune deploys only the latest upload, and apps must be signed
// again with the new certificate. Rotate can be run again at any time, and continues where an earlier run ended.
//
// Rotate looks for cert as Find does, uploads it unless it is there, and treats the earlier uploads with the same subject
// as old. If a record of the same subject expires more than two days later than cert, the error is ErrNotLatest and
// nothing is done. So is a later upload of another certificate, whatever its subject.
//
// Old records are deleted only with DeleteOld, within five minutes of the latest listing, oldest first, and only while cert
// is the latest upload, provisioned, and there for Overlap. Otherwise the error is ErrNotProvisioned. A record whose age or
// subject is unclear is kept, and the error is an *AmbiguousMatchError. The new one is never deleted.
//
// Rotate ignores the Status and UploadDateTime of cert. It returns the errors of Create, too. With an error comes the
// Rotation so far, nil if nothing is known yet. Calls of one client for the same subject wait for each other.
//
// With DryRun nothing is changed, and the error is the one that would be returned. Rotate then assumes that a new upload
// is provisioned at once, and an earlier one within WaitProvisioned.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
func (s *EnterpriseCodeSigningCertificatesService) Rotate(ctx context.Context, cert *EnterpriseCodeSigningCertificate, options *RotateOptions, opts ...RequestOption) (*Rotation, error) {
	result, err := s.client.rotate(ctx, cert, options, opts)
	return result, named("rotate enterpriseCodeSigningCertificate", err)
}

func (c *Client) rotate(ctx context.Context, cert *EnterpriseCodeSigningCertificate, options *RotateOptions, opts []RequestOption) (*Rotation, error) {
	r := new(rotation)
	if options != nil {
		r.RotateOptions = *options
	}
	if r.WaitProvisioned < 0 || r.Overlap < 0 {
		return nil, &InputError{Name: "RotateOptions", Problem: "has a negative duration"}
	}
	var err error
	if r.upsert, err = c.newUpsert(ctx, cert, opts); err != nil {
		return nil, err
	}
	defer r.release()
	err = r.run(ctx)
	return r.result(), err
}

// rotation is a Rotate under way.
type rotation struct {
	RotateOptions
	*upsert

	old     []*EnterpriseCodeSigningCertificate // what is replaced, oldest first
	unclear []*EnterpriseCodeSigningCertificate // what may have to be replaced: age or subject cannot be told
	deleted []string
}

// result is what is known so far.
func (r *rotation) result() *Rotation {
	if r.seen == nil {
		return nil
	}
	return &Rotation{Certificate: r.record, Created: r.created, MatchedBy: r.matchedBy, Old: r.old, Deleted: r.deleted}
}

// run does one step after the other. Each leaves the tenant in a state from which a later run can go on.
func (r *rotation) run(ctx context.Context) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	if len(r.seen.matches) == 1 {
		r.record = r.seen.matches[0].Certificate
	}
	if err := r.checkStale(); err != nil {
		return err
	}
	if err := r.place(ctx); err != nil {
		return err
	}
	if r.DryRun {
		return r.plan()
	}
	waited, err := r.awaitProvisioning(ctx)
	if err != nil || !waited && !r.hasToDelete() {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	return r.deleteOld(ctx)
}

// checkStale looks for a record of the same subject that expires later: then this may be a job with last year's
// certificate.
func (r *rotation) checkStale() error {
	for _, record := range r.seen.records {
		expiration := record.shown().Expiration()
		if !r.identity.IsOutlivedBy(expiration) || r.seen.isMatch(record) {
			continue
		}
		switch r.identity.CompareSubject(record.shown()) {
		case match.SameSubject:
			return fmt.Errorf("%w: %s of the same subject expires later, on %s", ErrNotLatest, record.ID, formatTime(expiration))
		case match.UnclearSubject:
			return &AmbiguousMatchError{
				Reason:     "a record that may have the same subject expires later, so the certificate may be out of date",
				Candidates: []*EnterpriseCodeSigningCertificate{record},
			}
		case match.OtherSubject:
		}
	}
	return nil
}

// place makes sure that the certificate is in the tenant, once and as the latest upload.
func (r *rotation) place(ctx context.Context) error {
	err := r.take()
	if err == nil && r.record == nil && !r.DryRun {
		err = r.upload(ctx)
	}
	r.sortOut()
	if err != nil {
		return err
	}
	return r.checkLatest()
}

// age is how a record compares with the new one.
type age int

const (
	unclearAge age = iota
	older
	later
)

// compareAge compares by date. What was listed before this call's own upload is older, unless its date is later.
func (r *rotation) compareAge(record *EnterpriseCodeSigningCertificate) age {
	if r.record == nil {
		return older
	}
	areDated := match.IsShown(record.UploadDateTime) && match.IsShown(r.record.UploadDateTime)
	switch {
	case areDated && record.UploadDateTime.After(r.record.UploadDateTime):
		return later
	case r.listedBefore[record.ID], areDated && record.UploadDateTime.Before(r.record.UploadDateTime):
		return older
	}
	return unclearAge
}

// sortOut finds what the certificate replaces.
func (r *rotation) sortOut() {
	r.old, r.unclear = nil, nil
	for _, record := range r.seen.records {
		if r.seen.isMatch(record) {
			continue
		}
		subject, age := r.identity.CompareSubject(record.shown()), r.compareAge(record)
		isCertain := subject == match.SameSubject && age == older
		switch {
		case isCertain:
			r.old = append(r.old, record)
		case subject != match.OtherSubject && age != later:
			r.unclear = append(r.unclear, record)
		}
	}
	slices.SortStableFunc(r.old, byUploadDate)
}

// checkLatest reports a later upload of another certificate, an upload that may be later, and a record of the same subject
// that expires later.
func (r *rotation) checkLatest() error {
	if err := r.checkStale(); err != nil {
		return err
	}
	var unclear []*EnterpriseCodeSigningCertificate
	for _, record := range r.seen.records {
		if r.seen.isMatch(record) {
			continue
		}
		switch r.compareAge(record) {
		case later:
			return fmt.Errorf("%w: %s was uploaded later, on %s", ErrNotLatest, record.ID, formatTime(record.UploadDateTime))
		case unclearAge:
			unclear = append(unclear, record)
		case older:
		}
	}
	if len(unclear) > 0 {
		return &AmbiguousMatchError{Reason: "the upload dates do not tell which certificate is the latest", Candidates: unclear}
	}
	return nil
}

// plan is the end of a dry run: what would be uploaded and deleted.
func (r *rotation) plan() error {
	willBeProvisioned := r.WaitProvisioned > 0
	if r.record == nil {
		if err := checkNotBefore(r.identity); err != nil {
			return err
		}
		r.record, r.created, willBeProvisioned = r.cert, true, true
	}
	if !r.hasToDelete() {
		return nil
	}
	if r.record.Status != CertificateStatusProvisioned && !willBeProvisioned || !r.isThereForOverlap() {
		return ErrNotProvisioned
	}
	for _, record := range r.old {
		r.deleted = append(r.deleted, record.ID)
	}
	return r.kept()
}

// hasToDelete reports whether the caller asked to delete what is replaced, and there is something.
func (r *rotation) hasToDelete() bool { return r.DeleteOld && len(r.old)+len(r.unclear) > 0 }

// isThereForOverlap reports whether the new one has been there for Overlap, by the clock of the service and by the local
// one: either may have dated the upload.
func (r *rotation) isThereForOverlap() bool {
	date := r.record.UploadDateTime
	return r.Overlap == 0 || match.IsShown(date) && r.seen.now.Sub(date) >= r.Overlap && time.Since(date) >= r.Overlap
}

// kept is the error about the records that were not deleted because their age or subject cannot be told.
func (r *rotation) kept() error {
	if len(r.unclear) == 0 {
		return nil
	}
	return &AmbiguousMatchError{
		Reason: "records were kept, because the service does not show whether they are older and have the same subject", Candidates: r.unclear,
	}
}

// awaitProvisioning waits until the service has provisioned the new one, with growing pauses.
func (r *rotation) awaitProvisioning(ctx context.Context) (waited bool, err error) {
	const shortest, longest = 2 * time.Second, time.Minute
	until := time.Now().Add(r.WaitProvisioned)
	for pause := shortest; r.record.Status != CertificateStatusProvisioned; pause = min(2*pause, longest) {
		left := time.Until(until)
		if r.WaitProvisioned == 0 {
			return false, nil
		}
		if left <= 0 {
			return true, ErrNotProvisioned
		}
		logger := r.client.pipeline.logger.With("id", r.record.ID, "reason", "provisioning")
		logger.InfoContext(ctx, "intune: waiting", "pause", min(pause, left), "until", formatTime(until))
		if err := wait.Until(ctx, time.Now().Add(min(pause, left))); err != nil {
			return true, fmt.Errorf("%w: %w", ErrNotProvisioned, err)
		}
		got, err := r.client.object(ctx, http.MethodGet, r.record.ID, nil, r.options.following())
		switch {
		case err != nil && !errors.Is(err, ErrNotFound):
			return true, fmt.Errorf("uploaded, but its status cannot be read: %w", err)
		case err != nil, !strings.EqualFold(got.ID, r.record.ID):
			return true, vanished(r.record)
		}
		r.record, waited = got, true
		logger.InfoContext(ctx, "intune: waited", "status", string(got.Status))
	}
	return waited, nil
}

// vanished is the error about a new record that somebody else has deleted, or that the service hides.
func vanished(record *EnterpriseCodeSigningCertificate) error {
	return &AmbiguousMatchError{Reason: "the new record does not show any more", Candidates: []*EnterpriseCodeSigningCertificate{record}}
}

// deleteOld deletes what is replaced, if that was asked for, soon after a look.
func (r *rotation) deleteOld(ctx context.Context) error {
	if !r.hasToDelete() {
		return nil
	}
	if r.record.Status != CertificateStatusProvisioned || !r.isThereForOverlap() {
		return ErrNotProvisioned
	}
	soon, cancel := context.WithTimeout(ctx, longestAfterLook)
	defer cancel()
	for _, record := range r.old {
		err := r.client.delete(soon, record.ID, r.options.following())
		switch {
		case err == nil, errors.Is(err, ErrNotFound):
			r.deleted = append(r.deleted, record.ID)
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			return fmt.Errorf("the new one is in place, but %s could not be deleted within %v of the last look, so run it again", record.ID, longestAfterLook)
		case errors.Is(err, ErrThrottled):
			return fmt.Errorf("the new one is in place, but %s could not be deleted soon after the last look, so run it again: %w", record.ID, err)
		default:
			return fmt.Errorf("the new one is in place, but %s cannot be deleted: %w", record.ID, err)
		}
	}
	return r.kept()
}

// longestAfterLook is how long deletions may take: a later one would rely on a look that is out of date.
const longestAfterLook = 5 * time.Minute

// lookAgain makes sure that the new one still is the one record of the certificate, and the latest.
func (r *rotation) lookAgain(ctx context.Context) error {
	record := r.record
	if err := r.look(ctx); err != nil {
		return err
	}
	if err := r.take(); err != nil {
		return err
	}
	if r.record == nil || !strings.EqualFold(r.record.ID, record.ID) {
		r.record = record
		return vanished(record)
	}
	r.sortOut()
	return r.checkLatest()
}

// upsert is what a Rotate has found or uploaded.
type upsert struct {
	client   *Client
	cert     *EnterpriseCodeSigningCertificate // without what the caller must not choose
	identity *match.Identity
	options  requestOptions
	release  func()

	seen         *census                           // the last look
	record       *EnterpriseCodeSigningCertificate // of the certificate, once it is there
	matchedBy    MatchedBy                         // how it was recognised, if it was there
	created      bool                              // by this call
	listedBefore map[string]bool                   // the ids of the records that were there before the upload
}

// newUpsert checks everything that can be checked before anything is sent, and waits for the other upserts of the
// same subject: each looks before it uploads.
func (c *Client) newUpsert(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) (*upsert, error) {
	options, err := newRequestOptions(createOperation, opts)
	if err != nil {
		return nil, err
	}
	if err := validate(cert, options.allowExpired); err != nil {
		return nil, err
	}
	u := &upsert{client: c, identity: cert.identity(), options: options}
	if err := checkEnough(u.identity); err != nil {
		return nil, err
	}
	upload := *cert
	upload.ID, upload.Status, upload.UploadDateTime = "", "", time.Time{}
	u.cert = &upload
	u.release, err = c.subjects.Lock(ctx, u.identity.SubjectKey())
	return u, err
}

// look lists the tenant and recognises the certificate.
func (u *upsert) look(ctx context.Context) error {
	seen, err := u.client.census(ctx, u.options.following())
	if err != nil {
		return err
	}
	seen.recognise(u.identity)
	u.seen = seen
	return nil
}

// take takes the record of the certificate, if it is there.
func (u *upsert) take() error {
	record, err := u.seen.certificate()
	if record == nil {
		return err
	}
	u.record = record
	if !u.created {
		u.matchedBy = u.seen.matches[0].By
		u.options.reportMatch(u.matchedBy)
	}
	return err
}

// upload creates the certificate and looks again: another process may have done so at the same time, and the service may
// show the record in a way that later runs would not recognise.
func (u *upsert) upload(ctx context.Context) error {
	if err := checkNotBefore(u.identity); err != nil {
		return err
	}
	dated := *u.cert
	dated.UploadDateTime = u.seen.nextDate()
	u.listedBefore = make(map[string]bool, len(u.seen.records))
	for _, record := range u.seen.records {
		u.listedBefore[record.ID] = true
	}
	record, err := u.client.create(ctx, &dated, u.options, u.listedBefore)
	if record != nil {
		u.record, u.created = record, true
	}
	if err != nil {
		return err
	}
	return u.verify(ctx)
}

// verify looks until the new record shows, for ReconcileWindow at most.
func (u *upsert) verify(ctx context.Context) error {
	created := u.record
	var shown *EnterpriseCodeSigningCertificate
	var failure error
	ended := u.client.poll(ctx, time.Now().Add(u.client.pipeline.retry.ReconcileWindow), func() bool {
		if failure = u.look(ctx); failure == nil {
			shown = u.seen.exactRecord(created.ID)
		}
		return failure != nil || shown != nil
	})
	switch {
	case ended != nil:
		return fmt.Errorf("uploaded, but not seen in a listing yet: %w", ended)
	case failure != nil:
		return fmt.Errorf("uploaded, but the certificates cannot be listed: %w", failure)
	case shown == nil:
		return &AmbiguousMatchError{Reason: "uploaded, but the new record does not show in listings, so the next run would upload it again", Candidates: []*EnterpriseCodeSigningCertificate{created}}
	}
	u.record = shown
	return u.verifyShown()
}

// verifyShown makes sure that the new record is the one record of the certificate, and that Find recognises it.
func (u *upsert) verifyShown() error {
	created := u.record
	if !u.seen.isMatch(created) {
		return &AmbiguousMatchError{Reason: "uploaded, but the service shows the new record in a way that the next run would not recognise, and would upload it again", Candidates: []*EnterpriseCodeSigningCertificate{created}}
	}
	err := u.take()
	u.created = u.record.ID == created.ID
	return err
}
