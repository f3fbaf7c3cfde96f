package console

// This file writes text, in color where the terminal shows it.

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// Writer is standard output or standard error. It is safe for concurrent use. It keeps the first error, because neither
// those who print nor cobra look at errors.
type Writer struct {
	file     *os.File
	hasColor bool
	isLive   bool // a terminal on which a line can change

	mu     sync.Mutex
	err    error
	status func(width int) string // the line below everything else, nil if there is none
	shown  bool                   // the line is on the terminal
}

// NewWriter returns a Writer for a file.
func NewWriter(file *os.File) *Writer {
	isLive := isTerminal(file) && os.Getenv("TERM") != "dumb" && enableEscapes(file)
	return &Writer{file: file, isLive: isLive, hasColor: isLive && os.Getenv("NO_COLOR") == ""} // https://no-color.org
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// Width returns the width in columns, 0 if the output is no terminal or does not tell.
func (w *Writer) Width() int {
	width, _, err := term.GetSize(int(w.file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Err returns the first error of writing.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Printf writes a text with arguments, which are cleaned unless they are Styled.
func (w *Writer) Printf(format string, args ...any) {
	cleaned := make([]any, len(args))
	for i, arg := range args {
		cleaned[i] = cleanArg(arg)
	}
	_ = w.write(fmt.Sprintf(format, cleaned...)) // it keeps the error
}

// Paragraph writes a label in a style and a text, broken between words at the width of a terminal.
func (w *Writer) Paragraph(style Style, label, text string) {
	lines := Wrap(strings.TrimSpace(Clean(label+" "+text)), w.Width())
	if rest, isWhole := strings.CutPrefix(lines[0], label); isWhole {
		lines[0] = string(w.Styled(style, label)) + rest
	}
	_ = w.write(strings.Join(lines, "\n") + "\n") // it keeps the error
}

// Wrap breaks text into lines of a width in columns, between words if possible. A width below 10 has no limit.
func Wrap(text string, width int) (lines []string) {
	const least = 10
	if width < least {
		return []string{text}
	}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && runewidth.StringWidth(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		pieces := strings.Split(runewidth.Wrap(word, width), "\n") // several if it is longer than a line
		last := len(pieces) - 1
		lines, line = append(lines, pieces[:last]...), pieces[last]
	}
	return append(lines, line)
}

// Write writes lines of others, such as those of a log. It implements io.Writer.
func (w *Writer) Write(text []byte) (int, error) {
	if err := w.write(cleanLines(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// write writes above the line that changes.
func (w *Writer) write(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.erase()
	_, err := w.file.WriteString(text)
	if w.err == nil {
		w.err = err
	}
	w.draw()
	return err
}

// show sets the line that changes, nil for none.
func (w *Writer) show(status func(width int) string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
	w.draw()
}

// draw writes the line. It is shorter than the terminal is wide, because some terminals wrap a full line.
func (w *Writer) draw() {
	const usual = 80 // columns, if a terminal does not tell its width
	line := ""
	if w.isLive && w.status != nil {
		width := w.Width()
		if width == 0 {
			width = usual
		}
		line = w.status(width - 1)
	}
	if line == "" {
		w.erase()
		return
	}
	_, _ = w.file.WriteString("\r" + Clean(line) + "\x1b[K")
	w.shown = true
}

func (w *Writer) erase() {
	if w.shown {
		_, _ = w.file.WriteString("\r\x1b[K")
		w.shown = false
	}
}

// Style is how text shows on a terminal with colors: the number of an escape sequence.
type Style string

// The styles.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// Styled returns text in a style.
func (w *Writer) Styled(style Style, text string) Styled {
	if style == Plain || !w.hasColor {
		return Styled(Clean(text))
	}
	return Styled("\x1b[" + string(style) + "m" + Clean(text) + "\x1b[0m")
}
