// Package exchange holds what the emulated services share: the identifiers of a request, and a response before it is
// sent.
package exchange

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed-230b9595/intune-go/internal/guid"
)

// IDs identify a request in its response and in error messages.
type IDs struct{ Request, Client string }

// NewIDs returns a new request id, and the client's own id. If the client has sent none, both are the same, as on
// Microsoft Graph.
func NewIDs(header http.Header) IDs {
	id := guid.New()
	return IDs{Request: id, Client: cmp.Or(header.Get("client-request-id"), id)}
}

// Token is what an access token stands for.
type Token struct {
	Resource    string
	Permissions []string
	Claims      string // that it was asked for with, a JSON object or ""
	Expires     time.Time
	Person      *Person // who has signed in, nil for the application itself
}

// Who names the user, or the application if there is none.
func (t Token) Who() string {
	if t.Person == nil {
		return "application"
	}
	return t.Person.UserName
}

// Person is a user of the tenant.
type Person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	UserName string `json:"userName"`
}

// Bearer returns the access token of a request, "" if it has none.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// Origin returns the scheme and the host of the server, as the client reaches it.
func Origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Response is what a request will get.
type Response struct {
	Status      int
	Header      http.Header
	ContentType string
	Body        []byte
}

// SetHeader sets a header of the response.
func (r *Response) SetHeader(name, value string) {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Set(name, value)
}

// JSON returns a response whose body is value.
func JSON(status int, value any) *Response {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("intunetest: %v", err)) // everything here is made of texts, numbers and times
	}
	return &Response{Status: status, ContentType: "application/json; charset=utf-8", Body: bytes.TrimSuffix(body.Bytes(), []byte("\n"))}
}

// CheckJSON returns an error for what is not JSON in UTF-8.
func CheckJSON(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("the JSON is not in UTF-8")
	}
	return json.Unmarshal(body, new(json.RawMessage))
}

// IsMediaType reports whether the Content-Type is want, whatever its parameters.
func IsMediaType(header http.Header, want string) bool {
	got, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && got == want
}

// Accepts reports whether a header such as Accept has one of the names, and not with q=0, and returns its parameters: RFC
// 9110, section 12.5.
func Accepts(header http.Header, field string, names ...string) (parameters map[string]string, accepts bool) {
	for accepted := range strings.SplitSeq(strings.Join(header.Values(field), ","), ",") {
		name, parameters, err := mime.ParseMediaType(accepted)
		quality, noQuality := strconv.ParseFloat(parameters["q"], 64)
		if err == nil && slices.Contains(names, name) && (noQuality != nil || quality > 0) {
			return parameters, true
		}
	}
	return nil, false
}

// NotFoundError says that the tenant has nothing of the name that a test gives.
type NotFoundError string

func (e NotFoundError) Error() string { return string(e) }
