package intune

// This file takes in a response, and turns it into a value or an error.

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/seed-230b9595/intune-go/internal/grapherror"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

// takeIn keeps a response without the secrets of the request.
func (a *attempt) takeIn(resp *http.Response, body []byte, err error) *response {
	mask := a.token.Mask
	inBody := mask.Long()
	if resp.StatusCode/100 != 2 {
		body, mask = body[:min(len(body), grapherror.MaxBody+1)], a.mask()
		inBody = mask
	}
	header := resp.Header.Clone()
	for name, values := range header {
		if mask.Text(name) != name {
			delete(header, name)
		}
		for i, value := range values {
			values[i] = redact.Text(mask.Text(value))
		}
	}
	return &response{status: resp.StatusCode, header: header, body: inBody.Bytes(body), err: a.hideIn(err)}
}

// mask masks everything that is secret in the request.
func (a *attempt) mask() redact.Mask {
	mask := redact.New(base64.StdEncoding.EncodeToString(a.content))
	if a.token != nil {
		mask = append(mask, a.token.Mask...)
	}
	return mask
}

// hideIn replaces an error whose text shows a secret, or is not safe for a terminal.
func (a *attempt) hideIn(err error) error {
	if err == nil {
		return nil
	}
	if text := redact.Text(a.mask().Text(err.Error())); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// decode decodes a 2xx. Any response that is not the documented one is an error.
func (c *call) decode() error {
	resp := c.last.response
	if resp.err != nil {
		return c.responseError("the body could not be read", resp.err)
	}
	if c.status != 0 && resp.status != c.status && !c.isOtherSuccess(resp) {
		return c.responseError("want "+grapherror.Status(c.status), nil)
	}
	if c.out == nil || resp.status == http.StatusNoContent {
		return nil
	}
	if contentType := resp.header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return c.responseError("the content type is not application/json but "+contentType, nil)
	}
	if len(bytes.TrimSpace(resp.body)) == 0 {
		return c.responseError("the body is empty", nil)
	}
	if err := decodeJSON(resp.body, c.out); err != nil {
		return c.responseError("the body is not the expected JSON", errors.New(redact.Line(err.Error())))
	}
	return nil
}

// isOtherSuccess reports whether the service has responded with the other 2xx for success. The page of a captive portal,
// or an error, is none.
func (c *call) isOtherSuccess(resp *response) bool {
	isEmpty := len(bytes.TrimSpace(resp.body)) == 0
	return resp.status == c.orStatus && (isEmpty || isJSON(resp.header.Get("Content-Type")) && newAPIError(resp).words() == "")
}

// isJSON ignores the parameters: they say nothing about JSON, and a gateway may damage them.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

func (c *call) responseError(problem string, err error) error {
	resp := c.last.response
	shown := newAPIError(resp)
	if said := shown.words(); said != "" {
		problem += "; it says " + said
	}
	problem += inParentheses("from", shown.gateway)
	return &ResponseError{
		Method: c.method, Path: withoutQuery(c.path), StatusCode: resp.status,
		RequestID: shown.RequestID, ClientRequestID: c.clientRequestID, Diagnostics: shown.Diagnostics, Date: shown.Date,
		Problem: redact.Line(c.last.mask().Text(problem)), Err: c.last.hideIn(err),
	}
}
