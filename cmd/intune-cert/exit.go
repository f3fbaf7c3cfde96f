package main

// This file maps errors to exit codes, and to the next step that a message names.

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/codesign"
)

// The exit codes. Scripts depend on them.
const (
	exitDone           = 0
	exitFailed         = 1
	exitUsage          = 2
	exitExpiring       = 3
	exitUnknown        = 4
	exitNotProvisioned = 5
	exitNotLatest      = 6
	exitInterrupted    = 130
)

const exitCodeHelp = `    0  done
    1  failed, or a part of it; a file that cannot be used
    2  wrong usage: a mistake in the command line or in an INTUNE_CERT_* variable
    3  a certificate expires (only "expiring")
    4  an upload may have taken place; its outcome is unknown
    5  the new certificate is not provisioned yet, or not for as long as --overlap asks
    6  the certificate is not the latest: another one was uploaded later, or expires later
  130  interrupted, with no upload under way`

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// exitError ends the program with an exit code. The output has said everything.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// advisedError is an error whose next step is known where it arises.
type advisedError struct {
	err  error
	text string // in place of err's, unless it is ""
	next string
}

func (e *advisedError) Error() string { return cmp.Or(e.text, e.err.Error()) }
func (e *advisedError) Unwrap() error { return e.err }

// adviceOf returns the next step that is known where an error arose, "" if none is.
func adviceOf(err error) string {
	if advised := (*advisedError)(nil); errors.As(err, &advised) {
		return advised.next
	}
	return ""
}

// failure is an error as the output shows it.
type failure struct {
	Kind     string `json:"kind"`
	Message  string `json:"message"`
	NextStep string `json:"nextStep,omitempty"`
	code     int
}

// explain says what an error is, and what to do. The order matters: an outcome that is unknown has a cause.
func explain(ctx context.Context, err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Kind: "failed", Message: messageOf(err), code: exitFailed}
	set := func(kind string, code int, next string) { f.Kind, f.code, f.NextStep = kind, code, next }
	var exit *exitError
	var input *intune.InputError
	switch {
	case errors.As(err, &exit):
		f.code = exit.code
	case errors.As(err, new(*usageError)):
		set("usage", exitUsage, "Run the command with --help.")
	case errors.As(err, &input) && input.Name == "id":
		set("usage", exitUsage, `Run "intune-cert list" to see the ids.`)
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		set("outcomeUnknown", exitUnknown,
			"Run the same command again in a few minutes: it uploads the certificate only if it is not in the tenant.")
	case ctx.Err() != nil, errors.Is(err, errNoAnswer):
		set("interrupted", exitInterrupted, "Run the same command again to go on.")
	case errors.Is(err, intune.ErrNotProvisioned):
		set("notProvisioned", exitNotProvisioned, "Run the same command again later.")
	case errors.Is(err, intune.ErrNotLatest), errors.Is(err, intune.ErrOtherSubject):
		set("notLatest", exitNotLatest, `Run "intune-cert list" to see which certificate Intune deploys.`)
	default:
		f.Kind, f.NextStep = kindOf(err), nextStep(err)
	}
	f.NextStep = plain(cmp.Or(adviceOf(err), f.NextStep))
	return f
}

// messageOf is the text of an error in the terms of this tool: its flags instead of Go names.
func messageOf(err error) string {
	return plain(strings.NewReplacer(
		"WithExpiredAllowed", "--allow-expired",
		"WithCloud", "--cloud",
		"WithHTTPClient with a transport whose TLSClientConfig.RootCAs contains it", "--ca",
		"intunetest: ", "",
		": EOF", ": the connection was lost",
		"unexpected EOF", "the connection was lost",
		"context canceled", "interrupted",
		", so nothing was deleted: run it again later", ", so nothing was deleted", // the next step says when
	).Replace(err.Error()))
}

func kindOf(err error) string {
	switch {
	case errors.As(err, new(*intune.DuplicateError)):
		return "duplicate"
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		return "ambiguousMatch"
	case errors.As(err, new(*intune.AuthError)), errors.Is(err, intune.ErrCredentialUnavailable):
		return "signIn"
	case errors.Is(err, intune.ErrForbidden):
		return "forbidden"
	case errors.Is(err, intune.ErrNotFound):
		return "notFound"
	case errors.Is(err, codesign.ErrIncorrectPassword):
		return "incorrectPassword"
	}
	return "failed"
}

// nextStep says what to do about an error. "" if nobody knows.
func nextStep(err error) string {
	var duplicate *intune.DuplicateError
	var inFile *codesign.AmbiguousError
	var authority x509.UnknownAuthorityError
	var input *intune.InputError
	var rejection *intune.APIError
	switch {
	case errors.As(err, &duplicate):
		return "Delete the other records: intune-cert delete " + strings.Join(duplicate.OtherIDs, " ")
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		return `Compare the records with "intune-cert get ID", delete those that are not wanted with "intune-cert delete ID", and try again.`
	case errors.As(err, &inFile):
		return "Choose one with --thumbprint."
	case errors.Is(err, intune.ErrCredentialUnavailable), errors.As(err, &input) && input.Name == "environment":
		return "Set the environment variables of this sign-in, or choose another one with --auth. intune-cert --help lists them."
	case errors.As(err, new(*intune.AuthError)):
		return `Correct what the message names, then run "intune-cert check".`
	case errors.Is(err, intune.ErrForbidden):
		return permissionAdvice
	case errors.As(err, &authority):
		return "Trust the certificate authority of the server or proxy with --ca FILE."
	case errors.Is(err, intune.ErrNotFound):
		return `Run "intune-cert list" to see which certificates there are.`
	case errors.Is(err, fs.ErrNotExist):
		return "Check the name of the file."
	case errors.Is(err, intune.ErrThrottled), errors.As(err, &rejection) && rejection.StatusCode >= http.StatusInternalServerError:
		return "The service is busy or has a fault: run the same command again later. " + supportAdvice
	case errors.As(err, new(*intune.ResponseError)):
		return "Check whether a proxy changes responses. " + supportAdvice
	case errors.As(err, new(*url.Error)), errors.As(err, new(*net.OpError)):
		return "Check the network, and the environment variable HTTPS_PROXY if there is a proxy."
	}
	return ""
}

const supportAdvice = "If it stays, give the ids in this message to Microsoft's support."

const permissionAdvice = "In Microsoft Entra ID, grant DeviceManagementApps.ReadWrite.All to the application and give admin consent."

// finish reports the error of a command and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	if err != nil && a.isJSON() && !a.hasShown {
		a.showJSON(&outcome{explain(ctx, err)})
	}
	hasSaidAll := err == nil || errors.As(err, new(*exitError))
	if a.out.err != nil && (hasSaidAll || errors.Is(err, a.out.err)) {
		err, hasSaidAll = fmt.Errorf("the output cannot be written: %w", a.out.err), false
	}
	if err == nil {
		return exitDone
	}
	f := explain(ctx, err)
	if !hasSaidAll {
		a.report(f)
	}
	return f.code
}

// report writes an error to standard error.
func (a *app) report(f *failure) {
	write(a.err, "%s %s\n", a.errStyle.red("intune-cert:"), f.Message)
	if f.NextStep != "" {
		write(a.err, "%s %s\n", a.errStyle.bold("Next:"), f.NextStep)
	}
}
