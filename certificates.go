package intune

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

const certificatesPath = "/deviceAppManagement/enterpriseCodeSigningCertificates"

// Create uploads a certificate and returns it as the service has it, with its id. Only a 201 with an object of this
// type and an id is success. cert is not modified. If its UploadDateTime is zero, the current time is sent. Except for the
// sign-in, no other request precedes the first POST.
//
// Before anything is sent, Create returns an [*InputError] for:
//
//   - a nil certificate, or one with neither content nor subject;
//   - an expired certificate, unless [WithExpiredAllowed] is given;
//   - content that resembles a certificate but is not exactly one in DER;
//   - a private key in any field and encoding.
//
// An [*APIError] is a rejection by the service, and an [*AuthError] one by the sign-in. In both cases nothing was created,
// unless an [*OutcomeUnknownError] wraps the error.
//
// If the response is lost, Create lists the certificates to find the one it sent, immediately and again after growing
// pauses. It sends the certificate again only if a listing that began ReconcileWindow (see [RetryPolicy]) later doesn't
// show it. If Create can't find out whether the certificate is in the tenant, it returns an [*OutcomeUnknownError].
// Test for it first, because it unwraps to its cause. If the certificate is in the tenant more than once, Create
// returns it with a [*DuplicateError]. Create never deletes anything. [WithResponse] reports how the result was found,
// and [WithoutReconcile] turns the search off.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-create.
func (s *EnterpriseCodeSigningCertificatesService) Create(ctx context.Context, cert *EnterpriseCodeSigningCertificate, opts ...RequestOption) (created *EnterpriseCodeSigningCertificate, err error) {
	defer nameError(&err, "create enterpriseCodeSigningCertificate")
	return s.client.create(ctx, cert, newRequestOptions(createOperation, opts), listedBefore{})
}

// listedBefore is the result of a listing before an upload. The zero value is that of an upload without a listing.
type listedBefore struct {
	ids  map[string]bool // of records that cannot be its own
	date time.Time       // the least one that makes the upload the latest
}

// create uploads a certificate. The result is nil only with an error.
func (c *Client) create(ctx context.Context, cert *EnterpriseCodeSigningCertificate, options requestOptions, before listedBefore) (*EnterpriseCodeSigningCertificate, error) {
	if err := validate(cert, options.allowExpired); err != nil {
		return nil, err
	}
	sent := new(*cert)
	sent.Content = bytes.Clone(cert.Content) // the caller may change its own
	isOwnDate := cert.UploadDateTime.IsZero()
	if isOwnDate {
		sent.UploadDateTime = c.uploads.Date(before.date)
	}
	body, err := sent.marshal(true)
	if err != nil {
		return nil, &InputError{Name: "certificate", Problem: "cannot be sent as JSON", Err: err}
	}
	out := new(received)
	_, err = c.pipeline.run(ctx, request{
		method: http.MethodPost, path: certificatesPath, body: body,
		out: out, status: http.StatusCreated,
		options: options, content: sent.Content,
		recovery: &reconciliation{
			client: c, sent: sent, upload: c.uploads.NewUpload(*sent.shown(), isOwnDate), listedBefore: before.ids,
			out: out, response: options.response, isDisabled: options.withoutReconcile,
		},
	})
	if err != nil && !errors.As(err, new(*DuplicateError)) {
		return nil, err
	}
	return out.certificate, err
}

// Get returns the certificate with the given id. [WithSelect] limits the properties that are requested. If no
// certificate has the id, the error is [ErrNotFound].
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-get.
func (s *EnterpriseCodeSigningCertificatesService) Get(ctx context.Context, id string, opts ...RequestOption) (got *EnterpriseCodeSigningCertificate, err error) {
	defer nameError(&err, "get enterpriseCodeSigningCertificate")
	return s.client.object(ctx, http.MethodGet, id, nil, newRequestOptions(getOperation, opts))
}

// Update changes the properties that update sets, and nothing else, and returns the updated certificate. It is retried
// if the outcome of an attempt is unknown.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-update.
func (s *EnterpriseCodeSigningCertificatesService) Update(ctx context.Context, id string, update *EnterpriseCodeSigningCertificateUpdate, opts ...RequestOption) (got *EnterpriseCodeSigningCertificate, err error) {
	defer nameError(&err, "update enterpriseCodeSigningCertificate")
	options := newRequestOptions(anyOperation, opts)
	if err := update.validate(); err != nil {
		return nil, err
	}
	body, err := update.MarshalJSON()
	if err != nil {
		return nil, err
	}
	if len(update.Content) == 0 {
		return s.client.object(ctx, http.MethodPatch, id, body, options)
	}
	s.client.uploads.SetContent(id, nil) // until the outcome is known
	got, err = s.client.object(ctx, http.MethodPatch, id, body, options)
	if err == nil {
		s.client.uploads.SetContent(id, update.Content)
	}
	return got, err
}

// object makes a request about one certificate that returns it.
func (c *Client) object(ctx context.Context, method, id string, body []byte, options requestOptions) (*EnterpriseCodeSigningCertificate, error) {
	path, err := certificatePath(id)
	if err != nil {
		return nil, err
	}
	if options.selected != "" {
		path += "?$select=" + options.selected
	}
	out := &received{mayBeWrapped: true}
	req := request{method: method, path: path, body: body, out: out, status: http.StatusOK, options: options}
	if method == http.MethodPatch {
		req.orStatus = http.StatusNoContent // as some resources of Intune respond, by design
	}
	_, err = c.pipeline.run(ctx, req)
	switch {
	case err != nil:
		return nil, err
	case out.certificate == nil:
		return c.object(ctx, http.MethodGet, id, nil, options)
	}
	return out.certificate, nil
}

// certificatePath returns the path of one certificate. Ids are GUIDs, but any text is sent as one segment of the path,
// except what a server on the way could take for more than one.
func certificatePath(id string) (string, error) {
	switch {
	case id == "":
		return "", &InputError{Name: "id", Problem: "is empty"}
	case wire.HasDotSegment(url.PathEscape(id)) || strings.ContainsAny(id, `/\`) || strings.ContainsFunc(id, unicode.IsControl):
		return "", &InputError{Name: "id", Problem: "holds a slash, a backslash or a control character, or is a dot segment"}
	}
	return certificatesPath + "/" + url.PathEscape(id), nil
}

// Delete deletes the certificate with the given id. Devices may then no longer trust the apps that only it has signed. If
// no certificate has the id, the error is [ErrNotFound], unless an earlier attempt of the same call may have deleted
// it.
//
// See https://learn.microsoft.com/graph/api/intune-apps-enterprisecodesigningcertificate-delete.
func (s *EnterpriseCodeSigningCertificatesService) Delete(ctx context.Context, id string, opts ...RequestOption) (err error) {
	defer nameError(&err, "delete enterpriseCodeSigningCertificate")
	return s.client.delete(ctx, id, newRequestOptions(anyOperation, opts))
}

func (c *Client) delete(ctx context.Context, id string, options requestOptions) error {
	path, err := certificatePath(id)
	if err != nil {
		return err
	}
	_, err = c.pipeline.run(ctx, request{method: http.MethodDelete, path: path, status: http.StatusNoContent, orStatus: http.StatusOK, options: options})
	return err
}
