package main

// This file builds the command-line tool for each platform and packs it, for people without Go.

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing/fstest"
	"time"
)

const (
	programMode = 0o755
	textMode    = 0o644
)

type platform struct{ os, arch string }

func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"},
	}
}

// pack leaves an archive for each platform, their SHA-256 sums, and the notes of the release.
func (r *release) pack(ctx context.Context, stdout io.Writer) error {
	if err := r.checkTag(ctx); err != nil {
		return err
	}
	common, err := r.texts(ctx)
	if err != nil {
		return err
	}
	sums := ""
	for _, p := range platforms() {
		sum, err := r.packFor(ctx, p, common)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		sums += sum
	}
	if err := r.write("SHA256SUMS", sums); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "packed into", r.out)
	return r.writeNotes()
}

// checkTag checks that the tree is the commit of the release, and takes its date.
func (r *release) checkTag(ctx context.Context) error {
	tags, err := r.git(ctx, "tag", "--points-at", "HEAD")
	if err != nil {
		return err
	}
	for _, module := range modules() {
		if !slices.Contains(strings.Fields(tags), r.tag(module)) {
			return fmt.Errorf("HEAD has no tag %s", r.tag(module))
		}
	}
	date, err := r.git(ctx, "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	r.date, err = time.Parse(time.RFC3339, strings.TrimSpace(date))
	return err
}

// texts returns what is the same in all archives: license, changelog, documentation, man pages and completions.
func (r *release) texts(ctx context.Context) (fstest.MapFS, error) {
	files := fstest.MapFS{"man": r.file(fs.ModeDir|programMode, nil), "completions": r.file(fs.ModeDir|programMode, nil)}
	for _, name := range []string{"LICENSE", "CHANGELOG.md", "docs/intune-cert.md"} {
		text, err := os.ReadFile(r.abs(name))
		if err != nil {
			return nil, err
		}
		files[path.Base(name)] = r.file(textMode, text)
	}
	program, _, err := r.build(ctx, platform{runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	for shell, name := range map[string]string{"bash": "intune-cert.bash", "zsh": "_intune-cert", "fish": "intune-cert.fish", "powershell": "intune-cert.ps1"} {
		script, err := command(ctx, r.out, nil, program, "completion", shell)
		if err != nil {
			return nil, err
		}
		files["completions/"+name] = r.file(textMode, []byte(script))
	}
	return files, r.addManPages(ctx, files)
}

// addManPages lets a test of the tool write them, so that the tool itself need not be able to.
func (r *release) addManPages(ctx context.Context, files fstest.MapFS) error {
	folder := filepath.Join(r.out, "man")
	env := []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
	if err := r.goCommand(ctx, r.tree, tool, env, "test", "-count=1", "-run=^TestManPages$", ".", "-man="+folder); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(folder, "*"))
	for _, name := range pages {
		page, err := os.ReadFile(name) //nolint:gosec // what was written
		if err != nil {
			return err
		}
		files["man/"+filepath.Base(name)] = r.file(textMode, page)
	}
	return err
}

// file is a file of an archive. It has the date of the commit, so that anyone who builds the commit gets the same archives.
func (r *release) file(mode fs.FileMode, data []byte) *fstest.MapFile {
	return &fstest.MapFile{Data: data, Mode: mode, ModTime: r.date.UTC()}
}

// build builds the tool, and returns the path of the program. The go command takes the version from the tag.
func (r *release) build(ctx context.Context, p platform) (program string, info *buildinfo.BuildInfo, err error) {
	name := path.Base(tool)
	if p.os == "windows" {
		name += ".exe"
	}
	program = filepath.Join(r.out, "build", p.os+"_"+p.arch, name)
	env := []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0"}
	if err := r.goCommand(ctx, r.tree, tool, env, "build", "-buildvcs=true", "-ldflags=-s -w", "-o", program, "."); err != nil {
		return "", nil, err
	}
	info, err = buildinfo.ReadFile(program)
	if err == nil && info.Main.Version != r.version {
		err = fmt.Errorf("the program has the version %s", info.Main.Version)
	}
	return program, info, err
}

// packFor builds the tool for a platform, packs it with the files that all archives have, and returns a line of SHA256SUMS.
func (r *release) packFor(ctx context.Context, p platform, common fstest.MapFS) (sum string, err error) {
	program, info, err := r.build(ctx, p)
	if err != nil {
		return "", err
	}
	binary, err := os.ReadFile(program) //nolint:gosec // what was built
	if err != nil {
		return "", err
	}
	linked, err := r.linked(ctx, info)
	if err != nil {
		return "", err
	}
	materials, err := r.billOfMaterials(linked)
	if err != nil {
		return "", err
	}
	files := maps.Clone(common)
	files[filepath.Base(program)] = r.file(programMode, binary)
	files["THIRD-PARTY-NOTICES.txt"] = r.file(textMode, []byte(notices(linked)))
	files["intune-cert.cdx.json"] = r.file(textMode, materials)
	return r.archive(p, files)
}

func (r *release) archive(p platform, files fs.FS) (sum string, err error) {
	name := fmt.Sprintf("intune-cert_%s_%s_%s", strings.TrimPrefix(r.version, "v"), p.os, p.arch)
	write, extension := writeTar, ".tar.gz"
	if p.os == "windows" {
		write, extension = writeZip, ".zip"
	}
	file, err := os.Create(filepath.Join(r.out, name+extension)) //nolint:gosec // a file in the output folder
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	err = errors.Join(write(io.MultiWriter(file, hash), files), file.Close())
	return fmt.Sprintf("%x  %s\n", hash.Sum(nil), name+extension), err
}

func writeTar(w io.Writer, files fs.FS) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	return errors.Join(archive.AddFS(files), archive.Close(), compressed.Close())
}

func writeZip(w io.Writer, files fs.FS) error {
	archive := zip.NewWriter(w)
	return errors.Join(archive.AddFS(files), archive.Close())
}

// writeNotes writes the release's part of the changelog.
func (r *release) writeNotes() error {
	changelog, err := os.ReadFile(r.abs("CHANGELOG.md"))
	if err != nil {
		return err
	}
	_, section, found := strings.Cut(string(changelog), "\n## ["+strings.TrimPrefix(r.version, "v")+"]")
	if !found {
		return fmt.Errorf("CHANGELOG.md has no section for %s", r.version)
	}
	_, section, _ = strings.Cut(section, "\n")
	section, _, _ = strings.Cut(section, "\n## [")
	return r.write("notes.md", strings.TrimSpace(section)+"\n")
}

func (r *release) write(name, text string) error {
	return os.WriteFile(filepath.Join(r.out, name), []byte(text), textMode) //nolint:gosec // others may read it
}
