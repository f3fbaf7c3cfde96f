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

// stepsOf returns the next step of each item.
func (a *app) stepsOf(ctx context.Context, e *partlyError) (steps []string) {
	for _, item := range e.items {
		steps = append(steps, a.explain(ctx, item.err).next)
	}
	return steps
}

// reportEach writes the error of each item and its next step, which errors in a row share.
func (a *app) reportEach(ctx context.Context, e *partlyError) {
	steps := a.stepsOf(ctx, e)
	for i, item := range e.items {
		next := steps[i]
		if i+1 < len(steps) && steps[i+1] == next {
			next = ""
		}
		a.report(item.describe(), next)
	}
}

// newPartlyError returns nil without items.
func newPartlyError(summary string, items []failedItem) error {
	if len(items) == 0 {
		return nil
	}
	return &partlyError{summary, items}
}
