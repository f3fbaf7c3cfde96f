package main

// This file maps errors to exit codes, kinds, and the next step.

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
	"slices"
	"strings"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/codesign"
	"github.com/seed-230b9595/intune-go/internal/entra"
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

// usageError is a mistake in the command line.
type usageError struct {
	err  error
	next string // "" if the message says it
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{err: fmt.Errorf(format, args...)} }

const seeHelp = "Run the command with --help."

// errExpires ends "expiring" with its exit code. The output has said everything.
var errExpires = errors.New("a certificate expires, or none is deployed")

// advisedError is an error whose next step is known where it arises.
type advisedError struct {
	err  error
	text string // instead of err's, unless it is ""
	next string
}

func (e *advisedError) Error() string { return cmp.Or(e.text, e.err.Error()) }
func (e *advisedError) Unwrap() error { return e.err }

// failure is an error as the output shows it.
type failure struct {
	Kind     string `json:"kind"`
	Message  string `json:"message"`
	NextStep string `json:"nextStep,omitempty"`

	next string // NextStep with its command lines on lines of their own
	code int
}

// explain says what an error is, and what to do.
func (a *app) explain(ctx context.Context, err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Message: console.Clean(withDates(describe(err)))}
	f.Kind, f.code, f.next = a.classify(ctx, err)
	var advised *advisedError
	var partly *partlyError
	switch {
	case errors.As(err, &partly):
		f.next = "Look at the error of each."
		if steps := slices.Compact(a.stepsOf(ctx, partly)); len(steps) == 1 {
			f.next = steps[0]
		}
	case errors.As(err, &advised):
		f.next = cmp.Or(advised.next, f.next)
	}
	f.NextStep = strings.TrimSpace(console.Clean(f.next))
	return f
}

// classify returns kind, exit code and next step. The order matters: an outcome that is unknown has a cause.
func (a *app) classify(ctx context.Context, err error) (kind string, code int, next string) {
	var input *intune.InputError
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return "usage", exitUsage, usage.next
	case errors.As(err, &input) && input.Name == "thumbprint":
		return "usage", exitUsage, ""
	case errors.As(err, &input) && input.Name == "id":
		return "usage", exitUsage, "To see the ids, run" + onItsLine(a.commandLine("list"))
	case errors.As(err, new(*intune.OutcomeUnknownError)):
		return "outcomeUnknown", exitUnknown, "Run the same command again in a few minutes: it uploads the certificate only if it is not in the tenant."
	case ctx.Err() != nil, errors.Is(err, console.ErrNoAnswer):
		return "interrupted", exitInterrupted, "Run the same command again to continue."
	case errors.Is(err, intune.ErrNotProvisioned):
		return "notProvisioned", exitNotProvisioned, "Run the same command again later."
	case errors.Is(err, intune.ErrNotLatest):
		return "notLatest", exitNotLatest, ""
	case errors.Is(err, intune.ErrOtherSubject):
		return "otherSubject", exitNotLatest, ""
	}
	return kindOf(err), exitFailed, a.nextStep(err)
}

func kindOf(err error) string {
	switch {
	case errors.As(err, new(*intune.DuplicateError)):
		return "duplicate"
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		return "ambiguousMatch"
	case isSignIn(err):
		return "signIn"
	case isUnlicensed(err):
		return "license"
	case errors.Is(err, intune.ErrForbidden):
		return "forbidden"
	case errors.Is(err, intune.ErrNotFound):
		return "notFound"
	case errors.Is(err, codesign.ErrIncorrectPassword):
		return "incorrectPassword"
	}
	return "failed"
}

func isSignIn(err error) bool {
	return isOfEnvironment(err) || errors.As(err, new(*intune.AuthError)) || errors.As(err, new(*signInError))
}

// isOfEnvironment reports whether the variables of a sign-in are missing or wrong.
func isOfEnvironment(err error) bool {
	var input *intune.InputError
	return errors.Is(err, intune.ErrCredentialUnavailable) || errors.As(err, &input) && (input.Name == "environment" || strings.HasPrefix(input.Name, "AZURE_"))
}

// isUnlicensed reports whether the tenant has no Intune license. The service has no code for it.
func isUnlicensed(err error) bool {
	var rejection *intune.APIError
	return errors.As(err, &rejection) && strings.Contains(strings.ToLower(rejection.Message), "not applicable to target tenant")
}

