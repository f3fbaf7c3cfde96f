// Package entra signs in to Microsoft Entra ID. It requests tokens by each grant, requests assertions from their issuers,
// and reads what a rejection says. The root package documents each way to sign in.
package entra

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

// SignIn is one way to obtain tokens. Its errors are *Error and *InputError, those of the network, and those of the caller's
// own functions. No error contains a secret.
type SignIn interface {
	// Check reports a mistake that shows before anything is sent, as an *InputError.
	Check() error

	Token(ctx context.Context, req Request) (*oauth2.Token, error)
}

// Request describes the token that is needed. It has the fields of intune.TokenRequest, so that one converts to the other.
type Request struct {
	AuthorityURL string
	Scope        string
	Claims       string
	Refresh      bool
	HTTPClient   *http.Client
}

// InputError says what is wrong with an argument. It has the fields of intune.InputError, so that one converts to the other.
type InputError struct {
	Name    string
	Problem string
	Err     error
}

// Error names the input and what is wrong with it.
func (e *InputError) Error() string {
	text := e.Name + " " + e.Problem
	if e.Err != nil {
		text += ": " + redact.Line(e.Err.Error())
	}
	return text
}

// Unwrap returns what checking the input said.
func (e *InputError) Unwrap() error { return e.Err }

// ErrUnavailable is intune.ErrCredentialUnavailable.
var ErrUnavailable = errors.New("the credential is not available here")

// application is an application's registration in a tenant.
type application struct {
	tenantID, clientID string

	invalid error // a mistake in the caller's other arguments; nil if there is none
}

// Reject makes Check report a mistake in the caller's arguments.
func (a *application) Reject(name, problem string) {
	a.invalid = &InputError{Name: name, Problem: problem}
}

// consumersTenant is the id of the tenant "consumers".
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// Check implements SignIn. It checks what becomes part of URLs and forms. Only the endpoint knows whether the ids exist.
func (a application) Check() error {
	for _, id := range []struct{ name, value, want string }{
		{"tenant id", a.tenantID, "its GUID or one of its domain names"}, {"client id", a.clientID, "a GUID"},
	} {
		switch {
		case id.value == "":
			return &InputError{Name: id.name, Problem: "is empty"}
		case strings.Trim(id.value, idCharacters) != "" || strings.Trim(id.value, ".") == "":
			return &InputError{Name: id.name, Problem: "is malformed: want " + id.want}
		}
	}
	if strings.EqualFold(a.tenantID, "consumers") || strings.EqualFold(a.tenantID, consumersTenant) {
		return &InputError{Name: "tenant id", Problem: "is consumers: personal Microsoft accounts are not supported by this API"}
	}
	return a.invalid
}

// endpoint returns the URL of one of the tenant's OAuth endpoints.
func (a application) endpoint(req Request, name string) string {
	return req.AuthorityURL + "/" + url.PathEscape(a.tenantID) + "/oauth2/v2.0/" + name
}

// parameters returns what every request to an OAuth endpoint has, and more.
func (a application) parameters(req Request, scope string, more url.Values) url.Values {
	parameters := url.Values{"client_id": {a.clientID}, "scope": {scope}}
	if req.Claims != "" {
		parameters.Set("claims", req.Claims)
	}
	for name, values := range more {
		parameters[name] = values
	}
	return parameters
}
