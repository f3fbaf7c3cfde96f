package intune

// This file lists the tenant and recognises a certificate in it.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
)

// Match is a record of the tenant that is the certificate, and how it was recognised.
type Match struct {
	Certificate *EnterpriseCodeSigningCertificate
	By          MatchedBy
}

func certificatesOf(matches []Match) []*EnterpriseCodeSigningCertificate {
	records := make([]*EnterpriseCodeSigningCertificate, len(matches))
	for i, m := range matches {
		records[i] = m.Certificate
	}
	return records
}

// Find returns the records of the tenant that are the certificate, the latest upload first. None is no error.
//
// Equal content is proof. Otherwise a record with an upload date is the certificate if names and expiration are equal. A
// record with other content, or uploaded more than a day before the certificate's NotBefore, is another certificate.
// Records that cannot be told from the certificate come in an *AmbiguousMatchError, beside the matches: those with equal
// issuer and common name whose expiration is up to two days off or not shown, whose subject differs in other parts, or
// that have no upload date; and those that show no subject, unless their issuer or expiration belongs to another one.
//
// cert needs content that is a certificate, or subject, issuer and expiration. Otherwise the error is an *InputError.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Find(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) ([]Match, error) {
	matches, err := s.find(ctx, cert, opts)
	return matches, named("find enterpriseCodeSigningCertificate", err)
}

func (s *EnterpriseCodeSigningCertificatesService) find(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts []RequestOption) ([]Match, error) {
	options, err := newRequestOptions(anyOperation, opts)
	if err != nil {
		return nil, err
	}
	if cert == nil {
		return nil, &InputError{Name: "certificate", Problem: "is nil"}
	}
	identity := cert.identity()
	if err := checkEnough(identity); err != nil {
		return nil, err
	}
	seen, err := s.client.census(ctx, options)
	if err != nil {
		return nil, err
	}
	seen.recognise(identity)
	return seen.matches, seen.ambiguity()
}

// checkEnough reports what is missing to recognise the certificate.
func checkEnough(identity *match.Identity) error {
	if !identity.IsEnough() {
		return &InputError{Name: "certificate", Problem: "has too little to recognise it by: want a subject, an issuer and an expiration, in the content or beside it"}
	}
	return nil
}

// checkNotBefore rejects the upload of a certificate that is not valid for another day.
func checkNotBefore(identity *match.Identity) error {
	const day = 24 * time.Hour
	if notBefore := identity.NotBefore(); time.Until(notBefore) > day {
		return &InputError{Name: "certificate", Problem: "is not valid before " + formatTime(notBefore) + ": upload it then"}
	}
	return nil
}

// Latest returns the certificate that was uploaded last: the one that Intune deploys. For an empty tenant the error is
// ErrNotFound. If several records have the latest date, or a record has none, it is an *AmbiguousMatchError.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Latest(ctx context.Context, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	latest, err := s.latest(ctx, opts)
	return latest, named("find the latest enterpriseCodeSigningCertificate", err)
}

func (s *EnterpriseCodeSigningCertificatesService) latest(ctx context.Context, opts []RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	options, err := newRequestOptions(anyOperation, opts)
	if err != nil {
		return nil, err
	}
	seen, err := s.client.census(ctx, options)
	if err != nil {
		return nil, err
	}
	if len(seen.records) == 0 {
		return nil, fmt.Errorf("the tenant has no certificate: %w", ErrNotFound)
	}
	latest := slices.MaxFunc(seen.records, byUploadDate)
	var rivals []*EnterpriseCodeSigningCertificate
	for _, record := range seen.records {
		if !match.IsShown(record.UploadDateTime) || record.UploadDateTime.Equal(latest.UploadDateTime) {
			rivals = append(rivals, record)
		}
	}
	if len(rivals) > 1 || !match.IsShown(latest.UploadDateTime) {
		return nil, &AmbiguousMatchError{Reason: "the upload dates do not tell which certificate is the latest", Candidates: rivals}
	}
	return latest, nil
}

