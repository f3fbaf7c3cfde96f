package main

// This file turns the library's log records into progress. intune.WithLogger documents them.

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/internal/event"
)

// logHandler logs every request if asked, and shows what the library waits for.
type logHandler struct {
	slog.Handler // of -v; discards without it

	progress *console.Progress
	attrs    []slog.Attr
}

func newLogHandler(p *console.Progress, out io.Writer, isVerbose bool) slog.Handler {
	if isVerbose {
		return &logHandler{Handler: slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}), progress: p}
	}
	return &logHandler{Handler: slog.DiscardHandler, progress: p}
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler. The library has no groups.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attrs), h.progress, slices.Concat(h.attrs, attrs)}
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	texts := make(map[string]string)
	for _, attr := range h.attrs {
		texts[attr.Key] = attr.Value.String()
	}
	record.Attrs(func(attr slog.Attr) bool {
		texts[attr.Key] = attr.Value.String()
		return true
	})
	switch record.Message {
	case event.Waiting:
		until, _ := time.Parse(time.RFC3339Nano, texts[event.Until])
		h.progress.Wait(waitingFor(texts[event.Reason]), until)
	case event.Waited:
		h.progress.EndWait(waitingFor(texts[event.Reason]))
	case event.Reconciling:
		h.progress.Wait(lookingFor, time.Time{})
	case event.Reconciled:
		h.progress.EndWait(lookingFor)
	}
	return h.Handler.Handle(ctx, record)
}

const lookingFor = "a response was lost: searching for the certificate, which can take a minute"

func waitingFor(reason string) string {
	switch reason {
	case event.ReasonQuota, event.ReasonThrottled:
		return "waiting for the quota"
	case event.ReasonProvisioning:
		return "waiting for provisioning"
	case event.ReasonUnavailable:
		return "waiting for the service, which is busy"
	}
	return "waiting"
}
