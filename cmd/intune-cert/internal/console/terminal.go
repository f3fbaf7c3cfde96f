package console

// This file asks a person.

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Terminal is what the program reads from and writes to.
type Terminal struct {
	In       *os.File
	Out, Err *Writer
	Progress *Progress // on Err
}

// New returns standard input, standard output and standard error.
func New() *Terminal {
	t := &Terminal{In: os.Stdin, Out: NewWriter(os.Stdout), Err: NewWriter(os.Stderr)}
	t.Progress = NewProgress(t.Err)
	return t
}

// Remark writes a line about the course of a command to standard error.
func (t *Terminal) Remark(format string, args ...any) { t.Err.Printf(format+"\n", args...) }

// CanAsk reports whether a person can be asked.
func (t *Terminal) CanAsk() bool { return isTerminal(t.In) && isTerminal(t.Err.file) }

// Confirm asks a question that is answered with yes or no.
func (t *Terminal) Confirm(ctx context.Context, question string) (bool, error) {
	t.Err.Printf("%s [y/N] ", question)
	answer, err := Await(ctx, func() (string, error) {
		line, err := bufio.NewReader(t.In).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return line, err
	})
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", err
}

// ErrNoAnswer says that a person has ended a question with Ctrl-C or Ctrl-D.
var ErrNoAnswer = errors.New("no password was entered")

// Password asks for a password without showing it. term.ReadPassword does not notice Ctrl-D, term.Terminal does.
func (t *Terminal) Password(ctx context.Context, prompt string) (string, error) {
	fd := int(t.In.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(fd, state) }()
	keys := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{t.In, t.Err.file}, "") // it echoes with escape sequences of its own
	password, err := Await(ctx, func() (string, error) { return keys.ReadPassword(Clean(prompt)) })
	if err != nil {
		_, _ = t.Err.file.WriteString("\r\n")
	}
	if errors.Is(err, io.EOF) {
		err = ErrNoAnswer
	}
	return password, err
}

// ReadAll reads standard input, up to a limit in bytes.
func (t *Terminal) ReadAll(ctx context.Context, limit int64) ([]byte, error) {
	return Await(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(t.In, limit)) })
}

// Await waits for a function that does not end with a context. Ctrl-C ends the wait.
func Await[T any](ctx context.Context, read func() (T, error)) (answer T, err error) {
	done := make(chan func() (T, error), 1)
	go func() {
		answer, err := read()
		done <- func() (T, error) { return answer, err }
	}()
	select {
	case answered := <-done:
		return answered()
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
}
