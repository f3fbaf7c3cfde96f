package intune

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// EnterpriseCodeSigningCertificatesService works on the code-signing certificates of the tenant. It needs the permission
// DeviceManagementApps.ReadWrite.All, delegated with a work or school account or granted to the application, and an
// active Intune license of the tenant.
// See https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
type EnterpriseCodeSigningCertificatesService struct{ client *Client }

// EnterpriseCodeSigningCertificates returns the service for the tenant's code-signing certificates.
func (c *Client) EnterpriseCodeSigningCertificates() *EnterpriseCodeSigningCertificatesService {
	return &EnterpriseCodeSigningCertificatesService{c}
}

const (
	certificatesPath = "/deviceAppManagement/enterpriseCodeSigningCertificates"
	listOperation    = "list enterpriseCodeSigningCertificates" // what errors call it
)

// Create uploads a certificate and returns it as the service has it, with its id. Only a 201 with an object that has an
// id is success. cert is not modified; where its UploadDateTime is zero, the current time is sent.
//
// A nil certificate, one with neither content nor subject, content that is an expired certificate, and a private key (PEM
// of any kind, PKCS #1, SEC 1, PKCS #8, PKCS #12) in content or anywhere else are an *InputError, before anything is sent.
// Package codesign reads certificates from files. An *APIError is a refusal and an *AuthError one of the sign-in; in both
// cases nothing was created.
//
// Where an answer is lost, Create lists the certificates and looks for the one it has sent, by its uploadDateTime and
// its content or names. Only when it has not become visible within RetryPolicy.MaxDelay is it sent again. So a create is
// done once, for all commits that become visible within that time; Response tells of it. Where that cannot be found
// out, the error is an *OutcomeUnknownError: test for it first, since it unwraps to its cause. A *DuplicateError comes
// together with the certificate and says that it exists more than once. Nothing is ever deleted.
//
// Where cert has an UploadDateTime of its own, the certificates are listed before as well, so that an older upload is
// not taken for this one.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
func (s *EnterpriseCodeSigningCertificatesService) Create(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	sent, created := new(EnterpriseCodeSigningCertificate), new(EnterpriseCodeSigningCertificate)
	opts = append([]RequestOption{s.client.creating(cert, sent, created)}, opts...)
	err := s.client.Do(ctx, http.MethodPost, certificatesPath, sent, created, opts...)
	if err != nil && !errors.As(err, new(*DuplicateError)) {
		return nil, err
	}
	return created, err
}

// Get returns the certificate with an id. WithSelect asks for a part of it. A missing one is ErrNotFound.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-get.
func (s *EnterpriseCodeSigningCertificatesService) Get(ctx context.Context, id string, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	const name = "get enterpriseCodeSigningCertificate"
	path, err := certificatePath(id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	got := new(gotCertificate)
	getting := func(o *requestOptions) error {
		o.isGet = true
		return operation(name, http.StatusOK, got.check)(o)
	}
	if err := s.client.Do(ctx, http.MethodGet, path, nil, got, append([]RequestOption{getting}, opts...)...); err != nil {
		return nil, err
	}
	return &got.EnterpriseCodeSigningCertificate, nil
}

// List returns one page of the certificates that options ask for; nil asks for all. ListOptions.NextLink asks for the
// page after another; All does so by itself.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) List(ctx context.Context, options *ListOptions, opts ...RequestOption) (*CertificatePage, error) {
	path, err := s.client.listPath(options)
	if err != nil {
		return nil, err
	}
	page, err := s.client.page(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	return &CertificatePage{Value: page.value, Count: page.count, NextLink: page.nextLink}, nil
}

// All yields the certificates that options ask for, page by page as they are consumed; one page is held at a time. It
// stops when the loop does. An error comes once, last, with a nil certificate. opts hold for the request of each page.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) All(ctx context.Context, options *ListOptions, opts ...RequestOption) iter.Seq2[*EnterpriseCodeSigningCertificate, error] {
	return func(yield func(*EnterpriseCodeSigningCertificate, error) bool) {
		path, err := s.client.listPath(options)
		if err != nil {
			yield(nil, err)
			return
		}
		left := -1 // without a limit
		if options != nil && options.Top > 0 {
			left = options.Top // which the service may take for the size of a page
		}
		for page, err := range s.client.pages(ctx, path, opts) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, cert := range page.value {
				left--
				if !yield(cert, nil) || left == 0 {
					return
				}
			}
		}
	}
}

