package intune

// This file puts a certificate in place once: Ensure, and Replace for the yearly rotation.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// ErrNotProvisioned says that Replace has left the old certificate in place, because the new one has not reached the
// devices yet. Run Replace again later.
var ErrNotProvisioned = errors.New("the new certificate is not provisioned yet, so the old one stays")

// Ensure makes sure that the certificate is in the tenant, once: it returns the one that is there, or creates it. It
// recognises a certificate by its content where the service still shows it, else by issuer, subject and expiration, so
// cert must have content that is a certificate, or all three; Response.MatchedBy says by which. A certificate authority
// may keep all three when it issues a certificate anew for another key: where that may have happened, use Replace, or
// Create.
//
// Where the certificate is there more than once, the first comes together with a *DuplicateError. Errors are those of
// Create, and of listing. Calls of one client wait for each other; several processes are not coordinated.
func (s *EnterpriseCodeSigningCertificatesService) Ensure(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (got *EnterpriseCodeSigningCertificate, created bool, err error) {
	w, err := s.placing(ctx, "ensure", cert, opts)
	if err != nil {
		return nil, false, err
	}
	defer w.release()
	found, err := w.find(ctx, func(*EnterpriseCodeSigningCertificate) bool { return true })
	if err != nil {
		return nil, false, err
	}
	if len(found) > 0 {
		got, err = found.certificate()
		return got, false, err
	}
	got, err = s.Create(ctx, cert, opts...)
	return got, got != nil, err
}

// Expiring yields the certificates that expire within the given time from now, soonest first; those that have expired
// already come before them. An error comes once, last.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Expiring(ctx context.Context, within time.Duration, opts ...RequestOption) iter.Seq2[*EnterpriseCodeSigningCertificate, error] {
	return s.All(ctx, &ListOptions{
		Filter:  PropertyExpirationDateTime.Le(time.Now().Add(within)),
		OrderBy: []Order{PropertyExpirationDateTime.Ascending()},
	}, opts...)
}

// ReplaceOptions configures Replace. The zero value, and nil, leave the old certificate in place.
type ReplaceOptions struct {
	// DeleteOld deletes the old certificate once the new one is provisioned. Apps that are signed with the old one alone
	// then no longer run on managed devices.
	DeleteOld bool
}

// Replace puts cert in the place of the certificate with oldID, and returns the new one. It can be run again after it
// was broken off at any point, and goes on from there: a record of the same identity that was uploaded after the old one
// is taken for the new one, and never the old one itself, nor one that was uploaded before it, even where a certificate authority
// has kept all the names and dates.
//
// The old certificate is deleted only where options ask for it, and only when the new one is provisioned; until then the
// new one is returned together with ErrNotProvisioned. Where there is no certificate with oldID, the error is ErrNotFound:
// the id is wrong, or an earlier run has deleted it and was done.
func (s *EnterpriseCodeSigningCertificatesService) Replace(ctx context.Context, oldID string, cert *EnterpriseCodeSigningCertificate, options *ReplaceOptions, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	w, err := s.placing(ctx, "replace", cert, opts)
	if err != nil {
		return nil, err
	}
	defer w.release()
	old, err := s.Get(ctx, oldID, w.common)
	if err != nil {
		return nil, w.named(err)
	}
	if dated := cmp.Or(cert.UploadDateTime, time.Now()); dated.Before(old.UploadDateTime) {
		return nil, w.named(&InputError{Name: "uploadDateTime", Problem: fmt.Sprintf(
			"of the new certificate would be before that of the old one, %s, and a later run could not tell which is which", precise(old.UploadDateTime))})
	}
	found, err := w.find(ctx, func(c *EnterpriseCodeSigningCertificate) bool {
		return c.ID != oldID && !c.UploadDateTime.Before(old.UploadDateTime)
	})
	if err != nil {
		return nil, err
	}
	replacement, err := found.certificate()
	if len(found) == 0 {
		replacement, err = s.Create(ctx, cert, opts...)
	}
	if err != nil || options == nil || !options.DeleteOld {
		return replacement, err
	}
	if replacement.ID == oldID || replacement.Status != CertificateStatusProvisioned {
		return replacement, w.named(ErrNotProvisioned)
	}
	if err := s.Delete(ctx, oldID, w.headers); err != nil && !errors.Is(err, ErrNotFound) {
		return replacement, w.named(fmt.Errorf("the new one is in place: %w", err))
	}
	return replacement, nil
}

// matches are the records of one identity.
type matches []match

// certificate returns the first, nil for none, with a *DuplicateError where there are more.
func (m matches) certificate() (*EnterpriseCodeSigningCertificate, error) {
	switch len(m) {
	case 0:
		return nil, nil //nolint:nilnil // the caller looks
	case 1:
		return m[0].certificate, nil
	}
	return m[0].certificate, duplicateError(m[0].certificate, m[1:])
}

// placement is an Ensure or a Replace under way.
type placement struct {
	client   *Client
	verb     string
	identity *identity
	response *Response
	headers  RequestOption // the caller's, for the requests beside the create
	common   RequestOption // those, and the caller's Response
	release  func()
}

// placing checks what can be checked before anything is sent, and waits for the other placements of the client: each
// looks before it creates.
func (s *EnterpriseCodeSigningCertificatesService) placing(ctx context.Context, verb string, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) (*placement, error) {
	w := &placement{client: s.client, verb: verb}
	if err := validate(cert); err != nil {
		return nil, w.named(err)
	}
	given := requestOptions{certificate: cert}
	if err := given.apply(opts); err != nil {
		return nil, w.named(err)
	}
	w.identity = newIdentity(cert)
	if len(w.identity.subjects) == 0 || len(w.identity.issuers) == 0 || len(w.identity.expirations) == 0 {
		return nil, w.named(&InputError{Name: "certificate", Problem: "has too little to recognise it by: want content that is a certificate, or subject, issuer and expiration"})
	}
	if w.response = given.response; w.response != nil {
		*w.response = Response{}
	}
	w.headers = func(o *requestOptions) error {
		o.header = given.header.Clone()
		return nil
	}
	w.common = func(o *requestOptions) error {
		o.response = given.response
		return w.headers(o)
	}
	select {
	case s.client.placements <- struct{}{}:
		w.release = func() { <-s.client.placements }
		return w, nil
	case <-ctx.Done():
		return nil, w.named(ctx.Err())
	}
}

func (w *placement) named(err error) error {
	return fmt.Errorf("%s enterpriseCodeSigningCertificate: %w", w.verb, err)
}

// find returns the records of the identity that are acceptable.
func (w *placement) find(ctx context.Context, acceptable func(*EnterpriseCodeSigningCertificate) bool) (found matches, err error) {
	all, _, err := w.client.listCertificates(ctx, w.common)
	if err != nil {
		return nil, w.named(err)
	}
	for _, c := range all {
		if by := w.identity.match(c); by != "" && acceptable(c) {
			found = append(found, match{c, by, false})
		}
	}
	if len(found) > 0 && w.response != nil {
		w.response.MatchedBy = found[0].by
	}
	return found, nil
}
