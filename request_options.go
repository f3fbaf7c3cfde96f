package intune

import (
	"net/http"
	"strings"
	"unicode"

	"github.com/seed-230b9595/intune-go/internal/wire"
)

// RequestOption configures one call. If an option does not apply to the operation, the error is an [*InputError].
type RequestOption func(*requestOptions) error

type requestOptions struct {
	kind     operationKind
	err      error // of the first bad option; the pipeline returns it and sends nothing
	header   http.Header
	response *Response

	selected         string // for a get: the names of the properties
	withoutReconcile bool   // for a create
	allowExpired     bool   // for a create
	isLook           bool   // part of a recovery
}

// operationKind says which options apply.
type operationKind int

const (
	anyOperation operationKind = iota
	getOperation
	createOperation // also what is built on a create
)

// newRequestOptions applies all options, also after a bad one, so that the caller's Response is known even then.
func newRequestOptions(kind operationKind, opts []RequestOption) (o requestOptions) {
	o.kind = kind
	for _, opt := range opts {
		if opt == nil {
			opt = func(*requestOptions) error { return &InputError{Name: "RequestOption", Problem: "is nil"} }
		}
		if err := opt(&o); o.err == nil {
			o.err = err
		}
	}
	if o.response != nil {
		*o.response = Response{}
	}
	return o
}

// following returns the options for the other requests of an operation that is built on a create.
func (o *requestOptions) following() requestOptions {
	return requestOptions{err: o.err, header: o.header, response: o.response}
}

// WithHeader adds a header to every attempt of the call, such as Prefer or ConsistencyLevel. These are rejected: the
// headers that the library sets (Accept, Accept-Encoding, Authorization, Content-Encoding, Content-Length, Content-Type,
// Host, User-Agent, client-request-id); those of the connection (Connection, Expect, HTTP2-Settings, Keep-Alive,
// Proxy-Authorization, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade); Cookie, which comes from the Jar of
// [WithHTTPClient]; and Idempotency-Key and X-Idempotency-Key, because net/http would repeat a POST that carries one.
func WithHeader(key, value string) RequestOption {
	return func(o *requestOptions) error {
		canonical := http.CanonicalHeaderKey(key)
		switch {
		case wire.IsReserved(canonical):
			return &InputError{Name: "WithHeader", Problem: canonical + " is set by the library"}
		case canonical == "Cookie":
			return &InputError{Name: "WithHeader", Problem: "Cookie comes from the Jar of WithHTTPClient"}
		case !wire.IsToken(key):
			return &InputError{Name: "WithHeader", Problem: "has a name that is not an HTTP token"}
		case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }):
			return &InputError{Name: "WithHeader", Problem: canonical + " holds control characters"}
		}
		if o.header == nil {
			o.header = make(http.Header)
		}
		o.header.Add(canonical, value)
		return nil
	}
}

// Response describes a call beyond its result; see [WithResponse]. If there were several requests or attempts, it describes
// the last one. If Create finds its certificate after a lost response, that is the attempt whose response was lost: StatusCode
// is then 0 or, for example, 504, although Create succeeds.
type Response struct {
	StatusCode int         // 0 if nothing was received
	Header     http.Header // of the response; a token echoed in it is masked

	RequestID       string // the service's id of the attempt; Microsoft Support asks for it first
	ClientRequestID string // a GUID from the library, the same for all attempts of the call
	Diagnostics     string // x-ms-ags-diagnostic: which data center and server responded

	Attempts int // of the request, including one whose sign-in failed; the listings after a lost create are not counted

	Reconciled bool      // the response to a create was lost, and the certificate was found in the tenant
	MatchedBy  MatchedBy // how it was recognized there, by Create or Rotate; "" if there was no search
}

// WithResponse fills in response with the details of the call, on success and on error. Only the library can do so: a
// fake of the service can't fill it in.
func WithResponse(response *Response) RequestOption {
	return func(o *requestOptions) error {
		if response == nil {
			return &InputError{Name: "WithResponse", Problem: "is nil"}
		}
		o.response = response
		return nil
	}
}

// WithoutReconcile makes [EnterpriseCodeSigningCertificatesService.Create] and [EnterpriseCodeSigningCertificatesService.Rotate]
// return an [*OutcomeUnknownError] immediately if the response to an upload is lost, without checking the tenant or retrying.
func WithoutReconcile() RequestOption {
	return func(o *requestOptions) error {
		o.withoutReconcile = true
		return o.appliesToCreate("WithoutReconcile")
	}
}

// WithExpiredAllowed lets [EnterpriseCodeSigningCertificatesService.Create] and [EnterpriseCodeSigningCertificatesService.Rotate]
// upload an expired certificate. Apps that were timestamped before it expired may still run.
func WithExpiredAllowed() RequestOption {
	return func(o *requestOptions) error {
		o.allowExpired = true
		return o.appliesToCreate("WithExpiredAllowed")
	}
}

func (o *requestOptions) appliesToCreate(name string) error {
	if o.kind != createOperation {
		return &InputError{Name: name, Problem: "applies only to Create and Rotate"}
	}
	return nil
}

// WithSelect makes [EnterpriseCodeSigningCertificatesService.Get] request only these properties and the id. For
// lists, set Select of [ListOptions].
func WithSelect(properties ...Property) RequestOption {
	return func(o *requestOptions) error {
		if o.kind != getOperation {
			return &InputError{Name: "WithSelect", Problem: "applies only to Get: for List and All, set ListOptions.Select"}
		}
		names, err := propertyNames(append([]Property{PropertyID}, properties...))
		o.selected = names
		return err
	}
}
