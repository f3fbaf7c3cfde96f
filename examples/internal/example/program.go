// Package example is what the example programs share: their exit codes and common flags, the choice between the
// emulator and the real service, and certificates: loaded, made and printed.
package example

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// UsageError is a mistake in how a program was called.
type UsageError struct{ Err error }

// Error says what the mistake is.
func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what found the mistake.
func (e UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Main runs a program until it is done or interrupted, and exits with 0 when done, 1 when refused or failed, with a reason
// of one line on stderr, and 2 on wrong usage.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second interrupt ends a program that cannot be told, because a file never opens
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		os.Exit(exitDone)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if errors.As(err, new(UsageError)) {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}
