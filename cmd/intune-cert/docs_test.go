package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
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
	for _, variable := range os.Environ() { // they set defaults
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, variablePrefix) {
			t.Setenv(name, "")
		}
	}
	_, root := newApp(console.New())
	var page bytes.Buffer
	fmt.Fprintf(&page, "# intune-cert\n\n<!-- Generated: go test -run Documentation -update, in cmd/intune-cert. -->\n\n%s\n\n[Install](https://github.com/seed-230b9595/intune-go/blob/main/docs/install.md).\n\n", root.Long)
	var topics, commands []*cobra.Command
	for _, command := range root.Commands() {
		switch {
		case command.IsAdditionalHelpTopicCommand():
			topics = append(topics, command)
		case command.IsAvailableCommand() && command.Name() != "help":
			commands = append(commands, command)
		}
	}
	page.WriteString("| command | does |\n| --- | --- |\n")
	for _, command := range commands {
		fmt.Fprintf(&page, "| [%s](#intune-cert-%[1]s) | %s |\n", command.Name(), command.Short)
	}
	fmt.Fprintf(&page, "\nQuick start:\n\n```sh\n%s\n```\n\n", root.Example)
	fmt.Fprintf(&page, "These flags apply to all commands.\n\n```\n%s```\n\n", root.PersistentFlags().FlagUsages())
	for _, topic := range topics {
		fmt.Fprintf(&page, "## %s\n\n%s\n\n", topic.Short, topic.Long)
	}
	for _, command := range commands {
		fmt.Fprintf(&page, "## intune-cert %s\n\n%s\n\n```\n%s\n\n%s```\n\n", command.Name(), cmp.Or(command.Long, command.Short+"."), command.UseLine(), command.LocalFlags().FlagUsages())
		fmt.Fprintf(&page, "```sh\n%s\n```\n\n", command.Example)
	}
	text := strings.ReplaceAll(strings.TrimRight(page.String(), "\n")+"\n", "\n  intune-cert ", "\nintune-cert ")
	return []byte(text)
}
