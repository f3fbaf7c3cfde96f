//go:build unix

package regularfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestOnlyRegularFilesAreOpened would not return if it opened a pipe.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	folder := t.TempDir()
	pipe, link := filepath.Join(folder, "pipe"), filepath.Join(folder, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, pipe, link, "/dev/null", "/dev/zero"} {
		if _, _, err := Open(path); !errors.Is(err, ErrNotRegular) || !IsUnusable(err) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, _, err := Open("\u202egpj\u009b.cer"); !errors.As(err, new(*fs.PathError)) || strings.ContainsAny(err.Error(), "\u202e\u009b") {
		t.Errorf("got %+q", err)
	}
	if _, _, err := Open(filepath.Join(folder, "missing")); !errors.Is(err, fs.ErrNotExist) || IsUnusable(err) {
		t.Errorf("got %v", err)
	}
}

func TestReadAllStopsAtTheLimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for size, want := range map[int]error{0: nil, 10: nil, 11: ErrTooLarge, 1 << 20: ErrTooLarge} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		data, err := ReadAll(path, 10)
		if !errors.Is(err, want) || err == nil && len(data) != size {
			t.Errorf("%d bytes: got %d, %v", size, len(data), err)
		}
	}
	// The size that /proc reports is 0.
	if _, err := os.Stat("/proc/self/maps"); err != nil {
		t.Skip("no /proc here")
	}
	if _, err := ReadAll("/proc/self/maps", 10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
