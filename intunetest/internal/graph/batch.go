package graph

// This file carries out JSON batches: https://learn.microsoft.com/graph/json-batching.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-230b9595/intune-go/intunetest/internal/exchange"
)

const maxBatch = 20

// batchRequest is one request of a batch.
type batchRequest struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn few[string]       `json:"dependsOn"`
}

// few is an array of which no more is read than one too many for a batch, so that a very long one costs no more memory.
type few[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (f *few[T]) UnmarshalJSON(data []byte) error {
	items := json.NewDecoder(bytes.NewReader(data))
	if opening, err := items.Token(); err != nil || opening != json.Delim('[') {
		return errors.New("no array")
	}
	for items.More() && len(*f) <= maxBatch {
		var item T
		if err := items.Decode(&item); err != nil {
			return err
		}
		*f = append(*f, item)
	}
	return nil
}

// batchResponse is the response to one request of a batch.
type batchResponse struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batch responds in the opposite order of that in which it carries the requests out, because Graph promises none.
func (s *Server) batch(c *call) *exchange.Response {
	if rejection := c.wantJSON(); rejection != nil {
		return rejection
	}
	requests, rejection := c.readBatch()
	if rejection != nil {
		return rejection
	}
	statuses := make(map[string]int)
	responses := make([]batchResponse, 0, len(requests))
	for _, request := range requests {
		response := s.batchItem(c, request, statuses)
		statuses[request.ID] = response.Status
		responses = append(responses, response)
	}
	slices.Reverse(responses)
	c.metadata = metadataMinimal
	return c.json(http.StatusOK, map[string]any{"responses": responses})
}

// readBatch returns the requests of a batch in an order that their dependencies allow. One that is malformed fails the
// whole batch.
func (c *call) readBatch() ([]batchRequest, *exchange.Response) {
	if exchange.CheckJSON(c.body) != nil {
		return nil, c.badRequest(errPayload)
	}
	var batch struct {
		Requests few[batchRequest] `json:"requests"`
	}
	malformed := func(reason string) *exchange.Response {
		return c.fail(http.StatusBadRequest, "BadRequest", strings.TrimSpace("Invalid batch payload format. "+reason))
	}
	if json.Unmarshal(c.body, &batch) != nil || len(batch.Requests) == 0 {
		return nil, malformed("")
	}
	if len(batch.Requests) > maxBatch {
		return nil, c.fail(http.StatusBadRequest, "MaximumValueExceeded",
			fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", maxBatch))
	}
	seen := make(map[string]bool)
	for _, request := range batch.Requests {
		switch reason := request.problem(); {
		case reason != "":
			return nil, malformed(reason)
		case seen[request.ID]:
			return nil, malformed(fmt.Sprintf("The request id '%s' is not unique.", request.ID))
		}
		seen[request.ID] = true
	}
	ordered, rest := inOrder(batch.Requests)
	if len(rest) > 0 {
		return nil, malformed(fmt.Sprintf("The request '%s' depends on a request that is not in the batch, or on itself.", rest[0].ID))
	}
	return ordered, nil
}

// problem says what is wrong with a request, "" if nothing is.
func (r *batchRequest) problem() string {
	u, err := url.Parse(r.URL)
	hasBody := len(r.Body) > 0 && string(r.Body) != "null"
	switch {
	case r.ID == "":
		return "A request has no id."
	case r.Method == "":
		return fmt.Sprintf("The request '%s' has no method.", r.ID)
	case err != nil, u.IsAbs(), u.Host != "", strings.Trim(u.Path, "/") == "":
		return fmt.Sprintf("The url of the request '%s' is not relative to the version.", r.ID)
	case hasBody && r.header().Get("Content-Type") == "":
		return fmt.Sprintf("Write request id : %s does not contain Content-Type header or body.", r.ID)
	}
	return ""
}

// inOrder moves each request behind those that it depends on. The rest are those for which that is not possible.
func inOrder(rest []batchRequest) (ordered []batchRequest, _ []batchRequest) {
	done := make(map[string]bool)
	for range rest {
		rest = slices.DeleteFunc(rest, func(request batchRequest) bool {
			if slices.ContainsFunc(request.DependsOn, func(id string) bool { return !done[id] }) {
				return false
			}
			done[request.ID] = true
			ordered = append(ordered, request)
			return true
		})
	}
	return ordered, rest
}

func (r *batchRequest) header() http.Header {
	header := make(http.Header)
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	return header
}

// batchItem carries out one request. It counts at the quota like any other.
func (s *Server) batchItem(c *call, request batchRequest, statuses map[string]int) batchResponse {
	header := request.header()
	ids := exchange.NewIDs(header)
	header.Set("Authorization", c.Header.Get("Authorization"))
	u, _ := url.Parse("/" + split(c.URL)[0] + "/" + strings.TrimPrefix(request.URL, "/")) // problem has parsed it
	item := &call{
		Request: &http.Request{Method: strings.ToUpper(request.Method), URL: u, Header: header, Host: c.Host},
		body:    request.Body, token: c.token, origin: c.origin, late: c.late, ids: ids,
	}
	var result *exchange.Response
	if slices.ContainsFunc(request.DependsOn, func(id string) bool { return statuses[id] >= http.StatusBadRequest }) {
		result = item.fail(http.StatusFailedDependency, "FailedDependency",
			"The request was not executed because a request that it depends on failed.")
	} else if result = s.throttle(item.Request, ids); result == nil {
		result = s.respond(item)
	}
	return newBatchResponse(request.ID, ids, result)
}

// newBatchResponse puts the response to one request into the form of a batch: JSON stands for itself, other bodies are texts.
func newBatchResponse(id string, ids exchange.IDs, result *exchange.Response) batchResponse {
	response := batchResponse{ID: id, Status: result.Status, Body: result.Body, Headers: map[string]string{
		"request-id": ids.Request, "client-request-id": ids.Client,
	}}
	for name := range result.Header {
		response.Headers[name] = result.Header.Get(name)
	}
	if result.ContentType != "" {
		response.Headers["Content-Type"] = result.ContentType
	}
	if result.ContentType == "text/plain" {
		response.Body, _ = json.Marshal(string(result.Body))
	}
	return response
}
