package intune

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
)

// call is one operation on its way through the pipeline, with all its attempts. The steps find it in the context.
type call struct {
	client          *Client
	method, path    string
	url             string
	body            []byte // nil for none
	out             any
	options         requestOptions
	clientRequestID string

	attempts                  int
	last                      *attempt
	need                      tokencache.Need
	renew                     bool // the next attempt should not use an old connection
	stale                     *http.Transport
	paid                      int           // out of the retry budget
	firstUnknown, lastUnknown *attempt      // the attempts of unknown outcome, nil as long as there is none
	search                    *search       // for the certificate that is being created, nil for other calls
	matchedBy                 MatchedBy     // how it was recognised, where it was found
	wait                      time.Duration // before the next attempt
	settled                   bool          // no further attempt
	err                       error         // of the last attempt; once settled, of the call
}

// attempt is one try of a call.
type attempt struct {
	call    *call
	token   *tokencache.Token
	renew   bool            // use a new connection
	via     *http.Transport // that it was sent by, where it is our own
	given   io.ReadCloser   // the body before any middleware
	started time.Time       // when it had passed the gate
	ended   time.Time

	evidence evidence
	stand    http.Response  // what stands for the attempt outside the pipeline
	response *http.Response // nil where err stands in its place
	body     []byte
	err      error // of the transport or, next to a response, of reading its body
}

type callKey struct{}
type attemptKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

func attemptFrom(ctx context.Context) *attempt {
	a, _ := ctx.Value(attemptKey{}).(*attempt)
	return a
}

// newCall checks everything that can be checked before anything is sent.
func (c *Client) newCall(method, path string, body, out any, opts []RequestOption) (*call, error) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	call := &call{client: c, method: method, path: withoutQuery(path), out: out, clientRequestID: newGUID()}
	err := call.options.apply(opts)
	if call.options.response != nil {
		*call.options.response = Response{ClientRequestID: call.clientRequestID}
	}
	if err != nil {
		return nil, call.named(err)
	}
	if !isMethod(method) {
		return nil, call.named(&InputError{Name: "method", Problem: "is not an HTTP method, such as GET"})
	}
	if call.options.selected != "" {
		path += "?$select=" + call.options.selected
	}
	if err := call.setURL(path); err != nil {
		return nil, call.named(err)
	}
	if out != nil && (reflect.TypeOf(out).Kind() != reflect.Pointer || reflect.ValueOf(out).IsNil()) {
		return nil, call.named(&InputError{Name: "out", Problem: "is not a pointer to decode into"})
	}
	if body != nil {
		encoded, err := encodeJSON(body)
		if err != nil {
			return nil, call.named(&InputError{Name: "body", Problem: "cannot be sent as JSON", Err: err})
		}
		if call.options.operation == "" && concernsCertificates(path, encoded) { // an operation has checked its own
			if kind := privateKeyInJSON(encoded); kind != "" {
				return nil, call.named(privateKeyError("body", kind))
			}
		}
		call.body = encoded
	}
	return call, nil
}

// setURL checks the path that the caller gave.
func (c *call) setURL(path string) error {
	if path == certificatesPath {
		c.url = c.client.certificatesURL
		return nil
	}
	c.url = c.client.root + path
	if problem := pathProblem(path); problem != "" {
		return &InputError{Name: "path", Problem: problem}
	}
	return nil
}

// pathProblem says what is wrong with a path relative to the API version, "" if nothing.
func pathProblem(path string) string {
	segments := "/" + strings.TrimPrefix(withoutQuery(path), "/")
	_, err := url.Parse(path)
	switch {
	case strings.Contains(path, "#"):
		return "has a fragment"
	case strings.Contains(segments, "//"):
		return "is a URL or has an empty segment: want it relative to the API version"
	case hasDotSegment(segments):
		return "has a dot segment or is not escaped"
	case err != nil || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }):
		return "is not escaped"
	}
	return ""
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// named puts the name of the operation in front of an error.
func (c *call) named(err error) error {
	name := c.options.operation
	if name == "" {
		name = oneLine(c.method + " " + c.path)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// run sends the call through the pipeline, as often as it takes.
func (c *call) run(ctx context.Context) error {
	ctx = context.WithValue(ctx, callKey{}, c)
	defer func() {
		if c.search != nil {
			c.client.uploads.end(c.search)
		}
	}()
	var body any
	if c.body != nil {
		body = c.body
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, c.method, c.url, body)
	if err != nil {
		return c.named(&InputError{Name: "request", Problem: "cannot be made", Err: err})
	}
	if len(c.options.header) > 0 {
		req.Header = c.options.header.Clone() // to which net/http's client adds the cookies
	}
	c.startSearch(ctx)
	_, err = c.client.pipeline.Do(req) //nolint:bodyclose // the answer's body has been read in the loop
	if !c.settled {
		c.conclude(ctx, interrupted(err, c.err))
	}
	c.report()
	if c.err != nil {
		return c.named(c.err)
	}
	return nil
}

// interrupted is the error of a call whose context ended while it waited to try again.
func interrupted(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w while waiting to try again after: %w", err, last)
}

// report fills in the caller's Response.
func (c *call) report() {
	if clock := c.options.clock; clock != nil && c.last != nil && c.last.response != nil {
		date := headerDate(c.last.response.Header)
		clock.ahead, clock.isKnown = date.Sub(c.last.evidence.answered), !date.IsZero()
	}
	response := c.options.response
	if response == nil {
		return
	}
	response.Attempts = c.attempts
	response.Reconciled, response.MatchedBy = c.matchedBy != "", c.matchedBy
	if c.last == nil || c.last.response == nil {
		return
	}
	header := c.last.response.Header
	response.StatusCode = c.last.response.StatusCode
	response.Header = header.Clone()
	response.RequestID = header.Get("request-id")
	response.Diagnostics = header.Get("x-ms-ags-diagnostic")
}

// beginAttempt is the outermost step: it opens an attempt and keeps what came of it. What it returns only stands for
// the attempt: net/http's client, which runs around it, would put its own words around an error and stumble over the
// Location of a redirect; it has the headers for its cookie jar.
func beginAttempt(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		ctx := req.Context()
		c := callFrom(ctx)
		a := &attempt{call: c, renew: c.renew, started: time.Now(), given: req.Body}
		c.attempts++
		c.last = a
		a.stand = http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}
		resp, err := next.RoundTrip(req.WithContext(context.WithValue(ctx, attemptKey{}, a)))
		switch {
		case err != nil:
			a.finish(nil, nil, err)
		case resp == nil:
			a.finish(nil, nil, errors.New("a middleware returned neither an answer nor an error"))
		default:
			body, err := readWhole(resp, maxBody)
			a.finish(resp, body, err)
			a.stand.Header = resp.Header
		}
		return &a.stand, nil
	})
}

