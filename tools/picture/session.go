package main

// This file runs the tool on a terminal.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/creack/pty"
)

const columns = 100

type session struct {
	folder string // with the program and the certificate
	url    string // of the emulator

	emulator *exec.Cmd
}

// newSession builds the tool, and starts a tenant with a certificate that expires soon.
func newSession(ctx context.Context, folder string) (*session, error) {
	s := &session{folder: folder}
	build := exec.CommandContext(ctx, "go", "build", "-o", folder, ".") //nolint:gosec // a folder of our own
	build.Dir, build.Stderr = filepath.Join(tree, "cmd", "intune-cert"), os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	s.emulator = s.command(ctx, "emulator", "--listen", "127.0.0.1:0", "--sample", "contoso.cer", "--settings", "json")
	out, err := s.emulator.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.emulator.Start(); err != nil {
		return nil, err
	}
	var settings struct{ URL string }
	if err := json.NewDecoder(out).Decode(&settings); err != nil {
		s.close()
		return nil, err
	}
	s.url = settings.URL
	return s, nil
}

func (s *session) close() {
	_ = s.emulator.Process.Kill()
	_ = s.emulator.Wait()
}

func (s *session) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.folder, "intune-cert"), args...) //nolint:gosec // what was built
	cmd.Dir, cmd.Env = s.folder, []string{"TERM=xterm", "INTUNE_CERT_EMULATOR=" + s.url}
	return cmd
}

// show returns a command line, and what the terminal shows after it.
func (s *session) show(ctx context.Context, args ...string) (string, error) {
	cmd := s.command(ctx, args...)
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: columns})
	if err != nil {
		return "", err
	}
	defer func() { _ = terminal.Close() }()
	shown, _ := io.ReadAll(terminal) // the end of a terminal is an error
	if err := cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return "", err
	}
	return fmt.Sprintf("\x1b[1m$ intune-cert %s\x1b[0m\n%s", strings.Join(args, " "), strings.ReplaceAll(string(shown), "\r", "")), nil
}

var (
	guids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	dates = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`)
)

// settle gives ids and dates values of their own, so that the same output makes the same picture.
func settle(text string) string {
	ids := []string{"7c1f0a52-93b8-4d6e-8f21-5a0c4e7b9d13", "b20d3703-3703-4d0d-8337-0db203370db2"}
	known := make(map[string]string)
	text = guids.ReplaceAllStringFunc(text, func(id string) string {
		if known[id] == "" {
			known[id] = ids[len(known)%len(ids)]
		}
		return known[id]
	})
	shift := time.Until(time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC))
	const form = "2006-01-02 15:04:05 MST"
	return dates.ReplaceAllStringFunc(text, func(date string) string {
		t, err := time.Parse(form, date)
		if err != nil {
			return date
		}
		return t.Add(shift).Round(time.Hour).Format(form)
	})
}
