package main

// This file makes a module proxy in a folder, and runs the go command with it.
// See https://go.dev/ref/mod#goproxy-protocol.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

func (r *release) proxy() string { return filepath.Join(r.out, "proxy") }

// publish puts a module into the proxy: the files that git has, as they are in the tree.
func (r *release) publish(ctx context.Context, m *goModule) error {
	files, err := r.filesOf(ctx, m)
	if err != nil {
		return err
	}
	escaped, err := module.EscapePath(m.path)
	if err != nil {
		return err
	}
	folder := filepath.Join(r.proxy(), filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // others may read it
		return err
	}
	goMod, err := os.ReadFile(r.abs(m.dir + "/go.mod"))
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": r.version, "Time": time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"list": []byte(r.version + "\n"), r.version + ".info": info, r.version + ".mod": goMod} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil { //nolint:gosec // others may read it
			return err
		}
	}
	archive, err := os.Create(filepath.Join(folder, r.version+".zip")) //nolint:gosec // a file in the output folder
	if err != nil {
		return err
	}
	defer func() { _ = archive.Close() }()
	if err := zip.Create(archive, module.Version{Path: m.path, Version: r.version}, files); err != nil {
		return err
	}
	return archive.Close()
}

// filesOf returns the files of a module, without those of the modules inside it. Like the go command, it takes the
// repository's license for a module that has none.
func (r *release) filesOf(ctx context.Context, m *goModule) ([]zip.File, error) {
	listed, err := r.git(ctx, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimSuffix(listed, "\x00"), "\x00")
	var files []zip.File
	hasLicense := false
	for _, name := range names {
		if moduleDir(names, name) != m.dir {
			continue
		}
		inModule := strings.TrimPrefix(name, m.dir+"/")
		hasLicense = hasLicense || inModule == "LICENSE"
		files = append(files, treeFile{r.abs(name), inModule})
	}
	if !hasLicense {
		files = append(files, treeFile{r.abs("LICENSE"), "LICENSE"})
	}
	return files, nil
}

// moduleDir returns the folder of the module that a file belongs to.
func moduleDir(names []string, name string) string {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if dir == "." || slices.Contains(names, dir+"/go.mod") {
			return dir
		}
	}
}

// treeFile is a file of the tree, by its name in a module.
type treeFile struct{ file, name string }

func (f treeFile) Path() string                 { return f.name }
func (f treeFile) Lstat() (os.FileInfo, error)  { return os.Lstat(f.file) }
func (f treeFile) Open() (io.ReadCloser, error) { return os.Open(f.file) }

// goCommand runs the go command with the proxy. The modules of the release do not get into the module cache of the machine,
// because they may still change; all others come from there if it has them.
func (r *release) goCommand(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	own, err := r.goEnvironment(ctx)
	if err != nil {
		return "", err
	}
	return command(ctx, dir, append(own, env...), "go", args...)
}

func (r *release) goEnvironment(ctx context.Context) ([]string, error) {
	settings, err := command(ctx, r.tree, nil, "go", "env", "GOPROXY", "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	upstream, cache, _ := strings.Cut(strings.TrimSpace(settings), "\n")
	proxies := []string{fileURL(r.proxy()), fileURL(filepath.Join(cache, "cache", "download")), upstream}
	return []string{
		"GOPROXY=" + strings.Join(proxies, ","), "GOMODCACHE=" + filepath.Join(r.out, "modcache"),
		"GONOSUMDB=" + r.ownModules(), "GOFLAGS=-modcacherw -trimpath", "GOWORK=off",
	}, nil
}

// ownModules matches the modules of the release, which no checksum database knows yet.
func (r *release) ownModules() string {
	if len(r.modules) == 0 {
		return ""
	}
	return r.modules[0].path + "*," + r.modules[0].path
}

func fileURL(folder string) string {
	return "file://" + fmt.Sprintf("/%s", strings.TrimPrefix(filepath.ToSlash(folder), "/"))
}
