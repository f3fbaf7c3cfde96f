package intune

// This file has the errors of sign-in: what a token endpoint or an issuer of assertions said, what to do about it, and
// whether another attempt may succeed.

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

// AuthError is a response of the token endpoint, or of an issuer of assertions, that is not a token. These are transient,
// and retried: status 408, 429 and 5xx, the code temporarily_unavailable, AADSTS90024 and AADSTS90033, and a 1xx or 2xx
// whose body is not a JSON object. Others are final.
type AuthError struct {
	Code        string // OAuth's error code, such as "invalid_client"; "" if the response has none
	Description string // what the response says, without the ids that follow it
	AADSTS      int    // Microsoft Entra ID's own error number, 0 if there is none
	StatusCode  int
	Host        string // that sent the response; "" if it is not known

	TraceID, CorrelationID string // for Microsoft's support

	RetryAfter time.Duration // how long the endpoint asked to wait; 0 if it did not
}

// hints say what to do about the most common errors, by AADSTS number.
// See https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
var hints = map[int]string{
	50011:   "the redirect URI is not registered: add http://localhost as a mobile and desktop application",
	50076:   "conditional access requires a second factor: sign in as a person, or as an application",
	53003:   "conditional access blocks this sign-in: ask an administrator",
	65001:   "there is no consent: have an administrator grant the application its permissions",
	65004:   "the person declined",
	70011:   "the scope does not match the cloud: check WithCloud",
	90002:   "there is no such tenant: check the tenant id, and WithCloud for a national cloud",
	500200:  "personal Microsoft accounts are not supported: sign in with a work or school account",
	700016:  "the tenant has no application with this client id: check both ids",
	700024:  "the assertion has expired or is not valid yet: check the clock of this machine, and that the issuer makes new ones",
	700211:  "the application trusts no federated credential of this issuer: compare it with the assertion's iss",
	700212:  "the federated credential has another audience: compare it with the assertion's aud",
	700213:  "the federated credential has another subject: compare it with the assertion's sub",
	700027:  "the certificate is not registered with the application, or counts as expired: register it there, and check the clock of this machine",
	7000112: "the application is disabled in the tenant: have an administrator enable it",
	7000215: "use the secret's value, not its id, or make a new secret; a new one may take a moment to work everywhere",
	7000218: "no secret or assertion was sent: the application is confidential",
	7000222: "the secret has expired: make a new one",
}

// Error returns one line that says what was rejected and, if that is known, what to do.
func (e *AuthError) Error() string {
	text := "sign-in rejected: "
	if e.isTransient() {
		text = "sign-in unavailable: "
	}
	reason := e.reason()
	if (e.isTransient() || e.Code == "") && e.StatusCode != 0 {
		source := status(e.StatusCode)
		if e.Host != "" {
			source += " from " + redact.Line(e.Host)
		}
		reason = strings.TrimSuffix(source+": "+reason, ": ")
	}
	if e.TraceID != "" {
		reason += " (trace id " + redact.Line(e.TraceID) + ")"
	}
	return text + reason
}

func (e *AuthError) reason() string {
	switch hint := hints[e.AADSTS]; {
	case hint != "":
		return fmt.Sprintf("AADSTS%d: %s%s", e.AADSTS, hint, e.cause())
	case e.Code == "", e.AADSTS != 0: // the description begins with the number
		return redact.Line(e.Description)
	case e.Description == "":
		return redact.Line(e.Code)
	}
	return redact.Line(e.Code) + ": " + redact.Line(e.Description)
}

// cause returns the reason that Microsoft Entra ID puts into brackets in its description.
func (e *AuthError) cause() string {
	_, cause, found := strings.Cut(e.Description, "[Reason - ")
	if !found {
		return ""
	}
	cause, _, _ = strings.Cut(cause, "]")
	return " (" + redact.Line(cause) + ")"
}

// isTransient reports whether another attempt may succeed.
func (e *AuthError) isTransient() bool {
	switch {
	case e.Code == "temporarily_unavailable", e.AADSTS == 90024, e.AADSTS == 90033,
		e.StatusCode == http.StatusRequestTimeout, e.StatusCode == http.StatusTooManyRequests,
		e.StatusCode >= http.StatusInternalServerError:
		return true
	}
	return e.Code == "" && e.StatusCode >= http.StatusContinue && e.StatusCode < http.StatusMultipleChoices
}

// LogValue implements slog.LogValuer.
func (e *AuthError) LogValue() slog.Value {
	return slog.GroupValue(present(
		slog.String("code", e.Code),
		slog.Int("aadsts", e.AADSTS),
		slog.String("description", redact.Line(e.Description)),
		slog.Int("status", e.StatusCode),
		slog.String("host", e.Host),
		slog.String("traceId", e.TraceID),
		slog.String("correlationId", e.CorrelationID),
	)...)
}

