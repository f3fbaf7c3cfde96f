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

// ErrNotProvisioned says that the new certificate is not provisioned yet, or not for as long as RotateOptions.Overlap
// asks. Nothing was deleted. Run Rotate again later.
var ErrNotProvisioned = errors.New("the new certificate is not provisioned for long enough, so nothing was deleted: run it again later")

// ErrNotLatest says that another certificate was uploaded later, so Intune deploys that one, or that a certificate of the
// same subject expires later, so this rotation is out of date. Nothing was deleted.
var ErrNotLatest = errors.New("the certificate is not the latest, so nothing was deleted")

// RotateOptions configures Rotate. The zero value, and nil, upload the certificate and delete nothing.
type RotateOptions struct {
	OldID           string        // the record to replace, in upper or lower case; "" means all earlier uploads with the same subject
	DeleteOld       bool          // delete what is replaced
	WaitProvisioned time.Duration // wait up to this long for the new one to be provisioned; 0 does not wait
	Overlap         time.Duration // delete nothing before the new one has been there this long, by its upload date: provisioned does not mean that all devices have it
	DryRun          bool          // change nothing; the Rotation says what would be done
}

// Rotation is what Rotate has done or, with DryRun, would do.
type Rotation struct {
	Certificate *EnterpriseCodeSigningCertificate   // the new one, as the tenant has it, nil if it is not there; with DryRun, as it would be uploaded
	Created     bool                                // uploaded by this call
	MatchedBy   MatchedBy                           // how it was recognised, if it was there
	Old         []*EnterpriseCodeSigningCertificate // what it replaces, including what was deleted
	Deleted     []string                            // ids
}

// Rotate makes cert the certificate that the tenant uses. Intune deploys only the latest upload, and apps must be signed
// again with the new certificate. Rotate can be run again at any time, and goes on from where an earlier run ended. A nil
// error means: cert is in the tenant once, no other upload is later and, with DeleteOld, every old one is gone.
//
// Without OldID, Rotate looks for cert as Find does, uploads it unless it is there, and treats the earlier uploads with
// the same subject as old. A certificate with another subject is another publisher's and is not replaced. If a record of
// the same subject expires more than two days later than cert, the error is ErrNotLatest and nothing is done.
//
// With OldID, only equal content makes the record with that id, or an earlier upload, count as cert. If there is no
// record with that id, the error is ErrNotFound, together with the Rotation if cert is there: an earlier run has
// finished. A certificate that was issued again with the same names, expiration and NotBefore needs OldID.
//
// A later upload of another certificate is ErrNotLatest, whatever its subject. cert is then not uploaded again, because
// two jobs would replace each other forever. To go back to an earlier certificate, delete its record and rotate with
// OldID.
//
// Old records are deleted only with DeleteOld, within five minutes of a look, oldest first, and only while cert is the latest
// upload, provisioned, and there for Overlap. Otherwise the error is ErrNotProvisioned. A record whose age or subject
// cannot be told is kept, and the error is an *AmbiguousMatchError. The new one is never deleted.
//
// Like Ensure, Rotate ignores the Status and UploadDateTime of cert, and it returns Ensure's errors. With an error comes
// the Rotation so far, nil if nothing is known yet. Calls of one client for the same subject wait for each other.
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
	if r.OldID != "" {
		if _, err := certificatePath(r.OldID); err != nil {
			return nil, err
		}
	}
	var err error
	if r.upsert, err = c.newUpsert(ctx, cert, opts); err != nil {
		return nil, err
	}
	defer r.release()
	if err = r.run(ctx); errors.Is(err, ErrNotFound) && r.seen != nil && !r.isOldMissing {
		err = errors.New(err.Error()) // ErrNotFound with a Rotation means that OldID is missing
	}
	return r.result(), err
}

// rotation is a Rotate under way.
type rotation struct {
	RotateOptions
	*upsert

	old       []*EnterpriseCodeSigningCertificate // what is replaced, oldest first
	deletable []*EnterpriseCodeSigningCertificate // those of old whose age and subject are certain
	unclear   []*EnterpriseCodeSigningCertificate // what may have to be replaced: age or subject cannot be told
	deleted   []string

	isOldMissing bool // there is no record OldID
}

// result is what is known so far. Without a record there is none to report if OldID is missing.
func (r *rotation) result() *Rotation {
	if r.seen == nil || r.record == nil && r.isOldMissing {
		return nil
	}
	return &Rotation{Certificate: r.record, Created: r.created, MatchedBy: r.matchedBy, Old: r.old, Deleted: r.deleted}
}

// run does one step after the other. Each leaves the tenant in a state from which a later run can go on.
func (r *rotation) run(ctx context.Context) error {
	if r.OldID != "" {
		r.isExcluded = r.isOldOrEarlier
	}
	if err := r.look(ctx); err != nil {
		return err
	}
	if len(r.seen.matches) == 1 {
		r.record = r.seen.matches[0].Certificate
	}
	if err := r.checkRequest(); err != nil {
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

// isOldOrEarlier excludes the record with OldID and earlier uploads: only equal content makes one of them the new one.
func (r *rotation) isOldOrEarlier(seen *census, record *EnterpriseCodeSigningCertificate, by MatchedBy) bool {
	old := seen.record(r.OldID)
	if by == MatchedByContent || old == nil {
		return false
	}
	areDated := match.IsShown(old.UploadDateTime) && match.IsShown(record.UploadDateTime)
	return record.ID == old.ID || areDated && record.UploadDateTime.Before(old.UploadDateTime)
}

// checkRequest ends a rotation that is out of date or asks for the impossible, before anything is changed.
func (r *rotation) checkRequest() error {
	if r.OldID == "" {
		return r.checkStale()
	}
	old := r.seen.record(r.OldID)
	switch {
	case old == nil:
		r.isOldMissing = true
		if err := r.take(); err != nil {
			return err
		}
		return fmt.Errorf("there is no certificate with the id %s: %w", r.OldID, ErrNotFound)
	case r.DeleteOld && r.identity.CompareSubject(old.shown()) == match.OtherSubject:
		return &InputError{Name: "OldID", Problem: "is a certificate with another subject, which is another publisher's: it is not deleted"}
	}
	return nil
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
	case r.options.listedBefore[record.ID], areDated && record.UploadDateTime.Before(r.record.UploadDateTime):
		return older
	}
	return unclearAge
}

// sortOut finds what the certificate replaces.
func (r *rotation) sortOut() {
	r.old, r.deletable, r.unclear = nil, nil, nil
	old := r.seen.record(r.OldID)
	for _, record := range r.seen.records {
		isOld := r.OldID != "" && record == old
		if r.seen.isMatch(record) || r.OldID != "" && !isOld {
			continue
		}
		subject, age := r.identity.CompareSubject(record.shown()), r.compareAge(record)
		isCertain := subject == match.SameSubject && age == older
		if isCertain || isOld {
			r.old = append(r.old, record)
		}
		switch {
		case isCertain:
			r.deletable = append(r.deletable, record)
		case isOld, subject != match.OtherSubject && age != later:
			r.unclear = append(r.unclear, record)
		}
	}
	slices.SortStableFunc(r.old, byUploadDate)
	slices.SortStableFunc(r.deletable, byUploadDate)
}

// checkLatest reports a later upload of another certificate, an upload that may be later, and a record of the same subject
// that expires later.
func (r *rotation) checkLatest() error {
	if r.OldID == "" {
		if err := r.checkStale(); err != nil {
			return err
		}
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
	for _, record := range r.deletable {
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
	for _, record := range r.deletable {
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
