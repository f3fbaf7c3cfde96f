package intune

// This file turns a response into a value or an error.

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// decode decodes a 2xx. Any response that is not the documented one is an error.
func (c *call) decode() error {
	resp := c.last.response
	if c.last.err != nil {
		return c.responseError("the body could not be read", c.last.err)
	}
	if c.status != 0 && resp.StatusCode != c.status {
		return c.responseError("want "+status(c.status), nil)
	}
	if c.out == nil || resp.StatusCode == http.StatusNoContent {
		return nil
	}
	if contentType := resp.Header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return c.responseError("the content type is not application/json but "+redact.Line(c.hide(contentType)), nil)
	}
	if len(bytes.TrimSpace(c.last.body)) == 0 {
		return c.responseError("the body is empty", nil)
	}
	if err := decodeJSON(c.last.body, c.out); err != nil {
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
	header := c.last.response.Header
	return &ResponseError{
		Method: c.method, Path: withoutQuery(c.path), StatusCode: c.last.response.StatusCode,
		RequestID:       header.Get("request-id"),
		ClientRequestID: c.clientRequestID,
		Diagnostics:     header.Get("x-ms-ags-diagnostic"),
		Date:            wire.Date(header),
		Problem:         c.hide(problem), Err: hiding(err, c.hide),
	}
}

// apiError returns the error of a response that is not 2xx.
func (c *call) apiError() *APIError {
	e := newAPIError(c.last.response, []byte(c.hide(string(c.last.body))))
	e.Method, e.Path, e.ClientRequestID = c.method, withoutQuery(c.path), c.clientRequestID
	for _, text := range []*string{&e.Message, &e.CustomPhrase, &e.ServiceURL, &e.ActivityID, &e.OperationID, &e.RequestID, &e.Diagnostics} {
		*text = c.hide(*text) // what was nested in another text or stood in a header
	}
	for i := range e.InnerCodes {
		e.InnerCodes[i] = c.hide(e.InnerCodes[i])
	}
	return e
}

// hiding replaces an error whose text shows a secret.
func hiding(err error, hide func(string) string) error {
	if err == nil {
		return nil
	}
	if text := hide(err.Error()); text != err.Error() {
		return errors.New(redact.Line(text))
	}
	return err
}
