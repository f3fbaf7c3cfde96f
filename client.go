package intune

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Client calls Microsoft Graph for one tenant. It is safe for concurrent use, keeps its connections for the next call,
// and starts no goroutine that outlives a call, but for those of its connections.
type Client struct {
	root      string // of the API version, without a slash at its end
	retry     RetryPolicy
	pipeline  *retryablehttp.Client
	transport *http.Transport // our own, nil where the user brought one
	base      http.RoundTripper
	logger    *slog.Logger

	lastUpload atomic.Int64
}

// NewClient returns a client that signs in with cred. It makes no network connection; it reports the first option or
// credential that cannot work.
func NewClient(cred Credential, opts ...Option) (*Client, error) {
	cfg := config{cloud: Public, version: Beta, logger: slog.New(slog.DiscardHandler), retry: RetryPolicy{}.withDefaults()}
	for _, opt := range opts {
		if opt == nil {
			return nil, &InputError{Name: "Option", Problem: "is nil"}
		}
		if err := opt(&cfg); err != nil {
			return nil, err
		}
	}
	if cred == nil {
		return nil, &InputError{Name: "credential", Problem: "is nil"}
	}
	if v, ok := cred.(validator); ok {
		if err := v.validate(); err != nil {
			return nil, err
		}
	}
	if cfg.baseURL == "" {
		cfg.baseURL = cfg.cloud.graphURL
	}
	if a, ok := cred.(authority); ok && cfg.authorityURL == "" {
		cfg.authorityURL = a.authorityURL()
	}
	if cfg.authorityURL == "" {
		cfg.authorityURL = cfg.cloud.authorityURL
	}
	c := &Client{root: cfg.baseURL + "/" + string(cfg.version), retry: cfg.retry, logger: cfg.logger}
	limit := c.chooseTransport(cfg.httpClient)
	tokens := &tokenCache{fetch: fetchToken(cred, TokenRequest{
		AuthorityURL: cfg.authorityURL,
		Scope:        cfg.cloud.scope(),
		HTTPClient:   tokenHTTPClient(c.base, limit),
	})}
	c.assemble(&cfg, tokens, limit)
	return c, nil
}

// defaultLimit is how long an attempt may take, its body included.
const defaultLimit = 60 * time.Second

// chooseTransport takes the user's transport or makes our own, and returns how long an attempt may take.
func (c *Client) chooseTransport(user *http.Client) time.Duration {
	if user == nil {
		c.transport = newTransport()
		c.base = c.transport
		return defaultLimit
	}
	c.base = user.Transport
	if c.base == nil {
		c.base = http.DefaultTransport
	}
	if user.Timeout > 0 {
		return user.Timeout
	}
	return defaultLimit
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig(),
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

// step is one of the steps that a request passes on its way to the wire.
type step func(next http.RoundTripper) http.RoundTripper

// assemble builds the pipeline. The steps stand in the order in which a request passes them; the answer comes back the
// other way. What follows from an answer or an error is in retry.go.
func (c *Client) assemble(cfg *config, tokens *tokenCache, limit time.Duration) {
	steps := []step{
		beginAttempt,        // call.go: one try of the call, and what came of it
		obtainToken(tokens), // token.go: fetched or cached; the steps that follow do not see it
	}
	for _, middleware := range cfg.middleware {
		steps = append(steps, middleware)
	}
	steps = append(steps,
		limitTime(limit),                     // transport.go: the attempt as a whole, its body included
		authorize(c.root, userAgent(cfg), c), // transport.go: our headers, origin check, bearer token
		limitSize(maxBody),                   // transport.go: the body, read whole
	)
	next := c.base
	for _, wrap := range slices.Backward(steps) {
		next = wrap(next)
	}
	c.pipeline = retrying(&http.Client{Transport: next, CheckRedirect: noRedirects}, cfg.retry)
	if cfg.httpClient != nil {
		c.pipeline.HTTPClient.Jar = cfg.httpClient.Jar
	}
}

// Do makes any other call of Microsoft Graph with the client's sign-in, retries and limits. path is relative to the
// API version, already escaped, and may carry a query: "/deviceAppManagement/mobileApps?$top=5". body is sent as JSON
// unless it is nil. Any 2xx is success, and is decoded from JSON into out, unless out is nil or the status is 204.
//
// GET, HEAD, OPTIONS, PUT, PATCH and DELETE are repeated where the outcome of an attempt is unknown, and a DELETE that
// then finds nothing has succeeded. POST is not: the error is an *OutcomeUnknownError. Other errors are *APIError,
// *AuthError, *ResponseError, *InputError, and those of the network and of the context.
func (c *Client) Do(ctx context.Context, method, path string, body, out any, opts ...RequestOption) error {
	call, err := c.newCall(method, path, body, out, opts)
	if err != nil {
		return err
	}
	return call.run(ctx)
}

// CloseIdleConnections closes the connections that no call uses. A transport given by WithHTTPClient closes its own.
func (c *Client) CloseIdleConnections() {
	if closer, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}
