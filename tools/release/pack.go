package main

// This file builds the command-line tool for each platform and packs it, for people without Go.

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const toolDir = "cmd/intune-cert"

type platform struct{ os, arch string }

func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"},
	}
}

func (p platform) env() []string {
	return []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0"}
}

// pack leaves an archive for each platform, their SHA-256 sums, and the notes of the release.
func (r *release) pack(ctx context.Context, stdout io.Writer) error {
	if err := r.checkTag(ctx); err != nil {
		return err
	}
	var err error
	if r.modules, err = r.findModules(ctx); err != nil {
		return err
	}
	for _, m := range r.modules {
		if err := r.publish(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
	}
	common, err := r.texts(ctx)
	if err != nil {
		return err
	}
	sums := ""
	for _, p := range platforms() {
		archive, err := r.packFor(ctx, p, common)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		sum, err := sumOf(archive)
		if err != nil {
			return err
		}
		sums += sum + "  " + filepath.Base(archive) + "\n"
	}
	if err := r.write("SHA256SUMS", []byte(sums)); err != nil {
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
	for _, tag := range []string{r.version, toolDir + "/" + r.version} {
		if !slices.Contains(strings.Fields(tags), tag) {
			return fmt.Errorf("HEAD has no tag %s", tag)
		}
	}
	date, err := r.git(ctx, "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	r.date, err = time.Parse(time.RFC3339, strings.TrimSpace(date))
	return err
}

// packFor builds the tool for a platform, and packs it with the files that all archives have.
func (r *release) packFor(ctx context.Context, p platform, common []packed) (string, error) {
	program, err := r.build(ctx, p)
	if err != nil {
		return "", err
	}
	binary, err := os.ReadFile(program) //nolint:gosec // what was built
	if err != nil {
		return "", err
	}
	linked, err := r.linked(ctx, p)
	if err != nil {
		return "", err
	}
	notices, err := r.notices(linked)
	if err != nil {
		return "", err
	}
	materials, err := r.billOfMaterials(linked)
	if err != nil {
		return "", err
	}
	return r.archive(p, slices.Concat([]packed{{filepath.Base(program), programMode, binary}}, common, []packed{
		{"THIRD-PARTY-NOTICES.txt", textMode, []byte(notices)},
		{"intune-cert.cdx.json", textMode, materials},
	}))
}

// build builds the tool, and returns the path of the program. The go command takes the version from the tag.
func (r *release) build(ctx context.Context, p platform) (string, error) {
	name := path.Base(toolDir)
	if p.os == "windows" {
		name += ".exe"
	}
	program := filepath.Join(r.out, "build", p.os+"_"+p.arch, name)
	if _, err := r.goCommand(ctx, r.abs(toolDir), p.env(), "build", "-buildvcs=true", "-ldflags=-s -w", "-o", program, "."); err != nil {
		return "", err
	}
	info, err := buildinfo.ReadFile(program)
	if err == nil && info.Main.Version != r.version {
		err = fmt.Errorf("the program has the version %s", info.Main.Version)
	}
	return program, err
}

// texts returns what is the same in all archives: license, changelog, documentation, man pages and completions.
func (r *release) texts(ctx context.Context) (files []packed, err error) {
	for name, source := range map[string]string{"LICENSE": "LICENSE", "CHANGELOG.md": "CHANGELOG.md", "intune-cert.md": "docs/intune-cert.md"} {
		text, err := os.ReadFile(r.abs(source))
		if err != nil {
			return nil, err
		}
		files = append(files, packed{name, textMode, text})
	}
	program, err := r.build(ctx, platform{runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return nil, err
	}
	for shell, name := range map[string]string{"bash": "intune-cert.bash", "zsh": "_intune-cert", "fish": "intune-cert.fish", "powershell": "intune-cert.ps1"} {
		script, err := command(ctx, r.out, nil, program, "completion", shell)
		if err != nil {
			return nil, err
		}
		files = append(files, packed{"completions/" + name, textMode, []byte(script)})
	}
	pages, err := r.manPages(ctx)
	files = append(files, pages...)
	slices.SortFunc(files, func(a, b packed) int { return strings.Compare(a.name, b.name) })
	return files, err
}

// manPages lets a test of the tool write them, so that the tool itself need not be able to.
func (r *release) manPages(ctx context.Context) (files []packed, err error) {
	folder := filepath.Join(r.out, "man")
	env := []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
	if _, err := r.goCommand(ctx, r.abs(toolDir), env, "test", "-count=1", "-run=^TestManPages$", ".", "-man="+folder); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		page, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // what was written
		if err != nil {
			return nil, err
		}
		files = append(files, packed{"man/" + entry.Name(), textMode, page})
	}
	return files, err
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
	return r.write("notes.md", []byte(strings.TrimSpace(section)+"\n"))
}

func (r *release) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(r.out, name), data, 0o644) //nolint:gosec // others may read it
}

func sumOf(file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // what was built
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
