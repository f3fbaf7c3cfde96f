package intune

// This file is the state of one call: what it asks for, and its attempts so far.

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/guid"
	"github.com/seed-230b9595/intune-go/internal/tokencache"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// request describes the call of an operation.
type request struct {
	method, path string // the path is relative to the API version, escaped, with its query
	body         []byte // JSON; nil for none
	out          any    // what a success is decoded into; nil for nothing
	status       int    // the documented status of success; 0 for any 2xx
	orStatus     int    // another one, without an object; 0 for none
	options      requestOptions

	content  []byte          // of a certificate in the body, which no error may show
	recovery *reconciliation // of a create, nil for any other request
}

// call is one request with all its attempts.
type call struct {
	request

	pipeline        *pipeline
	clientRequestID string
	last            *attempt
	history         history
	need            tokencache.Need
	newConnection   bool          // the next attempt should not use an old connection
	wait            time.Duration // before the next attempt
	finished        bool          // no further attempt
	err             error         // of the last attempt; once finished, of the call
}

// attempt is one try of a call.
type attempt struct {
	wire.Attempt
	*request

	need     tokencache.Need
	token    *tokencache.Token
	ended    time.Time
	response *response // nil if there is only err
	err      error
}

// response is a response that has been read. Some gateways echo requests, so nothing in it shows the token, and nothing
// but the body of a success shows the content of the certificate that was sent.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error // of reading the body
}

func newCall(p *pipeline, req request) *call {
	c := &call{request: req, pipeline: p, clientRequestID: guid.New()}
	if response := c.options.response; response != nil {
		// How an earlier request of the same operation found the certificate is still true.
		*response = Response{ClientRequestID: c.clientRequestID, Reconciled: response.Reconciled, MatchedBy: response.MatchedBy}
	}
	return c
}

func (c *call) nextAttempt() *attempt {
	c.history.attempts++
	c.last = &attempt{
		Attempt: wire.Attempt{Body: c.body, ClientRequestID: c.clientRequestID, Started: time.Now(), NewConnection: c.newConnection},
		request: &c.request,
		need:    c.need,
	}
	return c.last
}

func (c *call) finish(err error) { c.err, c.finished = err, true }

func (c *call) report() {
	response := c.options.response
	if response == nil {
		return
	}
	response.Attempts = c.history.attempts
	if c.last == nil || c.last.response == nil {
		return
	}
	header := c.last.response.header
	response.StatusCode = c.last.response.status
	response.Header = header
	response.RequestID = header.Get("request-id")
	response.Diagnostics = header.Get("x-ms-ags-diagnostic")
}

func withoutQuery(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// isIdempotent reports whether sending a request twice has the same effect as sending it once.
func isIdempotent(method string) bool {
	return isSafe(method) || method == http.MethodPut || method == http.MethodPatch || method == http.MethodDelete
}

// isSafe reports whether a request changes nothing.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
