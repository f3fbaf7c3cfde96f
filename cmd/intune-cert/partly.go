package main

// This file reports the errors of several files or ids at once.

import (
	"context"
	"strings"
)

// partlyError says what failed of what a command was asked for.
type partlyError struct {
	summary string
	items   []failedItem // at least one; the first has the exit code
}

type failedItem struct {
	name string // a file or an id
	err  error
}

func (e *partlyError) Error() string {
	if len(e.items) > 1 {
		return e.summary
	}
	return strings.TrimPrefix(e.summary+": "+e.items[0].describe(), ": ")
}

func (e *partlyError) Unwrap() error { return e.items[0].err }

// describe names the item, if the error does not.
func (i failedItem) describe() string {
	text := withDates(describe(i.err))
	if strings.HasPrefix(text, i.name) {
		return text
	}
	return i.name + ": " + text
}

// stepsOf returns the next steps of the items, each once, and the errors that each is for.
func (a *app) stepsOf(ctx context.Context, e *partlyError) (steps []string, errorsOf map[string][]string) {
	errorsOf = make(map[string][]string)
	for _, item := range e.items {
		next := a.explain(ctx, item.err).NextStep
		if errorsOf[next] == nil {
			steps = append(steps, next)
		}
		errorsOf[next] = append(errorsOf[next], item.describe())
	}
	return steps, errorsOf
}

// reportEach writes the error of each item, and each next step once.
func (a *app) reportEach(ctx context.Context, e *partlyError) {
	steps, errorsOf := a.stepsOf(ctx, e)
	for _, next := range steps {
		for _, text := range errorsOf[next] {
			a.report(text, "")
		}
		a.report("", next)
	}
}

// newPartlyError returns nil without items.
func newPartlyError(summary string, items []failedItem) error {
	if len(items) == 0 {
		return nil
	}
	return &partlyError{summary, items}
}
