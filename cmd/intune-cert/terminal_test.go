//go:build !windows

package main

// These tests run the program on a pseudo-terminal.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/mattn/go-runewidth"

	"github.com/seed-230b9595/intune-go/intunetest"
)

// session is a run of the program on a terminal.
type session struct {
	*fixture

	cmd      *exec.Cmd
	terminal *os.File
	shown    *lockedBuffer // everything that the program wrote to the terminal
	stdout   *bytes.Buffer // nil if standard output is the terminal too
	closed   chan struct{}
}

// onTerminal starts the program on a terminal of a width, with standard output elsewhere if asked.
func (f *fixture) onTerminal(width uint16, redirectOutput bool, args ...string) *session {
	f.t.Helper()
	s := &session{fixture: f, cmd: f.command(args...), shown: new(lockedBuffer), closed: make(chan struct{})}
	if redirectOutput {
		s.stdout = new(bytes.Buffer)
		s.cmd.Stdout = s.stdout
	}
	var err error
	if s.terminal, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 40, Cols: width}); err != nil {
		f.t.Fatal(err)
	}
	go func() {
		defer close(s.closed)
		buffer := make([]byte, 4096)
		for {
			n, err := s.terminal.Read(buffer)
			_, _ = s.shown.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}()
	f.t.Cleanup(func() { _ = s.terminal.Close() })
	return s
}

func (s *session) waitFor(text string) {
	s.t.Helper()
	eventually(s.t, text, func() bool { return strings.Contains(s.shown.String(), text) })
}

func (s *session) typeText(text string) {
	s.t.Helper()
	if _, err := s.terminal.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end of the program.
func (s *session) exits(code int) string {
	s.t.Helper()
	if err := s.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		s.t.Fatal(err)
	}
	<-s.closed
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("%v exits with %d, want %d:\n%q", s.cmd.Args[1:], got, code, s.shown.String())
	}
	return s.shown.String()
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)

// wantNoWrappedLine checks that nothing that was drawn reaches the last column.
func wantNoWrappedLine(t *testing.T, shown string, width int) {
	t.Helper()
	for _, line := range strings.FieldsFunc(escapes.ReplaceAllString(shown, ""), func(r rune) bool { return r == '\r' || r == '\n' }) {
		if runewidth.StringWidth(line) >= width {
			t.Errorf("%d columns: %q", width, line)
		}
	}
}

func TestProgressFitsTheTerminalAndSaysThatItWaitsForTheQuota(t *testing.T) {
	for _, width := range []uint16{40, 80} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			f := newFixture(t, intunetest.WithQuota(4, 1000, 2*time.Second))
			f.writeMany("many", 6)
			s := f.onTerminal(width, true, "upload", "many/*.cer")
			s.waitFor("Uploading 4/6: waiting for the quota, ")
			shown := s.exits(0)
			wantNoWrappedLine(t, shown, int(width))
			for _, want := range []string{"Uploading 1/6", "Uploading 6/6"} {
				if !strings.Contains(shown, want) {
					t.Errorf("%q does not show: %q", want, shown)
				}
			}
			if !strings.HasSuffix(shown, "\r\x1b[K") {
				t.Errorf("the line stays: %q", shown)
			}
			if !strings.Contains(s.stdout.String(), "6 uploaded") || strings.Contains(s.stdout.String(), "\x1b") {
				t.Errorf("standard output: %q", s.stdout)
			}
		})
	}
}

func TestTerminalShowsTheWaitForProvisioning(t *testing.T) {
	f := newFixture(t, intunetest.WithProvisioningDelay(time.Hour))
	f.writeCertificate("new.cer", contoso())
	s := f.onTerminal(80, true, "rotate", "new.cer", "--wait", "1h")
	s.waitFor("Rotating: waiting for provisioning, 1s of 1h")
	s.typeText("\x03") // Ctrl-C
	shown := s.exits(130)
	if !strings.Contains(shown, "Next:") {
		t.Errorf("got %q", shown)
	}
}

