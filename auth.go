package intune

// This file has what all credentials share: the interface, and the request to the token endpoint.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Credential obtains access tokens. The client caches them and calls Token only when it needs a new one, once for any
// number of callers. Several clients may call it at the same time. An implementation honours ctx and puts no secret into
// its errors. Errors are final, except those of the network, a context error although ctx has not ended, and an
// *AuthError that its documentation calls transient.
type Credential interface {
	Token(ctx context.Context, req TokenRequest) (*oauth2.Token, error)
}

// TokenRequest describes the token that a client needs.
type TokenRequest struct {
	AuthorityURL string       // the Microsoft Entra root, without a trailing slash
	Scope        string       // "https://graph.microsoft.com/.default", or that of another cloud
	Claims       string       // a JSON object from a claims challenge of the service; "" if there was none
	Refresh      bool         // the service rejected the last token, so one from the credential's own cache will not do
	HTTPClient   *http.Client // reaches the token endpoint; it follows no redirects
}

// ErrCredentialUnavailable is wrapped by the error of a credential that cannot work in this environment, for example
// GitHubActionsAssertion outside of GitHub Actions. A ChainedCredential goes on to the next one.
var ErrCredentialUnavailable = errors.New("the credential is not available here")

// validator is a credential that can detect a mistake before anything is sent.
type validator interface{ validate() error }

func validateCredential(cred Credential) error {
	if cred == nil {
		return &InputError{Name: "credential", Problem: "is nil"}
	}
	if v, ok := cred.(validator); ok {
		return v.validate()
	}
	return nil
}

// authority is a credential that knows its Microsoft Entra root.
type authority interface{ authorityURL() string }

// TokenSource uses the tokens of source, which must be for Microsoft Graph in the client's cloud. A source knows no
// context, so it is called in a separate goroutine, which lives until the source returns. Callers wait for it only as
// long as their contexts allow. It is not called again before it has returned.
func TokenSource(source oauth2.TokenSource) Credential {
	if source == nil {
		return new(tokenSource)
	}
	return &tokenSource{(&sourceCalls{source: source}).join}
}

// tokenSource keeps the source behind a function, because fmt prints fields, and a source may hold a token.
type tokenSource struct {
	join func() *sourceCall // nil without a source
}

func (c *tokenSource) Token(ctx context.Context, _ TokenRequest) (*oauth2.Token, error) {
	call := c.join()
	select {
	case <-call.done:
		return call.token, call.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *tokenSource) validate() error {
	if c.join == nil {
		return &InputError{Name: "token source", Problem: "is nil"}
	}
	return nil
}

// sourceCalls calls a token source, once at a time.
type sourceCalls struct {
	source oauth2.TokenSource

	mu      sync.Mutex
	running *sourceCall // nil if the source is not being called
}

// sourceCall is one call of a token source.
type sourceCall struct {
	done  chan struct{} // closed when the source has returned; the result is set before
	token *oauth2.Token
	err   error
}

// join returns the call under way, or starts one.
func (s *sourceCalls) join() *sourceCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = &sourceCall{done: make(chan struct{})}
		go s.run(s.running)
	}
	return s.running
}