// newAuthError reads a response that is not a token. A hostile one could echo the secrets that were sent to it.
func newAuthError(resp *http.Response, body []byte, secrets ...string) *AuthError {
	code, description := oauthError(body)
	if code == "" && resp.StatusCode >= http.StatusOK && resp.StatusCode < http.StatusMultipleChoices {
		description = bodyProblem(body) // whatever it says, it may hold a token
	}
	e := describedError(code, description, secrets...)
	e.StatusCode = resp.StatusCode
	e.RetryAfter, _ = retryAfter(resp.Header.Get("Retry-After"), headerDate(resp.Header))
	if resp.Request != nil {
		e.Host = resp.Request.URL.Host
	}
	return e
}

// describedError splits a description by Microsoft Entra ID into its parts.
func describedError(code, description string, secrets ...string) *AuthError {
	description, ids := splitDescription(redact.Secrets(description, secrets...))
	e := &AuthError{
		Code: redact.Secrets(code, secrets...), Description: description,
		TraceID: ids["Trace ID"], CorrelationID: ids["Correlation ID"],
	}
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

// oauthError reads what a body says: OAuth's error and error_description, a message as GitHub and Azure DevOps write it,
// problem details (RFC 9457), or else the first line of text. HTML says nothing.
func oauthError(body []byte) (code, description string) {
	if !isJSONObject(body) {
		line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
		if strings.HasPrefix(line, "<") {
			line = ""
		}
		return "", line
	}
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
	problem := strings.TrimSuffix(object.Title+": "+object.Detail, ": ")
	return code, cmp.Or(object.Description, message, strings.TrimPrefix(problem, ": "))
}

func isJSONObject(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && json.Valid(body)
}

// bodyProblem says what is wrong with the body of a 2xx.
func bodyProblem(body []byte) string {
	if len(bytes.TrimSpace(body)) == 0 {
		return "the body is empty"
	}
	return "the body is not a JSON object"
}

// authError turns an error of x/oauth2 into an *AuthError, and removes secrets from any other error: those of net/http
// and encoding/json may quote a part of the response.
func authError(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[*AuthError](err); ok {
		if errors.As(err, new(*url.Error)) { // from httpClient, with words of net/http around it
			return own
		}
		return err
	}
	if rejected, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return retrieveError(rejected, secrets...)
	}
	if text := redact.Secrets(err.Error(), secrets...); text != err.Error() {
		return &redactedError{text, isTransient(err)}
	}
	return err
}

func retrieveError(rejected *oauth2.RetrieveError, secrets ...string) *AuthError {
	e := describedError(rejected.ErrorCode, rejected.ErrorDescription, secrets...)
	if rejected.Response != nil {
		whole := newAuthError(rejected.Response, rejected.Body, secrets...)
		e.StatusCode, e.Host, e.RetryAfter = whole.StatusCode, whole.Host, whole.RetryAfter
		if rejected.ErrorCode == "" {
			e.Code, e.Description = whole.Code, whole.Description
		}
	}
	return e
}

// redactedError stands for an error whose text contained a secret.
type redactedError struct {
	text      string
	transient bool
}

func (e *redactedError) Error() string { return e.text }

// foreignContextError stands for the context error of a credential whose caller's context has not ended. It does not
// wrap it, so that nobody mistakes it for the end of the caller's context.
type foreignContextError struct{ text string }

func (e *foreignContextError) Error() string { return e.text }

// promptError is an error of the caller's own function that prompts a person. It is final, because another attempt
// would prompt again.
type promptError struct{ err error }

func (e *promptError) Error() string { return "prompt: " + e.err.Error() }
func (e *promptError) Unwrap() error { return e.err }

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isTransient reports whether another attempt to obtain a token may succeed after this error.
func isTransient(err error) bool {
	if errors.As(err, new(*promptError)) {
		return false
	}
	if rejected, ok := errors.AsType[*AuthError](err); ok {
		return rejected.isTransient()
	}
	if redacted, ok := errors.AsType[*redactedError](err); ok {
		return redacted.transient
	}
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), isUnknownAuthority(err):
		return false
	case errors.As(err, new(*foreignContextError)):
		return true
	}
	network, ok := errors.AsType[net.Error](err)
	if !ok {
		return errors.As(err, new(*url.Error))
	}
	_, isOfFile := network.(syscall.Errno) // a network error has a net.OpError around it
	return !isOfFile
}

// isUnknownAuthority reports whether the machine does not know the authority of a server's certificate. No other attempt
// can succeed then.
func isUnknownAuthority(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.SystemRootsError))
}

// explainUnknownAuthority adds to an error for which isUnknownAuthority holds what to do about it.
func explainUnknownAuthority(err error) error {
	return fmt.Errorf("%w: for a private authority, use WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it", err)
}

// signInRetryAfter returns how long a rejection of the sign-in asks to wait, 0 if it does not.
func signInRetryAfter(err error) time.Duration {
	if rejected, ok := errors.AsType[*AuthError](err); ok {
		return rejected.RetryAfter
	}
	return 0
}
