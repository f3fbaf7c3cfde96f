package main

// This file puts the errors of the library into the words of this tool: flags instead of Go names.

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/internal/advice"
)

// describe is the text of an error. What an error wraps is described first, and takes its place in the text around it.
func describe(err error) string {
	switch e := err.(type) { //nolint:errorlint // each error of the chain in turn
	case *intune.InputError:
		return describeInput(e)
	case *intune.AuthError:
		return strings.ReplaceAll(e.Error(), "WithCloud", "--cloud")
	case *intune.OutcomeUnknownError:
		text := "the upload may have succeeded"
		for _, candidate := range e.Candidates {
			text += ", as record " + candidate.ID
		}
		return text + ": " + describe(e.Err)
	case *fs.PathError:
		return e.Path + ": " + describe(e.Err)
	case *advice.Error:
		return describe(e.Err) // the next step has other words
	case *advisedError:
		if e.text != "" {
			return e.text
		}
	}
	switch err { //nolint:errorlint // this error itself
	case context.Canceled:
		return "interrupted"
	case context.DeadlineExceeded:
		return "timed out"
	case io.EOF, io.ErrUnexpectedEOF:
		return "the connection was lost"
	}
	text := err.Error()
	for _, inner := range wrapped(err) {
		if at := strings.LastIndex(text, inner.Error()); at >= 0 {
			text = operation.ReplaceAllString(text[:at], "") + describe(inner) + text[at+len(inner.Error()):]
		}
	}
	return text
}

// operation matches the names of operations that the library puts in front of errors.
var operation = regexp.MustCompile(`^([A-Za-z /]*enterpriseCodeSigningCertificate[^:]*|obtain a token): $`)

var timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// withDates writes the dates of the library's messages as those of this tool.
func withDates(text string) string {
	return timestamp.ReplaceAllStringFunc(text, func(date string) string {
		t, err := time.Parse(time.RFC3339Nano, date)
		if err != nil {
			return date
		}
		return formatTime(t)
	})
}

func wrapped(err error) []error {
	switch e := err.(type) { //nolint:errorlint // this error itself
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return []error{inner}
		}
	}
	return nil
}

// describeInput names what the library calls by the name of an option, a parameter or a variable.
func describeInput(e *intune.InputError) string {
	names := map[string]string{
		"ListOptions": "--filter", "environment": "the environment", "id": "ID", "thumbprint": "--thumbprint",
	}
	named := *e
	if name, isKnown := names[e.Name]; isKnown {
		named.Name = name
	}
	if e.Err != nil {
		named.Err = errors.New(describe(e.Err))
	}
	if e.Name == "environment" { // the next step has other words
		named.Err = nil
	}
	return named.Error()
}
