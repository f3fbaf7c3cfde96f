package console

// This file shows what the program is doing: as a line that changes on a terminal, as remarks elsewhere.

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Progress is safe for concurrent use. Nothing shows before Start and after Stop.
type Progress struct {
	out *Writer

	mu          sync.Mutex
	label       string
	stopped     chan struct{} // nil before Start
	done, total int           // total is 0 if nothing is counted
	waits       map[string]*wait
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

// Wait begins a wait: until a time, or the zero time if nobody knows. A wait until the same time goes on.
func (p *Progress) Wait(id, text string, until time.Time) {
	if p.begin(id, text, until) && !p.out.isLive {
		p.out.Printf("%s%s%s.\n", strings.ToUpper(text[:1]), text[1:], upTo(until))
	}
	p.redraw()
}

func upTo(until time.Time) string {
	if until.IsZero() {
		return ""
	}
	return ", up to " + short(time.Until(until))
}

// begin reports whether nothing else waits for the same.
func (p *Progress) begin(id, text string, until time.Time) (isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped == nil {
		return false
	}
	if earlier := p.waits[id]; earlier != nil && !until.IsZero() && earlier.until.Equal(until) {
		earlier.isOver = false
		return false
	}
	isNew = true
	for _, other := range p.waits {
		isNew = isNew && (other.isOver || other.text != text)
	}
	p.waits[id] = &wait{text: text, since: time.Now(), until: until}
	return isNew
}

// EndWait ends a wait.
func (p *Progress) EndWait(id string) {
	p.mu.Lock()
	if ended := p.waits[id]; ended != nil {
		ended.isOver = true
	}
	p.mu.Unlock()
	p.redraw()
}

// line returns the line for a width in columns: what is most important comes first.
func (p *Progress) line(width int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	counted := ""
	if p.total > 0 {
		counted = fmt.Sprintf("%s %d/%d", p.label, p.done, p.total)
	}
	oldest := p.oldestWait()
	if oldest == nil {
		return Fit(p.withBar(counted, width), width)
	}
	waiting := oldest.text + ", " + short(time.Since(oldest.since))
	if !oldest.until.IsZero() {
		waiting += " of " + short(oldest.until.Sub(oldest.since))
	}
	if counted == "" {
		return Fit(p.label+": "+waiting, width)
	}
	return Fit(counted+" "+waiting, width)
}

// withBar adds a bar if there is room.
func (p *Progress) withBar(text string, width int) string {
	const shortest, longest = 10, 40
	length := min(width-len(text)-3, longest)
	if p.total == 0 || length < shortest {
		return text
	}
	filled := length * p.done / p.total
	return text + " [" + strings.Repeat("#", filled) + strings.Repeat(".", length-filled) + "]"
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
