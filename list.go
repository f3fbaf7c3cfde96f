package intune

// This file lists certificates, page by page.

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/wait"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

const listName = "list enterpriseCodeSigningCertificates" // as errors name the operation

// List returns one page of the certificates that options select; nil selects all. To get the next page, set NextLink in
// [ListOptions], or use [EnterpriseCodeSigningCertificatesService.All].
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) List(ctx context.Context, options *ListOptions, opts ...RequestOption) (*CertificatePage, error) {
	path, given := s.client.listing(options, opts)
	page, err := s.client.page(ctx, path, given)
	if err != nil {
		return nil, named(listName, err)
	}
	return &page.CertificatePage, nil
}

// listing returns what a request for the first page of a listing needs.
func (c *Client) listing(options *ListOptions, opts []RequestOption) (path string, given requestOptions) {
	query, err := options.query()
	path = certificatesPath + query
	if options != nil && options.NextLink != "" {
		path, err = c.nextPath(options.NextLink)
	}
	given = newRequestOptions(anyOperation, opts)
	given.err = cmp.Or(given.err, err)
	return path, given
}

// All yields the certificates that options select. It reads the pages during the loop, and holds one page at a
// time. Top limits how many it yields, even if NextLink is set. On failure, the last pair is (nil, err). More than 1000
// empty pages in a row are a failure. opts apply to the request for each page.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) All(ctx context.Context, options *ListOptions, opts ...RequestOption) iter.Seq2[*EnterpriseCodeSigningCertificate, error] {
	return func(yield func(*EnterpriseCodeSigningCertificate, error) bool) {
		left := -1 // without a limit
		if options != nil && options.Top > 0 {
			left = options.Top // for the service it is the size of a page
		}
		path, given := s.client.listing(options, opts)
		for page, err := range s.client.pages(ctx, path, given) {
			if err != nil {
				yield(nil, named(listName, err))
				return
			}
			for _, cert := range page.Value {
				left--
				if !yield(cert, nil) || left == 0 {
					return
				}
			}
		}
	}
}

// Count returns how many certificates match filter; the zero [Filter] matches all. If the service doesn't report the
// total, or counts only the page, Count lists the certificates, and counts each id once.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Count(ctx context.Context, filter Filter, opts ...RequestOption) (n int64, err error) {
	defer nameError(&err, "count enterpriseCodeSigningCertificates")
	path, given := s.client.listing(&ListOptions{Filter: filter, Select: []Property{PropertyID}, Top: 1, Count: true}, opts)
	first, err := s.client.page(ctx, path, given)
	if err != nil {
		return 0, err
	}
	if first.hasTotal() {
		return *first.Count, nil
	}
	path, given = s.client.listing(&ListOptions{Filter: filter, Select: []Property{PropertyID}}, opts)
	for page, err := range bounded(s.client.pages(ctx, path, given)) {
		if err != nil {
			return 0, err
		}
		n += int64(len(page.Value))
	}
	return n, nil
}

// Expiring yields the certificates that have expired or will expire within the given time from now, soonest first. It
// asks the service to filter, and checks each date itself. If the service rejects the filter (with a 400 or a 501), it
// lists all certificates. A certificate without an expiration is left out. On failure, the last pair is (nil, err).
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Expiring(ctx context.Context, within time.Duration, opts ...RequestOption) iter.Seq2[*EnterpriseCodeSigningCertificate, error] {
	return func(yield func(*EnterpriseCodeSigningCertificate, error) bool) {
		latest := time.Now().Add(within)
		expiring, err := s.expiringBy(ctx, latest, &ListOptions{Filter: PropertyExpirationDateTime.Le(latest)}, opts)
		if isFilterRejected(err) {
			expiring, err = s.expiringBy(ctx, latest, nil, opts)
		}
		for _, cert := range expiring {
			if !yield(cert, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, named("list expiring enterpriseCodeSigningCertificates", err))
		}
	}
}

// isFilterRejected reports whether the service cannot filter. OData has 501 for an option that is not implemented.
func isFilterRejected(err error) bool {
	var rejection *APIError
	return errors.As(err, &rejection) && (rejection.StatusCode == http.StatusBadRequest || rejection.StatusCode == http.StatusNotImplemented)
}

