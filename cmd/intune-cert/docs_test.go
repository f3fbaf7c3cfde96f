package main

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

const docsFile = "../../docs/intune-cert.md"

var update = flag.Bool("update", false, "write "+docsFile) //nolint:gochecknoglobals // a flag of the test

// TestDocumentationIsCurrent compares docs/intune-cert.md with the commands. go test -run Documentation -update writes it.
func TestDocumentationIsCurrent(t *testing.T) {
	want := documentation(t)
	if *update {
		if err := os.WriteFile(docsFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(have, []byte("\r\n"), []byte("\n")), want) {
		t.Error("docs/intune-cert.md is not current: run go test -run Documentation -update in cmd/intune-cert")
	}
}

// documentation is one page with all commands.
func documentation(t *testing.T) []byte {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a default differs")
	}
	a := &app{terminal: newTerminal(), flags: newFlags()}
	root := newRootCommand(a)
	root.InitDefaultHelpFlag()
	root.InitDefaultCompletionCmd()
	var page bytes.Buffer
	page.WriteString("# intune-cert\n\nThis page is generated from the commands: `go test -run Documentation -update` in cmd/intune-cert.\n\n")
	writeCommand(t, &page, root)
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() && command.Name() != "help" {
			writeCommand(t, &page, command)
		}
	}
	text := strings.TrimRight(page.String(), "\n") + "\n"
	return []byte(text)
}

func writeCommand(t *testing.T, page *bytes.Buffer, command *cobra.Command) {
	t.Helper()
	link := func(file string) string { return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-") }
	var section bytes.Buffer
	if err := doc.GenMarkdownCustom(command, &section, link); err != nil {
		t.Fatal(err)
	}
	text := section.String()
	if command.HasParent() { // the page says once how commands are related, and which flags all of them have
		text, _, _ = strings.Cut(text, "### SEE ALSO")
		text, _, _ = strings.Cut(text, "### Options inherited from parent commands")
	}
	page.WriteString(text)
}