// TestOutputFitsTheTerminal: nothing is broken within a word, and no line is longer than the terminal is wide, except a
// command to copy.
func TestOutputFitsTheTerminal(t *testing.T) {
	f := newFixture(t)
	id := f.seed(oldContoso())
	f.seed(intunetest.NewCertificate("証明書 Ltd with a rather long name"))
	f.writeCertificate("new.cer", contoso())
	for _, args := range [][]string{
		{"list"}, {"get", id}, {"inspect", "new.cer"}, {"check"}, {"rotate", "new.cer"}, {"rotate", "new.cer", "--new-subject", "--dry-run"}, {"rotat"}, {"expiring"},
	} {
		for _, width := range []uint16{40, 80, 200} {
			s := f.onTerminal(width, false, args...)
			_ = s.cmd.Wait()
			<-s.closed
			for line := range strings.Lines(escapes.ReplaceAllString(s.shown.String(), "")) {
				if got := runewidth.StringWidth(strings.TrimRight(line, "\r\n")); got > int(width) && !strings.HasPrefix(line, "intune-cert delete ") {
					t.Errorf("%v at %d columns: a line has %d: %q", args, width, got, line)
				}
			}
		}
	}
}

// TestASuggestedCommandStaysOnOneLine: people copy it.
func TestASuggestedCommandStaysOnOneLineOfTheTerminal(t *testing.T) {
	f := newFixture(t)
	f.seed(contoso())
	f.writeCertificate("old.cer", oldContoso())
	f.writeCertificate("ca.cer", contoso(func(c *certificate) { c.IsCA = true }))
	thumbprint := decoded[inspectJSON](f.run("inspect", "ca.cer", "-o", "json").exits(0)).Thumbprint
	for want, args := range map[string][]string{
		"\r\nintune-cert rotate old.cer --delete-old --emulator " + f.URL() + " --overlap 12h --wait 1h --force\r\n": {
			"rotate", "old.cer", "--delete-old", "--wait", "1h", "--overlap", "12h", "--emulator", f.URL()},
		"\r\n--thumbprint " + thumbprint + "\r\n": {"rotate", "ca.cer"},
	} {
		s := f.onTerminal(80, false, args...)
		if args[1] == "ca.cer" {
			s.waitFor("[y/N] ")
			s.typeText("\n")
		}
		_ = s.cmd.Wait()
		<-s.closed
		if !strings.Contains(s.shown.String(), want) {
			t.Errorf("got %q, want %q", s.shown.String(), want)
		}
	}
}

func TestColorIsOnlyForTerminalsThatShowIt(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", contoso())
	sequences := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for name, test := range map[string]struct {
		env  string
		want []string // the sequences in order, each once
	}{
		"16 colors":  {"TERM=xterm-16color", []string{"\x1b[32m", "\x1b[0m"}},
		"256 colors": {"TERM=xterm-256color", []string{"\x1b[32m", "\x1b[0m"}},
		"no color":   {"NO_COLOR=1", nil},
		"dumb":       {"TERM=dumb", nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := *f
			f.t, f.env = t, append(slices.Clip(f.env), test.env)
			shown := f.onTerminal(80, false, "inspect", "new.cer").exits(0)
			if got := sequences.FindAllString(shown, -1); !slices.Equal(got, test.want) {
				t.Errorf("got %q", got)
			}
			if name == "dumb" && strings.ContainsAny(f.onTerminal(80, false, "check").exits(0), "\x1b") {
				t.Error("an escape sequence")
			}
		})
	}
}

