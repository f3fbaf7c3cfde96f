package intune

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// Client calls Microsoft Graph for one tenant. It is safe for concurrent use, keeps its connections for the next call,
// and starts no goroutine that outlives a call, but for those of its connections.
type Client struct {
	root string // of the API version, without a slash at its end

	certificatesURL string // under it
	retry           RetryPolicy
	logger          *slog.Logger
	base            http.RoundTripper
	pipeline        *retryablehttp.Client

	gate       gate
	budget     retryBudget
	uploads    uploads
	placements chan struct{} // held by the Ensure or Replace under way
	lastUpload atomic.Int64  // see now
}

// NewClient returns a client that signs in with cred. It makes no network connection; it reports the first option or
// credential that cannot work as an *InputError.
func NewClient(cred Credential, opts ...Option) (*Client, error) {
	cfg, err := newConfig(cred, opts)
	if err != nil {
		return nil, err
	}
	wire := newWire(cfg)
	tokens := newTokenCache(cred, TokenRequest{
		AuthorityURL: cfg.authorityURL,
		Scope:        cfg.cloud.scope(),
		HTTPClient:   wire.tokenHTTPClient(),
	})
	c := &Client{root: cfg.root(), certificatesURL: cfg.root() + certificatesPath, retry: cfg.retry, logger: cfg.logger, base: wire.base, gate: gate{jitter: cfg.retry.MinDelay, limiter: cfg.limiter}}
	c.placements = make(chan struct{}, 1)
	c.assemble(cfg, tokens, wire)
	return c, nil
}

// step is one of the steps that a request passes on its way to the wire.
type step func(next http.RoundTripper) http.RoundTripper

// assemble builds the pipeline. The steps stand in the order in which a request passes them; the answer comes back the
// other way. What follows from an answer or an error is in retry.go.
func (c *Client) assemble(cfg *config, tokens *tokencache.Cache, wire *transport) {
	steps := []step{
		beginAttempt,        // call.go: one try of the call, and what came of it
		obtainToken(tokens), // token.go: cached or fetched; the steps that follow do not see it
		passGate(&c.gate),   // quota.go: the client's own quota, and the pause that the service has asked of it
	}
	for _, middleware := range cfg.middleware {
		steps = append(steps, middleware)
	}
	var next http.RoundTripper = wire // transport.go: time limit, our headers, origin check, bearer token, size limit
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
// *AuthError, *ResponseError, *InputError, and those of the network and of the context. A body for the code-signing
// certificates with a private key in it is an *InputError.
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