func (a *attempt) finish(resp *http.Response, body []byte, err error) {
	a.ended = time.Now()
	a.response, a.body, a.err = resp, body, err
	if err == nil {
		return
	}
	if text := a.call.mask(a, err.Error()); text != err.Error() {
		a.err = errors.New(text) // net/http quotes an answer that it does not understand
	}
}

// decode takes the answer of a 2xx for what the operation promises, or says what is wrong with it.
func (c *call) decode(a *attempt) error {
	broken := func(problem string, err error) error { return c.responseError(a, problem, err) }
	if a.err != nil {
		return broken("the body could not be read", a.err)
	}
	if want := c.options.status; want != 0 && a.response.StatusCode != want {
		return broken("want "+status(want), nil)
	}
	if c.out == nil || a.response.StatusCode == http.StatusNoContent {
		return nil
	}
	if contentType := a.response.Header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return broken("the content type is not application/json but "+oneLine(c.mask(a, contentType)), nil)
	}
	if len(bytes.TrimSpace(a.body)) == 0 {
		return broken("the body is empty", nil)
	}
	if err := decodeJSON(a.body, c.out); err != nil {
		return broken("the body is not the JSON that was expected", err)
	}
	if c.options.check != nil {
		if err := c.options.check(); err != nil {
			return broken(err.Error(), nil)
		}
	}
	return nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

func (c *call) responseError(a *attempt, problem string, err error) error {
	header := a.response.Header
	if err != nil {
		if text := c.mask(a, err.Error()); text != err.Error() {
			err = errors.New(text)
		}
	}
	return &ResponseError{
		Method: c.method, Path: c.path, StatusCode: a.response.StatusCode,
		RequestID:       header.Get("request-id"),
		ClientRequestID: c.clientRequestID,
		Diagnostics:     header.Get("x-ms-ags-diagnostic"),
		Date:            headerDate(header),
		Problem:         problem, Err: err,
	}
}

// apiError makes an error of an answer that is not a success.
func (c *call) apiError(a *attempt) *APIError {
	hide := func(text string) string { return c.mask(a, text) }
	e := newAPIError(c.method, c.path, a.response, a.body)
	e.Body = []byte(hide(string(e.Body)))
	e.Message, e.Code, e.Target = hide(e.Message), hide(e.Code), hide(e.Target)
	for i, d := range e.Details {
		e.Details[i] = ErrorDetail{hide(d.Code), hide(d.Message), hide(d.Target)}
	}
	for i, code := range e.InnerCodes {
		e.InnerCodes[i] = hide(code)
	}
	e.CustomPhrase, e.ServiceURL = hide(e.CustomPhrase), hide(e.ServiceURL)
	e.ActivityID, e.OperationID = hide(e.ActivityID), hide(e.OperationID)
	e.RequestID, e.Diagnostics = hide(e.RequestID), hide(e.Diagnostics)
	e.ClientRequestID = c.clientRequestID
	return e
}

// mask hides what was secret in the request, because some gateways echo what they refuse.
func (c *call) mask(a *attempt, text string) string {
	var secrets []string
	if a.token != nil {
		secrets = append(secrets, a.token.AccessToken())
	}
	if cert := c.options.certificate; cert != nil && len(cert.Content) > 0 {
		secrets = append(secrets, base64.StdEncoding.EncodeToString(cert.Content))
	}
	return redact.Secrets(text, secrets...)
}

// newGUID returns a random GUID (RFC 9562, version 4).
func newGUID() string {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	digits := hex.EncodeToString(random[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}