// Count returns how many certificates match the filter; the zero Filter counts all.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-list.
func (s *EnterpriseCodeSigningCertificatesService) Count(ctx context.Context, filter Filter, opts ...RequestOption) (int64, error) {
	page, err := s.List(ctx, &ListOptions{Filter: filter, Select: []Property{PropertyID}, Top: 1, Count: true}, opts...)
	if err != nil {
		return 0, err
	}
	if page.Count == nil {
		return 0, badListing("the answer has no count")
	}
	return *page.Count, nil
}

// Update changes what update sets, and nothing else, and returns the certificate as it is then. It is repeated where
// the outcome of an attempt is unknown.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-update.
func (s *EnterpriseCodeSigningCertificatesService) Update(ctx context.Context, id string, update *EnterpriseCodeSigningCertificateUpdate, opts ...RequestOption) (*EnterpriseCodeSigningCertificate, error) {
	const name = "update enterpriseCodeSigningCertificate"
	path, err := certificatePath(id)
	if err == nil {
		err = update.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	got := new(gotCertificate)
	updating := operation(name, http.StatusOK, got.check)
	if err := s.client.Do(ctx, http.MethodPatch, path, update, got, append([]RequestOption{updating}, opts...)...); err != nil {
		return nil, err
	}
	return &got.EnterpriseCodeSigningCertificate, nil
}

// Delete deletes the certificate with an id. Devices then no longer trust what it has signed. A missing one is
// ErrNotFound, unless an earlier attempt of the same call may have deleted it.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-delete.
func (s *EnterpriseCodeSigningCertificatesService) Delete(ctx context.Context, id string, opts ...RequestOption) error {
	const name = "delete enterpriseCodeSigningCertificate"
	path, err := certificatePath(id)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	deleting := operation(name, http.StatusNoContent, nil)
	return s.client.Do(ctx, http.MethodDelete, path, nil, nil, append([]RequestOption{deleting}, opts...)...)
}

// certificatePath is the path of one certificate. Ids are GUIDs, but any text goes as one segment of the path, but for
// what some server on the way could take for more than that.
func certificatePath(id string) (string, error) {
	switch {
	case id == "":
		return "", &InputError{Name: "id", Problem: "is empty"}
	case hasDotSegment(url.PathEscape(id)) || strings.ContainsAny(id, `/\`) || strings.ContainsFunc(id, unicode.IsControl):
		return "", &InputError{Name: "id", Problem: "holds a slash, a backslash or a control character, or is a dot segment"}
	}
	return certificatesPath + "/" + url.PathEscape(id), nil
}

// gotCertificate is the answer to a get: the bare object, or {"value":{…}} as in the example of the reference.
type gotCertificate struct {
	EnterpriseCodeSigningCertificate
}

func (g *gotCertificate) UnmarshalJSON(data []byte) error {
	if err := g.EnterpriseCodeSigningCertificate.UnmarshalJSON(data); err != nil {
		return err
	}
	if value, wrapped := g.AdditionalData["value"]; wrapped && g.ID == "" {
		return g.EnterpriseCodeSigningCertificate.UnmarshalJSON(value)
	}
	return nil
}

func (g *gotCertificate) check() error { return hasID(&g.EnterpriseCodeSigningCertificate) }

func hasID(cert *EnterpriseCodeSigningCertificate) error {
	if cert.ID == "" {
		return errors.New("the object has no id")
	}
	return nil
}

// tick is the resolution of times on the wire.
const tick = 100 * time.Nanosecond

// now is the current time in UTC with 100 ns, never the same twice.
func (c *Client) now() time.Time {
	for {
		last := c.lastUpload.Load()
		next := max(time.Now().UnixNano()/int64(tick), last+1)
		if c.lastUpload.CompareAndSwap(last, next) {
			return time.Unix(0, next*int64(tick)).UTC()
		}
	}
}

// creating makes a call the creation of a certificate: it checks cert and fills in what is sent for it.
func (c *Client) creating(cert, sent, created *EnterpriseCodeSigningCertificate) RequestOption {
	return func(o *requestOptions) error {
		o.operation, o.status = "create enterpriseCodeSigningCertificate", http.StatusCreated
		o.check = func() error { return hasID(created) }
		o.certificate, o.created = sent, created
		if err := validate(cert); err != nil {
			return err
		}
		*sent = *cert
		o.datedByCaller = !cert.UploadDateTime.IsZero()
		if !o.datedByCaller {
			sent.UploadDateTime = c.now()
		}
		return nil
	}
}
