package main

// This file writes the archives. Their files have the date of the commit, so that anyone who builds the commit gets the same
// archives.

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	programMode = 0o755
	textMode    = 0o644
)

// packed is a file in an archive.
type packed struct {
	name string
	mode os.FileMode
	data []byte
}

// archive writes the archive for a platform, and returns its path.
func (r *release) archive(p platform, files []packed) (string, error) {
	name := fmt.Sprintf("intune-cert_%s_%s_%s", strings.TrimPrefix(r.version, "v"), p.os, p.arch)
	write, extension := r.writeTar, ".tar.gz"
	if p.os == "windows" {
		write, extension = r.writeZip, ".zip"
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

func (r *release) writeTar(w io.Writer, files []packed) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: r.date}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

func (r *release) writeZip(w io.Writer, files []packed) error {
	archive := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: r.date.UTC()}
		header.SetMode(f.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}
