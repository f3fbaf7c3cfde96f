package docs_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// allPages returns the paths of all Markdown files of the repository.
func allPages(t *testing.T) (pages []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case filepath.Ext(path) == ".md":
			pages = append(pages, filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

var (
	fences   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	links    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Chdir(root)
	for _, page := range allPages(t) {
		for _, link := range links.FindAllStringSubmatch(fences.ReplaceAllString(read(t, page), ""), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") {
				checkPackageLink(t, page, target, anchor)
				continue
			}
			file := path.Join(path.Dir(page), target)
			if target == "" {
				file = page
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", page, link[1], err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, file)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, link[1])
			}
		}
	}
}

// anchors returns the anchors that GitHub gives the headings of a page.
func anchors(page string) (found []string) {
	for _, heading := range headings.FindAllStringSubmatch(fences.ReplaceAllString(page, ""), -1) {
		text := noAnchor.ReplaceAllString(strings.ToLower(heading[1]), "")
		found = append(found, strings.ReplaceAll(text, " ", "-"))
	}
	return found
}

// checkPackageLink checks links to the documentation of this module's packages on pkg.go.dev.
func checkPackageLink(t *testing.T, page, target, anchor string) {
	t.Helper()
	folder, found := strings.CutPrefix(target, "https://pkg.go.dev/"+thisModule)
	if !found {
		return
	}
	files, err := filepath.Glob(path.Join(".", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s links to %s, which is no package", page, target)
		return
	}
	if name, isOfPackage := strings.CutPrefix(anchor, "example-package-"); isOfPackage {
		anchor = "Example_" + strings.ToLower(name[:1]) + name[1:]
	} else if name, isExample := strings.CutPrefix(anchor, "example-"); isExample {
		anchor = "Example" + strings.ReplaceAll(name, ".", "_")
	}
	if anchor == "" {
		return
	}
	for _, file := range files {
		if source := read(t, file); strings.Contains(source, "func "+anchor+"(") || strings.Contains(source, "\ntype "+anchor+" ") {
			return
		}
	}
	t.Errorf("%s links to %s#%s, which is not there", page, target, anchor)
}

func TestReadmeIsShort(t *testing.T) {
	t.Chdir(root)
	if lines := strings.Count(read(t, "README.md"), "\n"); lines > 170 {
		t.Errorf("README.md has %d lines", lines)
	}
}

// TestFiguresOfTheReadme compares the figures of the README with the tables that they are from.
func TestFiguresOfTheReadme(t *testing.T) {
	t.Chdir(root)
	readme, bench, soak := read(t, "README.md"), read(t, "bench/README.md"), read(t, "docs/exactly-once.md")
	cell := func(page, row string, column int) string {
		t.Helper()
		for line := range strings.Lines(page) {
			if cells := strings.Split(line, "|"); len(cells) > column && strings.TrimSpace(cells[1]) == row {
				return strings.Trim(cells[column], " *\n")
			}
		}
		t.Fatalf("there is no row %q", row)
		return ""
	}
	const naive = "go-retryablehttp's default"
	for row, want := range map[string][2]string{
		"10,000 creates with 30% of requests failing": {
			cell(soak, "intune-go", 6) + " wrong results, " + cell(soak, "intune-go", 7) + " duplicated",
			"go-retryablehttp: " + cell(soak, naive, 6) + " wrong results, " + cell(soak, naive, 7) + " duplicated",
		},
		"cold build":                  {cell(bench, "cold build", 3), "msgraph-sdk-go: " + cell(bench, "cold build", 4)},
		"bytes allocated by a create": {cell(bench, "bytes allocated by a create", 3), "msgraph-sdk-go: " + cell(bench, "bytes allocated by a create", 4)},
	} {
		if got := [2]string{cell(readme, row, 2), cell(readme, row, 3)}; got != want {
			t.Errorf("%s: README.md has %q, measured was %q", row, got, want)
		}
	}
}

// TestCommandsOfThePages compares the flags of intune-cert's commands on the pages with its documentation.
func TestCommandsOfThePages(t *testing.T) {
	t.Chdir(root)
	documentation := read(t, "docs/intune-cert.md")
	command := regexp.MustCompile(`(?m)^intune-cert ([a-z]+)(.*)$`)
	for _, page := range []string{"README.md", "docs/migrating.md", "docs/operations.md"} {
		for _, use := range command.FindAllStringSubmatch(read(t, page), -1) {
			if !strings.Contains(documentation, "\n## intune-cert "+use[1]+"\n") {
				t.Errorf("%s: intune-cert has no command %s", page, use[1])
			}
			for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(use[2], -1) {
				if !strings.Contains(documentation, "\n      "+flag+" ") {
					t.Errorf("%s: intune-cert has no flag %s", page, flag)
				}
			}
		}
	}
}

// TestErrorsAreDocumented checks that docs/errors.md has every error that a program can test for.
func TestErrorsAreDocumented(t *testing.T) {
	t.Chdir(root)
	page := read(t, "docs/errors.md")
	for _, folder := range []string{".", "codesign"} {
		documented := packageDoc(t, folder)
		prefix := ""
		if folder != "." {
			prefix = folder + "."
		}
		for _, variable := range documented.Vars {
			for _, name := range variable.Names {
				if strings.HasPrefix(name, "Err") && !strings.Contains(page, "`"+prefix+name+"`") {
					t.Errorf("docs/errors.md lacks %s%s", prefix, name)
				}
			}
		}
		for _, typ := range documented.Types {
			if strings.HasSuffix(typ.Name, "Error") && !strings.Contains(page, "*"+prefix+typ.Name+"`") {
				t.Errorf("docs/errors.md lacks *%s%s", prefix, typ.Name)
			}
		}
	}
}

// TestExamplesOnPkgGoDev checks that every operation, every credential and every option that needs explaining has a
// runnable example, and so has what users of the other packages do first.
func TestExamplesOnPkgGoDev(t *testing.T) {
	t.Chdir(root)
	root := packageDoc(t, ".")
	want := []string{
		"NewClient", "Client_Do", "RawFilter", "OutcomeUnknownError", "EnterpriseCodeSigningCertificate_SameCertificate",
		"Credential", "WithHTTPClient", "WithQuota", "WithLimiter", "WithMiddleware", "WithTokenStore",
	}
	for _, typ := range root.Types {
		for _, function := range typ.Funcs {
			if slices.Contains([]string{"Credential", "AssertionFunc", "RequestOption"}, typ.Name) {
				want = append(want, function.Name)
			}
		}
		for _, method := range typ.Methods {
			if strings.HasSuffix(typ.Name, "Service") {
				want = append(want, typ.Name+"_"+method.Name)
			}
		}
	}
	want = slices.DeleteFunc(want, func(name string) bool {
		return name == "WithSelect" || name == "WithHeader" // in the examples of Get and Do
	})
	checkExamples(t, ".", want)
	checkExamples(t, "codesign", []string{"Load", "Parse", "WithPassword", "WithThumbprint", "Certificate_Check"})
	checkExamples(t, "clientcert", []string{"Load"})
	checkExamples(t, "intunetest", []string{"NewServer", "Start", "NewCertificate", "ListenMemory", "Server_Inject", "Server_Requests", "Server_SetStatus"})
	checkExamples(t, "azcred", []string{"New"})
}

func checkExamples(t *testing.T, folder string, want []string) {
	t.Helper()
	var names []string
	for _, example := range doc.Examples(parse(t, token.NewFileSet(), folder, true)...) {
		names = append(names, example.Name)
	}
	for _, name := range want {
		if !slices.Contains(names, name) {
			t.Errorf("%s has no Example%s", folder, name)
		}
	}
}

func packageDoc(t *testing.T, folder string) *doc.Package {
	t.Helper()
	set := token.NewFileSet()
	documented, err := doc.NewFromFiles(set, parse(t, set, folder, false), thisModule)
	if err != nil {
		t.Fatal(err)
	}
	return documented
}

func parse(t *testing.T, set *token.FileSet, folder string, tests bool) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") == tests {
			file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}
