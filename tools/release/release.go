package main

// This file has what both steps need: the modules, and the programs git and go.

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

const (
	root = "github.com/seed-230b9595/intune-go"
	tool = "cmd/intune-cert"
)

// modules are the folders of the modules that are released, each after those that it requires.
func modules() []string { return []string{".", "azcred", "redisquota", tool} }

// release is a release under way.
type release struct {
	tree    string // the folder of the repository
	out     string // the folder for what is built
	version string // such as v0.1.0

	date time.Time // of the commit that is packed
}

// tag returns the tag of a module.
func (r *release) tag(module string) string { return path.Join(module, r.version) }

func (r *release) abs(name string) string { return filepath.Join(r.tree, filepath.FromSlash(name)) }

func (r *release) git(ctx context.Context, args ...string) (string, error) {
	return command(ctx, r.tree, nil, "git", args...)
}

// goCommand runs the go command in a folder of the tree, with the modules of a repository.
func (r *release) goCommand(ctx context.Context, repository, dir string, env []string, args ...string) error {
	own, err := r.goEnvironment(ctx, repository)
	if err != nil {
		return err
	}
	_, err = command(ctx, r.abs(dir), append(own, env...), "go", args...)
	return err
}

// goEnvironment makes the go command take the modules of the release from the tags of a local repository. They do not get
// into the module cache of the machine, because they may still change; all others come from there if it has them.
func (r *release) goEnvironment(ctx context.Context, repository string) ([]string, error) {
	settings, err := command(ctx, r.tree, nil, "go", "env", "GOPROXY", "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	upstream, cache, _ := strings.Cut(strings.TrimSpace(settings), "\n")
	return []string{
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + repository + ".insteadOf", "GIT_CONFIG_VALUE_0=https://" + root,
		"GOPRIVATE=" + root, "GOPROXY=file://" + filepath.ToSlash(cache) + "/cache/download," + upstream,
		"GOMODCACHE=" + filepath.Join(r.out, "modcache"), "GOFLAGS=-modcacherw -trimpath", "GOWORK=off",
	}, nil
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
