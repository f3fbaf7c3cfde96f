package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra/doc"

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
	page, err := os.ReadFile(filepath.Join(folder, "intune-cert-rotate.1"))
	if err != nil || !strings.Contains(string(page), `.TH "INTUNE-CERT-ROTATE" "1"`) {
		t.Errorf("%v\n%s", err, page)
	}
}
