package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/seed-230b9595/intune-go/cmd/intune-cert/internal/console"
)

var manFolder = flag.String("man", "", "write the man pages to this `folder`") //nolint:gochecknoglobals // a flag of the test

// TestManPages makes a man page for each command. A release packs those that go test -run ManPages -man FOLDER writes. Their date
// is that of SOURCE_DATE_EPOCH.
func TestManPages(t *testing.T) {
	folder := *manFolder
	if folder == "" {
		folder = t.TempDir()
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	_, root := newApp(console.New())
	for _, topic := range newTopics() {
		root.Long += "\n\n# " + strings.ToUpper(topic.Short) + "\n" + topic.Long
	}
	if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "intune-go", Manual: "intune-cert"}, folder); err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(folder, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range pages {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, asTyped(root, page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(filepath.Join(folder, "intune-cert-rotate.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`.TH "INTUNE-CERT-ROTATE" "1"`, "\n\\fB--force\\fP\n", "\n\\fB--wait\\fP duration\n", "\n\\fB--overlap\\fP duration (default 30d)\n",
		"\n\\fB--ca\\fP file\n", "\n\\fB-o\\fP, \\fB--output\\fP name (default human)\n",
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}

var flagLine = regexp.MustCompile(`(?m)^(\\fB.*--([a-z-]+)\\fP)\[?="?([^"\[\]\n]*)"?[\[\]]*$`)

// asTyped writes the flags of a page as people type them: cobra writes --force[=false] and --wait=.
func asTyped(root *cobra.Command, page []byte) []byte {
	kinds := make(map[string]string)
	note := func(f *pflag.Flag) { kinds[f.Name], _ = pflag.UnquoteUsage(f) }
	root.PersistentFlags().VisitAll(note)
	for _, command := range root.Commands() {
		command.LocalFlags().VisitAll(note)
	}
	return flagLine.ReplaceAllFunc(page, func(line []byte) []byte {
		parts := flagLine.FindSubmatch(line)
		text := strings.TrimSpace(string(parts[1]) + " " + kinds[string(parts[2])])
		if initial := string(parts[3]); initial != "" && initial != "false" {
			text += " (default " + initial + ")"
		}
		return []byte(text)
	})
}
