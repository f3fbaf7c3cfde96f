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

var update = flag.Bool("update", false, "write the files in docs that this test makes") //nolint:gochecknoglobals // a flag of the test

// wantCurrent compares a file in docs with what it should be, or writes that with -update.
func wantCurrent(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(have, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is not current: run go test -run Current -update in cmd/intune-cert", file)
	}
}

func TestDocumentationIsCurrent(t *testing.T) {
	wantCurrent(t, "../../docs/intune-cert.md", documentation(t))
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
	fmt.Fprintf(&page, "# intune-cert\n\n<!-- Generated: go test -run Current -update, in cmd/intune-cert. -->\n\n%s\n\n[Install](https://github.com/seed-230b9595/intune-go/blob/main/docs/install.md).\n\n", root.Long)
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
