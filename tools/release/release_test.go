package main

import (
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const rehearsed = "v0.1.0"

// copyTree copies what git has of the repository into one of its own.
func copyTree(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := command(t.Context(), source, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		t.Fatal(err)
	}
	tree := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(listed, "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join(source, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "--all"},
		{"-c", "user.name=release", "-c", "user.email=release@example.com", "commit", "--quiet", "--message", "rehearsal"},
	} {
		if _, err := command(t.Context(), tree, nil, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestRelease rehearses a release of this tree, and installs it as a user does.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the tool for six platforms")
	}
	tree, out := copyTree(t), t.TempDir()
	var printed bytes.Buffer
	if err := run(t.Context(), tree, t.TempDir(), []string{"prepare", rehearsed}, &printed); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"azcred/go.mod", "cmd/intune-cert/go.mod"} {
		if text := read(t, filepath.Join(tree, name)); strings.Contains(text, "replace") || !strings.Contains(text, "intune-go "+rehearsed) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if text := read(t, filepath.Join(tree, "CHANGELOG.md")); !strings.Contains(text, "## [Unreleased]\n\n## [0.1.0] - 20") {
		t.Error("the changelog has no heading for the release")
	}
	if text := read(t, filepath.Join(tree, "action.yml")); !strings.Contains(text, "\n    default: v0.1.0\n") {
		t.Error("action.yml does not install the release")
	}
	if err := run(t.Context(), tree, out, []string{"pack", rehearsed}, io.Discard); err == nil || !strings.Contains(err.Error(), "uncommitted changes") {
		t.Errorf("packed what is not committed: %v", err)
	}
	followCommands(t, tree, printed.String())
	if err := run(t.Context(), tree, out, []string{"pack", rehearsed}, io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Run("install", func(t *testing.T) { testInstall(t, tree) })
	t.Run("import", func(t *testing.T) { testImport(t, tree) })
	t.Run("archives", func(t *testing.T) { testArchives(t, out, revision(t, tree)) })
	t.Run("notes", func(t *testing.T) {
		if notes := read(t, filepath.Join(out, "notes.md")); !strings.HasPrefix(notes, "### Added\n") || strings.Contains(notes, "\n## ") {
			t.Errorf("got %s", notes)
		}
	})
	t.Run("action", func(t *testing.T) { testAction(t, tree, out) })
}

// followCommands commits and tags as the first step says, and pushes to a repository of its own.
func followCommands(t *testing.T, tree, printed string) {
	t.Helper()
	origin := t.TempDir()
	for _, args := range [][]string{
		{"init", "--quiet", "--bare", origin}, {"remote", "add", "origin", origin},
		{"config", "user.name", "release"}, {"config", "user.email", "release@example.com"},
	} {
		if _, err := command(t.Context(), tree, nil, "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	commands, _, _ := strings.Cut(printed, "\n\n")
	if _, err := command(t.Context(), tree, nil, "sh", "-ec", commands); err != nil {
		t.Fatal(err)
	}
	pushed, err := command(t.Context(), origin, nil, "git", "tag")
	if want := "azcred/v0.1.0\ncmd/intune-cert/v0.1.0\nredisquota/v0.1.0\nv0.1.0\n"; err != nil || pushed != want {
		t.Errorf("pushed %s, %v", pushed, err)
	}
}

func revision(t *testing.T, tree string) string {
	t.Helper()
	id, err := command(t.Context(), tree, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(id)
}

// user is the environment of somebody with an empty GOPATH.
func user(t *testing.T, tree string) []string {
	t.Helper()
	env, err := (&release{tree: tree}).goEnvironment(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	goPath := t.TempDir()
	return append(env, "GOPATH="+goPath, "GOMODCACHE="+filepath.Join(goPath, "pkg", "mod"), "GOBIN="+filepath.Join(goPath, "bin"))
}

func testInstall(t *testing.T, tree string) {
	t.Helper()
	env := user(t, tree)
	if _, err := command(t.Context(), t.TempDir(), env, "go", "install", "github.com/seed-230b9595/intune-go/cmd/intune-cert@"+rehearsed); err != nil {
		t.Fatal(err)
	}
	goBin := strings.TrimPrefix(env[len(env)-1], "GOBIN=")
	version, err := command(t.Context(), t.TempDir(), nil, filepath.Join(goBin, "intune-cert"), "version")
	if err != nil || !strings.HasPrefix(version, "intune-cert "+rehearsed+" ") {
		t.Errorf("got %q, %v", version, err)
	}
}

func testImport(t *testing.T, tree string) {
	t.Helper()
	dir, env := t.TempDir(), user(t, tree)
	const text = `package main

import (
	intune "github.com/seed-230b9595/intune-go"
	"github.com/seed-230b9595/intune-go/azcred"
)

func main() {
	_ = azcred.New(nil)
	_, _ = intune.NewClient(intune.ClientSecretCredential("tenant", "client", "secret"))
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"mod", "init", "example.com/program"},
		{"get", "github.com/seed-230b9595/intune-go@" + rehearsed, "github.com/seed-230b9595/intune-go/azcred@" + rehearsed},
		{"build", "-o", os.DevNull, "."},
	} {
		if _, err := command(t.Context(), dir, env, "go", args...); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryModuleIsReleased names those that nobody imports or installs.
func TestEveryModuleIsReleased(t *testing.T) {
	listed, err := command(t.Context(), "../..", nil, "git", "ls-files", "go.mod", "*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(listed) {
		if module := path.Dir(name); !slices.Contains(modules(), module) && !slices.Contains([]string{"tools", "bench", "interop"}, module) {
			t.Errorf("%s is not released", module)
		}
	}
}

func TestReleaseNeedsACanonicalVersion(t *testing.T) {
	for _, version := range []string{"", "0.1.0", "v1", "latest"} {
		if err := run(t.Context(), t.TempDir(), "", []string{"prepare", version}, io.Discard); err == nil || !strings.Contains(err.Error(), "usage") {
			t.Errorf("%q: got %v", version, err)
		}
	}
}
