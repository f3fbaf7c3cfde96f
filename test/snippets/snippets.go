// Package snippets takes the Go code out of Markdown pages and completes it to files, so that tests can compile and run
// what people copy from there.
package snippets

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A Snippet is the Go code of one fence.
type Snippet struct {
	Page string // the path of the page
	Line int    // of the first line of code
	Code string
}

// Read returns the Go code of a page.
func Read(tb testing.TB, page string) (found []Snippet) {
	tb.Helper()
	text, err := os.ReadFile(page) //nolint:gosec // a page of this repository
	if err != nil {
		tb.Fatal(err)
	}
	var open *Snippet
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		switch fence := strings.TrimSpace(line); {
		case open == nil && fence == "```go":
			open = &Snippet{Page: page, Line: number + 1}
		case open != nil && fence == "```":
			found = append(found, *open)
			open = nil
		case open != nil:
			open.Code += line
		}
	}
	if open != nil {
		tb.Errorf("%s:%d: the fence is not closed", open.Page, open.Line-1)
	}
	return found
}

// Origin names the place of the snippet.
func (s Snippet) Origin() string { return fmt.Sprintf("%s:%d", s.Page, s.Line) }

// IsFile reports whether the snippet is a whole file.
func (s Snippet) IsFile() bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", s.Code, parser.PackageClauseOnly)
	return err == nil
}

// IsTest reports whether the snippet is a test function without the rest of its file.
func (s Snippet) IsTest() bool { return strings.HasPrefix(s.Code, "func Test") }

// Imports returns the paths of the packages whose names the snippet uses.
func (s Snippet) Imports(tb testing.TB) (paths []string) {
	tb.Helper()
	if s.IsFile() {
		file, err := parser.ParseFile(token.NewFileSet(), "", s.Code, parser.ImportsOnly)
		if err != nil {
			tb.Fatalf("%s:%d: %v", s.Page, s.Line, err)
		}
		for _, spec := range file.Imports {
			paths = append(paths, strings.Trim(spec.Path.Value, `"`))
		}
		return paths
	}
	ast.Inspect(s.parse(tb), func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok && packages[name.Name] != "" && !slices.Contains(paths, packages[name.Name]) {
				paths = append(paths, packages[name.Name])
			}
		}
		return true
	})
	return paths
}

// packages are those that snippets use without importing them, by their names.
var packages = func() map[string]string {
	byName := map[string]string{"intune": "github.com/seed-230b9595/intune-go"}
	for _, path := range []string{
		"context", "crypto/tls", "crypto/x509", "encoding/json", "errors", "fmt", "io", "log", "log/slog", "net/http", "net/url",
		"os", "slices", "strings", "sync", "testing", "testing/synctest", "time",
		"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud",
		"github.com/Azure/azure-sdk-for-go/sdk/azidentity",
		"github.com/jarcoal/httpmock",
		"github.com/redis/go-redis/v9",
		"github.com/seed-230b9595/intune-go/azcred",
		"github.com/seed-230b9595/intune-go/clientcert",
		"github.com/seed-230b9595/intune-go/codesign",
		"github.com/seed-230b9595/intune-go/intunetest",
		"github.com/seed-230b9595/intune-go/redisquota",
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
		"golang.org/x/oauth2",
	} {
		byName[filepath.Base(path)] = path
	}
	byName["redis"] = "github.com/redis/go-redis/v9"
	return byName
}()

// File returns a file of package main. It has the snippet as the body of a function, or as it is if it is a test or a whole
// file. Errors of the compiler name the line of the page.
func (s Snippet) File(tb testing.TB, function string) string {
	tb.Helper()
	origin := fmt.Sprintf("//line %s:%d\n", filepath.Base(s.Page), s.Line)
	if s.IsFile() {
		return origin + s.Code
	}
	var file strings.Builder
	file.WriteString("package main\n\n")
	for _, path := range s.Imports(tb) {
		name := ""
		if path == packages["intune"] {
			name = "intune "
		}
		fmt.Fprintf(&file, "import %s%q\n", name, path)
	}
	if s.isDeclaration() {
		return file.String() + origin + s.Code
	}
	fmt.Fprintf(&file, "\nfunc %s() {\n%s%s\n", function, origin, s.Code)
	for _, name := range s.variables(tb) {
		fmt.Fprintf(&file, "_ = %s\n", name)
	}
	return file.String() + "}\n"
}

