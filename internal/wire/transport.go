// Package wire is where the library meets the network. Its transport decides what is sent: to which origin, with which
// headers, body and token, within which limits of time and size. It keeps the evidence of whether a request was sent.
package wire

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Config configures a Transport.
type Config struct {
	Origin    string        // of Microsoft Graph, a checked root URL; the token goes nowhere else
	UserAgent string        //
	Client    *http.Client  // the user's, whose Transport and Timeout are used; nil for the library's own transport
	Timeout   time.Duration // of an attempt; 0 for that of Client
}

// Transport is the innermost step of the pipeline: what it hands to the base transport goes over the network.
type Transport struct {
	own       atomic.Pointer[http.Transport] // a transport from NewTransport, which renew replaces; nil for another one
	base      http.RoundTripper              // the transport at the beginning
	origin    *url.URL
	userAgent []string
	limit     time.Duration // of an attempt, including its body
	timeout   error
}

// New returns a transport.
func New(cfg Config) *Transport {
	origin, _ := url.Parse(cfg.Origin)
	t := &Transport{origin: origin, userAgent: []string{cfg.UserAgent}, limit: 60 * time.Second}
	if cfg.Client != nil {
		t.base = cmp.Or(cfg.Client.Transport, http.DefaultTransport)
		t.limit = cmp.Or(max(cfg.Client.Timeout, 0), t.limit)
	} else {
		t.base = NewTransport()
	}
	t.limit = cmp.Or(cfg.Timeout, t.limit)
	if base, isNetHTTP := t.base.(*http.Transport); isNetHTTP && isOwn(base) {
		t.own.Store(base)
	}
	t.timeout = &TimeoutError{t.limit}
	return t
}

// TimeoutError is the end of an attempt that took too long. It is not context.DeadlineExceeded, because the caller's
// context has not ended.
type TimeoutError struct{ limit time.Duration }

// Error implements error.
func (e *TimeoutError) Error() string { return "no response within " + e.limit.String() }

// Timeout makes it a net.Error's kind of timeout.
func (e *TimeoutError) Timeout() bool { return true }

// ForbiddenError stops a request that must not be sent. Trying again would not help.
type ForbiddenError struct{ reason string }

// Error implements error.
func (e *ForbiddenError) Error() string { return e.reason }

// RoundTrip sends the request of the attempt in its context, and reads the response whole.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a, _ := req.Context().Value(attemptKey{}).(*Attempt)
	if err := t.admit(a, req); err != nil {
		closeBody(req)
		return nil, err
	}
	var seen evidence
	var err error
	_, hooksAreProof := t.base.(*http.Transport) // net/http's tell whether there was a connection
	defer func() { a.leave(hooksAreProof && seen.isUnsent(err)) }()
	closeBody(req)
	ctx, cancel := context.WithDeadlineCause(req.Context(), a.Started.Add(t.limit), t.timeout)
	defer cancel()
	out := req.WithContext(httptrace.WithClientTrace(ctx, seen.trace()))
	out.Header = t.header(a, req.Header)
	out.Host = ""
	out.Body, out.ContentLength = http.NoBody, 0
	if a.Body != nil {
		// net/http sends headers and body in one packet if the body is a reader of a type that it knows.
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(a.Body)), int64(len(a.Body))
	}
	out.GetBody = nil // with it, net/http repeats a request by itself
	out.Close = a.NewConnection && t.own.Load() == nil
	var resp *http.Response
	if resp, err = t.send(ctx, out); err != nil {
		return nil, err
	}
	resp.Request = req // net/http's is the one with the token
	return resp, nil
}

// send makes one exchange. After a timeout or a 503 the library's own transport gets new connections.
// See https://learn.microsoft.com/graph/best-practices-concept.
func (t *Transport) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	own := t.own.Load()
	if own == nil {
		return t.exchange(ctx, t.base, req)
	}
	resp, err := t.exchange(ctx, own, req)
	timedOut := context.Cause(ctx) == t.timeout //nolint:errorlint // the cause is bare
	if timedOut || err == nil && resp.StatusCode == http.StatusServiceUnavailable {
		t.renew(own)
	}
	return resp, err
}