func byUploadDate(a, b *EnterpriseCodeSigningCertificate) int {
	return a.UploadDateTime.Compare(b.UploadDateTime)
}

// census is what one listing of the tenant shows.
type census struct {
	records []*EnterpriseCodeSigningCertificate
	byID    map[string]*EnterpriseCodeSigningCertificate // by the id, and by the id in lower case: Windows shows GUIDs in upper case
	now     time.Time                                    // by the clock of the service, if it tells

	matches []Match         // that are the certificate, the latest upload first
	matched map[string]bool // their ids
	unclear []*EnterpriseCodeSigningCertificate
}

// census lists all certificates of the tenant.
func (c *Client) census(ctx context.Context, options requestOptions) (*census, error) {
	seen := &census{now: time.Now(), byID: make(map[string]*EnterpriseCodeSigningCertificate)}
	for page, err := range bounded(c.pages(ctx, certificatesPath, options, false)) {
		if err != nil {
			return nil, err
		}
		seen.now = page.clock.At(time.Now())
		for _, record := range page.value {
			seen.add(record)
		}
	}
	return seen, nil
}

// add adds a record, unless it was listed before: paging by position repeats a record if one was added meanwhile.
func (s *census) add(record *EnterpriseCodeSigningCertificate) {
	if s.exactRecord(record.ID) != nil {
		return
	}
	s.records = append(s.records, record)
	s.byID[record.ID] = record
	if folded := strings.ToLower(record.ID); s.byID[folded] == nil {
		s.byID[folded] = record
	}
}

// exactRecord returns the record with an id, nil if there is none.
func (s *census) exactRecord(id string) *EnterpriseCodeSigningCertificate {
	if record := s.byID[id]; record != nil && record.ID == id {
		return record
	}
	return nil
}

// ambiguity is the error about the records that cannot be told from the certificate, nil if there are none.
func (s *census) ambiguity() error {
	if len(s.unclear) == 0 {
		return nil
	}
	return &AmbiguousMatchError{Reason: "records may be this certificate or another one of the same name", Candidates: s.unclear}
}

// recognise finds the records of a certificate.
func (s *census) recognise(identity *match.Identity) {
	s.matched = make(map[string]bool)
	for _, record := range s.records {
		verdict, how := identity.Recognise(record.shown())
		by := MatchedBy(how)
		switch {
		case verdict == match.NotOurs:
		case verdict == match.Ours:
			s.matches = append(s.matches, Match{record, by})
			s.matched[record.ID] = true
		default:
			s.unclear = append(s.unclear, record)
		}
	}
	slices.SortStableFunc(s.matches, func(a, b Match) int { return byUploadDate(b.Certificate, a.Certificate) })
}

// certificate returns the record of the certificate, nil if there is none. The error says that there are several, or
// that some cannot be told.
func (s *census) certificate() (*EnterpriseCodeSigningCertificate, error) {
	if len(s.matches) == 0 {
		return nil, s.ambiguity()
	}
	records := certificatesOf(s.matches)
	if duplicate := newDuplicateError(records); len(duplicate.OtherIDs) > 0 {
		return duplicate.Certificate, duplicate
	}
	return records[0], s.ambiguity()
}

func (s *census) isMatch(record *EnterpriseCodeSigningCertificate) bool { return s.matched[record.ID] }

// nextDate returns the date with which an upload is the latest: 100 ns after the latest that was listed if that is not
// over yet, otherwise zero, which means now. Nothing is later than the last moment that JSON can hold.
func (s *census) nextDate() (next time.Time) {
	const lastYear = 9999
	for _, record := range s.records {
		after := record.UploadDateTime.Add(match.Tick)
		if after.After(time.Now()) && after.After(next) && after.UTC().Year() <= lastYear {
			next = after
		}
	}
	return next
}
