package main

// This file builds the command-line tool for each platform and packs it, for people without Go.

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
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

// buildArchives leaves an archive for each platform, and their SHA-256 sums.
func (r *release) buildArchives(ctx context.Context) error {
	sums := ""
	for _, p := range platforms() {
		program, err := r.build(ctx, p)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		archive, err := r.pack(p, program)
		if err != nil {
			return err
		}
		sum, err := sumOf(archive)
		if err != nil {
			return err
		}
		sums += sum + "  " + filepath.Base(archive) + "\n"
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(sums), 0o644) //nolint:gosec // others may read it
}

// build installs the tool from the proxy, as its users do, and returns the path of the program.
func (r *release) build(ctx context.Context, p platform) (string, error) {
	goPath := filepath.Join(r.out, "build")
	env := []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "CGO_ENABLED=0", "GOPATH=" + goPath, "GOBIN="}
	installed := r.modules[0].path + "/" + toolDir + "@" + r.version
	if err := r.goCommand(ctx, r.out, env, "install", "-ldflags=-s -w", installed); err != nil {
		return "", err
	}
	name := path.Base(toolDir)
	if p.os == "windows" {
		name += ".exe"
	}
	program := filepath.Join(goPath, "bin", p.os+"_"+p.arch, name)
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	return filepath.Join(goPath, "bin", name), nil // for the platform of this machine
}

// packed is a file in an archive.
type packed struct {
	file, name string
	mode       os.FileMode
}

// pack packs the program, its documentation and the license.
func (r *release) pack(p platform, program string) (string, error) {
	const programMode, textMode = 0o755, 0o644
	files := []packed{
		{program, filepath.Base(program), programMode},
		{r.abs("LICENSE"), "LICENSE", textMode},
		{r.abs("docs/intune-cert.md"), "intune-cert.md", textMode},
	}
	name := fmt.Sprintf("intune-cert_%s_%s_%s", strings.TrimPrefix(r.version, "v"), p.os, p.arch)
	write, extension := writeTar, ".tar.gz"
	if p.os == "windows" {
		write, extension = writeZip, ".zip"
	}
	archive := filepath.Join(r.out, name+extension)
	file, err := os.Create(archive) //nolint:gosec // a file in the output folder
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	if err := write(file, files); err != nil {
		return "", err
	}
	return archive, file.Close()
}

func writeTar(w io.Writer, files []packed) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		data, err := os.ReadFile(f.file)
		if err != nil {
			return err
		}
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(data)), ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(data); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func writeZip(w io.Writer, files []packed) error {
	archive := zip.NewWriter(w)
	for _, f := range files {
		data, err := os.ReadFile(f.file)
		if err != nil {
			return err
		}
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		header.SetMode(f.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(data); err != nil {
			return err
		}
	}
	return archive.Close()
}

func sumOf(file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // what was built
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}