// Declarations is a file of package main that declares what the snippets of the pages take for granted.
const Declarations = `package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"log"
	"time"

	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/intunetest"
)

var (
	ctx                                  = context.Background()
	client                               *intune.Client
	service                              *intune.EnterpriseCodeSigningCertificatesService
	cred                                 intune.Credential
	cert                                 = intune.FromX509(x509Cert)
	x509Cert                             = intunetest.NewCertificate("Contoso")
	update                               = &intune.EnterpriseCodeSigningCertificateUpdate{Clear: []intune.Property{intune.PropertyIssuerName}}
	id, tenantID, clientID               = "", intunetest.TenantID, intunetest.ClientID
	secret, password                     = intunetest.ClientSecret, ""
	err                                  error
	apiError                             *intune.APIError
	page, batch, responses               any
	chain                                []*x509.Certificate
	key                                  crypto.Signer
	within                               = 60 * 24 * time.Hour
)

func open(context.Context, string) error { return nil }

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// connect gives the snippets an emulator, which has a certificate.
func connect() {
	server, err := intunetest.Start()
	check(err)
	cred, client = server.Credential(), server.Client()
	service = client.EnterpriseCodeSigningCertificates()
	old, err := service.Create(ctx, intune.FromX509(intunetest.NewCertificate("Fabrikam", func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(1, 0, 0) })))
	check(err)
	id = old.ID
}
`

// Cells returns the code in a column of the tables of a page, as one snippet for each cell. Text before and after the
// code does not count.
func Cells(tb testing.TB, page string, column int) (found []Snippet) {
	tb.Helper()
	text, err := os.ReadFile(page) //nolint:gosec // a page of this repository
	if err != nil {
		tb.Fatal(err)
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if cells := strings.Split(line, " | "); strings.HasPrefix(line, "| ") && len(cells) > column {
			if _, rest, isCode := strings.Cut(cells[column], "`"); isCode {
				code, _, _ := strings.Cut(rest, "`")
				found = append(found, Snippet{Page: page, Line: number, Code: code + "\n"})
			}
		}
	}
	return found
}

func (s Snippet) isDeclaration() bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+s.Code, parser.SkipObjectResolution)
	return err == nil && !strings.HasPrefix(s.Code, "var ")
}

// parse parses a snippet that is not a whole file.
func (s Snippet) parse(tb testing.TB) *ast.File {
	tb.Helper()
	source := "package main\nfunc _() {\n" + s.Code + "\n}\n"
	if s.isDeclaration() {
		source = "package main\n" + s.Code
	}
	file, err := parser.ParseFile(token.NewFileSet(), s.Page, source, parser.SkipObjectResolution)
	if err != nil {
		tb.Fatalf("%s:%d: %v", s.Page, s.Line, err)
	}
	return file
}

// variables returns the variables that the snippet declares, which the rest of a program would use.
func (s Snippet) variables(tb testing.TB) (names []string) {
	tb.Helper()
	function, ok := s.parse(tb).Decls[0].(*ast.FuncDecl)
	if !ok {
		return nil
	}
	add := func(name string) {
		if name != "_" {
			names = append(names, name)
		}
	}
	for _, statement := range function.Body.List {
		switch statement := statement.(type) {
		case *ast.AssignStmt:
			for _, left := range statement.Lhs {
				if name, ok := left.(*ast.Ident); ok && statement.Tok == token.DEFINE {
					add(name.Name)
				}
			}
		case *ast.DeclStmt:
			ast.Inspect(statement, func(node ast.Node) bool {
				if values, ok := node.(*ast.ValueSpec); ok {
					for _, name := range values.Names {
						add(name.Name)
					}
				}
				return true
			})
		}
	}
	return names
}
