package intune

// This file makes sure that a certificate is in the tenant, once.

import (
	"context"
	"fmt"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Ensure makes sure that the certificate is in the tenant, once: it returns the record that is there, or uploads the
// certificate. It recognises the certificate as Find does, and returns the same errors. It ignores the Status and the
// UploadDateTime of cert, and does not upload a certificate more than a day before its NotBefore (an *InputError). It
// deletes nothing, and does not ask whether another upload is later; Rotate does.
//
// If the certificate is in the tenant more than once, the error is a *DuplicateError, together with the record to keep.
// If the service shows the new record in a way that Find does not recognise, it is an *AmbiguousMatchError, together with
// that record. Other errors are those of Create. Calls of one client for the same subject wait for each other; several
// processes are not coordinated.
func (s *EnterpriseCodeSigningCertificatesService) Ensure(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (got *EnterpriseCodeSigningCertificate, created bool, err error) {
	u, err := s.client.newUpsert(ctx, cert, opts)
	if err == nil {
		defer u.release()
		err = u.ensure(ctx)
	}
	if u != nil {
		got, created = u.record, u.created
	}
	return got, created, named("ensure enterpriseCodeSigningCertificate", err)
}

// upsert is an Ensure or a Rotate under way.
type upsert struct {
	client     *Client
	cert       *EnterpriseCodeSigningCertificate // without what the caller must not choose
	identity   *match.Identity
	isExcluded exclusion
	options    requestOptions
	release    func()

	seen      *census                           // the last look
	record    *EnterpriseCodeSigningCertificate // of the certificate, once it is there
	matchedBy MatchedBy                         // how it was recognised, if it was there
	created   bool                              // by this call
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

// ensure finds the certificate or uploads it.
func (u *upsert) ensure(ctx context.Context) error {
	if err := u.look(ctx); err != nil {
		return err
	}
	if err := u.take(); err != nil || u.record != nil {
		return err
	}
	return u.upload(ctx)
}

// look lists the tenant and recognises the certificate.
func (u *upsert) look(ctx context.Context) error {
	seen, err := u.client.census(ctx, u.options.following())
	if err != nil {
		return err
	}
	seen.recognise(u.identity, u.isExcluded)
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
	u.options.listedBefore = make(map[string]bool, len(u.seen.records))
	for _, record := range u.seen.records {
		u.options.listedBefore[record.ID] = true
	}
	record, err := u.client.create(ctx, &dated, u.options)
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
