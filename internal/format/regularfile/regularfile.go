// Package regularfile opens files that users name, if they are files. Opening a pipe or a device can block for ever, and
// what they yield has no end.
package regularfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/seed-230b9595/intune-go/internal/redact"
)

// ErrNotRegular says that a path names a directory, a pipe, a socket or a device. Its text follows the path in a message.
var ErrNotRegular = errors.New("is not a regular file, but a directory, a pipe or a device")

// ErrTooLarge says that a file is larger than the limit of ReadAll.
var ErrTooLarge = errors.New("is too large")

// Open opens a regular file, or the one that a link leads to. Everything else is ErrNotRegular and is not opened. Other
// errors are *fs.PathError, whose path is safe for a terminal.
func Open(path string) (file *os.File, size int64, err error) {
	defer func() {
		if failed, ok := errors.AsType[*fs.PathError](err); ok {
			failed.Path = redact.Line(failed.Path)
		}
	}()
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, ErrNotRegular
	}
	// Without waiting: a pipe may have taken its place since, and opening one would block until somebody writes to it.
	file, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the file that the caller names
	if err != nil {
		return nil, 0, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular // it was replaced in between
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// ReadAll reads a regular file of at most limit bytes, whatever size the file system reports. A larger one is ErrTooLarge.
func ReadAll(path string, limit int64) ([]byte, error) {
	file, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: at most %d bytes are read", ErrTooLarge, limit)
	}
	return data, err
}

// IsUnusable reports whether err says that the path names something that is not read, rather than that the file system
// failed. Its text then follows the path in a message.
func IsUnusable(err error) bool { return errors.Is(err, ErrNotRegular) || errors.Is(err, ErrTooLarge) }
