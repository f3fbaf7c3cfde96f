package main

// This file shows on standard error what the program is doing: as one line that changes on a terminal, as remarks
// elsewhere.

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// progress is safe for concurrent use.
type progress struct {
	file    *os.File
	isLive  bool // a terminal, on which a line can change
	stopped chan struct{}

	mu          sync.Mutex
	label       string
	done, total int             // total is 0 if nothing is counted
	waits       map[string]wait // by the id of the request or record
	isShown     bool            // the line is on the terminal
}

type wait struct {
	text  string
	since time.Time
}

// newProgress shows nothing until it has something to show. The caller stops it.
func (a *app) newProgress(label string) *progress {
	p := &progress{
		file: a.err, isLive: isTerminal(a.err) && os.Getenv("TERM") != "dumb", stopped: make(chan struct{}),
		label: label, waits: make(map[string]wait),
	}
	if p.isLive {
		go p.keepDrawing()
	}
	return p
}

// keepDrawing shows how long a wait has taken.
func (p *progress) keepDrawing() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.update(func() {})
		case <-p.stopped:
			return
		}
	}
}

// stop removes the line.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stopped:
	default:
		close(p.stopped)
	}
	p.erase()
}

// count sets what has been done, and of how much.
func (p *progress) count(done, total int) {
	p.update(func() { p.done, p.total = done, total })
}

// remark writes a line that stays.
func (p *progress) remark(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	write(p.file, format+"\n", args...)
	p.draw()
}

// Write writes lines that stay, for a log.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	defer p.draw()
	return p.file.Write(text)
}

// begin shows a wait, end ends it. The end may be logged first, because a timer of the library's logs the beginning.
func (p *progress) begin(id, text string) {
	p.update(func() {
		if _, hasEnded := p.waits[id]; hasEnded {
			delete(p.waits, id)
			return
		}
		if !p.isLive && !p.isWaitingFor(text) {
			write(p.file, "%s%s.\n", strings.ToUpper(text[:1]), text[1:])
		}
		p.waits[id] = wait{text, time.Now()}
	})
}

func (p *progress) end(id string) {
	p.update(func() {
		if _, hasBegun := p.waits[id]; hasBegun {
			delete(p.waits, id)
			return
		}
		p.waits[id] = wait{}
	})
}

func (p *progress) isWaitingFor(text string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(p.waits)), func(w wait) bool { return w.text == text })
}

func (p *progress) update(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	select {
	case <-p.stopped:
	default:
		p.draw()
	}
}

// draw writes the line. It is shorter than the terminal is wide, because some terminals wrap a full line.
func (p *progress) draw() {
	if !p.isLive {
		return
	}
	const usual = 80 // if a terminal does not tell its width
	width := widthOf(p.file)
	if width == 0 {
		width = usual
	}
	line := p.line(width - 1)
	if line == "" {
		p.erase()
		return
	}
	write(p.file, "\r%s\x1b[K", line)
	p.isShown = true
}

func (p *progress) erase() {
	if p.isShown {
		write(p.file, "\r\x1b[K")
		p.isShown = false
	}
}

// line returns the line for a width in columns: what is most important comes first.
func (p *progress) line(width int) string {
	text := ""
	if p.total > 0 {
		text = fmt.Sprintf("%s %d/%d", p.label, p.done, p.total)
	}
	if oldest := p.oldestWait(); oldest.text != "" {
		waiting := fmt.Sprintf("%s, %s", oldest.text, time.Since(oldest.since).Round(time.Second))
		if text == "" {
			return fit(p.label+": "+waiting, width)
		}
		return fit(text+" "+waiting, width)
	}
	return fit(p.withBar(text, width), width)
}

// withBar adds a bar if there is room.
func (p *progress) withBar(text string, width int) string {
	const shortest, longest = 10, 40
	length := min(width-len(text)-3, longest)
	if p.total == 0 || length < shortest {
		return text
	}
	bar := make([]byte, length)
	for i := range bar {
		bar[i] = '.'
		if i*p.total < p.done*length {
			bar[i] = '#'
		}
	}
	return text + " [" + string(bar) + "]"
}

func (p *progress) oldestWait() (oldest wait) {
	for _, w := range p.waits {
		if w.text != "" && (oldest.text == "" || w.since.Before(oldest.since)) {
			oldest = w
		}
	}
	return oldest
}

// logHandler turns the library's log records into progress. intune.WithLogger documents them.
type logHandler struct {
	progress *progress
	verbose  slog.Handler // nil unless every request is logged
	attrs    map[string]string
}

func newLogHandler(p *progress, isVerbose bool) *logHandler {
	h := &logHandler{progress: p}
	if isVerbose {
		h.verbose = slog.NewTextHandler(io.Writer(p), &slog.HandlerOptions{Level: slog.LevelDebug})
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
	with.attrs = maps.Clone(h.attrs)
	if with.attrs == nil {
		with.attrs = make(map[string]string)
	}
	for _, attr := range attrs {
		with.attrs[attr.Key] = attr.Value.String()
	}
	if h.verbose != nil {
		with.verbose = h.verbose.WithAttrs(attrs)
	}
	return &with
}

// WithGroup implements slog.Handler. The library has no groups.
func (h *logHandler) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, record slog.Record) error {
	attrs := maps.Clone(h.attrs)
	if attrs == nil {
		attrs = make(map[string]string)
	}
	record.Attrs(func(attr slog.Attr) bool {
		attrs[attr.Key] = attr.Value.String()
		return true
	})
	switch id := attrs["clientRequestId"] + attrs["id"]; record.Message {
	case "intune: waiting":
		h.progress.begin(id, waitingFor(attrs["reason"]))
	case "intune: waited":
		h.progress.end(id)
	case "intune: reconciling":
		h.progress.begin(attrs["uploadDateTime"], "a response was lost, looking for the certificate, which can take a minute")
	case "intune: reconciled":
		h.progress.end(attrs["uploadDateTime"])
	}
	if h.verbose != nil {
		return h.verbose.Handle(ctx, record)
	}
	return nil
}

func waitingFor(reason string) string {
	switch reason {
	case "quota", "throttled":
		return "waiting for the quota"
	case "provisioning":
		return "waiting for provisioning"
	case "unavailable":
		return "waiting for the service, which is busy"
	}
	return "waiting"
}
