package intune

// This file is where the library meets the wire.

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// version of this library, as the User-Agent names it.
const version = "0.1.0"

// maxBody is how much of an answer is read, in bytes.
const maxBody = 8 << 20

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// timeoutError is the end of an attempt that took too long. It is not context.DeadlineExceeded, since the caller's
// context has not ended.
type timeoutError struct{ limit time.Duration }

func (e *timeoutError) Error() string { return "no answer within " + e.limit.String() }
func (e *timeoutError) Timeout() bool { return true }

// forbiddenError stops a request that must not leave: trying again would not help.
type forbiddenError struct{ reason string }

func (e *forbiddenError) Error() string { return e.reason }

// transport is the innermost step: what it hands to the base transport is what goes over the wire. It limits the
// attempt in time, sets the headers that are ours, whatever a middleware made of them, gives the token to the configured
// origin only, whatever a middleware made of the URL, and reads the answer whole, within the limit.
type transport struct {
	base      http.RoundTripper
	own       *ownTransport // base, where it is our own
	origin    *url.URL
	userAgent []string
	limit     time.Duration // of an attempt, counted from the gate, its body included
	timedOut  error
}

func newWire(cfg *config) *transport {
	origin, _ := url.Parse(cfg.baseURL) // checked by rootURL
	agent := fmt.Sprintf("intune-go/%s (%s; %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	t := &transport{origin: origin, userAgent: []string{strings.TrimSpace(cfg.userAgent + " " + agent)}, limit: 60 * time.Second}
	if user := cfg.httpClient; user == nil {
		t.own = newOwnTransport(newTransport)
		t.base = t.own
	} else {
		t.base = cmp.Or(user.Transport, http.DefaultTransport)
		t.limit = cmp.Or(max(user.Timeout, 0), t.limit)
	}
	t.timedOut = &timeoutError{t.limit}
	return t
}

// ownTransport is a transport of ours that can be exchanged for a new one: over HTTP/2 there is no other way to a new
// connection while the old one is in use.
type ownTransport struct {
	create  func() *http.Transport
	current atomic.Pointer[http.Transport]
}

func newOwnTransport(create func() *http.Transport) *ownTransport {
	own := &ownTransport{create: create}
	own.current.Store(create())
	return own
}

func (o *ownTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	return o.current.Load().RoundTrip(req)
}

// CloseIdleConnections is what Client.CloseIdleConnections looks for.
func (o *ownTransport) CloseIdleConnections() { o.current.Load().CloseIdleConnections() }

// renew leaves the connections of stale, unless somebody has done so already.
func (o *ownTransport) renew(stale *http.Transport) {
	if o.current.CompareAndSwap(stale, o.create()) {
		stale.CloseIdleConnections()
	}
}

func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
	}
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a := attemptFrom(req.Context())
	if err := t.admit(a, req); err != nil {
		closeBody(req)
		return nil, err
	}
	defer a.evidence.leave()
	ctx, cancel := context.WithDeadlineCause(req.Context(), a.started.Add(t.limit), t.timedOut)
	defer cancel()
	body, unsent := a.bodyToSend(req)
	out := req.WithContext(httptrace.WithClientTrace(withoutHeaderTrace(ctx), a.evidence.trace(unsent)))
	out.Body = body
	out.Header = t.header(a, req.Header)
	out.Host = ""
	out.GetBody = nil // with it, net/http repeats a request by itself
	t.renewConnection(a, out)
	resp, err := t.base.RoundTrip(out)
	if err == nil && resp == nil {
		err = errors.New("the transport returned neither an answer nor an error")
	}
	if err != nil {
		return nil, ownTimeout(ctx, err)
	}
	a.evidence.answer()
	answer, err := readWhole(resp, maxBody)
	resp.Body = &wholeBody{data: answer, err: ownTimeout(ctx, err)}
	resp.Request = req // net/http's is the one with the token
	return resp, nil
}

// withoutHeaderTrace keeps the token from a trace that a middleware may have put into the context; its other hooks stay.
func withoutHeaderTrace(ctx context.Context) context.Context {
	inherited := httptrace.ContextClientTrace(ctx)
	if inherited == nil || inherited.WroteHeaderField == nil {
		return ctx
	}
	trace := *inherited
	trace.WroteHeaderField = nil
	return httptrace.WithClientTrace(untraced{ctx}, &trace)
}

// untraced is a context without the client trace, which httptrace would call beside a new one.
type untraced struct{ context.Context }

