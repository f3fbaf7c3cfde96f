package intune

// This file reads the error envelopes: Graph's, and the JSON text that Intune puts into its message.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	maxErrorBody   = 4 << 10  // how much of an answer an APIError keeps
	maxErrorParsed = 64 << 10 // an answer beyond this is not taken apart; the service's are a few KiB
)

// envelope is {"error":{…}}. encoding/json matches names without regard to case, and so reads both innerError and
// innererror, and goes on after a member of an unexpected type, so that a malformed answer still says what it can.
type envelope struct {
	Error *graphError `json:"error"`
}

type graphError struct {
	Code       string        `json:"code"`
	Message    string        `json:"message"`
	Target     string        `json:"target"`
	Details    []ErrorDetail `json:"details"`
	InnerError *innerError   `json:"innerError"`
}

type innerError struct {
	Code            string      `json:"code"`
	Date            string      `json:"date"`
	RequestID       string      `json:"request-id"`
	ClientRequestID string      `json:"client-request-id"`
	InnerError      *innerError `json:"innerError"`
}

// intuneMessage is the JSON text inside a message. Either member may hold the next one.
type intuneMessage struct {
	ErrorCode            string          `json:"ErrorCode"`
	Message              string          `json:"Message"`
	CustomAPIErrorPhrase string          `json:"CustomApiErrorPhrase"`
	RetryAfter           json.RawMessage `json:"RetryAfter"`
}

// newAPIError takes an answer apart. It makes of any bytes an error that is no worse than its status.
func newAPIError(method, path string, answer *http.Response, body []byte) *APIError {
	e := &APIError{
		Method: method, Path: path, StatusCode: answer.StatusCode,
		RequestID:       answer.Header.Get("request-id"),
		ClientRequestID: answer.Header.Get("client-request-id"),
		Diagnostics:     answer.Header.Get("x-ms-ags-diagnostic"),
		Date:            headerDate(answer.Header),
		Body:            bytes.Clone(body[:min(len(body), maxErrorBody)]),
	}
	var read envelope
	if len(body) <= maxErrorParsed {
		if err := json.Unmarshal(body, &read); err == nil || isTypeError(err) {
			e.readGraph(read.Error)
		}
	}
	if wait, ok := retryAfter(answer.Header.Get("Retry-After"), e.Date); ok {
		e.RetryAfter = wait
	}
	return e
}

// isTypeError says that text is JSON, but a member is not of the type that was expected.
func isTypeError(err error) bool {
	_, ok := err.(*json.UnmarshalTypeError) //nolint:errorlint // json.Unmarshal returns it bare
	return ok
}

func (e *APIError) readGraph(read *graphError) {
	if read == nil {
		return
	}
	e.Code, e.Message, e.Target, e.Details = read.Code, read.Message, read.Target, read.Details
	for inner := read.InnerError; inner != nil; inner = inner.InnerError {
		e.RequestID = cmp.Or(e.RequestID, inner.RequestID)
		e.ClientRequestID = cmp.Or(e.ClientRequestID, inner.ClientRequestID)
		if date, err := time.Parse("2006-01-02T15:04:05", inner.Date); err == nil && e.Date.IsZero() {
			e.Date = date
		}
		if inner.Code != "" {
			e.InnerCodes = append(e.InnerCodes, inner.Code)
		}
	}
	e.unwrapIntune()
}

// unwrapIntune replaces the message by the text that it wraps, and takes the ids and permissions out of that.
func (e *APIError) unwrapIntune() {
	const maxDepth = 8 // twice has been seen
	for range maxDepth {
		if !strings.HasPrefix(strings.TrimSpace(e.Message), "{") {
			break
		}
		var read intuneMessage
		if err := json.Unmarshal([]byte(e.Message), &read); err != nil && !isTypeError(err) || strings.TrimSpace(read.Message) == "" {
			break
		}
		e.Message = read.Message
		e.CustomPhrase = cmp.Or(read.CustomAPIErrorPhrase, e.CustomPhrase)
		if read.ErrorCode != "" {
			e.InnerCodes = append(e.InnerCodes, read.ErrorCode)
		}
		if wait, ok := retryAfter(strings.Trim(string(read.RetryAfter), `"`), e.Date); ok {
			e.RetryAfter = wait
		}
	}
	e.Message = e.takeLabelled(e.Message)
	e.RequiredPermissions = permissions(e.Message)
}

// label begins each of the parts that Intune appends to its text.
var label = regexp.MustCompile(`\s+- (Operation ID \(for customer support\)|Activity ID|Url|CustomApiErrorPhrase): `)

// takeLabelled moves the labelled parts of Intune's text into their fields and returns the text before them.
func (e *APIError) takeLabelled(text string) string {
	found := label.FindAllStringSubmatchIndex(text, -1)
	for i, at := range found {
		end := len(text)
		if i+1 < len(found) {
			end = found[i+1][0]
		}
		value := strings.TrimSpace(text[at[1]:end])
		switch text[at[2]:at[3]] {
		case "Activity ID":
			e.ActivityID = value
		case "Url":
			e.ServiceURL = value
		case "CustomApiErrorPhrase":
			e.CustomPhrase = value
		default:
			e.OperationID = value
		}
	}
	if len(found) > 0 && strings.TrimSpace(text[:found[0][0]]) != "" {
		text = text[:found[0][0]]
	}
	return strings.TrimSpace(text)
}

// permission is the name of a permission of Microsoft Graph, such as DeviceManagementApps.ReadWrite.All.
var permission = regexp.MustCompile(`\b[A-Z][A-Za-z]+(?:\.[A-Za-z]+)+\b`)

// permissions are those that a text says are needed.
func permissions(text string) []string {
	_, after, found := strings.Cut(text, "following scopes:")
	if !found {
		_, after, found = strings.Cut(text, "following permissions:")
	}
	if !found {
		return nil
	}
	return permission.FindAllString(after, -1)
}

// retryAfter reads the seconds or the HTTP date of a Retry-After header. A date counts from the date of the answer, so
// that a local clock which is off does not matter.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, false
	}
	const longest = 365 * 24 * 60 * 60 // seconds; what is longer, or too long for an int, comes to the same
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.Atoi(value)
		if err != nil || seconds > longest {
			seconds = longest
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if now.IsZero() {
		now = time.Now()
	}
	return min(max(date.Sub(now), 0), longest*time.Second), true
}

// headerDate is the Date of an answer, zero where it has none.
func headerDate(header http.Header) time.Time {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date.UTC()
}
