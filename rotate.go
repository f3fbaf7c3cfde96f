package intune

// This file puts a certificate in place once: Ensure, and Replace for the yearly rotation.

import (
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
// recognises a certificate by its content where the service still shows it, else by issuer, subject and expiration;
// Response.MatchedBy says by which. A certificate authority may keep all three when it issues a certificate anew for
// another key: where that may have happened, use Replace, or Create.
//
// Where the certificate is there more than once, the first comes together with a *DuplicateError. Errors are those of
// Create, and of listing.
func (s *EnterpriseCodeSigningCertificatesService) Ensure(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (got *EnterpriseCodeSigningCertificate, created bool, err error) {
	found, err := s.find(ctx, "ensure", cert, opts, func(*EnterpriseCodeSigningCertificate) bool { return true })
	if err != nil {
		return nil, false, err
	}
	if found != nil {
		return found.certificate()
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
// is taken for the new one, and never the old one itself, nor one uploaded before it, even where a certificate authority
// has kept all the names and dates.
//
// The old certificate is deleted only where options ask for it, and only when the new one is provisioned; until then the
// new one is returned together with ErrNotProvisioned. Where there is no certificate with oldID, the error is ErrNotFound:
// the id is wrong, or an earlier run has deleted it and was done.
func (s *EnterpriseCodeSigningCertificatesService) Replace(ctx context.Context, oldID string, cert *EnterpriseCodeSigningCertificate, options *ReplaceOptions, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	const name = "replace enterpriseCodeSigningCertificate"
	old, err := s.Get(ctx, oldID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	isLater := func(c *EnterpriseCodeSigningCertificate) bool {
		return c.ID != oldID && c.UploadDateTime.After(old.UploadDateTime)
	}
	found, err := s.find(ctx, "replace", cert, opts, isLater)
	if err != nil {
		return nil, err
	}
	var replacement *EnterpriseCodeSigningCertificate
	if found != nil {
		replacement, _, err = found.certificate()
	} else {
		replacement, err = s.Create(ctx, cert, opts...)
	}
	if err != nil || options == nil || !options.DeleteOld {
		return replacement, err
	}
	if replacement.ID == oldID || replacement.Status != CertificateStatusProvisioned {
		return replacement, fmt.Errorf("%s: %w", name, ErrNotProvisioned)
	}
	if err := s.Delete(ctx, oldID); err != nil && !errors.Is(err, ErrNotFound) {
		return replacement, fmt.Errorf("%s: the new one is in place: %w", name, err)
	}
	return replacement, nil
}

// matches are the records of one identity.
type matches []match

// certificate returns the first, with a *DuplicateError where there are more.
func (m matches) certificate() (got *EnterpriseCodeSigningCertificate, created bool, err error) {
	if len(m) > 1 {
		err = duplicateError(m[0].certificate, m[1:])
	}
	return m[0].certificate, false, err
}

// find returns the records of cert's identity that are acceptable, nil for none.
func (s *EnterpriseCodeSigningCertificatesService) find(ctx context.Context, verb string, cert *EnterpriseCodeSigningCertificate, opts []RequestOption, acceptable func(*EnterpriseCodeSigningCertificate) bool) (matches, error) {
	named := func(err error) error { return fmt.Errorf("%s enterpriseCodeSigningCertificate: %w", verb, err) }
	if err := validate(cert); err != nil {
		return nil, named(err)
	}
	o := requestOptions{certificate: cert, header: make(map[string][]string)}
	for _, opt := range opts {
		if opt == nil {
			return nil, named(&InputError{Name: "RequestOption", Problem: "is nil"})
		}
		if err := opt(&o); err != nil {
			return nil, named(err)
		}
	}
	identity := newIdentity(cert)
	if len(identity.subjects) == 0 {
		return nil, named(&InputError{Name: "certificate", Problem: "has nothing to recognise it by: neither a subject nor content that is a certificate"})
	}
	all, _, err := s.client.listCertificates(ctx)
	if err != nil {
		return nil, named(err)
	}
	var found matches
	for _, c := range all {
		if by := identity.match(c); by != "" && acceptable(c) {
			found = append(found, match{c, by, false})
		}
	}
	if len(found) > 0 && o.response != nil {
		*o.response = Response{MatchedBy: found[0].by}
	}
	return found, nil
}