func (c untraced) Value(key any) any {
	if kind := reflect.TypeOf(key); kind != nil && kind.PkgPath() == "net/http/httptrace" {
		return nil
	}
	return c.Context.Value(key)
}

// admit lets a request pass to the wire or says why not; then nothing has been sent.
func (t *transport) admit(a *attempt, req *http.Request) error {
	switch ctx := req.Context(); {
	case a == nil:
		return &forbiddenError{"a middleware dropped the request's context"}
	case !isSameOrigin(req.URL, t.origin):
		return &forbiddenError{"the token is not for another origin than " + t.origin.Host}
	case ctx.Err() != nil:
		return ctx.Err()
	case !a.evidence.enter():
		return &forbiddenError{"a middleware sent the request after its attempt was over"}
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

// header is what is sent: the caller's and the middlewares', without what they may not set, and ours.
func (t *transport) header(a *attempt, given http.Header) http.Header {
	header := make(http.Header, len(given)+5)
	for name, values := range given {
		if canonical := http.CanonicalHeaderKey(name); !slices.Contains(reservedHeaders, canonical) {
			header[name] = values
		}
	}
	header["Accept"] = jsonMediaType
	header["Authorization"] = a.token.Header()
	header["Client-Request-Id"] = []string{a.call.clientRequestID}
	header["User-Agent"] = t.userAgent
	if a.call.body != nil {
		header["Content-Type"] = jsonMediaType
	}
	return header
}

var jsonMediaType = []string{"application/json"}

// renewConnection keeps the attempt after a 503 off the connection that gave it, which leads to the same sick server.
// The pool of a transport that is not ours is left alone: there, the connection is not used again after the attempt.
func (t *transport) renewConnection(a *attempt, req *http.Request) {
	if t.own == nil {
		req.Close = a.renew
		return
	}
	if a.renew {
		t.own.renew(a.call.stale)
	}
	a.via = t.own.current.Load()
}

// ownTimeout says that it was the limit of the attempt that ended it, where it was.
func ownTimeout(ctx context.Context, err error) error {
	if own, ok := context.Cause(ctx).(*timeoutError); ok && err != nil { //nolint:errorlint // the cause is bare
		return own
	}
	return err
}

// wholeBody is a body that has been read: its data and, at its end, the error that reading it gave.
type wholeBody struct {
	data []byte
	err  error
	read int
}

func (b *wholeBody) Read(p []byte) (int, error) {
	n := copy(p, b.data[b.read:])
	b.read += n
	switch {
	case b.read < len(b.data):
		return n, nil
	case b.err != nil:
		return n, b.err
	}
	return n, io.EOF
}

func (*wholeBody) Close() error { return nil }

// readWhole reads and closes a body. It returns what it got also where it returns an error.
func readWhole(resp *http.Response, limit int64) ([]byte, error) {
	if resp.Body == nil {
		return nil, nil
	}
	if whole, ok := resp.Body.(*wholeBody); ok && whole.read == 0 {
		return whole.data, whole.err
	}
	defer func() { _ = resp.Body.Close() }()
	const expected = 4 << 10
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(resp.ContentLength, bytes.MinRead), expected)+bytes.MinRead))
	n, err := buffer.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err == nil && n > limit {
		err = fmt.Errorf("the body is above %d MiB", limit>>20)
	}
	return buffer.Bytes()[:min(n, limit)], err
}

// tokenHTTPClient reaches the token endpoint: without redirects, which would take the secret elsewhere, and with each
// answer read whole within the limit, so that one that is cut short is an error of the network.
func (t *transport) tokenHTTPClient() *http.Client {
	const maxToken = 1 << 20
	return &http.Client{
		CheckRedirect: noRedirects,
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithTimeoutCause(req.Context(), t.limit, t.timedOut)
			defer cancel()
			req = req.WithContext(ctx)
			req.Header = req.Header.Clone()
			req.Header["User-Agent"] = t.userAgent
			resp, err := t.base.RoundTrip(req)
			if err == nil && resp == nil {
				err = errors.New("the transport returned neither an answer nor an error")
			}
			if err != nil {
				return nil, ownTimeout(ctx, err)
			}
			if resp.StatusCode == http.StatusSwitchingProtocols { // it has no body, only a connection that may stay open
				_ = resp.Body.Close()
				resp.Body = nil
			}
			body, err := readWhole(resp, maxToken)
			if err != nil {
				return nil, ownTimeout(ctx, err)
			}
			resp.Body = &wholeBody{data: body}
			return resp, nil
		}),
	}
}
