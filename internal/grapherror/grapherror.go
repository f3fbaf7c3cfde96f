// Package grapherror reads the errors of Microsoft Graph and of what stands in front of it: Graph's envelope with the JSON
// text that Intune puts into its message, and what gateways and other layers send.
package grapherror

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// Error is what a response says that is no success. Its texts are safe for a terminal.
type Error struct {
	Code, Message, Target string
	Details               []Detail
	InnerCodes            []string // the most specific one last

	RequestID, Diagnostics string
	Date                   time.Time

	ActivityID, OperationID, ServiceURL, CustomPhrase string // from Intune's nested message

	RequiredPermissions []string
	RetryAfter          time.Duration

	Body []byte // the first 4 KiB

	Gateway string // what the sender calls itself, if the error is not Microsoft Graph's
}

// Detail is one of several reasons.
type Detail struct{ Code, Message, Target string }

// MaxBody is how much of a body is read, in bytes. A larger one is not parsed; the service's are a few KiB.
const MaxBody = 128 << 10

const keptBody = 4 << 10 // bytes, in an Error

// Foreign reads an error of another layer: OAuth's {"error":"…","error_description":"…"}, a message as GitHub, Azure DevOps
// and Azure's gateways write it, or problem details (RFC 9457).
func Foreign(body []byte) (code, description string) {
	var object struct {
		Error         any    `json:"error"` // a code, or an object with a message
		Description   string `json:"error_description"`
		Message       string `json:"message"`
		Title, Detail string
	}
	_ = json.Unmarshal(body, &object) // members of another type stay empty
	message := object.Message
	switch e := object.Error.(type) {
	case string:
		code = e
	case map[string]any:
		inner, _ := e["message"].(string)
		message = cmp.Or(message, inner)
	}
	return code, cmp.Or(object.Description, message, Joined(object.Title, object.Detail))
}

// graphError is an error of Microsoft Graph, or an inner one, which has date and request-id. encoding/json ignores the case of
// names, so it reads both innerError and innererror. It goes on after a member of an unexpected type, so that a malformed body
// still says what it can.
type graphError struct {
	Code       string      `json:"code"`
	Message    string      `json:"message"`
	Target     string      `json:"target"`
	Details    []Detail    `json:"details"`
	Date       string      `json:"date"`
	RequestID  string      `json:"request-id"`
	InnerError *graphError `json:"innerError"`
}

// intuneMessage is the JSON text inside a message. Either member may hold the next one.
type intuneMessage struct {
	ErrorCode            string          `json:"ErrorCode"`
	Message              string          `json:"Message"`
	CustomAPIErrorPhrase string          `json:"CustomApiErrorPhrase"`
	RetryAfter           json.RawMessage `json:"RetryAfter"`
}

// Read reads a response. Its header and body show no secrets of the request.
func Read(header http.Header, body []byte) *Error {
	kept := redact.Text(string(body[:min(len(body), keptBody)]))
	e := &Error{
		RequestID:   header.Get("request-id"),
		Diagnostics: header.Get("x-ms-ags-diagnostic"),
		Date:        wire.Date(header),
		Body:        []byte(kept[:min(len(kept), keptBody)]),
	}
	if len(body) <= MaxBody {
		e.readBody(bytes.TrimPrefix(body, []byte("\uFEFF")))
	}
	if e.Code == "" && e.Message == "" && strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		e.Message = strings.TrimSpace(kept)
	}
	if e.Code == "" {
		e.Gateway = cmp.Or(header.Get("Server"), header.Get("Via"))
	}
	e.makeSafe()
	if wait, ok := wire.RetryAfter(header.Get("Retry-After"), e.Date); ok {
		e.RetryAfter = wait
	}
	return e
}

// makeSafe makes all texts that the body gave safe for a terminal.
func (e *Error) makeSafe() {
	texts := []*string{&e.Code, &e.Message, &e.Target, &e.RequestID, &e.ActivityID, &e.OperationID, &e.ServiceURL, &e.CustomPhrase, &e.Gateway}
	for i := range e.InnerCodes {
		texts = append(texts, &e.InnerCodes[i])
	}
	for i := range e.Details {
		texts = append(texts, &e.Details[i].Code, &e.Details[i].Message, &e.Details[i].Target)
	}
	for _, text := range texts {
		*text = redact.Text(*text)
	}
}

func (e *Error) readBody(body []byte) {
	var envelope struct{ Error graphError }
	if err := json.Unmarshal(body, &envelope); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		return
	}
	e.readGraph(&envelope.Error)
	if e.Code != "" || e.Message != "" {
		return
	}
	code, description := Foreign(body)
	e.Message = Joined(code, description)
}

func (e *Error) readGraph(read *graphError) {
	e.Code, e.Message, e.Target, e.Details = read.Code, read.Message, read.Target, read.Details
	for inner := read.InnerError; inner != nil; inner = inner.InnerError {
		e.RequestID = cmp.Or(e.RequestID, inner.RequestID)
		if date, err := time.Parse("2006-01-02T15:04:05", inner.Date); err == nil && e.Date.IsZero() {
			e.Date = date
		}
		if inner.Code != "" {
			e.InnerCodes = append(e.InnerCodes, inner.Code)
		}
	}
	e.unwrapIntune()
}

// unwrapIntune replaces the message by the text nested in it, and moves the ids and permissions in it to their fields.
func (e *Error) unwrapIntune() {
	const maxDepth = 8 // twice has been seen
	for range maxDepth {
		if !strings.HasPrefix(strings.TrimSpace(e.Message), "{") {
			break
		}
		var read intuneMessage
		err := json.Unmarshal([]byte(e.Message), &read)
		if err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) || strings.TrimSpace(read.Message) == "" {
			break
		}
		e.Message = read.Message
		e.CustomPhrase = cmp.Or(read.CustomAPIErrorPhrase, e.CustomPhrase)
		if read.ErrorCode != "" {
			e.InnerCodes = append(e.InnerCodes, read.ErrorCode)
		}
		if wait, ok := wire.RetryAfter(strings.Trim(string(read.RetryAfter), `"`), e.Date); ok {
			e.RetryAfter = wait
		}
	}
	e.Message = e.takeLabelled(e.Message)
	e.RequiredPermissions = permissions(e.Message)
}

// label begins each part that Intune appends to its text.
var label = regexp.MustCompile(`\s+- (Operation ID \(for customer support\)|Activity ID|Url|CustomApiErrorPhrase): `)

// takeLabelled moves the labelled parts of Intune's text to their fields and returns the text before them.
func (e *Error) takeLabelled(text string) string {
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

// permissions returns the permissions that a text says are needed.
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
