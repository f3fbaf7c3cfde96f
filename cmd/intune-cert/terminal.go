package main

// This file knows whether input and output are terminals, how wide they are, and whether they show colour.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// terminal is what the program reads from and writes to.
type terminal struct {
	in  *os.File
	out *output
	err *os.File

	outStyle, errStyle style
}

// output is standard output. It keeps the first error, because neither the writers of results nor cobra look at errors.
type output struct {
	file *os.File
	err  error
}

// Write implements io.Writer.
func (o *output) Write(data []byte) (int, error) {
	n, err := o.file.Write(data)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

func newTerminal() *terminal {
	return &terminal{
		in: os.Stdin, out: &output{file: os.Stdout}, err: os.Stderr,
		outStyle: styleOf(os.Stdout), errStyle: styleOf(os.Stderr),
	}
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// widthOf returns the width of a terminal in columns, 0 if file is none.
func widthOf(file *os.File) int {
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// style colours text, if its output shows colour. See https://no-color.org.
type style struct{ hasColour bool }

func styleOf(file *os.File) style {
	return style{isTerminal(file) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && enableColour(file)}
}

func (s style) bold(text string) string   { return s.with("1", text) }
func (s style) red(text string) string    { return s.with("31", text) }
func (s style) green(text string) string  { return s.with("32", text) }
func (s style) yellow(text string) string { return s.with("33", text) }

func (s style) with(code, text string) string {
	if !s.hasColour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// plain removes what could control a terminal from text of others, such as names in certificates.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsPrint(r):
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return '\uFFFD'
		}
		return r
	}, text)
}

// fit shortens text to a width in columns.
func fit(text string, width int) string { return runewidth.Truncate(text, width, "…") }

// write writes to a terminal or file. Errors of standard output are kept there; those of standard error can be told to
// nobody.
func write(w io.Writer, format string, args ...any) { fmt.Fprintf(w, format, args...) }

// remark writes a line about the course of a command to standard error.
func (t *terminal) remark(format string, args ...any) {
	write(t.err, format+"\n", args...)
}

// canAsk reports whether a person can be asked.
func (t *terminal) canAsk() bool { return isTerminal(t.in) && isTerminal(t.err) }

// confirm asks a question that is answered with yes or no.
func (t *terminal) confirm(ctx context.Context, question string) (bool, error) {
	answer, err := t.ask(ctx, question+" [y/N] ", func() (string, error) {
		line, err := bufio.NewReader(t.in).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return line, err
	})
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", err
}

// errNoAnswer says that a person has ended a question with Ctrl-C or Ctrl-D.
var errNoAnswer = errors.New("no password was entered")

// askPassword asks for a password without showing it. term.ReadPassword does not notice Ctrl-D, term.Terminal does.
func (t *terminal) askPassword(ctx context.Context, prompt string) (string, error) {
	fd := int(t.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, state) }()
	keys := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{t.in, t.err}, "")
	password, err := t.ask(ctx, "", func() (string, error) { return keys.ReadPassword(prompt) })
	if err != nil {
		write(t.err, "\r\n")
	}
	if errors.Is(err, io.EOF) {
		err = errNoAnswer
	}
	return password, err
}

// ask reads an answer. Ctrl-C ends the wait for it.
func (t *terminal) ask(ctx context.Context, prompt string, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	write(t.err, "%s", prompt)
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		return got.text, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
