package intune

// This file is the life of a request from top to bottom: a call, its attempts, the steps of an attempt.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-230b9595/intune-go/internal/event"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// pipeline sends requests, each as often as it takes.
type pipeline struct {
	root      string // of the API version, without a slash at its end
	retry     RetryPolicy
	logger    *slog.Logger
	limits    limits
	jar       http.CookieJar // nil for none
	tokens    *tokencache.Cache
	outermost http.RoundTripper // the user's first middleware; the transport if there is none
	transport *wire.Transport   // time limit, headers, origin, token, size limit
}

func newPipeline(cfg *config, cred Credential) (*pipeline, error) {
	transport := wire.New(wire.Config{Origin: cfg.baseURL, UserAgent: cfg.fullUserAgent(), Client: cfg.httpClient, Timeout: cfg.timeout})
	if name, problem := transport.ProxyProblem(); problem != "" {
		return nil, &InputError{Name: name, Problem: problem}
	}
	p := &pipeline{
		root: cfg.baseURL + "/" + string(cfg.version), retry: cfg.retry, logger: cfg.logger, limits: newLimits(cfg.limiter, cfg.retry.MinDelay),
		tokens: tokencache.New(fetchToken(cred, TokenRequest{
			AuthorityURL: cfg.authorityURL,
			Scope:        cfg.cloud.GraphURL + "/.default", // all the permissions that the application has been granted
			HTTPClient:   transport.TokenClient(),
		}), signInRetryAfter),
		outermost: transport,
		transport: transport,
	}
	if cfg.httpClient != nil {
		p.jar = cfg.httpClient.Jar
	}
	for _, wrap := range slices.Backward(cfg.middleware) {
		if p.outermost = wrap(p.outermost); p.outermost == nil {
			return nil, &InputError{Name: "WithMiddleware", Problem: "has a middleware that returns nil"}
		}
	}
	return p, nil
}

// run sends a request, as often as it takes, and decodes the response. It returns the response of the last attempt, nil if
// that has none.
func (p *pipeline) run(ctx context.Context, req request) (*response, error) {
	if req.options.err != nil {
		return nil, req.options.err
	}
	c := newCall(p, req)
	defer c.report()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("not sent, the context had ended before the call: %w", err)
	}
	err := p.makeAttempts(ctx, c)
	if c.last == nil {
		return nil, err
	}
	return c.last.response, err
}

// makeAttempts makes one attempt after the other with go-retryablehttp, which asks the call whether and when.
//
// Neither it nor net/http's client, which it runs around each attempt, may have a part in the result: they would drain
// the user's connections after a failure, put their own words around an error, and act on the Location of a redirect.
// So each attempt leaves its result in the call, and they see a success without a body. They rewind the request's body
// for the middleware, sleep between attempts, and keep the cookies.
func (p *pipeline) makeAttempts(ctx context.Context, c *call) error {
	client := &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: roundTripper(func(req *http.Request) (*http.Response, error) { return p.makeAttempt(req, c.nextAttempt()), nil }),
			Jar:       p.jar,
		},
		RetryMax: maxAttempts, // never reached: the call counts its attempts itself
		CheckRetry: func(ctx context.Context, _ *http.Response, _ error) (bool, error) {
			return c.decideNext(ctx), nil
		},
		Backoff: func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.wait },
		PrepareRetry: func(req *http.Request) error {
			req.Header = make(http.Header) // without the cookies of the last attempt
			maps.Copy(req.Header, c.options.header)
			return nil
		},
	}
	var body any
	if c.body != nil {
		body = c.body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, c.method, p.root+c.path, body)
	if err != nil {
		return &InputError{Name: "request", Problem: "cannot be made", Err: err}
	}
	maps.Copy(req.Header, c.options.header)
	_, err = client.Do(req) //nolint:bodyclose // it has none
	if !c.finished {        // the context ended during a wait, or before the first attempt
		if c.err != nil {
			err = fmt.Errorf("%w while waiting for the next attempt; the last one: %w", err, c.err)
		}
		c.fail(ctx, err)
	}
	return c.err
}

// makeAttempt makes one attempt. The response that it returns is for the cookie jar.
func (p *pipeline) makeAttempt(req *http.Request, a *attempt) *http.Response {
	a.err = p.try(req, a)
	a.ended = time.Now()
	shown := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}
	if a.response != nil {
		shown.Header = a.response.header
	}
	return shown
}

// try takes one attempt from its token to its response.
func (p *pipeline) try(req *http.Request, a *attempt) error {
	ctx := req.Context()
	if err := p.obtainToken(ctx, a); err != nil { // from the cache or the credential
		return err
	}
	if err := p.awaitTurn(ctx, a); err != nil { // for the quota, and the end of a pause that the service has asked for
		return err
	}
	if err := p.obtainToken(ctx, a); err != nil { // another one if it has expired meanwhile
		return err
	}
	return p.send(req, a)
}

// obtainToken gets a token for the attempt. Only the transport sees it.
func (p *pipeline) obtainToken(ctx context.Context, a *attempt) error {
	token, err := p.tokens.Get(ctx, a.need)
	if err != nil {
		return newTokenError(err)
	}
	a.token, a.Authorization = token, token.Header
	return nil
}

func (p *pipeline) awaitTurn(ctx context.Context, a *attempt) error {
	defer p.announceWait(ctx, a)()
	return p.limits.wait(ctx, a.method, a.options.isLook)
}

// announceWait logs that an attempt waits, once it has waited for a second. The function that it returns logs the end.
func (p *pipeline) announceWait(ctx context.Context, a *attempt) (end func()) {
	const noticeable = time.Second
	if !p.logger.Enabled(ctx, slog.LevelInfo) {
		return func() {}
	}
	began := time.Now()
	logger := p.logger.With(event.Reason, p.limits.reason(a.options.isLook), event.ClientRequestID, a.ClientRequestID)
	announced := make(chan struct{})
	announcement := time.AfterFunc(noticeable, func() {
		defer close(announced)
		logger.InfoContext(ctx, event.Waiting)
	})
	return func() {
		if !announcement.Stop() {
			<-announced
			logger.InfoContext(ctx, event.Waited, "duration", time.Since(began))
		}
	}
}

// send passes the request through the middleware to the transport, and takes in the response. The time limit of the
// attempt begins here, after all waits.
func (p *pipeline) send(req *http.Request, a *attempt) error {
	a.Started = time.Now()
	if a.recovery != nil {
		a.recovery.sending()
	}
	if p.outermost != http.RoundTripper(p.transport) {
		p.transport.SetVisible(req.Header, &a.Attempt)
	}
	ctx := req.Context()
	resp, err := p.outermost.RoundTrip(req.WithContext(wire.WithAttempt(ctx, &a.Attempt))) //nolint:bodyclose // ReadBody does
	switch {
	case err != nil:
		return a.hideIn(withURL(err, req))
	case resp == nil:
		return errors.New("a middleware returned neither a response nor an error")
	}
	body, err := p.transport.ReadBody(ctx, resp)
	a.response = a.takeIn(resp, body, err)
	return nil
}

// withURL names the request that an error of the transport is about, as net/http's client does, but without the query.
func withURL(err error, req *http.Request) error {
	if errors.As(err, new(*url.Error)) {
		return err
	}
	target := *req.URL
	target.RawQuery = ""
	return &url.Error{Op: req.Method[:1] + strings.ToLower(req.Method[1:]), URL: target.Redacted(), Err: err}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
