package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/test/snippets"
)

// TestSnippetsThatNeedOtherModules compiles the code of the pages that the root module cannot, because it lacks the
// packages. It runs in the first of these modules that has them.
func TestSnippetsThatNeedOtherModules(t *testing.T) {
	for _, page := range []string{"../docs/sign-in.md", "../docs/operations.md", "../docs/migrating.md"} {
		found := snippets.Read(t, page)
		if strings.HasSuffix(page, "migrating.md") {
			found = snippets.Cells(t, page, 1)
		}
		for _, snippet := range found {
			module := moduleFor(snippet.Imports(t))
			if module == "" {
				continue // test/docs compiles and runs it
			}
			t.Run(fmt.Sprintf("%s:%d", filepath.Base(page), snippet.Line), func(t *testing.T) {
				folder := t.TempDir()
				files := []string{filepath.Join(folder, "snippet.go"), filepath.Join(folder, "declarations.go"), filepath.Join(folder, "main.go")}
				for i, text := range []string{snippet.File(t, "snippet"), snippets.Declarations, mains[module]} {
					if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				cmd := exec.CommandContext(t.Context(), "go", append([]string{"vet"}, files...)...)
				cmd.Dir = module
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// mains complete the programs, and declare what the snippets of a module take for granted.
var mains = map[string]string{
	".": `package main

import "github.com/Azure/azure-sdk-for-go/sdk/azcore"

var identity azcore.TokenCredential

func main() { connect() }
`,
	"../redisquota": "package main\n\nfunc main() { connect() }\n",
}

// moduleFor returns the folder of the module in which a snippet with these imports compiles, "" for the root.
func moduleFor(imports []string) string {
	for _, path := range imports {
		switch {
		case strings.HasSuffix(path, "/redisquota"):
			return "../redisquota"
		case strings.HasSuffix(path, "/azcred"), strings.Contains(path, "/azidentity"), strings.Contains(path, "/otelhttp"):
			return "."
		}
	}
	return ""
}
