package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"runtime"
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
	if err := run(t.Context(), tree, out, rehearsed, &printed); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"git tag v0.1.0\n", "git tag azcred/v0.1.0\n", "git tag cmd/intune-cert/v0.1.0\n"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("not printed: %s\n%s", want, printed.String())
		}
	}
	for _, name := range []string{"azcred/go.mod", "cmd/intune-cert/go.mod"} {
		if text := read(t, filepath.Join(tree, name)); strings.Contains(text, "replace") || !strings.Contains(text, "intune-go "+rehearsed) {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if text := read(t, filepath.Join(tree, "CHANGELOG.md")); !strings.Contains(text, "## [Unreleased]\n\n## [0.1.0] - 20") {
		t.Error("the changelog has no heading for the release")
	}
	t.Run("install", func(t *testing.T) { testInstall(t, out) })
	t.Run("import", func(t *testing.T) { testImport(t, out) })
	t.Run("archives", func(t *testing.T) { testArchives(t, out) })
	t.Run("not twice", func(t *testing.T) {
		if err := run(t.Context(), tree, out, rehearsed, io.Discard); err == nil || !strings.Contains(err.Error(), "uncommitted changes") {
			t.Errorf("got %v", err)
		}
	})
}

// user is the environment of somebody with an empty GOPATH.
func user(t *testing.T, out string) []string {
	t.Helper()
	r := &release{tree: out, out: out, modules: []*goModule{{path: "github.com/seed-230b9595/intune-go"}}}
	env, err := r.goEnvironment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	goPath := t.TempDir()
	return append(env, "GOPATH="+goPath, "GOMODCACHE="+filepath.Join(goPath, "pkg", "mod"), "GOBIN="+filepath.Join(goPath, "bin"))
}

func testInstall(t *testing.T, out string) {
	t.Helper()
	env := user(t, out)
	if _, err := command(t.Context(), t.TempDir(), env, "go", "install", "github.com/seed-230b9595/intune-go/cmd/intune-cert@"+rehearsed); err != nil {
		t.Fatal(err)
	}
	goBin := strings.TrimPrefix(env[len(env)-1], "GOBIN=")
	version, err := command(t.Context(), t.TempDir(), nil, filepath.Join(goBin, "intune-cert"), "version")
	if err != nil || !strings.HasPrefix(version, "intune-cert "+rehearsed+" ") {
		t.Errorf("got %q, %v", version, err)
	}
}

func testImport(t *testing.T, out string) {
	t.Helper()
	dir, env := t.TempDir(), user(t, out)
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

func testArchives(t *testing.T, out string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(out, "SHA256SUMS"))), "\n")
	if len(lines) != len(platforms()) {
		t.Fatalf("%d sums: %v", len(lines), lines)
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		if sum, err := sumOf(filepath.Join(out, name)); err != nil || sum != want {
			t.Errorf("%s: %s, %v", name, sum, err)
		}
		names := namesIn(t, filepath.Join(out, name))
		if want := "intune-cert,LICENSE,intune-cert.md"; strings.ReplaceAll(names, ".exe", "") != want {
			t.Errorf("%s has %s", name, names)
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		program := unpack(t, filepath.Join(out, "intune-cert_0.1.0_linux_"+arch+".tar.gz"))
		file, err := elf.Open(program)
		if err != nil {
			t.Fatal(err)
		}
		for _, segment := range file.Progs {
			if segment.Type == elf.PT_INTERP {
				t.Errorf("linux/%s is not static", arch)
			}
		}
		_ = file.Close()
		if runtime.GOOS == "linux" && runtime.GOARCH == arch {
			version, err := command(t.Context(), t.TempDir(), nil, program, "version")
			if err != nil || !strings.HasPrefix(version, "intune-cert "+rehearsed+" ") {
				t.Errorf("got %q, %v", version, err)
			}
		}
	}
}

func namesIn(t *testing.T, archive string) string {
	t.Helper()
	var names []string
	if strings.HasSuffix(archive, ".zip") {
		reader, err := zip.OpenReader(archive)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = reader.Close() }()
		for _, file := range reader.File {
			names = append(names, file.Name)
		}
		return strings.Join(names, ",")
	}
	eachInTar(t, archive, func(header *tar.Header, _ io.Reader) { names = append(names, header.Name) })
	return strings.Join(names, ",")
}

// unpack unpacks the program of an archive.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "intune-cert")
	eachInTar(t, archive, func(header *tar.Header, content io.Reader) {
		if header.Name != "intune-cert" {
			return
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, data, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	})
	return program
}

func eachInTar(t *testing.T, archive string, visit func(*tar.Header, io.Reader)) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	uncompressed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(uncompressed)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		visit(header, reader)
	}
}

func TestReleaseNeedsACanonicalVersion(t *testing.T) {
	for _, version := range []string{"", "0.1.0", "v1", "latest"} {
		if err := run(t.Context(), t.TempDir(), "", version, io.Discard); err == nil || !strings.Contains(err.Error(), "usage") {
			t.Errorf("%q: got %v", version, err)
		}
	}
}