// expiringBy returns the certificates of a listing that expire by the given time, soonest first.
func (s *EnterpriseCodeSigningCertificatesService) expiringBy(ctx context.Context, latest time.Time, options *ListOptions, opts []RequestOption) (expiring []*EnterpriseCodeSigningCertificate, err error) {
	path, given := s.client.listing(options, opts)
	for page, failure := range bounded(s.client.pages(ctx, path, given)) {
		if failure != nil {
			err = failure
			break
		}
		for _, cert := range page.Value {
			if match.IsShown(cert.ExpirationDateTime) && !cert.ExpirationDateTime.After(latest) {
				expiring = append(expiring, cert)
			}
		}
	}
	slices.SortStableFunc(expiring, func(a, b *EnterpriseCodeSigningCertificate) int {
		return a.ExpirationDateTime.Compare(b.ExpirationDateTime)
	})
	return expiring, err
}

// page is a page with the clock of the service.
type page struct {
	CertificatePage

	clock match.Clock
	size  int // in bytes
}

// page gets one page. path is that of the collection with its query, or what nextPath made of a link.
func (c *Client) page(ctx context.Context, path string, options requestOptions) (*page, error) {
	p := new(page)
	resp, err := c.pipeline.run(ctx, request{method: http.MethodGet, path: path, out: p, status: http.StatusOK, options: options})
	if err != nil {
		return nil, err
	}
	p.size = len(resp.body)
	if date := wire.Date(resp.header); !date.IsZero() {
		p.clock = match.Clock{Ahead: time.Until(date), IsKnown: true}
	}
	return p, nil
}

// pages yields one page after the other. On failure, the last pair is (nil, err).
func (c *Client) pages(ctx context.Context, path string, options requestOptions) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		const mostEmpty = 1000 // pages in a row
		seen, empty := make(map[[sha256.Size]byte]bool), 0
		for {
			seen[sha256.Sum256([]byte(path))] = true
			page, err := c.page(ctx, path, options)
			if err == nil {
				if !yield(page, nil) || page.NextLink == "" {
					return
				}
				if empty++; len(page.Value) > 0 {
					empty = 0
				}
				path, err = c.nextPath(page.NextLink)
			}
			switch {
			case err != nil:
			case seen[sha256.Sum256([]byte(path))]:
				err = badListing("the nextLink leads back to a page that has been read")
			case empty > mostEmpty:
				err = badListing("the listing does not end")
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// bounded yields each certificate of a listing once: paging by position repeats one if another was added meanwhile. A
// listing that does not end by itself ends with an error.
func bounded(pages iter.Seq2[*page, error]) iter.Seq2[*page, error] {
	return func(yield func(*page, error) bool) {
		const mostRecords, mostPages = 100_000, 1000 // a tenant holds a few
		records, count, known := 0, 0, make(map[string]bool)
		for page, err := range pages {
			if err == nil {
				if records, count = records+len(page.Value), count+1; records > mostRecords || count > mostPages {
					err = badListing("the listing does not end")
				}
				page.Value = slices.DeleteFunc(page.Value, func(cert *EnterpriseCodeSigningCertificate) bool {
					isKnown := cert.ID != "" && known[cert.ID]
					known[cert.ID] = true
					return isKnown
				})
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// poll looks at once and then with pauses that grow up to MaxDelay, until the look is done; the last look begins at the given
// time. If the context ends sooner, looks go on until then, each after half of the time that is left. The error is the
// context's.
func (c *Client) poll(ctx context.Context, until time.Time, look func() (done bool)) error {
	for pause := c.pipeline.retry.MinDelay; ; pause = min(2*pause, c.pipeline.retry.MaxDelay) {
		isLast := !time.Now().Before(until)
		if look() || isLast {
			return nil
		}
		now := time.Now()
		next := now.Add(min(pause, until.Sub(now)))
		const least = 10 * time.Millisecond
		if deadline, ok := ctx.Deadline(); ok && !next.Before(deadline) && deadline.Sub(now) > least {
			next = now.Add(deadline.Sub(now) / 2)
		}
		if err := wait.Until(ctx, next); err != nil {
			return err
		}
	}
}

// nextPath returns the path of a nextLink, which may be relative. The token is sent only to the API version of the first
// request.
func (c *Client) nextPath(link string) (string, error) {
	path, problem := wire.NextPath(c.pipeline.root, certificatesPath, link)
	if problem != "" {
		return "", badListing("the nextLink " + problem)
	}
	return path, nil
}

func badListing(problem string) error {
	return &ResponseError{Method: http.MethodGet, Path: certificatesPath, StatusCode: http.StatusOK, Problem: problem}
}
