package intune

import (
	"crypto/tls"
	"errors"
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

// authError makes an *AuthError of a refusal by x/oauth2. Its own error holds the whole answer, in which a hostile
// endpoint could echo the secrets that were sent to it; those of net/http and encoding/json may quote a part of it.
func authError(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		if text := mask(err.Error(), secrets...); text != err.Error() {
			return &maskedError{text, isTransient(err)}
		}
		return err
	}
	description, ids := splitDescription(mask(refused.ErrorDescription, secrets...))
	e := &AuthError{
		Code:          mask(refused.ErrorCode, secrets...),
		Description:   description,
		TraceID:       ids["Trace ID"],
		CorrelationID: ids["Correlation ID"],
	}
	if number := aadsts.FindStringSubmatch(description); number != nil {
		e.AADSTS, _ = strconv.Atoi(number[1]) // at most nine digits
	}
	if refused.Response != nil {
		e.StatusCode = refused.Response.StatusCode
		e.RetryAfter, _ = retryAfter(refused.Response.Header.Get("Retry-After"), headerDate(refused.Response.Header))
	}
	return e
}

// maskedError stands for an error whose text held a secret.
type maskedError struct {
	text    string
	passing bool
}

func (e *maskedError) Error() string { return e.text }

var (
	aadsts        = regexp.MustCompile(`^AADSTS(\d{1,9})\b`)
	descriptionID = regexp.MustCompile(`\s*(Trace ID|Correlation ID|Timestamp): (\S+)`)
)

// splitDescription takes the ids off the end of an error_description.
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

func mask(text string, secrets ...string) string { return redact.Secrets(text, secrets...) }

func isUnknownAuthority(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError))
}

func signInRetryAfter(err error) time.Duration {
	var throttled *AuthError
	if errors.As(err, &throttled) {
		return throttled.RetryAfter
	}
	return 0
}

// isTransient tells a failure to obtain a token that may pass by itself from a final one.
func isTransient(err error) bool {
	var refused *AuthError
	if errors.As(err, &refused) {
		return refused.StatusCode == http.StatusTooManyRequests || refused.StatusCode >= http.StatusInternalServerError
	}
	if masked := (*maskedError)(nil); errors.As(err, &masked) {
		return masked.passing
	}
	if errors.As(err, new(*tls.CertificateVerificationError)) {
		return false
	}
	var network net.Error
	if !errors.As(err, &network) {
		return errors.As(err, new(*url.Error))
	}
	_, isOfFile := network.(syscall.Errno) // those of the network have a net.OpError around them
	return !isOfFile
}
