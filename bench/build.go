package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// program is one of those that are compared. It is built in a module of its own that requires just what it needs, as its
// users would.
type program struct {
	name, title string // name is that of its directory

	dir      string // of its module
	cache    string // GOCACHE
	binary   string
	measured measurements
}

// newPrograms returns the floor, this library and the peer, to be built in folders of root.
func newPrograms(root string) []*program {
	programs := []*program{{name: "floor", title: "net/http"}, {name: "intune", title: "intune-go"}, {name: "msgraph", title: "msgraph-sdk-go"}}
	for _, p := range programs {
		p.dir, p.cache = filepath.Join(root, p.name), filepath.Join(root, p.name+"-cache")
		p.binary = filepath.Join(root, p.name+".exe")
		p.measured = make(measurements)
	}
	return programs
}

// prepare makes the module of the program: this one without the requirements that only other programs have.
func (p *program) prepare(ctx context.Context) error {
	for _, folder := range []string{"internal", "programs/" + p.name} {
		if err := os.CopyFS(filepath.Join(p.dir, folder), os.DirFS(folder)); err != nil {
			return err
		}
	}
	goMod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	library, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(p.dir, "go.mod"), goMod, 0o600); err != nil { //nolint:gosec // a copy of ours
		return err
	}
	if _, err := p.goCommand(ctx, "mod", "edit", "-replace=github.com/seed-230b9595/intune-go="+library); err != nil {
		return err
	}
	_, err = p.goCommand(ctx, "mod", "tidy")
	return err
}

// goCommand runs the go command in the program's module, and returns its output.
func (p *program) goCommand(ctx context.Context, args ...string) ([]byte, error) {
	return p.output(p.command(ctx, "go", args...))
}

func (p *program) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // go, and what it has built
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "GOCACHE="+p.cache, "GOFLAGS=-tags=peer", "GOWORK=off", "CGO_ENABLED=0")
	return cmd
}

func (p *program) output(cmd *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w\n%s", p.name, strings.Join(cmd.Args, " "), err, stderr.Bytes())
	}
	return stdout, nil
}

func (p *program) build(ctx context.Context, what *metric) error {
	begin := time.Now()
	_, err := p.goCommand(ctx, "build", "-o", p.binary, "./programs/"+p.name)
	p.measured.add(what, time.Since(begin).Seconds())
	return err
}

// buildCold builds the program and all its dependencies, the standard library too.
func (p *program) buildCold(ctx context.Context) error {
	if err := os.RemoveAll(p.cache); err != nil {
		return err
	}
	return p.build(ctx, coldBuild)
}

// buildAgain builds the program after an edit. A new line at its top moves all others, so that it is linked as well.
func (p *program) buildAgain(ctx context.Context) error {
	file := filepath.Join(p.dir, "programs", p.name, "main.go")
	source, err := os.ReadFile(file) //nolint:gosec // a copy of ours
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append([]byte("\n"), source...), 0o600); err != nil { //nolint:gosec // a copy of ours
		return err
	}
	return p.build(ctx, rebuild)
}

// weigh measures what does not change from one build to another.
func (p *program) weigh(ctx context.Context) error {
	file, err := os.Stat(p.binary)
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(p.binary)
	if err != nil {
		return err
	}
	list, err := p.goCommand(ctx, "list", "-deps", "./programs/"+p.name)
	p.measured.add(binary, float64(file.Size()))
	p.measured.add(modules, float64(len(info.Deps)))
	p.measured.add(packages, float64(bytes.Count(list, []byte("\n"))))
	return err
}
