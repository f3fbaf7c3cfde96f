package console

// This file shows what the program is doing: as a line that changes on a terminal, as remarks elsewhere.

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
)

// Progress is safe for concurrent use. Nothing shows before Start and after Stop.
type Progress struct {
	out *Writer

	mu          sync.Mutex
	label       string
	stopped     chan struct{}    // nil before Start
	done, total int              // total is 0 if nothing is counted
	waits       map[string]*wait // by text
}

// wait is what the program waits for, or has waited for.
type wait struct {
	text         string
	since, until time.Time // until is zero if nobody knows
	isOver       bool
}

// NewProgress returns one that writes to out.
func NewProgress(out *Writer) *Progress { return &Progress{out: out} }

// Start begins to show what a command does.
func (p *Progress) Start(label string) {
	p.mu.Lock()
	p.label, p.stopped, p.waits = label, make(chan struct{}), make(map[string]*wait)
	stopped := p.stopped
	p.mu.Unlock()
	if p.out.isLive {
		p.out.show(p.line)
		go p.keepDrawing(stopped)
	}
}

// keepDrawing shows how long a wait has taken.
func (p *Progress) keepDrawing(stopped <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.redraw()
		case <-stopped:
			return
		}
	}
}

// redraw draws the line again, unless there is none any more.
func (p *Progress) redraw() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.out.status != nil {
		p.out.draw()
	}
}

// Stop removes the line.
func (p *Progress) Stop() {
	p.mu.Lock()
	if p.stopped != nil {
		close(p.stopped)
		p.stopped = nil
	}
	p.mu.Unlock()
	p.out.show(nil)
}

// Count sets what has been done, and of how much.
func (p *Progress) Count(done, total int) {
	p.mu.Lock()
	p.done, p.total = done, total
	p.mu.Unlock()
	p.redraw()
}

// Wait begins a wait: until a time, or the zero time if nobody knows. A wait for the same until the same time goes on.
func (p *Progress) Wait(text string, until time.Time) {
	if p.begin(text, until) && !p.out.isLive {
		upTo := ""
		if !until.IsZero() {
			upTo = ", up to " + short(time.Until(until))
		}
		p.out.Printf("%s%s%s.\n", strings.ToUpper(text[:1]), text[1:], upTo)
	}
	p.redraw()
}

func (p *Progress) begin(text string, until time.Time) (isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil {
		return false
	}
	if earlier := p.waits[text]; earlier != nil && (!earlier.isOver || !until.IsZero() && earlier.until.Equal(until)) {
		earlier.isOver = false
		return false
	}
	p.waits[text] = &wait{text: text, since: time.Now(), until: until}
	return true
}

// EndWait ends a wait.
func (p *Progress) EndWait(text string) {
	p.mu.Lock()
	if ended := p.waits[text]; ended != nil {
		ended.isOver = true
	}
	p.mu.Unlock()
	p.redraw()
}

// line returns the line for a width in columns, "" if there is nothing to say.
func (p *Progress) line(width int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, oldest := p.label, p.oldestWait()
	if p.total == 0 && oldest == nil {
		return ""
	}
	if p.total > 0 {
		text += fmt.Sprintf(" %d/%d", p.done, p.total)
	}
	if oldest != nil {
		text += ": " + oldest.text + ", " + short(time.Since(oldest.since))
		if !oldest.until.IsZero() {
			text += " of " + short(oldest.until.Sub(oldest.since))
		}
	}
	return runewidth.Truncate(text, width, "…")
}

func (p *Progress) oldestWait() (oldest *wait) {
	for _, w := range p.waits {
		if !w.isOver && (oldest == nil || w.since.Before(oldest.since)) {
			oldest = w
		}
	}
	return oldest
}

// short is a duration in whole seconds, without zeros at its end.
func short(d time.Duration) string {
	text := d.Round(time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
