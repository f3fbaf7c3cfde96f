package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// testArchives checks what is in the archives, and that all of it comes from the commit.
func testArchives(t *testing.T, out, revision string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(out, "SHA256SUMS"))), "\n")
	if len(lines) != len(platforms()) {
		t.Fatalf("%d sums: %v", len(lines), lines)
	}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, filepath.Join(out, name))))); sum != want {
			t.Errorf("%s: %s", name, sum)
		}
		files := unpack(t, filepath.Join(out, name))
		program := files["intune-cert"]
		if program == nil {
			program = files["intune-cert.exe"]
		}
		checkProgram(t, name, program, revision)
		checkMaterials(t, name, program, files)
		for name, want := range map[string]string{
			"LICENSE": "MIT License", "CHANGELOG.md": "## [0.1.0]", "intune-cert.md": "## intune-cert rotate",
			"completions/intune-cert.bash": "__start_intune-cert", "completions/_intune-cert": "#compdef intune-cert",
			"completions/intune-cert.fish": "complete -c intune-cert", "completions/intune-cert.ps1": "Register-ArgumentCompleter",
			"man/intune-cert.1": `.TH "INTUNE-CERT" "1"`, "man/intune-cert-rotate.1": `.TH "INTUNE-CERT-ROTATE" "1"`,
		} {
			if !bytes.Contains(files[name], []byte(want)) {
				t.Errorf("%s has no %s with %s", line, name, want)
			}
		}
	}
}

// checkProgram checks that the program knows the release that it is from, and needs no libraries of the system.
func checkProgram(t *testing.T, archive string, program []byte, revision string) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	if info.Main.Version != rehearsed || settings["vcs.revision"] != revision || settings["vcs.modified"] != "false" {
		t.Errorf("%s: got %v of %v", archive, info.Main, settings)
	}
	if !strings.Contains(archive, "linux") {
		return
	}
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(file.Progs, func(segment *elf.Prog) bool { return segment.Type == elf.PT_INTERP }) {
		t.Errorf("%s is not static", archive)
	}
}

// checkMaterials compares the notices and the bill of materials with the modules that the program says are in it.
func checkMaterials(t *testing.T, archive string, program []byte, files map[string][]byte) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	var bom cyclonedx.BOM
	if err := json.Unmarshal(files["intune-cert.cdx.json"], &bom); err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
	if bom.Metadata.Component.Version != rehearsed {
		t.Errorf("%s: got %+v", archive, bom.Metadata.Component)
	}
	listed := []string{}
	for _, component := range *bom.Components {
		listed = append(listed, component.Name+" "+component.Version)
	}
	linked := []string{"std " + strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		linked = append(linked, module.Path+" "+module.Version)
	}
	slices.Sort(listed)
	slices.Sort(linked)
	if !slices.Equal(listed, linked) {
		t.Errorf("%s: the bill of materials has %v, the program %v", archive, listed, linked)
	}
	notices := string(files["THIRD-PARTY-NOTICES.txt"])
	for _, module := range linked {
		isOwn := strings.HasPrefix(module, info.Main.Path[:strings.Index(info.Main.Path, "/cmd/")])
		if strings.Contains(notices, "\n"+module+" (") == isOwn {
			t.Errorf("%s: notices of %s: %v", archive, module, !isOwn)
		}
	}
}

// unpack returns the files of an archive, each of which must have a date of today.
func unpack(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	add := func(name string, date time.Time, content io.Reader) {
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if age := time.Since(date); age < -time.Minute || age > 24*time.Hour {
			t.Errorf("%s: %s is from %v", archive, name, date)
		}
		files[name] = data
	}
	data := read(t, archive)
	if strings.HasSuffix(archive, ".zip") {
		reader, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range reader.File {
			content, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			add(file.Name, file.Modified, content)
		}
		return files
	}
	uncompressed, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for reader := tar.NewReader(uncompressed); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		add(header.Name, header.ModTime, reader)
	}
}

func TestUnknownLicenseIsRejected(t *testing.T) {
	for text, want := range map[string]string{
		"Licensed under the Apache License,\nVersion 2.0 …":                        "Apache-2.0",
		"THE BIG LICENSE: You may pay.":                                            "",
		"GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007 Everyone is permitted": "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m := new(linkedModule)
		if err := m.readLicense(dir); m.license != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", text, m.license, err)
		}
	}
}
