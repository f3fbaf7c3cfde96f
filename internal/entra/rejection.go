package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/grapherror"
	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// This file reads responses that are not tokens.

// newError reads a response that is not a token. The body shows no secrets of the request.
func newError(resp *http.Response, body []byte) *Error {
	code, description := oauthError(body)
	if code == "" && resp.StatusCode/100 == 2 {
		description = "the body is not a JSON object" // whatever it says, it may hold a token
		if len(bytes.TrimSpace(body)) == 0 {
			description = "the body is empty"
		}
	}
	e := describedError(code, description)
	e.StatusCode = resp.StatusCode
	e.RetryAfter, _ = wire.RetryAfter(resp.Header.Get("Retry-After"), wire.Date(resp.Header))
	if resp.Request != nil {
		e.Host = resp.Request.URL.Host
	}
	return e
}

// Foreign reads a response to a credential that is not of this package, so that nobody here knows its secrets.
func Foreign(resp *http.Response, body []byte) *Error {
	e := newError(resp, body)
	for _, text := range []*string{&e.Code, &e.Description, &e.TraceID, &e.CorrelationID} {
		*text = maskTokens(*text)
	}
	return e
}

// readRetrieveError reads the error of a token source that uses x/oauth2. It returns any other error as it is.
func readRetrieveError(err error) error {
	rejected, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || rejected.Response == nil {
		return err
	}
	if len(rejected.Body) > 0 {
		return Foreign(rejected.Response, rejected.Body)
	}
	body, _ := json.Marshal(map[string]string{"error": rejected.ErrorCode, "error_description": rejected.ErrorDescription})
	return Foreign(rejected.Response, body)
}

// describedError splits a description by Microsoft Entra ID into its parts.
func describedError(code, description string) *Error {
	description, ids := splitDescription(redact.Text(description))
	e := &Error{Code: redact.Text(code), Description: description, TraceID: ids["Trace ID"], CorrelationID: ids["Correlation ID"]}
	if number := aadsts.FindStringSubmatch(description); number != nil {
		e.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	return e
}

var (
	aadsts        = regexp.MustCompile(`^AADSTS(\d{1,9})\b`)
	descriptionID = regexp.MustCompile(`\s*(Trace ID|Correlation ID|Timestamp): (\S+)`)
)

// splitDescription removes the ids at the end of an error_description.
func splitDescription(text string) (description string, ids map[string]string) {
	ids = make(map[string]string)
	at := descriptionID.FindAllStringSubmatchIndex(text, 3)
	for _, m := range at {
		ids[text[m[2]:m[3]]] = text[m[4]:m[5]]
	}
	if len(at) > 0 {
		text = text[:at[0][0]]
	}
	return strings.TrimSpace(text), ids
}

// oauthError reads what a body says: an error in JSON, or else the first line of text. HTML says nothing.
func oauthError(body []byte) (code, description string) {
	if !isJSONObject(body) {
		line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
		if strings.HasPrefix(line, "<") {
			line = ""
		}
		return "", line
	}
	return grapherror.Foreign(body)
}

func hasCode(body []byte) bool {
	code, _ := oauthError(body)
	return code != ""
}

func isJSONObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && json.Valid(body)
}

// missing is the error of a 2xx without what was requested, with what the response says instead.
func missing(member string, body []byte, secrets []string) error {
	text := "the response has no " + member
	if _, words := oauthError(redact.New(secrets...).Bytes(body)); words != "" {
		text += ": " + redact.Line(maskTokens(words))
	}
	return errors.New(text)
}

// maskTokens hides what could be a token or a secret that nobody here knows: any run of their characters that is longer
// than a GUID.
func maskTokens(text string) string { return token.ReplaceAllString(text, "***") }

var token = regexp.MustCompile(`[\w~.+=%-]{37,}`)
