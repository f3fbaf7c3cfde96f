package entra

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/oauth2"

	"github.com/seed-230b9595/intune-go/internal/grapherror"
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

// Error returns one line that says what was rejected and, if that is known, what to do.
func (e *Error) Error() string {
	text := "sign-in rejected"
	if e.IsTransient() {
		text = "sign-in unavailable"
	}
	status := 0
	if e.IsTransient() || e.Code == "" {
		status = e.StatusCode
	}
	source := grapherror.Status(status)
	if source != "" && e.Host != "" {
		source += " from " + redact.Line(e.Host)
	}
	text = grapherror.Joined(text, source, e.reason(status))
	if e.TraceID != "" {
		text += " (trace id " + redact.Line(e.TraceID) + ")"
	}
	return text
}

// reason returns the words of the response beside its status, and what to do.
func (e *Error) reason(status int) string {
	code, description := redact.Line(e.Code), redact.Line(e.Description)
	if e.AADSTS != 0 && description != "" { // it begins with the number
		code = ""
	}
	words := grapherror.Words(status, code, description)
	if words == "" || advice[e.AADSTS] == "" {
		return words + advice[e.AADSTS]
	}
	return strings.TrimSuffix(words, ".") + "; " + advice[e.AADSTS]
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

// passesByItself reports whether a rejection is known to occur although everything is right: a federated credential, a secret
// or an application has not spread to all of Microsoft Entra ID's servers yet.
func (e *Error) passesByItself() bool {
	switch e.AADSTS {
	case 70021, 500011, 700016, 700213, 7000215:
		return !e.IsTransient() // that has a wait of its own
	}
	return false
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

// hide removes secrets from an error: those of net/http may quote a part of the response.
func hide(err error, secrets []string) error {
	if text := redact.Text(redact.Secrets(err.Error(), secrets...)); text != err.Error() {
		return &textError{text, IsTransient(err)}
	}
	return err
}

// textError is what is left of an error that held a secret or was not safe for a terminal. It also stands for the context error
// of a credential whose caller's context has not ended, so that nobody mistakes it for the end of the caller's context.
type textError struct {
	text        string
	isTransient bool
}

func (e *textError) Error() string { return e.text }

// PromptError is an error of the caller's own function that prompts a person. It is final, because another attempt would
// prompt again.
type PromptError struct{ err error }

// Error implements error.
func (e *PromptError) Error() string { return "prompt: " + e.err.Error() }

// Unwrap returns the error of the caller's function.
func (e *PromptError) Unwrap() error { return e.err }

// IsTransient reports whether another attempt to obtain a token may succeed after this error.
func IsTransient(err error) bool {
	if errors.As(err, new(*PromptError)) {
		return false
	}
	if rejected, ok := errors.AsType[*Error](err); ok {
		return rejected.IsTransient()
	}
	if text, ok := errors.AsType[*textError](err); ok {
		return text.isTransient
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) || wire.IsFinal(err) {
		return false
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
		return nil, &textError{err.Error(), true}
	case err != nil:
		return nil, readRetrieveError(err)
	case token == nil || token.AccessToken == "":
		return nil, errors.New("the credential returned an empty token")
	case !token.Expiry.IsZero() && !time.Now().Before(token.Expiry):
		return nil, fmt.Errorf("the credential returned a token that expired on %s", formatTime(token.Expiry))
	case strings.ContainsFunc(token.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("the credential returned a token with invalid characters")
	}
	return token, nil
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