func (s *sourceCalls) run(call *sourceCall) {
	call.err = errors.New("the token source ended its goroutine")
	defer func() {
		if r := recover(); r != nil { // the caller could not, and the program would end
			call.err = fmt.Errorf("the token source panicked: %v", r)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running = nil
		close(call.done)
	}()
	call.token, call.err = s.source.Token()
}

// registration is an application in a tenant.
type registration struct{ tenantID, clientID string }

// validate checks what becomes part of the token endpoint's URL and form. Only the endpoint knows whether the ids exist.
func (r registration) validate() error {
	for _, id := range []struct{ name, value, want string }{
		{"tenant id", r.tenantID, "its GUID or one of its domain names"}, {"client id", r.clientID, "a GUID"},
	} {
		switch {
		case id.value == "":
			return &InputError{Name: id.name, Problem: "is empty"}
		case strings.Trim(id.value, idCharacters) != "" || strings.Trim(id.value, ".") == "":
			return &InputError{Name: id.name, Problem: "is malformed: want " + id.want}
		}
	}
	if strings.EqualFold(r.tenantID, "consumers") || strings.EqualFold(r.tenantID, consumersTenant) {
		return &InputError{Name: "tenant id", Problem: "is consumers: personal Microsoft accounts are not supported by this API"}
	}
	return nil
}

// consumersTenant is the id of the tenant "consumers".
const consumersTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

const idCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// endpoint returns the URL of one of the tenant's OAuth endpoints.
func (r registration) endpoint(req TokenRequest, name string) string {
	return req.AuthorityURL + "/" + url.PathEscape(r.tenantID) + "/oauth2/v2.0/" + name
}

// token requests a token from the token endpoint. params holds the parameters of the grant, with grant_type unless it is
// client_credentials. No error contains secrets.
func (r registration) token(ctx context.Context, req TokenRequest, scopes string, params url.Values, secrets ...string) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID:       r.clientID,
		TokenURL:       r.endpoint(req, "token"),
		Scopes:         []string{scopes},
		EndpointParams: params,
		AuthStyle:      oauth2.AuthStyleInParams,
	}
	if req.Claims != "" {
		params.Set("claims", req.Claims)
	}
	token, err := config.Token(req.withHTTPClient(ctx))
	if err != nil {
		return nil, authError(err, secrets...)
	}
	return token, nil
}

// withHTTPClient makes x/oauth2 use the request's HTTP client.
func (req TokenRequest) withHTTPClient(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, req.httpClient(ctx))
}

// httpClient returns the HTTP client for a token endpoint or an issuer of assertions. It follows no redirects, because
// they would take the secret elsewhere. The bodies of its responses have been read, and a 2xx whose body is not a JSON
// object is an *AuthError. Its requests end with ctx, because x/oauth2 requests a device code without a context.
func (req TokenRequest) httpClient(ctx context.Context) *http.Client {
	client := http.Client{Timeout: tokenTimeout}
	if req.HTTPClient != nil {
		client = *req.HTTPClient
	}
	next := cmp.Or(client.Transport, http.DefaultTransport)
	client.CheckRedirect = noRedirects
	client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		both, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		stop := context.AfterFunc(ctx, func() { cancel(ctx.Err()) })
		defer stop()
		resp, err := next.RoundTrip(r.WithContext(both))
		switch {
		case isUnknownAuthority(err):
			return nil, explainUnknownAuthority(err)
		case err != nil:
			return nil, err
		}
		return readTokenResponse(r, resp)
	})
	return &client
}

const (
	maxTokenBody = 1 << 20     // bytes of a response that are read
	tokenTimeout = time.Minute // of a request, if the caller gives no HTTP client
)

// readTokenResponse reads a response of a token endpoint or an issuer, without a byte-order mark. A 101 has no body, only a
// connection that may stay open.
func readTokenResponse(req *http.Request, resp *http.Response) (*http.Response, error) {
	read := &http.Response{Status: resp.Status, StatusCode: resp.StatusCode, Header: make(http.Header), Request: req, Body: http.NoBody}
	maps.Copy(read.Header, resp.Header)
	var body []byte
	if resp.Body != nil {
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusSwitchingProtocols {
			var err error
			if body, err = io.ReadAll(io.LimitReader(resp.Body, maxTokenBody+1)); err != nil {
				return nil, err
			}
		}
	}
	if len(body) > maxTokenBody {
		return nil, fmt.Errorf("the response is larger than %d MiB", maxTokenBody>>20)
	}
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	switch {
	case isJSONObject(body):
		read.Header.Set("Content-Type", "application/json") // x/oauth2 would read text/plain as a form
	case read.StatusCode < http.StatusMultipleChoices:
		return nil, newAuthError(read, body)
	}
	read.Body = io.NopCloser(bytes.NewReader(body))
	return read, nil
}
