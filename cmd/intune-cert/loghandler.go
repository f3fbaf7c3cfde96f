package main

// This file turns the library's log records into progress. intune.WithLogger documents them.

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"time"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
	"github.com/seed-230b9595/intune-go/internal/event"
)

type logHandler struct {
	progress *console.Progress
	verbose  slog.Handler // nil unless every request is logged
	attrs    map[string]slog.Value
}

func newLogHandler(p *console.Progress, out io.Writer, isVerbose bool) *logHandler {
	h := &logHandler{progress: p}
	if isVerbose {
		h.verbose = slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})
	}
	return h
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo || h.verbose != nil
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = h.with(attrs...)
	if h.verbose != nil {
		with.verbose = h.verbose.WithAttrs(attrs)
	}
	return &with
}

func (h *logHandler) with(attrs ...slog.Attr) map[string]slog.Value {
	all := make(map[string]slog.Value, len(h.attrs)+len(attrs))
	maps.Copy(all, h.attrs)
	for _, attr := range attrs {
		all[attr.Key] = attr.Value
	}
	return all
}

// WithGroup implements slog.Handler. The library has no groups.
func (h *logHandler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	attrs := h.attrs
	record.Attrs(func(attr slog.Attr) bool {
		attrs = (&logHandler{attrs: attrs}).with(attr)
		return true
	})
	text := func(key string) string { return attrs[key].String() }
	switch record.Message {
	case event.Waiting:
		until, _ := time.Parse(time.RFC3339Nano, text(event.Until))
		h.progress.Wait(text(event.ClientRequestID)+text(event.ID), waitingFor(text(event.Reason)), until)
	case event.Waited:
		h.progress.EndWait(text(event.ClientRequestID) + text(event.ID))
	case event.Reconciling:
		h.progress.Wait(text(event.UploadDateTime), "a response was lost, looking for the certificate, which can take a minute", time.Time{})
	case event.Reconciled:
		h.progress.EndWait(text(event.UploadDateTime))
	}
	if h.verbose != nil {
		return h.verbose.Handle(ctx, record)
	}
	return nil
}

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
