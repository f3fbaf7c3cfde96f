package main

// This file changes the tree: versions and requirements.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// unreleased are the nested modules that nobody imports or installs.
func unreleased() []string { return []string{"tools", "bench", "interop"} }

// goModule is a module of the repository.
type goModule struct {
	dir  string // in the tree, with slashes; "." for the root
	path string
	file *modfile.File
}

// tag returns the tag of a version of the module.
func (m *goModule) tag(version string) string {
	if m.dir == "." {
		return version
	}
	return m.dir + "/" + version
}

func (r *release) abs(name string) string { return filepath.Join(r.tree, filepath.FromSlash(name)) }

func (r *release) git(ctx context.Context, args ...string) (string, error) {
	return command(ctx, r.tree, nil, "git", args...)
}

// command runs a program and returns its output.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // git and go
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

func (r *release) checkClean(ctx context.Context) error {
	status, err := r.git(ctx, "status", "--porcelain")
	if err == nil && status != "" {
		err = errors.New("the tree has uncommitted changes:\n" + status)
	}
	return err
}

// setVersion changes the version in the User-Agent, that of the GitHub Action, and the heading of the changelog.
func (r *release) setVersion(now time.Time) error {
	plain := strings.TrimPrefix(r.version, "v")
	if err := r.replace("options.go", `(?m)^const version = ".*"$`, `const version = "`+plain+`"`); err != nil {
		return err
	}
	if err := r.replace("action.yml", `(?m)^    default: v.*$`, "    default: "+r.version); err != nil {
		return err
	}
	heading := fmt.Sprintf("## [Unreleased]\n\n## [%s] - %s\n", plain, now.UTC().Format(time.DateOnly))
	return r.replace("CHANGELOG.md", `(?m)^## \[Unreleased\]\n`, heading)
}

func (r *release) replace(name, pattern, text string) error {
	data, err := os.ReadFile(r.abs(name))
	if err != nil {
		return err
	}
	expression := regexp.MustCompile(pattern)
	if len(expression.FindAllIndex(data, -1)) != 1 {
		return fmt.Errorf("%s does not have exactly one %s", name, pattern)
	}
	return os.WriteFile(r.abs(name), expression.ReplaceAllLiteral(data, []byte(text)), 0o644) //nolint:gosec // a file of the repository
}

// findModules returns the modules to release: those that others require come first.
func (r *release) findModules(ctx context.Context) ([]*goModule, error) {
	files, err := r.git(ctx, "ls-files", "go.mod", "*/go.mod")
	if err != nil {
		return nil, err
	}
	var found []*goModule
	for name := range strings.FieldsSeq(files) {
		if slices.Contains(unreleased(), path.Dir(name)) {
			continue
		}
		m := &goModule{dir: path.Dir(name)}
		if err := m.read(r.abs(name)); err != nil {
			return nil, err
		}
		found = append(found, m)
	}
	return inOrder(found)
}

func (m *goModule) read(file string) error {
	data, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	if m.file, err = modfile.Parse(file, data, nil); err != nil {
		return err
	}
	m.path = m.file.Module.Mod.Path
	return nil
}

// inOrder sorts modules so that each comes after those that it requires.
func inOrder(found []*goModule) (sorted []*goModule, err error) {
	for len(sorted) < len(found) {
		before := len(sorted)
		for _, m := range found {
			if !slices.Contains(sorted, m) && !slices.ContainsFunc(found, func(other *goModule) bool {
				return m.requires(other) && !slices.Contains(sorted, other)
			}) {
				sorted = append(sorted, m)
			}
		}
		if len(sorted) == before {
			return nil, errors.New("the modules require each other in a circle")
		}
	}
	return sorted, nil
}

func (m *goModule) requires(other *goModule) bool {
	return slices.ContainsFunc(m.file.Require, func(require *modfile.Require) bool { return require.Mod.Path == other.path })
}

// pin makes a module require the release of the others, and drops its replace directives.
func (r *release) pin(ctx context.Context, m *goModule) error {
	for _, other := range r.modules {
		if !m.requires(other) {
			continue
		}
		if err := m.file.AddRequire(other.path, r.version); err != nil {
			return err
		}
	}
	for _, replace := range slices.Clone(m.file.Replace) {
		if err := m.file.DropReplace(replace.Old.Path, replace.Old.Version); err != nil {
			return err
		}
	}
	m.file.Cleanup()
	data, err := m.file.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.abs(m.dir+"/go.mod"), data, 0o644); err != nil { //nolint:gosec // a file of the repository
		return err
	}
	_, err = r.goCommand(ctx, r.abs(m.dir), nil, "mod", "tidy")
	return err
}
