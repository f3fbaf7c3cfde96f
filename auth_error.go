package intune

// This file has the errors of sign-in.

import (
	"errors"
	"log/slog"
	"time"

	"github.com/seed-230b9595/intune-go/internal/entra"
	"github.com/seed-230b9595/intune-go/internal/redact"
)

// AuthError is a response from the token endpoint, or from an issuer of assertions, that is not a token. The attempt that
// needed the token was not sent to Microsoft Graph. If an earlier attempt of a create may have succeeded, an
// [*OutcomeUnknownError] wraps the AuthError.
//
// These are transient and retried: status 408, 429 and 5xx, the code temporarily_unavailable, AADSTS90024 and
// AADSTS90033, and a 1xx or 2xx whose body is not a JSON object. AADSTS700213, 70021, 700016, 7000215 and 500011 may
// occur for a short time after a credential or an application was created. The client retries them once, after a second.
// All others are final.
type AuthError struct {
	Code        string // OAuth's error code, such as "invalid_client"; "" if the response has none
	Description string // what the response says, without the ids that follow it
	AADSTS      int    // Microsoft Entra ID's own error number, 0 if there is none
	StatusCode  int    // of that response
	Host        string // that sent the response; "" if unknown

	TraceID, CorrelationID string // for Microsoft Support

	RetryAfter time.Duration // how long the endpoint asked to wait; 0 if it did not
}

// Error returns one line that says what was rejected and, if known, what to do.
func (e *AuthError) Error() string { return (*entra.Error)(e).Error() }

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

// signInError returns the public form of an error of internal/entra.
func signInError(err error) error {
	switch e := err.(type) { //nolint:errorlint // entra wraps these in no other error
	case *entra.Error:
		return (*AuthError)(e)
	case *entra.InputError:
		return (*InputError)(e)
	}
	return err
}

// isTransient reports whether another attempt to obtain a token may succeed after this error.
func isTransient(err error) bool {
	if rejected, ok := errors.AsType[*AuthError](err); ok && !errors.As(err, new(*entra.PromptError)) {
		return (*entra.Error)(rejected).IsTransient()
	}
	return entra.IsTransient(err)
}

// signInRetryAfter returns how long a rejection of the sign-in asks to wait, 0 if it does not.
func signInRetryAfter(err error) time.Duration {
	if rejected, ok := errors.AsType[*AuthError](err); ok {
		return rejected.RetryAfter
	}
	return 0
}
