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

// nextStepOf is the next step of all items, if they have the same one.
func (a *app) nextStepOf(ctx context.Context, e *partlyError) string {
	next := a.explain(ctx, e.items[0].err).NextStep
	for _, item := range e.items {
		if a.explain(ctx, item.err).NextStep != next {
			return "Look at the error of each."
		}
	}
	return next
}

// reportEach writes the error of each item, and each next step once.
func (a *app) reportEach(ctx context.Context, e *partlyError) {
	var steps []string
	texts := make(map[string][]string) // by next step
	for _, item := range e.items {
		next := a.explain(ctx, item.err).NextStep
		if texts[next] == nil {
			steps = append(steps, next)
		}
		texts[next] = append(texts[next], item.describe())
	}
	for _, next := range steps {
		for _, text := range texts[next] {
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