// nextStep says what to do about an error. "" if nobody knows.
func (a *app) nextStep(err error) string {
	var duplicate *intune.DuplicateError
	var input *intune.InputError
	switch {
	case errors.As(err, &duplicate):
		return "Delete the other records:" + onItsLine(a.commandLine("delete", duplicate.OtherIDs...))
	case errors.As(err, new(*intune.AmbiguousMatchError)):
		return "Compare the records with" + onItsLine(a.commandLine("get", "ID")) + "and delete those that you don't need with" + onItsLine(a.commandLine("delete", "ID"))
	case errors.As(err, new(*codesign.AmbiguousError)):
		return "Choose one with --thumbprint."
	case isOfEnvironment(err) && errors.Is(err, codesign.ErrIncorrectPassword):
		return "Put the password of the file into AZURE_CLIENT_CERTIFICATE_PASSWORD."
	case isOfEnvironment(err) && errors.As(err, &input) && strings.HasPrefix(input.Name, "AZURE_CLIENT_CERTIFICATE_PATH"):
		return "Set AZURE_CLIENT_CERTIFICATE_PATH to a .pem or .pfx file with the certificate and its private key."
	case isOfEnvironment(err):
		return `Set the environment variables of this sign-in, or choose another one with --auth. To see them, run` + onItsLine("intune-cert help signin")
	case errors.As(err, new(*signInError)) && a.flags.auth.value == "cli":
		return "Install the Azure CLI and run" + onItsLine("az login")
	case errors.Is(err, fs.ErrNotExist):
		return "Check the name of the file."
	}
	return cmp.Or(a.nextStepOfSignIn(err), a.nextStepOfService(err), a.nextStepOfNetwork(err))
}

func (a *app) nextStepOfSignIn(err error) string {
	const tenantNotFound, wrongScope = 90002, 70011
	var rejection *intune.AuthError
	switch {
	case !errors.As(err, &rejection):
		return ""
	case (*entra.Error)(rejection).IsTransient():
		return "Microsoft Entra ID is busy: try again later."
	case rejection.AADSTS == tenantNotFound, rejection.AADSTS == wrongScope:
		return "Check AZURE_TENANT_ID, and set --cloud if the tenant is in a national cloud."
	}
	if a.cmd.Name() == "check" {
		return "Fix the problem in the message, then run the same command again."
	}
	return "Fix the problem in the message, then run" + onItsLine(a.commandLine("check"))
}

func (a *app) nextStepOfService(err error) string {
	const support = "If this continues, give the ids in this message to Microsoft Support."
	var rejection *intune.APIError
	switch {
	case errors.Is(err, intune.ErrForbidden) && a.flags.auth.value == "cli":
		return "The Azure CLI asks for a fixed set of permissions, without DeviceManagementApps.ReadWrite.All. Sign in with an application of " +
			`your own: --auth device or browser with AZURE_CLIENT_ID, or --auth env. If "az login" signed in a service principal, grant the permission to it.`
	case isUnlicensed(err):
		return "Assign an Intune license in the tenant, and try again in a few minutes."
	case errors.Is(err, intune.ErrForbidden):
		return "In Microsoft Entra ID, grant DeviceManagementApps.ReadWrite.All to the application and give admin consent."
	case errors.Is(err, intune.ErrUnauthorized):
		return "The service rejects the token: set --cloud to the cloud of the tenant."
	case errors.Is(err, intune.ErrNotFound):
		return "To see which certificates there are, run" + onItsLine(a.commandLine("list"))
	case errors.Is(err, intune.ErrThrottled), errors.As(err, &rejection) && rejection.StatusCode >= http.StatusInternalServerError:
		return "The service is busy or has a fault: run the same command again later. " + support
	case errors.As(err, new(*intune.ResponseError)):
		return "Check whether a proxy changes responses. " + support
	}
	return ""
}

func (a *app) nextStepOfNetwork(err error) string {
	var network *net.OpError
	switch {
	case isUnknownAuthority(err):
		return "Trust the certificate authority of the server or proxy with --ca FILE."
	case errors.As(err, &network) && network.Op == "dial" && a.flags.emulator != "":
		return "Is the emulator running at " + a.flags.emulator + "? To start one, run" + onItsLine("intune-cert emulator")
	case errors.As(err, new(*url.Error)), network != nil:
		return "Check the network, and the environment variable HTTPS_PROXY if there is a proxy."
	}
	return ""
}

func isUnknownAuthority(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.SystemRootsError))
}

// finish shows the result and the error of a command, and returns the exit code.
func (a *app) finish(ctx context.Context, err error) int {
	code := exitDone
	if errors.Is(err, errExpires) {
		err, code = nil, exitExpiring
	}
	a.Progress.Stop()
	f := a.explain(ctx, err)
	if problem := cmp.Or(a.show(a.result, f), a.Out.Err()); problem != nil && (f == nil || errors.Is(err, problem)) {
		f = a.explain(ctx, fmt.Errorf("the output cannot be written: %w", problem))
	}
	if f == nil {
		return code
	}
	var partly *partlyError
	if errors.As(err, &partly) {
		a.reportEach(ctx, partly)
	} else {
		a.report(f.Message, f.next)
	}
	return f.code
}

// report writes an error and the next step to standard error.
func (a *app) report(message, next string) {
	if message != "" {
		a.Err.Paragraph(console.Red, "intune-cert:", message)
	}
	for i, part := range strings.Split(next, "\n") {
		switch {
		case part == "":
		case i == 0:
			a.Err.Paragraph(console.Bold, "Next:", part)
		case i%2 == 1: // a command line
			a.Err.Printf("%s\n", part)
		default:
			a.Err.Paragraph(console.Plain, "", part)
		}
	}
}