// renew replaces the library's own transport by a clone, unless another request has done so already: over HTTP/2 there is no
// other way to a new connection while the old one is in use.
func (t *Transport) renew(stale *http.Transport) {
	if t.own.CompareAndSwap(stale, stale.Clone()) {
		stale.CloseIdleConnections()
	}
}

// exchange sends a request and reads the response whole, within the limit.
func (t *Transport) exchange(ctx context.Context, base http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := base.RoundTrip(req)
	if err == nil && resp == nil {
		err = errors.New("the transport returned neither a response nor an error")
	}
	if err != nil {
		err = t.ownTimeout(ctx, err)
		if used, isNetHTTP := base.(*http.Transport); isNetHTTP {
			err = explainProxy(used, req, explainRefusal(err))
		}
		return nil, err
	}
	body, err := ReadAll(ctx, resp, maxBody)
	resp.Body = &wholeBody{data: body, err: t.ownTimeout(ctx, err)}
	return resp, nil
}

// admit lets a request pass or says why not; then nothing has been sent.
func (t *Transport) admit(a *Attempt, req *http.Request) error {
	switch ctx := req.Context(); {
	case a == nil:
		return &ForbiddenError{"a middleware dropped the request's context"}
	case !isSameOrigin(req.URL, t.origin):
		return &ForbiddenError{"the token is only for the origin " + t.origin.Host}
	case ctx.Err() != nil:
		return ctx.Err()
	case !a.enter():
		return &ForbiddenError{"a middleware sent the request after its attempt was over"}
	}
	return nil
}

func isSameOrigin(target, origin *url.URL) bool {
	return target != nil && target.Opaque == "" && target.User == nil &&
		target.Scheme == origin.Scheme && strings.EqualFold(target.Host, origin.Host)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// ownTimeout keeps a timeout that is not the caller's apart from the end of the caller's context: that of the attempt, if it
// ended the exchange, and those of net/http.
func (t *Transport) ownTimeout(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case context.Cause(ctx) == t.timeout: //nolint:errorlint // the cause is bare
		return t.timeout
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		return &connectTimeoutError{err}
	}
	return err
}

// connectTimeoutError is a timeout of net/http while it connects: to an address, or through a proxy. It is its cause in all but
// context.DeadlineExceeded.
type connectTimeoutError struct{ cause error }

func (e *connectTimeoutError) Error() string {
	if e.cause == context.DeadlineExceeded { //nolint:errorlint // bare, it says nothing
		return "no connection in time"
	}
	return e.cause.Error()
}

func (e *connectTimeoutError) Is(target error) bool {
	return target != context.DeadlineExceeded && errors.Is(e.cause, target)
}

func (e *connectTimeoutError) As(target any) bool { return errors.As(e.cause, target) }

// CloseIdleConnections closes the idle connections of the base transport.
func (t *Transport) CloseIdleConnections() {
	base := t.base
	if own := t.own.Load(); own != nil {
		base = own
	}
	if closer, ok := base.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// TokenClient returns a client for the token endpoint. It follows no redirects, which would take the secret elsewhere.
// It reads each response whole, within the limits, so that one that is truncated is a network error.
func (t *Transport) TokenClient() *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &tokenTransport{t},
	}
}

type tokenTransport struct{ wire *Transport }

func (t *tokenTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.wire.limit, t.wire.timeout)
	defer cancel()
	out := req.WithContext(ctx)
	out.Header = req.Header.Clone()
	out.Header["User-Agent"] = t.wire.userAgent
	resp, err := t.wire.send(ctx, out)
	if err != nil {
		return nil, err
	}
	body := resp.Body.(*wholeBody) //nolint:forcetypeassert // send sets it
	if body.err != nil {
		return nil, body.err
	}
	return resp, nil
}

// ReadBody reads the body of a response that may have passed a middleware, within the limits.
func (t *Transport) ReadBody(ctx context.Context, resp *http.Response) ([]byte, error) {
	if whole, ok := resp.Body.(*wholeBody); ok {
		return whole.rest()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.limit, t.timeout)
	defer cancel()
	return ReadAll(ctx, resp, maxBody)
}
