package intune

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/match"
	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wait"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// Client calls Microsoft Graph for one tenant. It is safe for concurrent use and reuses its connections. No
// goroutine outlives a call, except those of connections and of a [TokenSourceCredential] that has not returned.
type Client struct {
	pipeline *pipeline
	uploads  match.Ledger
	subjects wait.Keyed // a Rotate holds its subject
}

// NewClient returns a client that signs in with cred. It does not use the network. If an option or the credential can't
// work, the error is an [*InputError] for the first one.
func NewClient(cred Credential, opts ...Option) (*Client, error) {
	cfg, err := newConfig(cred, opts)
	if err != nil {
		return nil, err
	}
	pipeline, err := newPipeline(cfg, cred)
	if err != nil {
		return nil, err
	}
	return &Client{pipeline: pipeline}, nil
}

// Do makes any other Microsoft Graph call with the client's sign-in, retries and limits. path is relative to the API
// version, already escaped, and may have a query: "/deviceAppManagement/mobileApps?$top=5". body is sent as JSON unless
// it is nil. Any 2xx is success, and is decoded from JSON into out unless out is nil or the status is 204.
//
// GET, HEAD, OPTIONS, PUT, PATCH and DELETE are retried if the outcome of an attempt is unknown; a DELETE that then
// finds nothing has succeeded. A POST is not: the error is an [*OutcomeUnknownError]. Other errors are [*APIError],
// [*AuthError], [*ResponseError], [*InputError], network errors and context errors.
//
// A POST to "/$batch" counts as one request against the client's quota, although the service counts each request in it.
func (c *Client) Do(ctx context.Context, method, path string, body, out any, opts ...RequestOption) (err error) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	defer nameError(&err, redact.Line(method+" "+withoutQuery(path)))
	if !wire.IsMethod(method) || method == http.MethodConnect || method == http.MethodTrace {
		return &InputError{Name: "method", Problem: "is not an HTTP method of an API, such as GET"}
	}
	if problem := wire.PathProblem(path); problem != "" {
		return &InputError{Name: "path", Problem: problem}
	}
	if out != nil && (reflect.TypeOf(out).Kind() != reflect.Pointer || reflect.ValueOf(out).IsNil()) {
		return &InputError{Name: "out", Problem: "is not a pointer to decode into"}
	}
	req := request{method: method, path: path, out: out, options: newRequestOptions(anyOperation, opts)}
	if body != nil {
		if req.body, err = json.Marshal(body); err != nil {
			return &InputError{Name: "body", Problem: "cannot be sent as JSON", Err: err}
		}
	}
	_, err = c.pipeline.run(ctx, req)
	return err
}

// CloseIdleConnections closes the connections that no call is using. With [WithHTTPClient], it calls the method of the
// same name on that client's transport, if there is one.
func (c *Client) CloseIdleConnections() { c.pipeline.transport.CloseIdleConnections() }

// EnterpriseCodeSigningCertificatesService manages the tenant's code-signing certificates. It requires the permission
// DeviceManagementApps.ReadWrite.All, delegated with a work or school account or granted to the application, and an
// active Intune license for the tenant.
// See https://learn.microsoft.com/graph/api/resources/intune-apps-enterprisecodesigningcertificate.
type EnterpriseCodeSigningCertificatesService struct{ client *Client }

// EnterpriseCodeSigningCertificates returns the service that manages the tenant's code-signing certificates.
func (c *Client) EnterpriseCodeSigningCertificates() *EnterpriseCodeSigningCertificatesService {
	return &EnterpriseCodeSigningCertificatesService{c}
}
