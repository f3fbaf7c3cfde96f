package intune

// This file follows a listing from page to page.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"
)

// CertificatePage is one page of a listing.
type CertificatePage struct {
	Value    []*EnterpriseCodeSigningCertificate
	Count    *int64 // of all that match the filter, where ListOptions.Count asked for it
	NextLink string // opaque; "" on the last page. All follows it
}

// wirePage is a page as it is read. value is nil where the answer has none.
type wirePage struct {
	value    []*EnterpriseCodeSigningCertificate
	count    *int64
	nextLink string
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *wirePage) UnmarshalJSON(data []byte) error {
	*p = wirePage{}
	r := &jsonReader{data: data}
	if r.next() != '{' {
		return errors.New("not a JSON object")
	}
	err := r.object(func(name []byte) error {
		if string(name) == "value" {
			return p.readValue(r)
		}
		value, err := r.value()
		if err != nil {
			return err
		}
		switch string(name) {
		case "@odata.count":
			return json.Unmarshal(value, &p.count)
		case "@odata.nextLink":
			return decodeString(value, &p.nextLink)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.end()
}

// readValue reads the certificates of the page.
func (p *wirePage) readValue(r *jsonReader) error {
	if r.next() != '[' {
		return errors.New("not a JSON array")
	}
	p.value = make([]*EnterpriseCodeSigningCertificate, 0)
	return r.array(func() error {
		const most = 20_000 // beyond what any page holds; a hostile one of empty objects would cost a hundred times its size
		if len(p.value) == most {
			return errors.New("more than 20,000 certificates in one page")
		}
		cert := new(EnterpriseCodeSigningCertificate)
		p.value = append(p.value, cert)
		return cert.readFrom(r)
	})
}

// check says whether the answer is a listing. Without it, an empty object would pass for an empty tenant.
func (p *wirePage) check() error {
	if p.value == nil {
		return errors.New("the object has no list of certificates")
	}
	return nil
}

// page gets one page. path is that of the collection with its query, or what nextPath made of a link.
func (c *Client) page(ctx context.Context, path string, opts []RequestOption) (*wirePage, error) {
	page := new(wirePage)
	reading := operation(listOperation, http.StatusOK, page.check)
	if err := c.Do(ctx, http.MethodGet, path, nil, page, append([]RequestOption{reading}, opts...)...); err != nil {
		return nil, err
	}
	return page, nil
}

// pages yields one page after the other; an error comes once, last.
func (c *Client) pages(ctx context.Context, path string, opts []RequestOption) iter.Seq2[*wirePage, error] {
	return func(yield func(*wirePage, error) bool) {
		seen := make(map[string]bool)
		for {
			seen[path] = true
			page, err := c.page(ctx, path, opts)
			if err != nil || !yield(page, nil) || page.nextLink == "" {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			if path, err = c.nextPath(page.nextLink, seen); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// listPath is the path of the page that options ask for.
func (c *Client) listPath(options *ListOptions) (string, error) {
	if options != nil && options.NextLink != "" {
		return c.nextPath(options.NextLink, nil)
	}
	query, err := options.query()
	if err != nil {
		return "", fmt.Errorf("%s: %w", listOperation, err)
	}
	return certificatesPath + query, nil
}

// nextPath makes of a nextLink a path for Do. The token goes nowhere but to the API version that was asked first.
func (c *Client) nextPath(link string, seen map[string]bool) (string, error) {
	path, ours := strings.CutPrefix(link, c.root+"/")
	switch {
	case !ours:
		return "", badListing("the nextLink leads outside the service")
	case pathProblem(path) != "":
		return "", badListing("the nextLink " + pathProblem(path))
	case seen["/"+path]:
		return "", badListing("the nextLink leads back to a page that has been read")
	}
	return "/" + path, nil
}

// badListing is a listing that breaks the contract.
func badListing(problem string) error {
	return fmt.Errorf("%s: %w", listOperation,
		&ResponseError{Method: http.MethodGet, Path: certificatesPath, StatusCode: http.StatusOK, Problem: problem})
}

// clock is the time of the service against ours.
type clock struct {
	ahead   time.Duration
	isKnown bool
}

// listCertificates returns all certificates of the tenant, each once, and the clock of the service.
func (c *Client) listCertificates(ctx context.Context, opts ...RequestOption) (all []*EnterpriseCodeSigningCertificate, now clock, err error) {
	const mostRecords, mostPages = 100_000, 1000 // a tenant holds a few
	reading := func(o *requestOptions) error {
		o.clock = &now
		return nil
	}
	ids := make(map[string]bool)
	pages := 0
	for page, err := range c.pages(ctx, certificatesPath, append(opts, reading)) {
		if err != nil {
			return nil, clock{}, err
		}
		for _, cert := range page.value {
			if cert.ID == "" {
				return nil, clock{}, badListing("a certificate has no id")
			}
			if !ids[cert.ID] { // paging by position repeats a record where one was added meanwhile
				all = append(all, cert)
			}
			ids[cert.ID] = true
		}
		if pages++; len(all) > mostRecords || pages > mostPages {
			return nil, clock{}, badListing("there is no end to it")
		}
	}
	return all, now, nil
}
