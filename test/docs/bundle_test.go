package docs_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed-230b9595/intune-go/test/snippets"
)

// elsewhere are the modules whose packages this module does not have.
var elsewhere = regexp.MustCompile(`^github\.com/(Azure|redis|microsoft\w*)/|^go\.opentelemetry\.io/|/(azcred|redisquota)$`)

// code is the code of the pages that this module can compile. interop has the rest.
type code struct {
	fragments   []snippets.Snippet
	tests       []snippets.Snippet
	credentials []snippets.Snippet          // files that take the place of EnvironmentCredential in the program of the README
	programs    map[string]snippets.Snippet // by their pages
}

func codeOfThePages(t *testing.T) *code {
	t.Helper()
	c := &code{programs: make(map[string]snippets.Snippet)}
	for _, page := range []string{
		"README.md", "docs/errors.md", "docs/exactly-once.md", "docs/operations.md", "docs/sign-in.md", "docs/migrating.md", "docs/servers.md",
		"docs/rotation.md",
	} {
		found := snippets.Read(t, page)
		if page == "docs/migrating.md" {
			found = append(found, snippets.Cells(t, page, 1)...)
		}
		for _, snippet := range found {
			switch {
			case slices.ContainsFunc(snippet.Imports(t), elsewhere.MatchString):
			case snippet.IsFile() && page == "docs/sign-in.md":
				c.credentials = append(c.credentials, snippet)
			case snippet.IsFile():
				c.programs[page] = snippet
			case snippet.IsTest():
				c.tests = append(c.tests, snippet)
			default:
				c.fragments = append(c.fragments, snippet)
			}
		}
	}
	return c
}

// bundle is one test binary of all code that the pages and the examples have, because linking takes most of the time. If the
// first argument is a page, an example or the place of a snippet, it runs that instead of the tests.
type bundle struct {
	folder string // of the module
	binary string

	packages int
	imports  string
	table    string // of functions, by what they are from
}

func (c *code) bundle(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{folder: newModule(t)}
	write(t, filepath.Join(b.folder, "declarations.go"), snippets.Declarations)
	for i, fragment := range c.fragments {
		function := fmt.Sprintf("snippet%d", i)
		write(t, filepath.Join(b.folder, function+".go"), fragment.File(t, function))
		b.table += fmt.Sprintf("\t\t%q: func() { connect(); %s() },\n", fragment.Origin(), function)
	}
	program := c.programs["README.md"]
	b.add(t, "README.md", program.File(t, ""))
	b.add(t, "docs/migrating.md", c.programs["docs/migrating.md"].File(t, ""))
	const before, after = "intune.EnvironmentCredential()", "newCredential()"
	if strings.Count(program.Code, before) != 1 {
		t.Fatalf("the program of the README has no %s to replace", before)
	}
	for _, credential := range c.credentials {
		b.add(t, credential.Origin(), strings.Replace(program.File(t, ""), before, after, 1), credential.File(t, ""))
	}
	for _, name := range examples {
		b.add(t, "examples/"+name, read(t, "examples/"+name+"/main.go"))
	}
	c.addTests(t, b)
	write(t, filepath.Join(b.folder, "main_test.go"), fmt.Sprintf(mainText, b.imports, b.table, b.packages))
	output(t, b.folder, nil, "go", "vet", "-mod=mod", "./...")
	b.binary = filepath.Join(b.folder, "bundle.exe")
	output(t, b.folder, nil, "go", "test", "-c", "-mod=mod", "-ldflags=-w", "-o", b.binary, ".")
	return b
}

// mainText is the file that runs the code of the others. The last package has the test of the handler of docs/servers.md.
const mainText = `package main

import (
	"os"
	"slices"
	"testing"

%s)

func TestMain(m *testing.M) {
	run := map[string]func(){
%s	}[os.Args[1]]
	if run == nil {
		m.Run()
		return
	}
	os.Args = slices.Delete(os.Args, 1, 2)
	run()
}

func TestServers(t *testing.T) { program%d.TestUpload(t) }
`

// add adds the files of a program as a package.
func (b *bundle) add(t *testing.T, origin string, files ...string) {
	t.Helper()
	b.packages++
	name := fmt.Sprintf("program%d", b.packages)
	for i, text := range files {
		text = strings.Replace(strings.Replace(text, "package main\n", "package "+name+"\n", 1), "\nfunc main() {", "\nfunc Main() {", 1)
		write(t, filepath.Join(b.folder, name, fmt.Sprintf("file%d.go", i)), text)
	}
	b.imports += fmt.Sprintf("\t%q\n", path.Join("example.com/snippets", name))
	b.table += fmt.Sprintf("\t\t%q: %s.Main,\n", origin, name)
}

// addTests adds the tests of the pages, and a test of the handler of docs/servers.md.
func (c *code) addTests(t *testing.T, b *bundle) {
	t.Helper()
	for i, test := range c.tests {
		write(t, filepath.Join(b.folder, fmt.Sprintf("snippet%d_test.go", i)), test.File(t, ""))
	}
	b.add(t, "docs/servers.md", c.programs["docs/servers.md"].Code, read(t, "test/docs/testdata/servers/upload.go"))
}

// newModule makes an empty module that uses this one, outside this repository.
func newModule(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	repository, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	mod := "module example.com/snippets\n\ngo 1.26.0\n\nrequire %[1]s v0.0.0\n\nreplace %[1]s => %[2]q\n"
	write(t, filepath.Join(folder, "go.mod"), fmt.Sprintf(mod, thisModule, repository))
	write(t, filepath.Join(folder, "go.sum"), string(sums))
	return folder
}
