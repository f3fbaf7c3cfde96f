package intune

// This file lists the tenant and recognizes a certificate in it.

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Match is a record in the tenant that is the certificate, and how it was recognized.
type Match struct {
	Certificate *EnterpriseCodeSigningCertificate
	By          MatchedBy
}

// LogValue implements slog.LogValuer, without the content.
func (m Match) LogValue() slog.Value {
	return slog.GroupValue(present(slog.String("certificate", ids([]*EnterpriseCodeSigningCertificate{m.Certificate})), slog.String("matchedBy", string(m.By)))...)
}

// Find returns the records in the tenant that are the certificate, the latest upload first. No match is not an error.
//
// Find compares content if the service shows it, or if this client uploaded the record within the last hour. Otherwise
// the record must show the same names and expiration, and an upload date after the certificate became valid. If other
// records may or may not be the certificate, Find also returns an [*AmbiguousMatchError] that names them. The returned
// certificates have no AdditionalData; [EnterpriseCodeSigningCertificatesService.Get] returns it.
//
// cert needs content that is a certificate, or a subject, an issuer and an expiration. Otherwise the error is an
// [*InputError].
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Find(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (matches []Match, err error) {
	defer nameError(&err, "find enterpriseCodeSigningCertificate")
	if cert == nil {
		return nil, &InputError{Name: "certificate", Problem: "is nil"}
	}
	identity := cert.identity()
	if err := checkEnough(identity); err != nil {
		return nil, err
	}
	l, err := s.client.list(ctx, newRequestOptions(anyOperation, opts), new(int))
	if err != nil {
		return nil, err
	}
	ambiguous := &AmbiguousMatchError{Reason: "records may be this certificate or another one with the same names"}
	for _, record := range l.Records {
		switch verdict, by := identity.Recognize(record, l.Listing); verdict {
		case match.Ours:
			matches = append(matches, Match{l.certificates[record], MatchedBy(by)})
		case match.CannotTell:
			ambiguous.Candidates = append(ambiguous.Candidates, l.certificates[record])
		case match.NotOurs:
		}
	}
	sortMatches(matches)
	if len(ambiguous.Candidates) > 0 {
		return matches, ambiguous
	}
	return matches, nil
}

// checkEnough reports what is missing to recognize the certificate.
func checkEnough(identity *match.Identity) error {
	if !identity.IsEnough() {
		return &InputError{Name: "certificate", Problem: "cannot be identified: it needs a subject, an issuer and an expiration, in the content or in the fields"}
	}
	return nil
}

// Latest returns the certificate that was uploaded last, which is the one that Intune deploys. If the tenant has none,
// the error is [ErrNotFound]. If several records have the latest date, or one of several has none, it is an
// [*AmbiguousMatchError]. The returned certificate has no AdditionalData;
// [EnterpriseCodeSigningCertificatesService.Get] returns it.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Latest(ctx context.Context, opts ...RequestOption) (latest *EnterpriseCodeSigningCertificate, err error) {
	defer nameError(&err, "find the latest enterpriseCodeSigningCertificate")
	l, err := s.client.list(ctx, newRequestOptions(anyOperation, opts), new(int))
	if err != nil {
		return nil, err
	}
	records := l.Latest()
	switch len(records) {
	case 0:
		return nil, fmt.Errorf("the tenant has no certificate: %w", ErrNotFound)
	case 1:
		return l.certificates[records[0]], nil
	}
	return nil, &AmbiguousMatchError{Reason: "the upload dates do not show which certificate is the latest", Candidates: l.all(records)}
}

// listing is the result of one complete listing of the tenant.
type listing struct {
	*match.Listing

	clock        match.Clock
	certificates map[*match.Record]*EnterpriseCodeSigningCertificate // the records as the service shows them
}

// list lists all certificates of the tenant. Of each it keeps what is compared and returned. size is how many bytes the
// listings of one call have had.
func (c *Client) list(ctx context.Context, options requestOptions, size *int) (*listing, error) {
	const most = 64 << 20 // a tenant's certificates take some kilobytes
	l := &listing{certificates: make(map[*match.Record]*EnterpriseCodeSigningCertificate)}
	var records []*match.Record
	for page, err := range bounded(c.pages(ctx, certificatesPath, options)) {
		if err != nil {
			return nil, err
		}
		if *size += page.size; *size > most {
			return nil, badListing("the listings are larger than 64 MiB in all")
		}
		l.clock = page.clock
		for _, cert := range page.Value {
			record := cert.shown()
			record.Remembered = c.uploads.Content(cert.ID)
			cert.AdditionalData = nil
			records, l.certificates[record] = append(records, record), cert
		}
	}
	l.Listing = match.NewListing(records, l.clock.At(time.Now()))
	return l, nil
}

func (l *listing) all(records []*match.Record) (certificates []*EnterpriseCodeSigningCertificate) {
	for _, record := range records {
		certificates = append(certificates, l.certificates[record])
	}
	return certificates
}

// sortMatches puts the latest upload first and, of several with the same date, the smallest id.
func sortMatches(matches []Match) {
	slices.SortFunc(matches, func(a, b Match) int {
		return cmp.Or(b.Certificate.UploadDateTime.Compare(a.Certificate.UploadDateTime), cmp.Compare(a.Certificate.ID, b.Certificate.ID))
	})
}
