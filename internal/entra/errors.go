package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/redact"
	"github.com/seed-230b9595/intune-go/internal/wire"
)

// This file has the errors of sign-in: what to do about them, and whether another attempt may succeed.

// Error is a response that is not a token. It has the fields of intune.AuthError, so that one converts to the other.
type Error struct {
	Code        string
	Description string
	AADSTS      int
	StatusCode  int
	Host        string

	TraceID, CorrelationID string

	RetryAfter time.Duration
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
func (e *Error) Error() string {
	text := "sign-in rejected: "
	if e.IsTransient() {
		text = "sign-in unavailable: "
	}
	reason := e.reason()
	if (e.IsTransient() || e.Code == "") && e.StatusCode != 0 {
		source := strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode))
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

func (e *Error) reason() string {
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
func (e *Error) cause() string {
	_, cause, found := strings.Cut(e.Description, "[Reason - ")
	if !found {
		return ""
	}
	cause, _, _ = strings.Cut(cause, "]")
	return " (" + redact.Line(cause) + ")"
}

// IsTransient reports whether another attempt may succeed.
func (e *Error) IsTransient() bool {
	switch {
	case e.Code == "temporarily_unavailable", e.AADSTS == 90024, e.AADSTS == 90033,
		e.StatusCode == http.StatusRequestTimeout, e.StatusCode == http.StatusTooManyRequests,
		e.StatusCode >= http.StatusInternalServerError:
		return true
	}
	return e.Code == "" && e.StatusCode >= http.StatusContinue && e.StatusCode < http.StatusMultipleChoices
}

// needsPrompt reports whether the person must sign in again.
// See https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors.
func (e *Error) needsPrompt() bool {
	switch e.Code {
	case "invalid_grant", "interaction_required", "consent_required", "login_required":
		return true
	}
	return false
}

// hide removes secrets from an error: those of net/http and encoding/json may quote a part of the response.
func hide(err error, secrets ...string) error {
	if text := redact.Secrets(err.Error(), secrets...); text != err.Error() {
		return &hiddenError{text, IsTransient(err)}
	}
	return err
}

// hiddenError stands for an error whose text contained a secret.
type hiddenError struct {
	text        string
	isTransient bool
}

func (e *hiddenError) Error() string { return e.text }

// PromptError is an error of the caller's own function that prompts a person. It is final, because another attempt would
// prompt again.
type PromptError struct{ err error }

// Error implements error.
func (e *PromptError) Error() string { return "prompt: " + e.err.Error() }

// Unwrap returns the error of the caller's function.
func (e *PromptError) Unwrap() error { return e.err }

// foreignContextError stands for the context error of a credential whose caller's context has not ended. It does not
// wrap it, so that nobody mistakes it for the end of the caller's context.
type foreignContextError struct{ text string }

func (e *foreignContextError) Error() string { return e.text }

// IsTransient reports whether another attempt to obtain a token may succeed after this error.
func IsTransient(err error) bool {
	if errors.As(err, new(*PromptError)) {
		return false
	}
	if rejected, ok := errors.AsType[*Error](err); ok {
		return rejected.IsTransient()
	}
	if hidden, ok := errors.AsType[*hiddenError](err); ok {
		return hidden.isTransient
	}
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), wire.IsUnknownAuthority(err):
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

// Checked checks what a credential of any kind has returned: a token that can be sent, or an error.
func Checked(ctx context.Context, token *oauth2.Token, err error) (*oauth2.Token, error) {
	switch {
	case err != nil && ctx.Err() == nil && isContextError(err) && !errors.As(err, new(*PromptError)):
		return nil, &foreignContextError{err.Error()}
	case err != nil:
		if rejected, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			return nil, retrieveError(rejected)
		}
		return nil, err
	case token == nil || token.AccessToken == "":
		return nil, errors.New("the credential returned an empty token")
	case !token.Expiry.IsZero() && !time.Now().Before(token.Expiry):
		return nil, fmt.Errorf("the credential returned a token that expired on %s", formatTime(token.Expiry))
	case strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("the credential returned a token with characters that no token has")
	}
	return token, nil
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