func TestUploadAsksOnATerminal(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("odd.cer", contoso(func(c *certificate) { c.NotAfter = c.NotBefore.AddDate(0, 0, 3) }))
	for _, command := range []string{"upload", "rotate"} {
		s := f.onTerminal(200, false, command, "odd.cer")
		s.waitFor("Upload this certificate? [y/N] ")
		s.typeText("\n")
		if shown := s.exits(1); !strings.Contains(shown, "odd.cer was not confirmed") {
			t.Errorf("got %q", shown)
		}
		f.wantIDs()
	}
	s := f.onTerminal(200, false, "rotate", "odd.cer")
	s.waitFor("Upload this certificate? [y/N] ")
	s.typeText("y\n")
	s.exits(0)
	s = f.onTerminal(200, false, "upload", "odd.cer")
	s.waitFor("Upload this certificate? [y/N] ")
	s.typeText("\x03") // Ctrl-C
	s.exits(130)
	if len(f.ids()) != 1 {
		t.Errorf("the tenant has %v", f.ids())
	}
}

func TestPasswordPromptDoesNotEcho(t *testing.T) {
	f := newFixture(t)
	f.writePFX("new.pfx")
	s := f.onTerminal(80, false, "inspect", "new.pfx")
	s.waitFor("Password of new.pfx: ")
	s.typeText("wrong\n")
	s.waitFor("This password is not correct.")
	eventually(t, "the second prompt", func() bool { return strings.Count(s.shown.String(), "Password of new.pfx: ") == 2 })
	s.typeText(pfxPassword + "\n")
	shown := s.exits(0)
	if strings.Contains(shown, "hunter2") || strings.Contains(shown, "wrong") {
		t.Errorf("the password shows: %q", shown)
	}

	for _, end := range []string{"\x03", "\x04"} { // Ctrl-C, Ctrl-D
		s = f.onTerminal(80, false, "inspect", "new.pfx")
		s.waitFor("Password of new.pfx: ")
		s.typeText(end)
		s.exits(130)
	}
}

func TestDeleteAsksOnATerminal(t *testing.T) {
	f := newFixture(t)
	a, b := f.seed(intunetest.NewCertificate("A")), f.seed(intunetest.NewCertificate("B"))
	s := f.onTerminal(100, false, "delete", a, b)
	s.waitFor("Delete this certificate? [y/N] ")
	s.typeText("y\n")
	eventually(t, "the second question", func() bool { return strings.Count(s.shown.String(), "[y/N]") == 2 })
	s.typeText("\n")
	shown := s.exits(0)
	if !strings.Contains(shown, "Deleted "+a) || !strings.Contains(shown, "Kept "+b) || !strings.Contains(shown, b+" (deployed by Intune)") ||
		strings.Count(shown, "This certificate is in use: Intune deploys it.") != 1 {
		t.Errorf("got %q", shown)
	}
	f.wantIDs(b)

	s = f.onTerminal(100, false, "delete", b)
	s.waitFor("Delete this certificate? [y/N] ")
	s.typeText("\x03") // Ctrl-C
	if shown := s.exits(130); !strings.Contains(shown, "interrupt signal received") || !strings.Contains(shown, "Not tried: "+b) {
		t.Errorf("got %q", shown)
	}
	f.wantIDs(b)
}

func TestATerminalWithoutAWidthShowsNoStrayMark(t *testing.T) {
	f := newFixture(t)
	a := f.seed(intunetest.NewCertificate("A"))
	s := f.onTerminal(0, false, "delete", a)
	s.waitFor("Delete this certificate? [y/N] ")
	s.typeText("n\n")
	if shown := s.exits(0); strings.Contains(shown, "…") {
		t.Errorf("got %q", shown)
	}
}

func TestNamesCannotControlTheTerminal(t *testing.T) {
	f := newFixture(t)
	f.writeCertificate("new.cer", intunetest.NewCertificate("Contoso \x1b]0;owned\x07 \u202eApps"))
	for _, args := range [][]string{{"inspect", "new.cer"}, {"rotate", "new.cer"}, {"list"}} {
		if shown := f.onTerminal(80, false, args...).exits(0); strings.ContainsAny(shown, "\x07\u202e") || strings.Contains(shown, "\x1b]") {
			t.Errorf("%v: %q", args, shown)
		}
	}
}
