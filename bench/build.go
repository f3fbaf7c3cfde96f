package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
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
	return errors.Join(
		p.goCommand(ctx, "mod", "edit", "-replace=github.com/seed-230b9595/intune-go="+library).err,
		p.goCommand(ctx, "mod", "tidy").err)
}

// usage is what a command took, its children included.
type usage struct {
	output    []byte
	wall, cpu time.Duration
	memory    int64 // of the largest of its processes, in bytes; 0 if the system does not tell
	err       error
}

// goCommand runs the go command in the program's module.
func (p *program) goCommand(ctx context.Context, args ...string) usage {
	return p.runCommand(p.command(ctx, "go", args...))
}

func (p *program) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // go, and what it has built
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "GOCACHE="+p.cache, "GOFLAGS=-tags=peer", "GOWORK=off", "CGO_ENABLED=0")
	return cmd
}

func (p *program) runCommand(cmd *exec.Cmd) usage {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	took := usage{output: stdout.Bytes(), wall: time.Since(begin)}
	if err != nil {
		took.err = fmt.Errorf("%s: %s: %w\n%s", p.name, strings.Join(cmd.Args, " "), err, stderr.Bytes())
		return took
	}
	took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	took.memory = maxMemory(cmd.ProcessState)
	return took
}

func (p *program) build(ctx context.Context) usage {
	return p.goCommand(ctx, "build", "-o", p.binary, "./programs/"+p.name)
}

// buildCold builds the program and all its dependencies, the standard library too.
func (p *program) buildCold(ctx context.Context) error {
	if err := os.RemoveAll(p.cache); err != nil {
		return err
	}
	took := p.build(ctx)
	p.measured.add(coldBuild, took.wall.Seconds())
	p.measured.add(coldBuildCPU, took.cpu.Seconds())
	if took.memory > 0 {
		p.measured.add(coldBuildMemory, float64(took.memory))
	}
	return took.err
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
	took := p.build(ctx)
	p.measured.add(rebuild, took.wall.Seconds())
	return took.err
}

// weigh measures what does not change from one build to another.
func (p *program) weigh(ctx context.Context) error {
	stripped := filepath.Join(p.dir, "stripped")
	err := errors.Join(
		p.goCommand(ctx, "build", "-ldflags=-s -w", "-o", stripped, "./programs/"+p.name).err,
		p.measureSize(binary, p.binary), p.measureSize(strippedBinary, stripped))
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(p.binary)
	if err != nil {
		return err
	}
	p.measured.add(modules, float64(len(info.Deps)))
	list := p.goCommand(ctx, "list", "-deps", "./programs/"+p.name)
	p.measured.add(packages, float64(bytes.Count(list.output, []byte("\n"))))
	sum, err := os.ReadFile(filepath.Join(p.dir, "go.sum"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	p.measured.add(sums, float64(bytes.Count(sum, []byte("\n"))))
	return list.err
}

func (p *program) measureSize(what *metric, file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	p.measured.add(what, float64(info.Size()))
	return nil
}
