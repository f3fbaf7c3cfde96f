package intune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-230b9595/intune-go/internal/privatekey"
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
	createOperation  = "create enterpriseCodeSigningCertificate" // what errors call it
)

// Create uploads a certificate and returns it as the service has it, with its id. Only a 201 with an object that has an
// id is success. cert is not modified; where its UploadDateTime is zero, the current time is sent.
//
// A nil certificate, one with neither content nor subject, and content that holds a private key (PEM of any kind,
// PKCS #1, SEC 1, PKCS #8, PKCS #12) are an *InputError, before anything is sent. An *APIError is a refusal and an
// *AuthError one of the sign-in; in both cases nothing was created.
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
	sent, err := s.client.toCreate(cert)
	if err != nil {
		return nil, err
	}
	created := new(EnterpriseCodeSigningCertificate)
	opts = append([]RequestOption{creating(sent, created, cert.UploadDateTime)}, opts...)
	err = s.client.Do(ctx, http.MethodPost, certificatesPath, sent, created, opts...)
	if err != nil && !errors.As(err, new(*DuplicateError)) {
		return nil, err
	}
	return created, err
}

// toCreate checks a certificate and returns what is sent for it.
func (c *Client) toCreate(cert *EnterpriseCodeSigningCertificate) (*EnterpriseCodeSigningCertificate, error) {
	bad := func(problem string) (*EnterpriseCodeSigningCertificate, error) {
		return nil, fmt.Errorf("%s: %w", createOperation, &InputError{Name: "certificate", Problem: problem})
	}
	if cert == nil {
		return bad("is nil")
	}
	if len(cert.Content) == 0 && cert.Subject == "" && cert.SubjectName == "" {
		return bad("has neither content nor subject")
	}
	if kind := privatekey.Find(cert.Content); kind != "" {
		return bad("content holds a private key (" + kind + "), which must not leave this machine: upload the certificate alone")
	}
	if bytes.HasPrefix(cert.Content, []byte("-----BEGIN")) {
		return bad("content is PEM, not DER: decode it first")
	}
	sent := *cert
	if sent.UploadDateTime.IsZero() {
		sent.UploadDateTime = c.now()
	}
	return &sent, nil
}

// now is the current time in UTC with 100 ns, never the same twice.
func (c *Client) now() time.Time {
	const tick = 100 * time.Nanosecond
	for {
		last := c.lastUpload.Load()
		next := max(time.Now().UnixNano()/int64(tick), last+1)
		if c.lastUpload.CompareAndSwap(last, next) {
			return time.Unix(0, next*int64(tick)).UTC()
		}
	}
}

// creating makes a call the creation of a certificate.
func creating(sent, created *EnterpriseCodeSigningCertificate, dated time.Time) RequestOption {
	return func(o *requestOptions) error {
		o.operation = createOperation
		o.certificate, o.created = sent, created
		o.datedByCaller = !dated.IsZero()
		o.status = http.StatusCreated
		o.check = func() error {
			if created.ID == "" {
				return errors.New("the object has no id")
			}
			return nil
		}
		return nil
	}
}
