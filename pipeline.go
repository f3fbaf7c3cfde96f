package intune

// This file assembles what a request passes on its way to the network.

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// pipeline sends requests, each as often as it takes.
type pipeline struct {
	settings

	client    *retryablehttp.Client
	transport *wire.Transport
}

// newPipeline puts the steps in the order in which an attempt passes them. The response comes back the other way.
// retry.go says what follows from it.
func newPipeline(cfg *config, cred Credential) (*pipeline, error) {
	transport := wire.New(wire.Config{Origin: cfg.baseURL, UserAgent: cfg.fullUserAgent(), Client: cfg.httpClient})
	tokens := tokencache.New(fetchToken(cred, TokenRequest{
		AuthorityURL: cfg.authorityURL,
		Scope:        cfg.cloud.scope(),
		HTTPClient:   transport.TokenClient(),
	}), signInRetryAfter)
	steps := []step{
		beginAttempt(transport), // opens one try of the call, and keeps its result
		obtainToken(tokens),     // from the cache or the credential; the steps that follow do not see it
		awaitTurn,               // waits for the quota, and for the end of a pause that the service has asked for
		obtainToken(tokens),     // another one if it has expired meanwhile
		startClock,              // begins the time limit of the attempt
	}
	if len(cfg.middleware) > 0 {
		steps = append(steps, showHeaders(transport)) // all except the token
	}
	for _, middleware := range cfg.middleware {
		steps = append(steps, middleware)
	}
	var next http.RoundTripper = transport // time limit, headers, origin, token, size limit
	for _, wrap := range slices.Backward(steps) {
		if next = wrap(next); next == nil {
			return nil, &InputError{Name: "WithMiddleware", Problem: "has a middleware that returns nil"}
		}
	}
	p := &pipeline{
		settings:  settings{root: cfg.root(), retry: cfg.retry, logger: cfg.logger, limits: newLimits(cfg.limiter, cfg.retry.MinDelay)},
		transport: transport,
	}
	p.client = retrying(&http.Client{Transport: next, CheckRedirect: noRedirects})
	if cfg.httpClient != nil {
		p.client.HTTPClient.Jar = cfg.httpClient.Jar
	}
	return p, nil
}

// retrying runs the attempts of a call with go-retryablehttp, which asks the call whether and when to try again. Its
// client has no CloseIdleConnections, because go-retryablehttp would drain the user's pool with it after each failure.
func retrying(client *http.Client) *retryablehttp.Client {
	return &retryablehttp.Client{
		HTTPClient: client,
		RetryMax:   maxAttempts, // never reached: the call counts its attempts itself
		CheckRetry: func(ctx context.Context, _ *http.Response, _ error) (bool, error) {
			return callFrom(ctx).checkRetry(ctx), nil
		},
		Backoff: func(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
			return callFrom(resp.Request.Context()).wait
		},
		PrepareRetry: func(req *http.Request) error {
			req.Header = callFrom(req.Context()).options.clonedHeader() // without the cookies of the last attempt
			return nil
		},
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// run sends a request, as often as it takes, and decodes the response. It returns the headers of the last one.
func (p *pipeline) run(ctx context.Context, req request) (http.Header, error) {
	c := newCall(&p.settings, req)
	defer c.report()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("not sent, the context had ended before the call: %w", err)
	}
	ctx = context.WithValue(ctx, callKey{}, c)
	var body any
	if c.body != nil {
		body = c.body
	}
	httpReq, err := retryablehttp.NewRequestWithContext(ctx, c.method, p.root+c.path, body)
	if err != nil {
		return nil, &InputError{Name: "request", Problem: "cannot be made", Err: err}
	}
	httpReq.Header = c.options.clonedHeader()
	_, err = p.client.Do(httpReq) //nolint:bodyclose // the body has been read within the attempt
	if !c.finished {
		c.fail(ctx, interrupted(err, c.err))
	}
	if c.last == nil || c.last.response == nil {
		return nil, c.err
	}
	return c.last.response.Header, c.err
}

// interrupted is the error of a call whose context ended while it waited for the next attempt.
func interrupted(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w while waiting for the next attempt; the last one: %w", err, last)
}
