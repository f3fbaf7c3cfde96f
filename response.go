package intune

// This file takes in a response, and turns it into a value or an error.

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// response is a response that has been read and shows no secret of the request, except in the body of a success.
type response struct {
	status int
	header http.Header
	body   []byte
	err    error // of reading the body
}

// takeIn keeps a response. Some gateways echo requests.
func (a *attempt) takeIn(resp *http.Response, body []byte, err error) *response {
	return &response{status: resp.StatusCode, header: resp.Header, body: body, err: a.hideIn(err)}
}

// hide removes what is secret in the request from text that somebody else has written.
func (a *attempt) hide(text string) string {
	var secrets []string
	if a.token != nil {
		secrets = append(secrets, a.token.AccessToken())
	}
	if len(a.content) > 0 {
		secrets = append(secrets, base64.StdEncoding.EncodeToString(a.content))
	}
	return redact.Secrets(text, secrets...)
}

// hideIn replaces an error whose text shows a secret.
func (a *attempt) hideIn(err error) error {
	if err == nil {
		return nil
	}
	if text := a.hide(err.Error()); text != err.Error() {
		return errors.New(redact.Line(text))
	}
	return err
}

// decode decodes a 2xx. Any response that is not the documented one is an error.
func (c *call) decode() error {
	resp := c.last.response
	if resp.err != nil {
		return c.responseError("the body could not be read", resp.err)
	}
	if c.status != 0 && resp.status != c.status {
		return c.responseError("want "+status(c.status), nil)
	}
	if c.out == nil || resp.status == http.StatusNoContent {
		return nil
	}
	if contentType := resp.header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return c.responseError("the content type is not application/json but "+redact.Line(c.last.hide(contentType)), nil)
	}
	if len(bytes.TrimSpace(resp.body)) == 0 {
		return c.responseError("the body is empty", nil)
	}
	if err := decodeJSON(resp.body, c.out); err != nil {
		return c.responseError("the body is not the expected JSON", err)
	}
	if c.check != nil {
		if err := c.check(); err != nil {
			return c.responseError(err.Error(), nil)
		}
	}
	return nil
}

// isJSON ignores the parameters: they say nothing about JSON, and a gateway may damage them.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func (c *call) responseError(problem string, err error) error {
	resp := c.last.response
	return &ResponseError{
		Method: c.method, Path: withoutQuery(c.path), StatusCode: resp.status,
		RequestID:       resp.header.Get("request-id"),
		ClientRequestID: c.clientRequestID,
		Diagnostics:     resp.header.Get("x-ms-ags-diagnostic"),
		Date:            wire.Date(resp.header),
		Problem:         c.last.hide(problem), Err: c.last.hideIn(err),
	}
}

// apiError returns the error of a response that is not 2xx.
func (c *call) apiError() *APIError {
	resp := c.last.response
	e := newAPIError(resp.status, resp.header, []byte(c.last.hide(string(resp.body))))
	e.Method, e.Path, e.ClientRequestID = c.method, withoutQuery(c.path), c.clientRequestID
	for _, text := range []*string{&e.Message, &e.CustomPhrase, &e.ServiceURL, &e.ActivityID, &e.OperationID, &e.RequestID, &e.Diagnostics} {
		*text = c.last.hide(*text) // what was nested in another text or stood in a header
	}
	for i := range e.InnerCodes {
		e.InnerCodes[i] = c.last.hide(e.InnerCodes[i])
	}
	return e
}
