package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWhereThingsAreIsTrue compares "Where things are" of CONTRIBUTING.md with the files: each name there exists, and each
// file of the root and each package is there.
func TestWhereThingsAreIsTrue(t *testing.T) {
	t.Chdir(root)
	_, section, _ := strings.Cut(read(t, "CONTRIBUTING.md"), "## Where things are\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var named []string
	for _, row := range strings.Split(section, "\n") {
		cells := strings.Split(row, " | ")
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[0], -1) {
			matches, err := filepath.Glob(name[1])
			if err != nil || len(matches) == 0 {
				t.Errorf("CONTRIBUTING.md names %s, which is not there", name[1])
			}
			named = append(named, matches...)
		}
	}
	for _, pattern := range []string{"*.go", "internal/*", "test/*", "*/go.mod", "*/*/go.mod"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range matches {
			match = strings.TrimSuffix(match, "/go.mod")
			if !strings.HasSuffix(match, "_test.go") && !slices.Contains(named, match) {
				t.Errorf("CONTRIBUTING.md does not say what %s is", match)
			}
		}
	}
}

// TestImportsRunOneWay checks that nothing under internal/ imports the root, in one step or in several.
func TestImportsRunOneWay(t *testing.T) {
	t.Chdir(root)
	imported := strings.Fields(output(t, ".", nil, "go", "list", "-deps", "./internal/..."))
	if slices.Contains(imported, thisModule) {
		t.Error("a package under internal/ imports the root")
	}
}

// TestDependabotKnowsEveryModule: a module that it does not know would never be updated.
func TestDependabotKnowsEveryModule(t *testing.T) {
	t.Chdir(root)
	_, list, _ := strings.Cut(read(t, ".github/dependabot.yml"), "directories: [")
	list, _, _ = strings.Cut(list, "]")
	known := strings.Split(list, ", ")
	for _, pattern := range []string{"go.mod", "*/go.mod", "*/*/go.mod"} {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range matches {
			if folder := strings.TrimSuffix("/"+filepath.ToSlash(filepath.Dir(match)), "/."); !slices.Contains(known, folder) && folder != "" {
				t.Errorf("dependabot.yml lacks %s", folder)
			}
		}
	}
}
