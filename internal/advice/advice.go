// Package advice keeps what a program can do about an error apart from what the error says. The command-line tool has other
// words for it: its flags instead of options.
package advice

// Error is an error and what a program can do about it.
type Error struct {
	Err  error
	Text string
}

// To adds advice to an error, if there is any.
func To(err error, text string) error {
	if text == "" {
		return err
	}
	return &Error{err, text}
}

// Error returns both on one line.
func (e *Error) Error() string { return e.Err.Error() + ": " + e.Text }

// Unwrap returns the error.
func (e *Error) Unwrap() error { return e.Err }
