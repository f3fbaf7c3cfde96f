package intune

// This file holds the steps next to the wire.

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"
)

// version of this library, as the User-Agent names it.
const version = "0.1.0"

// maxBody is how much of an answer is read, in bytes.
const maxBody = 8 << 20

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func tlsConfig() *tls.Config { return &tls.Config{MinVersion: tls.VersionTLS12} }

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// timeoutError is the end of an attempt that took too long. It is not context.DeadlineExceeded, since the caller's
// context has not ended.
type timeoutError struct{ limit time.Duration }

func (e *timeoutError) Error() string { return "no answer within " + e.limit.String() }
func (e *timeoutError) Timeout() bool { return true }

// limitTime bounds an attempt, counted from when its token was at hand, so that a slow middleware counts too.
func limitTime(limit time.Duration) step {
	timedOut := &timeoutError{limit}
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			deadline := time.Now().Add(limit)
			if a := attemptFrom(req.Context()); a != nil {
				deadline = a.started.Add(limit)
			}
			ctx, cancel := context.WithDeadlineCause(req.Context(), deadline, timedOut)
			defer cancel() // the body has been read by then
			return next.RoundTrip(req.WithContext(ctx))
		})
	}
}

// forbiddenError stops a request that must not leave: trying again would not help.
type forbiddenError struct{ reason string }

func (e *forbiddenError) Error() string { return e.reason }

// authorize is the innermost of our steps. It sets the headers that are ours, whatever a middleware made of them, and
// gives the token to the configured origin only, whatever a middleware made of the URL.
func authorize(root, userAgent string, client *Client) step {
	origin, _ := url.Parse(root) // checked by rootURL
	agent := []string{userAgent}
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			a := attemptFrom(req.Context())
			var stop error
			switch {
			case a == nil:
				stop = &forbiddenError{"a middleware dropped the request's context"}
			case !isSameOrigin(req.URL, origin):
				stop = &forbiddenError{"the token is not for another origin than " + origin.Host}
			case req.Context().Err() != nil:
				stop = ownTimeout(req.Context(), req.Context().Err())
			case !a.evidence.enter():
				stop = &forbiddenError{"a middleware sent the request after its attempt was over"}
			}
			if stop != nil {
				closeBody(req)
				return nil, stop
			}
			defer a.evidence.leave()
			out := req.WithContext(httptrace.WithClientTrace(req.Context(), a.evidence.trace()))
			out.Header = req.Header.Clone()
			for _, name := range reservedHeaders {
				delete(out.Header, name)
			}
			out.Header["Accept"] = acceptJSON
			out.Header["User-Agent"] = agent
			out.Header["Client-Request-Id"] = []string{a.call.clientRequestID}
			out.Header["Authorization"] = a.token.header
			if a.call.body != nil {
				out.Header["Content-Type"] = acceptJSON
			}
			out.Host = ""
			out.GetBody = nil // with it, net/http repeats a request by itself
			if a.renew {
				client.renewConnection(out)
			}
			return next.RoundTrip(out)
		})
	}
}

var acceptJSON = []string{"application/json"}

func isSameOrigin(target, origin *url.URL) bool {
	return target != nil && target.Opaque == "" && target.User == nil &&
		target.Scheme == origin.Scheme && strings.EqualFold(target.Host, origin.Host)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// renewConnection keeps the attempt after a 503 off the connection that gave it, which leads to the same sick server.
// The pool of a transport that is not ours is left alone: there, at least, the connection is not used again.
func (c *Client) renewConnection(req *http.Request) {
	if c.transport != nil {
		c.transport.CloseIdleConnections()
		return
	}
	req.Close = true
}

func userAgent(cfg *config) string {
	own := fmt.Sprintf("intune-go/%s (%s; %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return strings.TrimSpace(cfg.userAgent + " " + own)
}

// limitSize reads the body of an answer whole, up to the limit, and closes it, so that the connection can be used
// again and a body that is cut short shows inside the attempt.
func limitSize(limit int64) step {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, ownTimeout(req.Context(), err)
			}
			body, err := readWhole(resp, limit)
			if err != nil {
				err = ownTimeout(req.Context(), err)
			}
			resp.Body = &wholeBody{data: body, err: err}
			return resp, nil
		})
	}
}

// ownTimeout says that it was the limit of the attempt that ended it, where it was.
func ownTimeout(ctx context.Context, err error) error {
	var own *timeoutError
	if errors.As(context.Cause(ctx), &own) {
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

// errTooLarge is the error of a body beyond the limit.
var errTooLarge = fmt.Errorf("the body is above %d MiB", maxBody>>20)

// readWhole reads and closes a body. It returns what it got also where it returns an error.
func readWhole(resp *http.Response, limit int64) ([]byte, error) {
	if whole, ok := resp.Body.(*wholeBody); ok && whole.read == 0 {
		return whole.data, whole.err
	}
	defer func() { _ = resp.Body.Close() }()
	const expected = 4 << 10
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(resp.ContentLength, bytes.MinRead), expected)+bytes.MinRead))
	n, err := buffer.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err == nil && n > limit {
		err = errTooLarge
	}
	return buffer.Bytes()[:min(n, limit)], err
}

// evidence collects what proves that an attempt never reached the service. The hooks of a transport may run after its
// RoundTrip has returned, and a middleware may call it more than once, or too late.
type evidence struct {
	mu                            sync.Mutex
	closed                        bool
	entered, running              int
	getConn, gotConn, writeFailed int
}

// enter lets a request pass to the wire, unless the attempt is over.
func (e *evidence) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.entered++
	e.running++
	return true
}

func (e *evidence) leave() { e.count(&e.running, -1) }

func (e *evidence) count(what *int, by int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	*what += by
}

func (e *evidence) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { e.count(&e.getConn, 1) },
		GotConn: func(httptrace.GotConnInfo) { e.count(&e.gotConn, 1) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err != nil {
				e.count(&e.writeFailed, 1)
			}
		},
	}
}

// close ends the attempt: what has not entered by now never will. It reports whether nothing was sent: proven where
// nothing entered, or where the transport's hooks tell that each connection it asked for was not had or failed while
// the request was written. A transport without hooks proves nothing.
func (e *evidence) close() (nothingSent bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.entered == 0 {
		return true
	}
	return e.running == 0 && e.getConn > 0 && e.gotConn == e.writeFailed
}

// tokenHTTPClient reaches the token endpoint: without redirects, which would take the secret elsewhere, and with each
// answer read whole, so that one that is cut short is an error of the network.
func tokenHTTPClient(base http.RoundTripper, limit time.Duration) *http.Client {
	const maxToken = 1 << 20
	return &http.Client{
		Timeout:       limit,
		CheckRedirect: noRedirects,
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := base.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			body, err := readWhole(resp, maxToken)
			if err != nil {
				return nil, err
			}
			resp.Body = &wholeBody{data: body}
			return resp, nil
		}),
	}
}
